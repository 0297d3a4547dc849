//! What is measured on a real field, sample by sample.

mod pole_mass;
mod quantities;
mod structure;

pub use pole_mass::{FitRange, pole_mass, pole_mass_of_values};
pub use quantities::{Quantity, correlation_length, effective_mass, quantities};
pub use structure::{smallest_momentum, structure_factor};

use crate::Action;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::Scalar;
use lattice_tensor::{Lattice, Location};

/// A named number per sample.
pub type Observable<'t> = (String, Var<'t, PerSample>);

/// The standard observables of a scalar theory. `V` is the number of sites, `d` of directions.
///
/// | name | value for one configuration |
/// |---|---|
/// | `phi2`, `phi4` | `Σ φ² / V`, `Σ φ⁴ / V` |
/// | `chi2` | `(Σ φ)² / V`, unsubtracted |
/// | `m`, `abs_m` | `Σ φ / V`, `|Σ φ| / V` |
/// | `m4` | `(Σ φ / V)⁴`; `⟨m²⟩` is `chi2 / V` |
/// | `ising_energy` | `Σ_x Σ_μ φ(x) φ(x+μ) / (d V)`, unsubtracted |
/// | `action_density` | `S / V` |
/// | `virial` | `(2 S₂ + 4 S₄) / V`, mean 1 exactly |
/// | `structure0`, `structure1`, … | `|Σ_x e^{ip·x} φ(x)|² / V` at the smallest momentum of direction 0, 1, …: `p = 2π/L_μ` |
/// | `g0`, `g1`, … | `Σ_x φ(0,0) φ(x,t)` averaged over the origin, `t` along the last direction, up to half its extent |
///
/// At extents 1 and 2 the formulas hold as written: both neighbours may be the same site.
pub fn standard<'t>(action: &dyn Action, phi: Var<'t, Scalar>) -> Vec<Observable<'t>> {
    let lattice = phi.trace().lattice();
    let (volume, d) = (lattice.volume() as f64, lattice.directions() as f64);
    let per_site = |x: Var<'t, PerSample>| x * (1.0 / volume);
    let total = phi.sum_sites();
    let phi2 = phi.square();
    let mut list = vec![
        ("phi2".into(), per_site(phi2.sum_sites())),
        ("phi4".into(), per_site(phi2.square().sum_sites())),
        ("chi2".into(), per_site(total.square())),
        ("m".into(), per_site(total)),
        ("abs_m".into(), per_site(total.abs())),
        ("m4".into(), per_site(total).powi(4)),
        ("ising_energy".into(), per_site((phi * phi.neighbours()).sum_sites()) * (0.5 / d)),
        ("action_density".into(), per_site(action.action(phi))),
    ];
    if let Some(virial) = action.virial(phi) {
        list.push(("virial".into(), per_site(virial)));
    }
    for mu in (0..lattice.directions()).filter(|&mu| lattice.extents()[mu] > 1) {
        list.push((format!("structure{mu}"), structure_factor(phi, &smallest_momentum(&lattice, mu))));
    }
    list.extend(two_point(&lattice, phi).into_iter().enumerate().map(|(t, g)| (format!("g{t}"), g)));
    list
}

/// The zero-momentum correlator `g(t) = Σ_{t₀} T(t₀) T(t₀+t) / V` with the slice sums `T(t) = Σ_x φ(x,t)`.
pub fn two_point<'t>(lattice: &Lattice, phi: Var<'t, Scalar>) -> Vec<Var<'t, PerSample>> {
    let mu = lattice.directions() - 1;
    let extent = lattice.extents()[mu];
    let slice = |t: usize| Location::Stripe { mu: mu as u8, period: extent as u16, offset: t as u16 };
    let slices: Vec<Var<'t, PerSample>> = (0..extent).map(|t| phi.on(slice(t)).sum_sites()).collect();
    let correlator = |t: usize| {
        let products = (0..extent).map(|t0| slices[t0] * slices[(t0 + t) % extent]);
        let sum = products.reduce(|a, b| a + b).unwrap_or(slices[0]);
        sum * (1.0 / lattice.volume() as f64)
    };
    (0..=extent / 2).map(correlator).collect()
}
