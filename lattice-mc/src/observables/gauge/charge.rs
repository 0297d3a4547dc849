//! The charge of U(1) fields on a two-dimensional torus.

use crate::action::gauge::slices;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::Links;
use lattice_tensor::group::U1;
use lattice_tensor::ops::Path;
use std::f64::consts::TAU;

/// `Q = Σ_x wrap(P_01(x))/2π` with angles in `(−π, π]`: an integer on a torus, since all angles add up to 0 before they
/// are wrapped. In two directions; in more it is that of all planes (0, 1) together. Without the plaquettes across the boundary
/// where one of the two is open.
pub fn charge<'t>(u: Var<'t, Links<U1>>, open: Option<usize>) -> Var<'t, PerSample> {
    let plaquette = u.path(&Path::rectangle(0, 1, 1, 1).0);
    let mut angle = plaquette.eigenphases()[0];
    if let Some(open) = open.filter(|&open| open < 2) {
        angle = angle * slices(u.trace(), open, 0..u.trace().lattice().extents()[open] - 1);
    }
    angle.sum_sites() * (1.0 / TAU)
}
