//! Stout smearing.

use super::flow::euler;
use lattice_autograd::Var;
use lattice_tensor::field::Links;
use lattice_tensor::group::Group;

/// `n` steps of isotropic stout smearing (Morningstar, Peardon, hep-lat/0311018): `U′ = e^{iQ} U`, `Q` the traceless
/// Hermitian part of `ρ` times the sum of staples times `U†`. One is a step of Euler's along the
/// [gradient flow](super::WilsonFlow), of the size `ρ`.
pub fn stout<'t, G: Group>(u: Var<'t, Links<G>>, rho: f64, n: usize) -> Var<'t, Links<G>> {
    (0..n).fold(u, |u, _| euler(u, rho))
}
