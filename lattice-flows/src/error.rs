//! What can go wrong with a flow.

use lattice_autograd::optim::OptimError;
use lattice_autograd::params::ParamsError;
use lattice_mc::statistics::StatisticsError;

/// An error of lattice-flows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A flow that cannot be.
    #[error("{what}: expected {expected}, found {found}")]
    Architecture {
        /// Which setting.
        what: &'static str,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A model file that does not hold what it should.
    #[error("{path}: {what}: expected {expected}, found {found}")]
    Model {
        /// The file.
        path: String,
        /// Which entry.
        what: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// An ensemble that a flow cannot learn from.
    #[error("{what}: expected {expected}, found {found}")]
    Given {
        /// What is wrong with it.
        what: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// No sample of a flow has a weight that is a finite number.
    #[error(
        "weights of the flow's {samples} samples: expected finite numbers, found none: the flow or the action overflows; \
         are the couplings those it was trained for?"
    )]
    NoWeights {
        /// How many samples were drawn.
        samples: usize,
    },
    /// Training stopped because its numbers were not finite for many steps in a row.
    #[error(
        "training diverged: {rejected} steps in a row had a loss or gradient that is not finite, the last at step {step}; lower the learning rate"
    )]
    Diverged {
        /// The step.
        step: u64,
        /// How many.
        rejected: u32,
    },
    /// A layer whose parameters have left the region where it is a bijection to rounding.
    #[error("{layer}: expected {expected}, found {found}")]
    Layer {
        /// Which layer.
        layer: String,
        /// What it needs.
        expected: String,
        /// What it is.
        found: String,
    },
    /// Inversion in the backward half no longer finds the fields of the forward half.
    #[error(
        "step {step}: inverting the layers gives the field that went in only to {found:.1e} (at most {most:.0e}), layer {layer} being the worst; train with memory \"recompute\""
    )]
    Drift {
        /// The layer with the largest change, counted from 0.
        layer: usize,
        /// The step.
        step: u64,
        /// The distance, root mean square per site.
        found: f64,
        /// The bound.
        most: f64,
    },
    /// From parameters and their files.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// From the optimiser.
    #[error(transparent)]
    Optim(#[from] OptimError),
    /// From fields and programs.
    #[error(transparent)]
    Tensor(#[from] lattice_tensor::Error),
    /// From the action or chain.
    #[error(transparent)]
    MonteCarlo(#[from] lattice_mc::Error),
    /// From the analysis of a sample.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
}
