//! Right things pass for many seeds; planted faults are caught and named.

use super::*;
use crate::update::{Update, Updated};
use crate::{Action, Free, Hmc, Integrator, LocalMetropolis, Phi4};
use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::Scalar;
use lattice_tensor::{Lattice, Location};

const PHI4: Phi4 = Phi4 { mass2: -4.0, lambda: 8.0 };

fn lattice(extents: &[usize]) -> Lattice {
    Lattice::periodic(extents).expect("a lattice")
}

fn failed(report: &Report) -> Vec<&str> {
    report.failures().map(|f| f.check.as_str()).collect()
}

#[test]
fn right_actions_pass_for_many_seeds() {
    for seed in 0..12 {
        for extents in [&[4, 4][..], &[2, 2], &[3, 5], &[6], &[1], &[2, 2, 4]] {
            let lattice = lattice(extents);
            let claims = Symmetry::point_group(&lattice).into_iter().fold(Options::from(seed), Options::claim);
            let claims = claims.claim(Symmetry::sign_flip()).samples(5);
            action(&PHI4, &lattice, &claims).expect("a check").assert();
            action(&Free { mass2: 0.3 }, &lattice, &claims).expect("a check").assert();
        }
    }
}

/// φ⁴ with faults to order.
#[derive(Clone, Copy, Debug)]
enum Faulty {
    /// An external field on one site.
    Source(f64),
    /// Site terms with the wrong coefficient of the neighbours.
    SiteTerms,
    /// A virial that counts the quartic terms twice.
    Virial,
}

impl Action for Faulty {
    fn action<'t>(&self, phi: Var<'t, Scalar>) -> Var<'t, PerSample> {
        let corner = Location::Stripe { mu: 0, period: 4, offset: 3 };
        let source = if let Faulty::Source(j) = *self { j } else { 0.0 };
        PHI4.action(phi) + phi.on(corner).sum_sites() * source
    }

    fn site_terms<'t>(&self, at: Var<'t, Scalar>, phi: Var<'t, Scalar>) -> Option<Var<'t, Scalar>> {
        let wrong =
            if let Faulty::SiteTerms = self { -at * phi.neighbours().on(at.location()) * 0.01 } else { at * 0.0 };
        Some(PHI4.site_terms(at, phi)? + wrong)
    }

    fn virial<'t>(&self, phi: Var<'t, Scalar>) -> Option<Var<'t, PerSample>> {
        let twice = if let Faulty::Virial = self { phi.powi(4).sum_sites() } else { phi.trace().mask() * 0.0 };
        Some(PHI4.virial(phi)? + twice)
    }
}

#[test]
fn faults_of_actions_are_caught_and_named() {
    let lattice = lattice(&[4, 2]);
    let source = action(&Faulty::Source(1e-6), &lattice, 1).expect("a check");
    assert_eq!(failed(&source), ["translation by [1, 0]", "translation by [1, -2]"], "{source}");
    let terms = action(&Faulty::SiteTerms, &lattice, 1).expect("a check");
    assert_eq!(failed(&terms), ["site terms"], "{terms}");
    assert!(terms.find("site terms").is_some_and(|f| f.place.site.is_some() || f.place.name.is_some()));
    let virial = action(&Faulty::Virial, &lattice, 1).expect("a check");
    assert_eq!(failed(&virial), ["virial"], "{virial}");
    let broken = action(&PHI4, &lattice, Options::from(1).claim(Symmetry::translation(&[1, 1]).leaving_outputs()));
    broken.expect("a check").assert();
    let odd = Options::from(1).claim(Symmetry::traced("φ + 1", |x| x + 1.0));
    assert_eq!(failed(&action(&PHI4, &lattice, odd).expect("a check")), ["φ + 1"]);
    assert!(matches!(action(&Free { mass2: -1.0 }, &lattice, 1), Err(Error::Request { .. })));
}

#[test]
fn right_updates_pass() {
    for seed in 0..3 {
        for extents in [&[4, 2][..], &[2, 2]] {
            let options = Options::from(seed).run(64, 250);
            for integrator in [Integrator::Leapfrog, Integrator::Omelyan] {
                let hmc = Hmc::fixed(integrator, 1.0, 6);
                update(&hmc, &PHI4, &lattice(extents), &options).expect("a check").assert();
            }
            update(&LocalMetropolis::default(), &PHI4, &lattice(extents), &options).expect("a check").assert();
        }
    }
}

/// Metropolis of whole configurations with a fault to order.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    /// Accepts with `e^{−ΔH/2}`.
    Temperature,
    /// Accepts with the energy of another action.
    Energy,
}

