//! Pure gauge theory where it is known exactly: U(1), SU(2), SU(3) in two dimensions, by character expansion.
//!
//! | file | idea |
//! |---|---|
//! | `group` | the groups |
//! | `characters`, `su3` | character coefficients of one plaquette |
//! | `torus` | periodic lattices: `log Z`, plaquette, Wilson and Polyakov loops |
//! | `plane` | infinite and open lattices |
//! | `charge`, `phases` | U(1): topological charge, real and imaginary vacuum angle |
//! | `strong_coupling` | the plaquette in more dimensions at small β |
//! | `bessel`, `twofold`, `quadrature` | numerics |
//! | `error` | what can go wrong |
mod bessel;
mod characters;
mod charge;
mod error;
mod phases;
mod plane;
mod quadrature;
mod strong_coupling;
mod su3;
#[cfg(test)]
mod tests;
mod torus;
mod twofold;

pub use characters::{Characters, Irrep, Label};
pub use charge::ChargeDistribution;
pub use error::GaugeError;
pub use lattice_tensor::group::GroupName;
pub use plane::Plane;
pub(crate) use quadrature::gauss_legendre;
pub use strong_coupling::strong_coupling_plaquette;
pub use torus::Torus;
