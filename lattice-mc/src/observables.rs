//! What is measured on a field, sample by sample.

use crate::Action;
use lattice_autograd::{OnSites, PerSample, Var};
use lattice_tensor::{Lattice, Location};

/// A named number per sample.
pub type Observable<'t> = (String, Var<'t, PerSample>);

/// The standard observables. `V` is the number of sites, `d` of directions, `N` of real components on a site. Squares and
/// products of fields of several components are scalar products, `|Σ φ|` is the length of a vector.
///
/// | name | value for one configuration |
/// |---|---|
/// | `phi2`, `phi4` | `Σ φ² / V`, `Σ φ⁴ / V` |
/// | `chi2` | `(Σ φ)² / V`, unsubtracted |
/// | `abs_m` | `|Σ φ| / V` |
/// | `ising_energy` | `Σ_x Σ_μ φ(x) φ(x+μ) / (d V)`, unsubtracted |
/// | `action_density` | `S / V` |
/// | `virial` | `(2 S₂ + 4 S₄) / (N V)`, mean 1 exactly |
/// | `g0`, `g1`, … | `Σ_x φ(0,0) φ(x,t)` averaged over the origin, `t` along the last direction, up to half its extent |
///
/// At extents 1 and 2 the formulas hold as written: both neighbours may be the same site.
pub fn standard<'t, K: OnSites>(action: &dyn Action<K>, phi: Var<'t, K>) -> Vec<Observable<'t>> {
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
        ("ising_energy".into(), per_site(phi.dot(phi.neighbours()).sum_sites()) * (0.5 / d)),
        ("action_density".into(), per_site(action.action(phi))),
    ];
    if let Some(virial) = action.virial(phi) {
        list.push(("virial".into(), per_site(virial) * (1.0 / phi.components() as f64)));
    }
    list.extend(two_point(&lattice, phi).into_iter().enumerate().map(|(t, g)| (format!("g{t}"), g)));
    list
}

/// The sums over the lattice of every component.
fn sums<'t, K: OnSites>(phi: Var<'t, K>) -> Vec<Var<'t, PerSample>> {
    phi.parts().into_iter().map(|part| part.sum_sites()).collect()
}

/// The scalar product of two lists of equally many numbers, at least one.
fn product<'t>(a: &[Var<'t, PerSample>], b: &[Var<'t, PerSample>]) -> Var<'t, PerSample> {
    let products = a.iter().zip(b).map(|(&a, &b)| a * b);
    products.reduce(|a, b| a + b).unwrap_or(a[0])
}

/// The zero-momentum correlator `g(t) = Σ_{t₀} T(t₀)·T(t₀+t) / V` with the slice sums `T(t) = Σ_x φ(x,t)`.
pub fn two_point<'t, K: OnSites>(lattice: &Lattice, phi: Var<'t, K>) -> Vec<Var<'t, PerSample>> {
    let mu = lattice.directions() - 1;
    let extent = lattice.extents()[mu];
    let slice = |t: usize| Location::Stripe { mu: mu as u8, period: extent as u16, offset: t as u16 };
    let slices: Vec<Vec<Var<'t, PerSample>>> = (0..extent).map(|t| sums(phi.on(slice(t)))).collect();
    let correlator = |t: usize| {
        let products = (0..extent).map(|t0| product(&slices[t0], &slices[(t0 + t) % extent]));
        let sum = products.reduce(|a, b| a + b).unwrap_or(slices[0][0]);
        sum * (1.0 / lattice.volume() as f64)
    };
    (0..=extent / 2).map(correlator).collect()
}
