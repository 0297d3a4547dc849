//! What can go wrong in an optimiser's step or with its settings.

/// An error of an optimiser, a schedule or a gradient: what, expected, found.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptimError {
    /// A setting out of its range.
    #[error("{what}: expected {expected}, found {found}")]
    Setting {
        /// Which setting.
        what: &'static str,
        /// What it must satisfy.
        expected: &'static str,
        /// Its value.
        found: String,
    },
    /// Text that is no schedule.
    #[error("schedule {text:?}: expected {expected}")]
    Text {
        /// The text.
        text: String,
        /// What could have stood there.
        expected: &'static str,
    },
    /// A buffer of the wrong length.
    #[error("{what}: expected {expected} numbers, found {found}")]
    Length {
        /// Which buffer.
        what: &'static str,
        /// How many numbers the optimiser was made for.
        expected: usize,
        /// How many numbers it has.
        found: usize,
    },
    /// A gradient that must not be stepped along; the step can be left out and the run continued.
    #[error("gradient: expected finite numbers, found {value} at {index}")]
    NotFinite {
        /// The first such number's place in the flat buffer.
        index: usize,
        /// What stands there.
        value: f64,
    },
    /// A gradient of finite numbers whose norm is none.
    #[error("gradient: expected a norm below 1e154, found one whose square is no finite number")]
    NormOverflow,
}

impl OptimError {
    /// Whether leaving out one step lets the run go on.
    pub fn is_recoverable(&self) -> bool {
        matches!(self, OptimError::NotFinite { .. } | OptimError::NormOverflow)
    }

    pub(super) fn length(what: &'static str, expected: usize, found: usize) -> Result<(), OptimError> {
        if expected == found { Ok(()) } else { Err(OptimError::Length { what, expected, found }) }
    }

    pub(super) fn setting(
        what: &'static str,
        value: f64,
        holds: bool,
        expected: &'static str,
    ) -> Result<(), OptimError> {
        // A comparison with NaN is false, so NaN is refused by every condition.
        if holds { Ok(()) } else { Err(OptimError::Setting { what, expected, found: value.to_string() }) }
    }
}
