//! Wilson loops, built from straight lines.

use super::Observable;
use crate::action::gauge::slices;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::{Element, Links};
use lattice_tensor::group::Group;
use lattice_tensor::ops::Path;
use std::collections::BTreeMap;

/// Straight lines of links in direction `mu`, `line_n(x) = U_μ(x) U_μ(x+μ) … U_μ(x+(n−1)μ)`, for `n` from 1 to `longest`, and to half
/// of the extent.
fn lines<'t, G: Group>(u: Var<'t, Links<G>>, mu: usize, longest: usize) -> Vec<Var<'t, Element<G>>> {
    let extent = u.trace().lattice().extents()[mu];
    let link = u.link(mu);
    let mut lines = vec![link];
    for n in 1..longest.min(extent / 2) {
        lines.push(lines[n - 1] * link.shift(mu, n as i32));
    }
    lines.truncate(extent / 2);
    lines
}

/// `wilson_RxT`: `R` links in space, `T` along the last direction, averaged over places and the directions of space; sides of at
/// most `longest` links, and half of the extent. Means do not reach across the boundary of an open direction.
///
/// Rectangles share straight lines, so that one of any size costs two products of matrices on a site and a trace; direction
/// by direction, so that few lines are kept at a time.
pub fn wilson_loops<'t, G: Group>(u: Var<'t, Links<G>>, longest: usize, open: Option<usize>) -> Vec<Observable<'t>> {
    let lattice = u.trace().lattice();
    let Some(time) = lattice.directions().checked_sub(1) else { return Vec::new() };
    // The sum and the number of loops of each size.
    let mut found: BTreeMap<(usize, usize), (Var<'t, PerSample>, f64)> = BTreeMap::new();
    let sides = lines(u, time, longest);
    for mu in 0..time {
        for (r, bottom) in lines(u, mu, longest).into_iter().enumerate().map(|(i, line)| (i + 1, line)) {
            for (t, &side) in sides.iter().enumerate().map(|(i, line)| (i + 1, line)) {
                let (out, back) = (bottom * side.shift(mu, r as i32), side * bottom.shift(time, t as i32));
                let mut traces = out.times_adjoint(back).re_trace();
                let mut places = lattice.volume();
                for (direction, length) in [(mu, r), (time, t)].into_iter().filter(|&(d, _)| Some(d) == open) {
                    let extent = lattice.extents()[direction];
                    traces = traces * slices(u.trace(), direction, 0..extent - length);
                    places = places / extent * (extent - length);
                }
                let own = (traces.sum_sites(), places as f64);
                found.entry((r, t)).and_modify(|all| *all = (all.0 + own.0, all.1 + own.1)).or_insert(own);
            }
        }
    }
    let mean = |((r, t), (sum, number))| (format!("wilson_{r}x{t}"), sum * (1.0 / (number * G::N as f64)));
    found.into_iter().map(mean).collect()
}

/// The mean of `Re tr/N` of rectangles of `r` links in direction `mu` and `t` in direction `nu`, of any length: sides that
/// wind around the lattice count as written.
pub fn wilson_loop<'t, G: Group>(u: Var<'t, Links<G>>, mu: usize, r: usize, nu: usize, t: usize) -> Var<'t, PerSample> {
    let volume = u.trace().lattice().volume() as f64;
    u.path(&Path::rectangle(mu, r, nu, t).0).re_trace().sum_sites() * (1.0 / (G::N as f64 * volume))
}
