//! Models, read again.

use super::Folder;
use std::path::Path;

#[test]
fn damaged_models_are_refused() {
    let folder = Folder::new("damaged");
    folder.json("train --lattice 4x4 --layers 2 --hidden 4 --steps 5 --batch 16 --samples 100 --out a");
    let path = folder.0.join("a/model.safetensors");
    let whole = std::fs::read(&path).expect("a model");
    let refuse = |bytes: &[u8], what: &str| {
        std::fs::write(&path, bytes).expect("written");
        let output = folder.run("sample --model a --samples 10");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{what}: {text}");
        assert!(!text.contains("panicked"), "{what}: {text}");
    };
    for cut in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
        refuse(&whole[..cut], "truncated");
    }
    let mut header = whole.clone();
    header[20] ^= 0xff;
    refuse(&header, "header");
    let mut huge = whole.clone();
    huge[6] = 0xff;
    refuse(&huge, "length");
    let data = 8 + u64::from_le_bytes(whole[..8].try_into().expect("eight bytes")) as usize;
    for bit in (8 * data..8 * whole.len()).step_by(8 * (whole.len() - data) / 20 + 1) {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refuse(&flipped, "one bit");
    }
    std::fs::write(&path, &whole).expect("written");
    assert_eq!(folder.run("sample --model a --samples 10 --lattice 6x6").status.code(), Some(2));
    assert!(Path::new(&path).exists());
    folder.json("sample --model a --samples 10");
}
