//! Optimisers on flat buffers, and how fast they go.
//!
//! | question | file |
//! |---|---|
//! | what an optimiser is | [`Optimizer`] |
//! | moments of the gradient | [`Adam`] |
//! | steepest descent with momentum | [`Sgd`] |
//! | the learning rate of a step | [`LearningRate`], [`Schedule`] |
//! | the batch size of a step | [`BatchSchedule`] |
//! | gradients that are too large, or no numbers | [`clip`] |
//! | what can go wrong | [`OptimError`] |
mod adam;
mod batch;
pub mod clip;
mod error;
mod optimizer;
#[cfg(test)]
mod optimizer_tests;
mod rate;
mod schedule;
mod sgd;
mod text;

pub use adam::{Adam, AdamSettings};
pub use batch::BatchSchedule;
pub use error::OptimError;
pub use optimizer::Optimizer;
pub use rate::LearningRate;
pub use schedule::Schedule;
pub use sgd::{Sgd, SgdSettings};
