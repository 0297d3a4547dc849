//! Coupling layers: one part of the field is changed, given the rest.

mod affine;
mod sinh_arcsinh;

pub use affine::Affine;
pub use sinh_arcsinh::SinhArcsinh;
