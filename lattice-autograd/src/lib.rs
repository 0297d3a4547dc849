//! lattice-autograd
#![forbid(unsafe_code)]
pub mod params;
