//! Monte Carlo against what is known: conservation, identities, exact values.

use lattice_fields::prelude::*;
use lattice_mc::check::{self, Options};
use lattice_mc::exact;
use lattice_mc::statistics::{Estimate, chi_squared_of_pulls};

const PHI4: Phi4 = Phi4 { mass2: -4.0, lambda: 8.0 };

fn hmc(integrator: Integrator, length: f64, steps: usize) -> Box<dyn Update> {
    Box::new(Hmc::fixed(integrator, length, steps))
}

fn run<R: Real>(
    action: &dyn Action,
    update: Box<dyn Update>,
    extents: &[usize],
    plan: MarkovRun,
) -> Vec<(String, Estimate)> {
    let lattice = Lattice::periodic(extents).expect("a lattice");
    let device = Device::cpu(2).expect("two threads");
    let history = plan.run::<R>(action, update, &lattice, &device, |_| true).expect("a run");
    history.estimates().expect("estimates")
}

fn plan(chains: usize, updates: usize, seed: u64) -> MarkovRun {
    MarkovRun { chains, updates, thermalize: 200, seed }
}

fn find<'e>(estimates: &'e [(String, Estimate)], name: &str) -> &'e Estimate {
    &estimates.iter().find(|(n, _)| n == name).expect("a name").1
}

#[test]
fn integrators_are_reversible_preserve_volume_and_are_of_their_order() {
    for integrator in Integrator::ALL {
        for extents in [&[4, 6][..], &[4, 4], &[3], &[2, 2, 2]] {
            let lattice = Lattice::periodic(extents).expect("a lattice");
            // The violation of a higher order is a mean of steeper powers, which takes more trajectories.
            let options = Options::from(3).run(if integrator.order() > 2 { 2048 } else { 256 }, 1);
            let report = check::integrator(&integrator, integrator.order(), &PHI4, &lattice, options);
            report.expect("a check").assert();
        }
    }
}

#[test]
fn updates_leave_the_theory_invariant() {
    let lattice = Lattice::periodic([4, 4]).expect("a lattice");
    let options = Options::from(17).run(64, 300);
    for action in [&PHI4 as &dyn Action, &Free { mass2: 0.7 }] {
        for integrator in [Integrator::Leapfrog, Integrator::Omelyan] {
            check::update(&Hmc::new(integrator, 1.0), action, &lattice, &options).expect("a check").assert();
        }
        check::update(&LocalMetropolis::default(), action, &lattice, &options).expect("a check").assert();
    }
}

#[test]
fn mean_of_exp_minus_dh_is_one() {
    for (integrator, steps) in [(Integrator::Leapfrog, 8), (Integrator::Omelyan, 5), (Integrator::Omelyan4, 3)] {
        for extents in [&[6, 6][..], &[3, 5], &[2, 2, 3], &[16]] {
            let estimates = run::<f32>(&PHI4, hmc(integrator, 1.0, steps), extents, plan(64, 500, 7));
            let identity = find(&estimates, "exp_minus_dh");
            assert!(identity.pull(1.0).abs() < 4.5, "{integrator:?} {steps} {extents:?}: {identity}");
        }
    }
}

#[test]
fn virial_is_one() {
    let free = Free { mass2: 0.7 };
    let actions: [&dyn Action; 2] = [&PHI4, &free];
    for action in actions {
        for extents in [&[8][..], &[4, 6], &[2, 2, 4]] {
            for local in [false, true] {
                let update: Box<dyn Update> =
                    if local { Box::new(LocalMetropolis::default()) } else { hmc(Integrator::Omelyan, 1.0, 6) };
                let estimates = run::<f32>(action, update, extents, plan(64, 600, 11));
                let virial = find(&estimates, "virial");
                assert!(virial.pull(1.0).abs() < 4.5, "{action:?} {extents:?} local {local}: {virial}");
            }
        }
    }
}

/// The pulls of several observables against exact values, over seeds and samplers.
fn pulls(extents: &[usize], action: &dyn Action, exact: &[(&str, f64)], seeds: std::ops::Range<u64>) -> Vec<f64> {
    let mut pulls = Vec::new();
    for seed in seeds {
        for local in [false, true] {
            if local && extents.iter().any(|l| l % 2 == 1) {
                continue;
            }
            let update: Box<dyn Update> = if local {
                Box::new(LocalMetropolis::default())
            } else {
                Box::new(Hmc::new(Integrator::Leapfrog, 1.0))
            };
            let estimates = run::<f32>(action, update, extents, plan(64, 600, seed));
            pulls.extend(exact.iter().map(|(name, value)| find(&estimates, name).pull(*value)));
        }
    }
    pulls
}

#[test]
fn free_field_has_its_exact_moments() {
    let action = Free { mass2: 1.0 };
    // physics.md §7, canonical values halved: the convention has no ½.
    let exact = [
        ("phi2", 0.254_173_997_690 / 2.0),
        ("chi2", 0.5),
        ("ising_energy", 0.067_717_497_113 / 2.0),
        ("action_density", 0.5),
    ];
    for pull in pulls(&[8, 8], &action, &exact, 1..3) {
        assert!(pull.abs() < 4.5, "pull {pull}");
    }
}

#[test]
fn one_dimensional_chain_and_smallest_torus_are_exact() {
    // physics.md §1.3: row transfer matrix.
    let chain = [("phi2", 0.153_867_644_164), ("chi2", 0.275_561_574_157)];
    let torus = [
        ("phi2", 0.171_434_423_240),
        ("phi4", 0.056_169_583_896),
        ("chi2", 0.450_481_641_481),
        ("ising_energy", 0.099_678_335_584),
    ];
    let mut all = pulls(&[8], &Phi4 { mass2: 1.0, lambda: 1.0 }, &chain, 1..4);
    all.extend(pulls(&[2, 2], &PHI4, &torus, 1..4));
    all.extend(pulls(
        &[1],
        &Phi4 { mass2: 1.0, lambda: 1.0 },
        &[("phi2", 0.233_959_958_486_8), ("phi4", 0.133_020_120_756_6)],
        1..4,
    ));
    for pull in &all {
        assert!(pull.abs() < 4.5, "pulls {all:?}");
    }
}

/// Error bars are honest: pulls of one observable over many seeds have the χ² of independent normal numbers.
#[test]
fn error_bars_are_honest() {
    let known = exact::phi4(&[4, 4], PHI4.mass2, PHI4.lambda).expect("cheap");
    let exact = [("phi2", known.phi2)];
    let pulls = pulls(&[4, 4], &PHI4, &exact, 1..17);
    let chi2 = chi_squared_of_pulls(&pulls).expect("pulls");
    assert!((0.001..0.999).contains(&chi2.p_value), "{chi2:?} of {pulls:?}");
}
