//! What is measured on a field, sample by sample.

pub mod gauge;
mod pole_mass;
mod quantities;
mod structure;

pub use pole_mass::{FitRange, pole_mass, pole_mass_of_values};
pub use quantities::{Quantity, correlation_length, effective_mass, quantities};
pub use structure::{smallest_momentum, structure_factor};

use crate::{Action, Manifold};
use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::Scalar;
use lattice_tensor::{Lattice, Location};

/// A named number per sample.
pub type Observable<'t> = (String, Var<'t, PerSample>);

/// What is measured on a field of an action's theory.
pub fn measured<'t, K: Manifold>(action: &dyn Action<K>, phi: Var<'t, K>) -> Vec<Observable<'t>> {
    action.observables(phi).unwrap_or_else(|| K::observables(action, phi))
}

/// The standard observables. `V` is the number of sites, `d` of directions, `N` of real components on a site. Squares and
/// products of fields of several components are scalar products, `|Σ φ|` is the length of a vector.
///
/// | name | value for one configuration |
/// |---|---|
/// | `phi2`, `phi4` | `Σ φ² / V`, `Σ φ⁴ / V` |
/// | `chi2` | `(Σ φ)² / V`, unsubtracted |
/// | `m`, `abs_m` | `Σ φ / V` (of a field of one component), `|Σ φ| / V` |
/// | `m4` | `|Σ φ / V|⁴`; `⟨m²⟩` is `⟨chi2⟩ / V` |
/// | `ising_energy` | `Σ_x Σ_μ φ(x) φ(x+μ) / (d V)`, unsubtracted |
/// | `action_density` | `S / V` |
/// | `virial` | `(2 S₂ + 4 S₄) / (N V)`, mean 1 exactly |
/// | `structure0`, `structure1`, … | `|Σ_x e^{ip·x} φ(x)|² / V` at the smallest momentum of direction 0, 1, …: `p = 2π/L_μ` |
/// | `g0`, `g1`, … | `Σ_x φ(0,0) φ(x,t)` averaged over the origin, `t` along the last direction, `t ≤ min(L_t/2, 64)` |
///
/// At extents 1 and 2 the formulas hold as written: both neighbours may be the same site.
pub fn standard<'t, K: Manifold>(action: &dyn Action<K>, phi: Var<'t, K>) -> Vec<Observable<'t>> {
    let lattice = phi.trace().lattice();
    let (volume, d) = (lattice.volume() as f64, lattice.directions() as f64);
    let per_site = |x: Var<'t, PerSample>| x * (1.0 / volume);
    let totals = sums(phi);
    let total2 = product(&totals, &totals);
    let abs_total = if let [total] = totals[..] { total.abs() } else { total2.sqrt() };
    let phi2 = phi.dot(phi);
    let mut list = vec![
        ("phi2".into(), per_site(phi2.sum_sites())),
        ("phi4".into(), per_site(phi2.square().sum_sites())),
        ("chi2".into(), per_site(total2)),
        ("abs_m".into(), per_site(abs_total)),
        ("m4".into(), (total2 * (1.0 / (volume * volume))).square()),
        ("ising_energy".into(), per_site(phi.dot(phi.neighbours()).sum_sites()) * (0.5 / d)),
        ("action_density".into(), per_site(action.action(phi))),
    ];
    if let [total] = totals[..] {
        list.push(("m".into(), per_site(total)));
    }
    if let Some(virial) = action.virial(phi) {
        list.push(("virial".into(), per_site(virial) * (1.0 / phi.components() as f64)));
    }
    for mu in (0..lattice.directions()).filter(|&mu| lattice.extents()[mu] > 1) {
        list.push((format!("structure{mu}"), structure_factor(phi, &smallest_momentum(&lattice, mu))));
    }
    list.extend(two_point(&lattice, phi).into_iter().enumerate().map(|(t, g)| (format!("g{t}"), g)));
    list
}

/// The sums over the lattice of every component.
fn sums<'t, K: Manifold>(phi: Var<'t, K>) -> Vec<Var<'t, PerSample>> {
    phi.parts().into_iter().map(|part| part.sum_sites()).collect()
}

