//! lattice-autograd
#![forbid(unsafe_code)]
pub mod optim;
pub mod params;
