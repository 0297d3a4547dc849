//! What can go wrong when an exact result of pure gauge theory is asked for.

use lattice_tensor::group::GroupName;
use thiserror::Error;

/// Why an exact result of pure gauge theory is not available.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum GaugeError {
    /// A coupling that is negative, not a number, or beyond what was tested.
    #[error("exact gauge theory: coupling beta: expected a number from 0 to {limit:e}, found {beta:?}")]
    Beta {
        /// The coupling.
        beta: f64,
        /// The largest that is allowed.
        limit: f64,
    },
    /// A torus without plaquettes, or with more than `f64` can count.
    #[error("exact gauge theory: number of plaquettes: expected 1 to 2^53, found {plaquettes}")]
    Plaquettes {
        /// The number of plaquettes.
        plaquettes: usize,
    },
    /// A sum over irreducible representations that is too long.
    #[error(
        "exact gauge theory: {group} at beta = {beta:?} on {plaquettes} plaquettes: expected a character expansion of at \
         most {limit:e} terms, found a need of {terms:e}; take more plaquettes or a smaller beta"
    )]
    Terms {
        /// The group.
        group: GroupName,
        /// The coupling.
        beta: f64,
        /// The number of plaquettes.
        plaquettes: usize,
        /// Terms needed.
        terms: f64,
        /// Terms allowed.
        limit: f64,
    },
    /// A topological charge was asked of a group that has none in two dimensions.
    #[error("exact gauge theory: topological charge in two dimensions: expected u1, found {group}")]
    NoCharge {
        /// The group.
        group: GroupName,
    },
    /// An imaginary vacuum angle out of reach.
    #[error("exact gauge theory: imaginary vacuum angle: expected a number within ±{limit}, found {eta:?}")]
    Tilt {
        /// `η` of the weight `e^{ηQ}`.
        eta: f64,
        /// The largest `|η|` that is allowed.
        limit: f64,
    },
    /// A number of dimensions for which nothing is known.
    #[error("exact gauge theory: dimensions: expected 2 or more, found {dimensions}")]
    Dimensions {
        /// The number of dimensions.
        dimensions: usize,
    },
}
