//! Coupling layers: one part of the field is changed, given the rest.

mod affine;

pub use affine::Affine;
