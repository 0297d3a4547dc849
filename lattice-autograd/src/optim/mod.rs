//! Optimisers on flat buffers, and how fast they go.
//!
//! | question | file |
//! |---|---|
//! | what an optimiser is | [`Optimizer`] |
//! | moments of the gradient | [`Adam`] |
//! | steepest descent with momentum | [`Sgd`] |
//! | gradients that are too large, or no numbers | [`clip`] |
//! | what can go wrong | [`OptimError`] |
mod adam;
pub mod clip;
mod error;
mod optimizer;
#[cfg(test)]
mod optimizer_tests;
mod sgd;

pub use adam::{Adam, AdamSettings};
pub use error::OptimError;
pub use optimizer::Optimizer;
pub use sgd::{Sgd, SgdSettings};
