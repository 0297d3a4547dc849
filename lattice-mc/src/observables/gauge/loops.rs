//! Wilson loops, built from straight lines.

use super::Observable;
use crate::action::gauge::slices;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::{Element, Links, Scalar};
use lattice_tensor::group::Group;
use lattice_tensor::ops::Path;

/// Straight lines of up to so many links in every direction: `line(μ, n)(x) = U_μ(x) U_μ(x+μ) … U_μ(x+(n−1)μ)`.
///
/// Every loop shares them, so that a rectangle of any size costs two products of matrices on a site and a trace.
#[derive(Clone, Debug)]
pub struct Lines<'t, G: Group> {
    /// `[direction][length − 1]`.
    lines: Vec<Vec<Var<'t, Element<G>>>>,
    open: Option<usize>,
}

impl<'t, G: Group> Lines<'t, G> {
    /// Lines of at most `longest` links, and at most half of the extent. Means do not reach across the boundary of an open
    /// direction.
    pub fn new(u: Var<'t, Links<G>>, longest: usize, open: Option<usize>) -> Self {
        let extents = u.trace().lattice().extents().to_vec();
        let of_direction = |(mu, extent): (usize, usize)| {
            let link = u.link(mu);
            let mut lines = Vec::new();
            for n in 1..=longest.min(extent / 2) {
                lines.push(
                    lines.last().map_or(link, |before: &Var<'t, Element<G>>| *before * link.shift(mu, (n - 1) as i32)),
                );
            }
            lines
        };
        Lines { lines: extents.into_iter().enumerate().map(of_direction).collect(), open }
    }

    /// `Re tr/N` of the rectangle of `r` links in direction `mu` and `t` in direction `nu` that begins at `x`, if there are
    /// lines that long.
    pub fn rectangle(&self, mu: usize, r: usize, nu: usize, t: usize) -> Option<Var<'t, Scalar>> {
        let line = |mu: usize, n: usize| self.lines.get(mu)?.get(n.checked_sub(1)?).copied();
        let (bottom, side) = (line(mu, r)?, line(nu, t)?);
        let out = bottom * side.shift(mu, r as i32);
        let back = side * bottom.shift(nu, t as i32);
        Some(out.times_adjoint(back).re_trace() * (1.0 / G::N as f64))
    }

    /// `wilson_RxT`: `R` in space, `T` along the last direction, averaged over places and the directions of space.
    pub fn wilson_loops(&self) -> Vec<Observable<'t>> {
        let Some((times, space)) = self.lines.split_last() else { return Vec::new() };
        let last = space.len();
        let longest = space.iter().map(Vec::len).max().unwrap_or(0);
        let sizes = (1..=longest).flat_map(|r| (1..=times.len()).map(move |t| (r, t)));
        let mean = |(r, t): (usize, usize)| {
            let (mut sum, mut number) = (None, 0.0);
            for mu in 0..last {
                let Some(mut part) = self.rectangle(mu, r, last, t) else { continue };
                let lattice = part.trace().lattice();
                let mut places = lattice.volume();
                for (direction, side) in [(mu, r), (last, t)].into_iter().filter(|&(d, _)| Some(d) == self.open) {
                    let extent = lattice.extents()[direction];
                    part = part * slices(part.trace(), direction, 0..extent - side);
                    places = places / extent * (extent - side);
                }
                sum = Some(sum.map_or(part, |sum| sum + part));
                number += places as f64;
            }
            Some((format!("wilson_{r}x{t}"), sum?.sum_sites() * (1.0 / number)))
        };
        sizes.filter_map(mean).collect()
    }
}

/// The mean of `Re tr/N` of rectangles of `r` links in direction `mu` and `t` in direction `nu`, of any length: sides that
/// wind around the lattice count as written.
pub fn wilson_loop<'t, G: Group>(u: Var<'t, Links<G>>, mu: usize, r: usize, nu: usize, t: usize) -> Var<'t, PerSample> {
    let volume = u.trace().lattice().volume() as f64;
    u.path(&Path::rectangle(mu, r, nu, t).0).re_trace().sum_sites() * (1.0 / (G::N as f64 * volume))
}
