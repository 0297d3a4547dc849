//! Networks that respect the lattice.

mod conv;
mod layer;
mod odd;

pub use conv::{Activation, ConvNet};
pub(crate) use layer::{Layer, Start, cube};
pub use odd::{OddNet, OddShape};
