use super::*;
use crate::testing::{demand, run};
use crate::{Chains, Clusters, Hmc, Integrator, LocalMetropolis, Manifold, Update, exact};
use lattice_tensor::{Device, Lattice, Real};

fn hmc() -> Hmc {
    Hmc::fixed(Integrator::Omelyan, 1.0, 5)
}

/// The fields of 3 chains after 20 trajectories.
fn fields<R: Real, K: Manifold>(action: &dyn Action<K>, update: Box<dyn Update<K>>) -> Vec<Vec<R>> {
    let (lattice, device) = (Lattice::periodic([4, 6]).unwrap(), Device::cpu(1).unwrap());
    let mut chains = Chains::<R, K>::new(action, update, &lattice, 3, 5, &device).unwrap();
    (0..20).for_each(|_| drop(chains.advance().unwrap().to_vec()));
    (0..3).map(|i| chains.fields().sample(i).unwrap()).collect()
}

#[test]
fn one_component_is_phi4() {
    let (mass2, lambda) = (-1.0, 2.0);
    let (one, phi4) = (VectorPhi4 { components: 1, mass2, lambda }, Phi4 { mass2, lambda });
    let local = || Box::new(LocalMetropolis { width: 0.7 });
    assert_eq!(fields::<f64, _>(&one, local()), fields::<f64, _>(&phi4, local()));
    // The terms of the force are added in another order, so that HMC agrees up to rounding.
    let (a, b) = (fields::<f64, _>(&one, Box::new(hmc())), fields::<f64, _>(&phi4, Box::new(hmc())));
    let distance = a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(distance < 1e-10, "{distance:e}");
}

#[test]
fn two_components_are_a_complex_field_bit_for_bit() {
    let (mass2, lambda) = (-1.0, 2.0);
    let two = VectorPhi4 { components: 2, mass2, lambda };
    let complex = ComplexPhi4 { mass2, lambda };
    assert_eq!(fields::<f32, _>(&two, Box::new(hmc())), fields::<f32, _>(&complex, Box::new(hmc())));
    let local = || Box::new(LocalMetropolis { width: 0.7 });
    assert_eq!(fields::<f64, _>(&two, local()), fields::<f64, _>(&complex, local()));
}

#[test]
fn free_components_do_not_see_each_other() {
    let action = VectorPhi4 { components: 3, mass2: 0.8, lambda: 0.0 };
    let one = exact::free_field(&[4, 4], 0.8).unwrap();
    let found = run::<f32, _>(&action, Box::new(hmc()), &[4, 4], 64, 600, 3);
    demand(&found, "phi2", 3.0 * one.phi2);
    // Σ_a Σ_b ⟨φ_a² φ_b²⟩ = N (N + 2) ⟨φ²⟩² for Gaussian components.
    demand(&found, "phi4", 15.0 * one.phi2 * one.phi2);
    demand(&found, "chi2", 3.0 * one.chi2);
    demand(&found, "ising_energy", 3.0 * one.ising_energy);
    demand(&found, "action_density", 1.5);
    demand(&found, "virial", 1.0);
    demand(&found, "exp_minus_dh", 1.0);
    for (t, g) in one.g.unwrap().into_iter().enumerate().take(3) {
        demand(&found, &format!("g{t}"), 3.0 * g);
    }
    // |Σ φ| of three Gaussian numbers of variance σ² is Maxwell's: mean √(8σ²/π).
    let variance = 16.0 * one.chi2;
    demand(&found, "abs_m", (8.0 * variance / std::f64::consts::PI).sqrt() / 16.0);
}

/// `⟨φ²⟩`, `⟨φ⁴⟩` and `⟨φ(0)·φ(1)⟩` on a ring of two sites, whose two links make `S = … − 4 φ(0)·φ(1)`, by quadrature in
/// the lengths and the angle between the vectors, of density `sin^{N−2} θ`.
fn two_sites(components: usize, mass2: f64, lambda: f64) -> [f64; 3] {
    let (lengths, angles, end) = (100, 50, 3.0);
    let midpoint = |i: usize, n: usize, end: f64| (i as f64 + 0.5) * end / n as f64;
    let site = |r: f64| r.powi(components as i32 - 1) * (-(2.0 + mass2) * r * r - lambda * r.powi(4)).exp();
    let (mut z, mut sums) = (0.0, [0.0; 3]);
    for r in (0..lengths).map(|i| midpoint(i, lengths, end)) {
        for q in (0..lengths).map(|i| midpoint(i, lengths, end)) {
            for theta in (0..angles).map(|i| midpoint(i, angles, std::f64::consts::PI)) {
                let link = r * q * theta.cos();
                let weight = site(r) * site(q) * theta.sin().powi(components as i32 - 2) * (4.0 * link).exp();
                z += weight;
                sums.iter_mut().zip([r * r, r.powi(4), link]).for_each(|(sum, x)| *sum += weight * x);
            }
        }
    }
    sums.map(|sum| sum / z)
}

#[test]
fn two_sites_are_what_quadrature_says() {
    let (mass2, lambda) = (-2.5, 1.0);
    for components in [2, 3] {
        let action = VectorPhi4 { components, mass2, lambda };
        let [phi2, phi4, link] = two_sites(components, mass2, lambda);
        let updates: [Box<dyn Update<Channels>>; 3] = [
            Box::new(hmc()),
            Box::new(LocalMetropolis::default()),
            Box::new(Clusters { after: Box::new(LocalMetropolis::default()) }),
        ];
        for update in updates {
            let found = run::<f64, _>(&action, update, &[2], 64, 600, 9);
            demand(&found, "phi2", phi2);
            demand(&found, "phi4", phi4);
            demand(&found, "ising_energy", link);
            demand(&found, "virial", 1.0);
        }
        if components == 2 {
            let found = run::<f32, _>(&ComplexPhi4 { mass2, lambda }, Box::new(hmc()), &[2], 64, 600, 9);
            demand(&found, "phi2", phi2);
            demand(&found, "ising_energy", link);
        }
    }
}

#[test]
fn what_is_no_theory_is_refused() {
    assert!(VectorPhi4 { components: 0, mass2: 1.0, lambda: 1.0 }.check().unwrap_err().contains("components"));
    assert!(VectorPhi4 { components: 2, mass2: 1.0, lambda: -1.0 }.check().is_err());
    assert!(ComplexPhi4 { mass2: 0.0, lambda: 0.0 }.check().is_err());
}
