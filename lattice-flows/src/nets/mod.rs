//! Networks that respect the lattice.

mod conv;
mod layer;
mod odd;

pub use conv::{Activation, ConvNet};
pub use odd::{OddNet, OddShape};