impl Update for Wrong {
    fn trace<'t>(&self, action: &dyn Action, phi: Var<'t, Scalar>) -> Updated<'t> {
        let trace = phi.trace();
        let pi = trace.normal("momentum", Location::All);
        let step = trace.mask() * 0.0 + 0.2;
        let kick = |pi, phi, time| action.kick(pi, phi, time);
        let (end, momentum) = Integrator::Leapfrog.trajectory(kick, phi, pi, step, 5);
        let kinetic = |pi: Var<'t, Scalar>| (pi.square() * 0.5).sum_sites();
        let mut dh = action.action(end) - action.action(phi) + kinetic(momentum) - kinetic(pi);
        dh = match self {
            Wrong::Temperature => dh * 0.5,
            Wrong::Energy => dh + (end.powi(4).sum_sites() - phi.powi(4).sum_sites()) * 0.4,
        };
        let margin = (-dh).exp() - trace.uniform_draw("accept");
        let one = trace.mask() * 0.0 + 1.0;
        Updated {
            phi: end.where_positive(margin, phi),
            numbers: vec![
                ("acceptance".into(), one.where_positive(margin, one * 0.0)),
                ("exp_minus_dh".into(), (-dh).exp()),
            ],
            then: None,
        }
    }

    fn tune(&mut self, _: f64) -> bool {
        false
    }

    fn period(&self) -> usize {
        1
    }
}

#[test]
fn wrong_updates_are_caught() {
    let check = |wrong: Wrong| update(&wrong, &PHI4, &lattice(&[4, 2]), 1).expect("a check");
    let temperature = check(Wrong::Temperature);
    assert!(failed(&temperature).contains(&super::update::BOUNDED), "{temperature}");
    assert!(failed(&temperature).contains(&"⟨φ ∂S⟩ = 1"), "{temperature}");
    // What it samples is invariant, I1 holds, and it is another theory.
    let energy = check(Wrong::Energy);
    assert!(!failed(&energy).contains(&super::update::BOUNDED), "{energy}");
    assert!(failed(&energy).contains(&"⟨φ ∂S⟩ = 1"), "{energy}");
}

#[test]
fn right_integrators_pass() {
    for seed in 0..5 {
        for way in [Integrator::Leapfrog, Integrator::Omelyan] {
            integrator(&way, 2, &PHI4, &lattice(&[4, 2]), seed).expect("a check").assert();
        }
    }
}

/// Integrators with a fault to order.
#[derive(Clone, Copy, Debug)]
enum Detour {
    /// The last kick is a tenth too long: not its own inverse.
    LastKick,
    /// Kick and drift by whole steps: reversible only to first order, `⟨ΔH⟩ ∝ ε²`.
    Euler,
    /// A force that is 1 % too small: reversible, preserves volume, and integrates another theory.
    Force,
    /// The momentum shrinks: a little of the volume with it.
    Friction,
}

impl Trajectory for Detour {
    fn trajectory<'t>(
        &self,
        action: &dyn Action,
        mut phi: Var<'t, Scalar>,
        mut pi: Var<'t, Scalar>,
        step: Var<'t, PerSample>,
        steps: usize,
    ) -> (Var<'t, Scalar>, Var<'t, Scalar>) {
        let force = |phi: Var<'t, Scalar>| phi.trace().gradient(action.action(phi), phi);
        let (ends, strength, friction) = match self {
            Detour::LastKick => ([0.5, 0.55], 1.0, 1.0),
            Detour::Euler => ([1.0, 0.0], 1.0, 1.0),
            Detour::Force => ([0.5, 0.5], 0.99, 1.0),
            Detour::Friction => ([0.5, 0.5], 1.0, 1.0 - 1e-9),
        };
        for _ in 0..steps {
            pi = (pi - force(phi) * (step * (ends[0] * strength))) * friction;
            phi = phi + pi * step;
            pi = pi - force(phi) * (step * (ends[1] * strength));
        }
        (phi, pi)
    }
}

#[test]
fn wrong_integrators_are_caught_and_named() {
    let check = |way: Detour| integrator(&way, 2, &PHI4, &lattice(&[4, 2]), 1).expect("a check");
    let order = "½⟨ΔH²⟩ ∝ ε^4";
    let last = check(Detour::LastKick);
    assert!(failed(&last).contains(&"reversible") && failed(&last).contains(&order), "{last}");
    let euler = check(Detour::Euler);
    assert!(failed(&euler).contains(&"reversible") && failed(&euler).contains(&order), "{euler}");
    let force = check(Detour::Force);
    assert_eq!(failed(&force), [order], "{force}");
    let friction = check(Detour::Friction);
    assert!(failed(&friction).contains(&"preserves volume"), "{friction}");
    assert!(failed(&friction).contains(&"reversible"), "{friction}");
}
