//! What can go wrong with parameters and their files.

use super::{TensorFile, unfit};
use std::path::Path;

/// An error of parameters or of a file of tensors: what, where, expected, found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// A parameter that cannot be added or saved.
    #[error("parameter {name:?}: expected {expected}, found {found}")]
    Parameter {
        /// The parameter.
        name: String,
        /// What it must satisfy.
        expected: String,
        /// What was asked for.
        found: String,
    },
    /// A buffer of the wrong length.
    #[error("{what}: expected {expected} numbers, found {found}")]
    Length {
        /// Which buffer.
        what: String,
        /// How many numbers there are parameters.
        expected: usize,
        /// How many numbers it has.
        found: usize,
    },
    /// The system refused.
    #[error("{path}: cannot {doing}: {reason}")]
    Io {
        /// The file.
        path: String,
        /// What was tried.
        doing: &'static str,
        /// The system's kind of error.
        kind: std::io::ErrorKind,
        /// The system's words.
        reason: String,
    },
    /// Not a file of tensors, or a damaged one.
    #[error("{path}: expected {expected}, found {found}")]
    Format {
        /// The file.
        path: String,
        /// What such a file has.
        expected: String,
        /// What this one has.
        found: String,
    },
    /// A tensor of a file does not fit: missing, unexpected, of another shape or type, or not finite.
    #[error("{path}: tensor {tensor:?}: expected {expected}, found {found}")]
    Tensor {
        /// The file.
        path: String,
        /// The tensor.
        tensor: String,
        /// What was needed.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// An entry of a file's metadata does not fit.
    #[error("{path}: metadata {key:?}: expected {expected}, found {found}")]
    Metadata {
        /// The file.
        path: String,
        /// The entry.
        key: String,
        /// What was needed.
        expected: String,
        /// What the file has.
        found: String,
    },
}

impl ParamsError {
    /// A tensor of a file that does not fit.
    pub fn unfit(file: &TensorFile, tensor: &str, expected: &str, found: &str) -> ParamsError {
        unfit(&file.place(), tensor, expected, found)
    }

    pub(super) fn io(path: &Path, doing: &'static str, error: &std::io::Error) -> ParamsError {
        ParamsError::Io { path: path.display().to_string(), doing, kind: error.kind(), reason: error.to_string() }
    }

    /// A file that is not what it should be.
    pub fn format(path: &Path, expected: impl Into<String>, found: impl Into<String>) -> ParamsError {
        ParamsError::Format { path: path.display().to_string(), expected: expected.into(), found: found.into() }
    }
}
