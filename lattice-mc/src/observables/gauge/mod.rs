//! What is measured on gauge fields.

mod charge;
mod clover;
mod flow;
mod loops;
mod polyakov;
mod quantities;
mod smear;
#[cfg(test)]
mod tests;

pub use charge::charge;
pub use clover::{clover, clover_charge, clover_energy};
pub use flow::{FlowPoint, GradientFlow, LEVEL, Scale, WilsonFlow, scale};
pub use loops::{wilson_loop, wilson_loops};
pub use polyakov::{polyakov, polyakov_abs, polyakov_correlator};
pub use quantities::quantities;
pub use smear::stout;

use super::Observable;
use crate::Action;
use crate::action::gauge::{planes, slices};
use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::Links;
use lattice_tensor::group::{Group, GroupName, U1};

/// The largest side of the Wilson loops that are measured, and the largest charge whose probability is.
pub const LONGEST: usize = 4;

/// The standard observables of links in the group `G`, of rank `N`, in `d` directions; the last is time `t`, the others
/// are space. Traces are over `N`.
///
/// | name | value for one configuration |
/// |---|---|
/// | `plaquette` | the mean of `Re tr P/N` over all plaquettes |
/// | `spatial`, `temporal` | over those of planes without and with `t` (`d > 2`) |
/// | `action_density` | `S/V` |
/// | `schwinger_dyson` | `[Σ_a (∂_a S)² − Σ_a ∂_a ∂_a S] / (d V)`, mean 0 exactly (identities I4, I5), where each plaquette has four links |
/// | `wilson_RxT` | the mean of `Re tr/N` of loops of `R` links in space and `T` in time, over places and directions; sides at most half of the extents, and 4 |
/// | `polyakov_abs` | `\|Σ_x tr L(x)/N\| N_t/V` of the lines `L` that wind around time |
/// | `polyakov_corr1`, … | the mean of `Re tr L(x) tr L(x + r)*/N²` over places and directions of space, `r` at most half of the extents, and 8 |
/// | `charge`, `charge2`, `chi_q` | `Q`, `Q²`, `Q²/V`: U(1) in two directions `Σ_x wrap(P_01(x))/2π`, in four directions by [`clover_charge`] |
/// | `p_q0`, `p_q1`, … | half of whether `\|Q\|` is 0 (the whole), 1, …: the mean is the probability of either sign (U(1) in two directions), to 4 |
///
/// With an open boundary, only what does not reach across it: means are over fewer places, the charge is the sum over the
/// plaquettes of the theory (by clovers, those of the inner slices) and no integer, its probabilities, correlators of lines,
/// and lines in an open direction of time are left out.
pub fn standard<'t, G: Group>(action: &dyn Action<Links<G>>, u: Var<'t, Links<G>>) -> Vec<Observable<'t>> {
    let lattice = u.trace().lattice();
    let (volume, d) = (lattice.volume() as f64, lattice.directions());
    let open = action.open().map(|open| open.direction);
    let mut list = plaquettes(u, open);
    list.push(("action_density".into(), action.action(u) * (1.0 / volume)));
    list.extend(schwinger_dyson(action, u).map(|x| ("schwinger_dyson".into(), x)));
    list.extend(wilson_loops(u, LONGEST, open));
    if open != Some(d - 1) {
        list.push(("polyakov_abs".into(), polyakov_abs(u)));
    }
    if open.is_none() {
        let correlator = polyakov_correlator(u).into_iter().enumerate();
        list.extend(correlator.map(|(i, x)| (format!("polyakov_corr{}", i + 1), x)));
    }
    if G::NAME == GroupName::U1 && d == 2 {
        let q = charge(u.trace().var::<Links<U1>>(u.id()), open);
        list.extend(of_charge(q, volume));
        let integers = 0..=LONGEST.min(lattice.volume() / 2);
        list.extend(integers.filter(|_| open.is_none()).map(|k| (format!("p_q{k}"), probability(q, k))));
    } else if d == 4 {
        list.extend(of_charge(clover_charge(u, open), volume));
    }
    list
}

/// The mean plaquette, in all, in space and in time.
fn plaquettes<'t, G: Group>(u: Var<'t, Links<G>>, open: Option<usize>) -> Vec<Observable<'t>> {
    let lattice = u.trace().lattice();
    let d = lattice.directions();
    let all = u.plaquettes().parts();
    // The sum and the number of some of the plaquettes.
    let sum_of = |temporal: bool| {
        let (mut sum, mut number) = (None, 0.0);
        for (i, (mu, nu)) in planes(d).enumerate().filter(|(_, (_, nu))| (nu + 1 == d) == temporal) {
            let mut part = (all[i], lattice.volume() as f64);
            if let Some(open) = open.filter(|&open| open == mu || open == nu) {
                let extent = lattice.extents()[open];
                part = (part.0 * slices(u.trace(), open, 0..extent - 1), part.1 * (1.0 - 1.0 / extent as f64));
            }
            sum = Some(sum.map_or(part.0, |sum| sum + part.0));
            number += part.1;
        }
        sum.map(|sum| (sum.sum_sites(), number))
    };
    let (spatial, temporal) = (sum_of(false), sum_of(true));
    let mean = |(sum, number): (Var<'t, PerSample>, f64)| sum * (1.0 / number);
    let mut list = Vec::new();
    if let (Some((s, n)), Some((t, m))) = (spatial, temporal) {
        list.push(("plaquette".into(), mean((s + t, n + m))));
        list.extend([("spatial", s, n), ("temporal", t, m)].map(|(name, x, n)| (name.into(), mean((x, n)))));
    } else {
        list.extend(temporal.map(|all| ("plaquette".into(), mean(all))));
    }
    list
}

fn schwinger_dyson<'t, G: Group>(action: &dyn Action<Links<G>>, u: Var<'t, Links<G>>) -> Option<Var<'t, PerSample>> {
    let laplacian = action.laplacian(u)?;
    let lattice = u.trace().lattice();
    let force = u.trace().gradient(action.action(u), u);
    Some((force.inner(force) - laplacian) * (1.0 / (lattice.volume() * lattice.directions()) as f64))
}

fn of_charge<'t>(q: Var<'t, PerSample>, volume: f64) -> [Observable<'t>; 3] {
    let q2 = q.square();
    [("charge".into(), q), ("charge2".into(), q2), ("chi_q".into(), q2 * (1.0 / volume))]
}

/// Half of whether `|Q| = k`; the whole for `k = 0`.
fn probability(q: Var<'_, PerSample>, k: usize) -> Var<'_, PerSample> {
    let zero = q * 0.0;
    let weight = if k == 0 { 1.0 } else { 0.5 };
    (zero + weight).where_positive(0.25 - (q.abs() - k as f64).square(), zero)
}
