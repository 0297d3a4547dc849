//! What goes wrong, and the exit code: 2 refused input, 1 failure while running, 130 after Ctrl-C.

use lattice_fields::autograd::params::ParamsError;
use lattice_fields::{flows, mc, tensor};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// Why a command ends without success.
#[derive(Debug)]
pub enum Failure {
    /// Flags that cannot be understood.
    Usage(clap::Error),
    /// Input that is refused: exit code 2.
    Refused(String),
    /// A failure while running: exit code 1.
    Failed(String),
    /// Ctrl-C: exit code 130.
    Interrupted(String),
}

impl Failure {
    /// A refusal: what, expected, found.
    pub fn refused(what: &str, expected: &str, found: impl fmt::Display) -> Failure {
        Failure::Refused(format!("{what}: expected {expected}, found {found}"))
    }

    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Usage(_) | Failure::Refused(_) => 2,
            Failure::Failed(_) => 1,
            Failure::Interrupted(_) => 130,
        }
    }
}

/// The entries in which two descriptions of a run differ, as `expected` and `found` say them.
pub fn differences(expected: &Value, found: &Value) -> (String, String) {
    let (Some(a), Some(b)) = (expected.as_object(), found.as_object()) else {
        return (expected.to_string(), found.to_string());
    };
    let mut texts = (Vec::new(), Vec::new());
    let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    for key in keys.into_iter().filter(|&key| a.get(key) != b.get(key)) {
        let none = Value::Null;
        let (x, y) = match (a.get(key).unwrap_or(&none), b.get(key).unwrap_or(&none)) {
            (x, y) if x.is_object() && y.is_object() => differences(x, y),
            (x, y) => (x.to_string(), y.to_string()),
        };
        texts.0.push(format!("{key} {x}"));
        texts.1.push(format!("{key} {y}"));
    }
    (texts.0.join(", "), texts.1.join(", "))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(error) => error.fmt(f),
            Failure::Refused(text) | Failure::Failed(text) | Failure::Interrupted(text) => f.write_str(text),
        }
    }
}

impl From<tensor::Error> for Failure {
    fn from(error: tensor::Error) -> Failure {
        use tensor::Error::{Lattice, Layout, OutOfMemory, Precision, Threads, WhichAdapter};
        match error {
            Lattice { .. }
            | Layout { .. }
            | OutOfMemory { .. }
            | Threads { .. }
            | Precision { .. }
            | WhichAdapter { .. } => Failure::Refused(error.to_string()),
            other => Failure::Failed(other.to_string()),
        }
    }
}

impl From<mc::Error> for Failure {
    fn from(error: mc::Error) -> Failure {
        match error {
            mc::Error::Couplings(_) | mc::Error::Update(_) | mc::Error::Count { .. } => {
                Failure::Refused(error.to_string())
            }
            mc::Error::File(error) => error.into(),
            mc::Error::Tensor(error) => error.into(),
            other => Failure::Failed(other.to_string()),
        }
    }
}

impl From<flows::Error> for Failure {
    fn from(error: flows::Error) -> Failure {
        match error {
            flows::Error::Tensor(error) => error.into(),
            flows::Error::MonteCarlo(error) => error.into(),
            flows::Error::Architecture { .. }
            | flows::Error::Model { .. }
            | flows::Error::Given { .. }
            | flows::Error::Optim(_) => Failure::Refused(error.to_string()),
            flows::Error::Params(error) => error.into(),
            other => Failure::Failed(other.to_string()),
        }
    }
}

impl From<ParamsError> for Failure {
    fn from(error: ParamsError) -> Failure {
        Failure::Refused(error.to_string())
    }
}

impl From<mc::statistics::StatisticsError> for Failure {
    fn from(error: mc::statistics::StatisticsError) -> Failure {
        Failure::Failed(error.to_string())
    }
}
