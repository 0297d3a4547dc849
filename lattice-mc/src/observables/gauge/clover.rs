//! The field strength of the four leaves around a site.

use crate::action::gauge::{planes, slices};
use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::{Algebra, Links};
use lattice_tensor::group::Group;
use lattice_tensor::ops::Step;
use std::f64::consts::PI;

/// `F_μν(x)`, the coefficients of `F = Σ_a F_a T_a`: the mean of the four plaquettes of the plane that begin at `x` and run
/// around it the same way, `F = ¼ Σ (P − P†)/2i` without its trace (Sheikholeslami, Wohlert, Nucl. Phys. B 259 (1985) 572).
pub fn clover<'t, G: Group>(u: Var<'t, Links<G>>, mu: usize, nu: usize) -> Var<'t, Algebra<G>> {
    let (right, up, left, down) = (Step::forward(mu), Step::forward(nu), Step::back(mu), Step::back(nu));
    let leaf = |path: [Step; 4]| u.path(&path).matrix();
    let leaves = leaf([right, up, left, down])
        + leaf([up, left, down, right])
        + leaf([left, down, right, up])
        + leaf([down, right, up, left]);
    // Moments are Im tr T_a M = tr T_a² F_a.
    leaves.moments() * (0.25 / G::NAME.generator_norm())
}

/// `Q = 1/(32π²) Σ_x ε_μνρσ tr F_μν F_ρσ` in four directions: an integer only for smooth fields, as after
/// [flow](super::WilsonFlow).
///
/// The sum is over the inner slices of an open direction.
pub fn clover_charge<'t, G: Group>(u: Var<'t, Links<G>>, open: Option<usize>) -> Var<'t, PerSample> {
    let dual = |(mu, nu), (rho, sigma)| clover(u, mu, nu).dot(clover(u, rho, sigma));
    let mut density = dual((0, 1), (2, 3)) - dual((0, 2), (1, 3)) + dual((0, 3), (1, 2));
    if let Some(open) = open {
        density = density * slices(u.trace(), open, 1..u.trace().lattice().extents()[open] - 1);
    }
    density.sum_sites() * (G::NAME.generator_norm() / (4.0 * PI * PI))
}

/// `E = ½ Σ_{μ<ν} F_a F_a` (which is `¼ F^a_μν F^a_μν` summed over both indices), averaged over sites; for U(1) `½ F²`.
pub fn clover_energy<'t, G: Group>(u: Var<'t, Links<G>>) -> Var<'t, PerSample> {
    let lattice = u.trace().lattice();
    let square = |(mu, nu)| {
        let f = clover(u, mu, nu);
        f.inner(f)
    };
    let sum = planes(lattice.directions()).map(square).reduce(|a, b| a + b);
    sum.map_or(u.trace().mask() * 0.0, |sum| sum * (0.5 / lattice.volume() as f64))
}
