//! Networks that respect the lattice.

mod conv;

pub use conv::{Activation, ConvNet};
