//! Angles of loops of U(1) links, from the angles of the links.

use lattice_autograd::Var;
use lattice_tensor::Location;
use lattice_tensor::field::Scalar;
use lattice_tensor::ops::Step;

/// A path that goes `count` times along `mu`, against it where the count is negative.
pub(super) fn along(mu: usize, count: i64) -> Vec<Step> {
    let step = if count < 0 { Step::back(mu) } else { Step::forward(mu) };
    vec![step; count.unsigned_abs() as usize]
}

/// The plaquette `x → x+μ → x+μ+ν → x+ν → x`.
pub fn plaquette(mu: usize, nu: usize) -> Vec<Step> {
    rectangle([mu, 1], [nu, 1])
}

/// The loop around `a` links along `mu` and `b` along `nu`.
pub fn rectangle([mu, a]: [usize; 2], [nu, b]: [usize; 2]) -> Vec<Step> {
    let (a, b) = (a as i64, b as i64);
    [along(mu, a), along(nu, b), along(mu, -a), along(nu, -b)].concat()
}

/// `Σ ±θ_μ` along a path from every site of `to`, with `link[μ]` the angles of the links in direction `μ`. The angle of the
/// first step may be given instead.
pub fn angle_of<'t>(
    links: &[Var<'t, Scalar>],
    path: &[Step],
    first: Option<Var<'t, Scalar>>,
    to: Location,
) -> Option<Var<'t, Scalar>> {
    let mut at = vec![0; links.len()];
    let mut sum = None;
    for (i, step) in path.iter().enumerate() {
        if step.back {
            at[step.mu] -= 1;
        }
        let link = match first {
            Some(first) if i == 0 => first,
            _ => links[step.mu].read_at(&at, to),
        };
        sum = Some(match (sum, step.back) {
            (None, false) => link,
            (None, true) => -link,
            (Some(sum), false) => sum + link,
            (Some(sum), true) => sum - link,
        });
        if !step.back {
            at[step.mu] += 1;
        }
    }
    sum
}
