//! What can go wrong with a Monte Carlo run.

use crate::statistics::StatisticsError;

/// An error of lattice-mc.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Couplings for which there is no theory.
    #[error("{0}")]
    Couplings(String),
    /// An update that does not fit its action.
    #[error("update: {0}")]
    Update(String),
    /// A number of things that must be at least 1.
    #[error("{what}: expected at least 1, found {found}")]
    Count {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
    },
    /// From the file of a run.
    #[error(transparent)]
    File(#[from] lattice_autograd::params::ParamsError),
    /// From fields and programs.
    #[error(transparent)]
    Tensor(#[from] lattice_tensor::Error),
    /// From the analysis of a series.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
}