/// The scalar product of two lists of equally many numbers, at least one.
fn product<'t>(a: &[Var<'t, PerSample>], b: &[Var<'t, PerSample>]) -> Var<'t, PerSample> {
    let products = a.iter().zip(b).map(|(&a, &b)| a * b);
    products.reduce(|a, b| a + b).unwrap_or(a[0])
}

/// The largest distance of the correlator: beyond it there is noise, and the list would not end.
pub const FARTHEST: usize = 64;

/// The zero-momentum correlator `g(t) = Σ_{t₀} T(t₀)·T(t₀+t) / V` with the slice sums `T(t) = Σ_x φ(x,t)`, for
/// `t = 0 … min(L_t/2, 64)`, `t` along the last direction.
///
/// The slice sums are a field that is the same all over a slice, made by adding up ever longer runs of sites; its
/// products are taken on one line of each slice only.
pub fn two_point<'t, K: Manifold>(lattice: &Lattice, phi: Var<'t, K>) -> Vec<Var<'t, PerSample>> {
    let mu = lattice.directions() - 1;
    let extents = lattice.extents();
    // Sites of a slice on which the products are taken: one of direction 0, all of the others.
    let (line, times) = match u16::try_from(extents[0]) {
        Ok(period) if mu > 0 => (Location::Stripe { mu: 0, period, offset: 0 }, extents[1..mu].iter().product()),
        _ => (Location::All, extents[..mu].iter().product::<usize>()),
    };
    let slices = |part| (0..mu).fold(part, |sum, nu| sum_along(sum, nu, extents[nu])).on(line);
    let lines: Vec<Var<'t, Scalar>> = phi.parts().into_iter().map(slices).collect();
    let scale = 1.0 / (lattice.volume() as f64 * times as f64);
    let correlator = |t: usize| {
        let products = lines.iter().map(|&here| (here * here.shift(mu, t as i32)).sum_sites());
        products.reduce(|a, b| a + b).unwrap_or(phi.trace().mask() * 0.0) * scale
    };
    (0..=(extents[mu] / 2).min(FARTHEST)).map(correlator).collect()
}

/// `y(x) = Σ_{j<L} f(x + j μ)`: runs of doubling length, put together along the binary digits of `L`.
fn sum_along<'t>(f: Var<'t, Scalar>, mu: usize, extent: usize) -> Var<'t, Scalar> {
    let digits = usize::BITS - extent.leading_zeros();
    let (mut sum, mut length) = (f, 1);
    for digit in (0..digits - 1).rev() {
        sum = sum + sum.shift(mu, length);
        length *= 2;
        if extent >> digit & 1 == 1 {
            sum = f + sum.shift(mu, 1);
            length += 1;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use lattice_autograd::Trace;
    use lattice_tensor::{Bindings, Device, Layout, ScalarField};
    use std::sync::Arc;

    /// The correlator of one configuration, by the definition.
    fn by_definition(lattice: &Lattice, phi: &[f64], t: usize) -> f64 {
        let extent = lattice.extents()[lattice.directions() - 1];
        let slice = |t: usize| phi.iter().skip(t % extent).step_by(extent).sum::<f64>();
        (0..extent).map(|t0| slice(t0) * slice(t0 + t)).sum::<f64>() / lattice.volume() as f64
    }

    #[test]
    fn the_correlator_is_that_of_slice_sums() {
        for extents in
            [vec![7], vec![1], vec![1, 6], vec![2, 2], vec![5, 4], vec![4, 3, 6], vec![3, 2, 5, 4], vec![2, 300]]
        {
            let lattice = Lattice::periodic(&extents).unwrap();
            let layout = Arc::new(Layout::samples(&lattice, 8));
            let trace = Trace::new(&lattice);
            let ids: Vec<_> = two_point(&lattice, trace.scalar_field("phi")).into_iter().map(Var::id).collect();
            assert_eq!(ids.len(), (extents[extents.len() - 1] / 2).min(FARTHEST) + 1);
            let values: Vec<f64> = (0..lattice.volume()).map(|x| (1.7 * x as f64).sin() + 0.2).collect();
            let mut phi = ScalarField::<f64>::zeros(&layout, 1).unwrap();
            phi.set_sample(0, &values).unwrap();
            let mut found = vec![[0.0]; ids.len()];
            let mut views: Vec<&mut [f64]> = found.iter_mut().map(|x| x.as_mut_slice()).collect();
            let mut bindings =
                Bindings { samples: 1, fields: &[&phi], out_per_sample: &mut views, ..Default::default() };
            trace.program::<f64>(&ids, &layout).unwrap().run(&Device::cpu(1).unwrap(), &mut bindings).unwrap();
            for (t, [g]) in found.into_iter().enumerate() {
                let expected = by_definition(&lattice, &values, t);
                assert!((g - expected).abs() < 1e-12 * (1.0 + expected.abs()), "{extents:?} g{t}: {g} not {expected}");
            }
        }
    }
}
