use super::*;
use crate::testing::{demand, exact_phi4, find, run};
use crate::{ChainCouplings, Chains, Error, Hmc, Integrator, LocalMetropolis, MarkovRun, Phi4, Phi4Couplings};
use lattice_autograd::PerSample;
use lattice_tensor::{Boundary, Device};

fn clusters() -> Box<dyn Update> {
    Box::new(Clusters { after: Box::new(LocalMetropolis::default()) })
}

/// The broken phase: κ = 0.30, λ = 0.022 in the hopping form.
const BROKEN: Phi4Couplings = Phi4Couplings::Hopping { kappa: 0.30, lambda: 0.022 };

#[test]
fn tutorial_point_is_exact() {
    let found = run::<f32, _>(&Phi4 { mass2: -4.0, lambda: 8.0 }, clusters(), &[8, 8], 32, 1500, 1);
    let exact = [("phi2", 0.143450), ("phi4", 0.042317), ("chi2", 0.744135), ("ising_energy", 0.044267)];
    exact.iter().for_each(|(name, value)| demand(&found, name, *value));
    demand(&found, "virial", 1.0);
    // ⟨(Σ φ)²⟩ / V of one cluster per site: clusters have at least one site and at most V.
    assert!((1.0 / 64.0..1.0).contains(&find(&found, "cluster_size").mean));
}

#[test]
fn both_signs_are_seen_in_the_broken_phase() {
    let no_half = BROKEN.no_half(2).unwrap();
    let exact = exact_phi4(&[4, 4], no_half.mass2, no_half.lambda);
    let found = run::<f64, _>(&BROKEN, clusters(), &[4, 4], 32, 1500, 2);
    let known =
        [("phi2", exact.phi2), ("phi4", exact.phi4), ("chi2", exact.chi2), ("ising_energy", exact.ising_energy)];
    for (name, value) in known {
        let (scale, shift) = BROKEN.observable(name).unwrap().unwrap();
        demand(&found, name, scale * value + shift);
    }
    demand(&found, "action_density", exact.action_density + BROKEN.constant());
}

/// The autocorrelation of the sign of the magnetisation from one update to the next, over all chains.
fn sign_correlation(update: Box<dyn Update>) -> f64 {
    let (lattice, device) = (Lattice::periodic([4, 4]).unwrap(), Device::cpu(1).unwrap());
    let mut chains = Chains::<f64>::new(&BROKEN, update, &lattice, 16, 3, &device).unwrap();
    let signs = |chains: &Chains<'_, f64>| -> Vec<f64> {
        (0..16).map(|i| chains.fields().sample(i).unwrap().iter().sum::<f64>().signum()).collect()
    };
    (0..100).for_each(|_| drop(chains.advance().unwrap().to_vec()));
    let mut total = 0.0;
    for _ in 0..400 {
        let before = signs(&chains);
        chains.advance().unwrap();
        total += before.iter().zip(signs(&chains)).map(|(a, b)| a * b).sum::<f64>() / (16.0 * 400.0);
    }
    total
}

#[test]
fn clusters_flip_where_other_updates_hardly_do() {
    let local = sign_correlation(Box::new(LocalMetropolis { width: 1.5 }));
    let hmc = sign_correlation(Box::new(Hmc::fixed(Integrator::Omelyan, 1.0, 6)));
    let clusters = sign_correlation(clusters());
    // Most sites are in one cluster, which is flipped half of the time: the sign is forgotten at once.
    assert!(clusters.abs() < 0.08, "{clusters}");
    assert!(local > 0.95 && hmc > 0.9, "local {local}, HMC {hmc}");
}

#[test]
fn antiperiodic_boundaries_are_links_of_the_other_sign() {
    // Flips must leave all that HMC alone gives.
    let lattice = Lattice::periodic([2, 4]).unwrap().with_boundary(1, Boundary::ANTIPERIODIC).unwrap();
    let device = Device::cpu(1).unwrap();
    let action = Phi4 { mass2: -3.0, lambda: 1.0 };
    let estimate = |update: Box<dyn Update>| {
        let mut chains = Chains::<f64>::new(&action, update, &lattice, 32, 4, &device).unwrap();
        let plan = MarkovRun { chains: 32, updates: 1500, thermalize: 200, seed: 4 };
        plan.record(&mut chains, |_| true).unwrap().estimates().unwrap()
    };
    let hmc = || Box::new(Hmc::fixed(Integrator::Omelyan, 1.0, 8));
    let (plain, flipped) = (estimate(hmc()), estimate(Box::new(Clusters { after: hmc() })));
    for name in ["phi2", "phi4", "chi2", "ising_energy"] {
        let (a, b) = (find(&plain, name), find(&flipped, name));
        assert!((a.mean - b.mean).abs() < 4.5 * a.error.hypot(b.error), "{name}: {a} and {b}");
    }
}

#[test]
fn bits_depend_on_neither_threads_nor_neighbours_in_the_batch() {
    let lattice = Lattice::periodic([4, 4]).unwrap();
    let fields = |threads: usize, chains: usize| -> Vec<Vec<f32>> {
        let device = Device::cpu(threads).unwrap();
        let mut all = Chains::<f32>::new(&BROKEN, clusters(), &lattice, chains, 7, &device).unwrap();
        (0..10).for_each(|_| drop(all.advance().unwrap().to_vec()));
        (0..chains).map(|i| all.fields().sample(i).unwrap()).collect()
    };
    let many = fields(1, 40);
    assert_eq!(many, fields(3, 40));
    assert_eq!(many[..33], fields(2, 33));
}

#[test]
fn an_action_that_names_no_hopping_is_refused() {
    #[derive(Debug)]
    struct Mine;
    impl Action for Mine {
        fn action<'t>(&self, phi: Var<'t, Scalar>) -> Var<'t, PerSample> {
            phi.square().sum_sites()
        }
    }
    let (lattice, device) = (Lattice::periodic([4, 4]).unwrap(), Device::cpu(1).unwrap());
    let update = Box::new(Clusters { after: Box::new(Hmc::new(Integrator::Leapfrog, 1.0)) });
    let refused = Chains::<f64>::new(&Mine, update, &lattice, 2, 1, &device);
    assert!(matches!(refused.err(), Some(Error::Update(_))));
}

#[test]
fn bonds_have_the_hopping_of_their_own_chain() {
    let (lattice, device) = (Lattice::periodic([4, 2]).unwrap(), Device::cpu(1).unwrap());
    let kappas = [0.15, 0.25, 0.35];
    let at = ChainCouplings::default().with("kappa", (0..45).map(|chain| kappas[chain % 3]).collect());
    let mut chains = Chains::<f32>::at_couplings(&BROKEN, clusters(), &lattice, 45, at, 6, &device).unwrap();
    let plan = MarkovRun { chains: 45, updates: 600, thermalize: 200, seed: 6 };
    let history = plan.record(&mut chains, |_| true).unwrap();
    for (rung, kappa) in kappas.into_iter().enumerate() {
        let here = Phi4Couplings::Hopping { kappa, lambda: 0.022 };
        let no_half = here.no_half(2).unwrap();
        let exact = exact_phi4(&[4, 2], no_half.mass2, no_half.lambda);
        let found = history.estimates_of(|chain| chain % 3 == rung).unwrap();
        for (name, value) in [("phi2", exact.phi2), ("chi2", exact.chi2), ("ising_energy", exact.ising_energy)] {
            let (scale, shift) = here.observable(name).unwrap().unwrap();
            demand(&found, name, scale * value + shift);
        }
    }
}
