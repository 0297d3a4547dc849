//! Lines that wind around time.

use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::{Element, Links, Scalar};
use lattice_tensor::group::{Group, GroupName};

/// The largest distance of the correlator.
const FARTHEST: usize = 8;

/// `L(x) = U_t(x) U_t(x+t) … U_t(x+(N_t−1)t)` along the last direction, beginning at each site: lines of doubling length,
/// put together along the binary digits of `N_t`. Its trace is the same all along the line.
pub fn polyakov<'t, G: Group>(u: Var<'t, Links<G>>) -> Var<'t, Element<G>> {
    let lattice = u.trace().lattice();
    let mu = lattice.directions() - 1;
    let (link, extent) = (u.link(mu), lattice.extents()[mu]);
    let digits = usize::BITS - extent.leading_zeros();
    let (mut line, mut length) = (link, 1);
    for digit in (0..digits - 1).rev() {
        line = line * line.shift(mu, length);
        length *= 2;
        if extent >> digit & 1 == 1 {
            line = link * line.shift(mu, 1);
            length += 1;
        }
    }
    line
}

/// Real and, where there is one, imaginary part of `tr L/N`.
fn traces<'t, G: Group>(u: Var<'t, Links<G>>) -> Vec<Var<'t, Scalar>> {
    let line = polyakov(u);
    let scale = 1.0 / G::N as f64;
    match G::NAME {
        GroupName::SU2 => vec![line.re_trace() * scale],
        _ => vec![line.re_trace() * scale, line.im_trace() * scale],
    }
}

/// `|Σ_x tr L(x)/N|/V`, the sum over all sites.
pub fn polyakov_abs<'t, G: Group>(u: Var<'t, Links<G>>) -> Var<'t, PerSample> {
    let volume = u.trace().lattice().volume() as f64;
    let squares = traces(u).into_iter().map(|part| part.sum_sites().square());
    let sum = squares.reduce(|a, b| a + b);
    sum.map_or(u.trace().mask() * 0.0, |sum| sum.sqrt() * (1.0 / volume))
}

/// The mean of `Re tr L(x) tr L(x + r k)*/N²` over sites and those directions `k` of space where `r ≤ L_k/2`, for
/// `r = 1, 2, …` up to 8. On a torus of two dimensions it is a Wilson loop of area `r N_t`.
pub fn polyakov_correlator<'t, G: Group>(u: Var<'t, Links<G>>) -> Vec<Var<'t, PerSample>> {
    let lattice = u.trace().lattice();
    let traces = traces(u);
    let space = &lattice.extents()[..lattice.directions() - 1];
    let farthest = space.iter().max().map_or(0, |extent| (extent / 2).min(FARTHEST));
    let at = |r: usize| {
        let directions = (0..space.len()).filter(|&k| r <= space[k] / 2);
        let products = directions.clone().flat_map(|k| traces.iter().map(move |part| *part * part.shift(k, r as i32)));
        let sum = products.reduce(|a, b| a + b)?;
        Some(sum.sum_sites() * (1.0 / (directions.count() * lattice.volume()) as f64))
    };
    (1..=farthest).filter_map(at).collect()
}
