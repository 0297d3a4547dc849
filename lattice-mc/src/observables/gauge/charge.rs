//! The charge of U(1) fields on a two-dimensional torus.

use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::{Links, Scalar};
use lattice_tensor::group::U1;
use lattice_tensor::ops::{Eigenphases, Path};
use std::f64::consts::TAU;

/// `Q = Σ_x wrap(P_01(x))/2π` with angles in `(−π, π]`: an integer on a torus, since all angles add up to 0 before they
/// are wrapped. In two directions; in more it is that of all planes (0, 1) together.
pub fn charge<'t>(u: Var<'t, Links<U1>>) -> Var<'t, PerSample> {
    let plaquette = u.path(&Path::rectangle(0, 1, 1, 1).0);
    let angle: Var<'t, Scalar> = u.trace().apply(Eigenphases, &[plaquette.id()]);
    angle.sum_sites() * (1.0 / TAU)
}
