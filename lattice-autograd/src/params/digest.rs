//! The fingerprint of a file of tensors: one flipped bit among a model's weights must not pass for the model.

use super::TensorFile;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The entry of the metadata that holds it.
pub(super) const KEY: &str = "sha256";

impl TensorFile {
    /// SHA-256, in hexadecimal, of all names, shapes, numbers and texts; the same for equal contents.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        // Lengths are hashed too, so that no two contents run together to the same bytes.
        let mut text = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        self.metadata.iter().for_each(|(key, value)| [key, value].into_iter().for_each(|part| text(part)));
        for (name, tensor) in &self.tensors {
            let mut number = |n: usize| hash.update((n as u64).to_le_bytes());
            number(name.len());
            number(tensor.shape.len());
            tensor.shape.iter().for_each(|&extent| number(extent));
            hash.update(name);
            tensor.values.iter().for_each(|x| hash.update(x.to_le_bytes()));
        }
        hash.finalize().iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}
