use super::*;
use crate::action::{Open, Rectangles, Wilson};
use crate::testing::{Ran, demand, evaluate, find, run, run_plan};
use crate::{Chains, Hmc, Integrator, MarkovRun};
use lattice_autograd::Trace;
use lattice_tensor::group::{SU2, SU3, U1};
use lattice_tensor::{Device, Real};

fn demand_all<R: Real, G: Group>(
    update: LinkSweeps,
    beta: f64,
    extents: &[usize],
    [chains, updates]: [usize; 2],
    exact: &[(&str, f64)],
) {
    let estimates = run::<R, Links<G>>(&Wilson::new(beta), Box::new(update), extents, chains, updates, 4);
    exact.iter().for_each(|(name, exact)| demand(&estimates, name, *exact));
    if extents.iter().all(|&extent| extent > 1) {
        demand(&estimates, "schwinger_dyson", 0.0);
    }
}

/// physics.md §2.2, §3.1.
#[test]
fn sweeps_are_exact_in_two_dimensions() {
    let u1 = [("plaquette", 0.697_774_658_011), ("wilson_2x2", 0.697_774_658_f64.powi(4))];
    let charges = [u1[0], u1[1], ("charge2", 1.239_298_910_72), ("p_q0", 0.358_991_072)];
    demand_all::<f64, U1>(LinkSweeps::heat_bath(1), 2.0, &[8, 8], [32, 500], &charges);
    demand_all::<f32, U1>(LinkSweeps::metropolis(0), 2.0, &[8, 8], [32, 500], &u1);
    let su2 = [("plaquette", 0.464_480_549_736_1)];
    demand_all::<f64, SU2>(LinkSweeps::heat_bath(0), 2.2, &[4, 4], [32, 400], &su2);
    demand_all::<f32, SU2>(LinkSweeps::metropolis(1), 2.2, &[4, 4], [32, 400], &su2);
    demand_all::<f64, SU2>(LinkSweeps::heat_bath(1), 2.2, &[2, 2], [64, 400], &[("plaquette", 0.479_313_753_154_1)]);
    let su3 = [("plaquette", 0.422_532_056_631_1)];
    demand_all::<f32, SU3>(LinkSweeps::heat_bath(1), 6.0, &[4, 4], [32, 200], &su3);
    demand_all::<f64, SU3>(LinkSweeps::metropolis(1), 6.0, &[4, 4], [32, 300], &su3);
}

/// physics.md §7.
#[test]
fn sweeps_are_exact_in_four_dimensions() {
    let plan = MarkovRun { chains: 16, updates: 16, thermalize: 12, seed: 3 };
    let update = Box::new(LinkSweeps::heat_bath(1));
    let estimates = run_plan::<f32, Links<SU3>>(&Wilson::new(3.0), update, &[4, 4, 4, 4], &plan);
    demand(&estimates, "plaquette", 0.204_971);
    demand(&estimates, "schwinger_dyson", 0.0);
}

/// Three colours, eight colours and more: against HMC, which knows nothing of colours.
#[test]
fn sweeps_agree_with_trajectories_where_colours_are_many() {
    let actions: [(&dyn Action<Links<SU2>>, &[usize]); 3] =
        [(&Wilson::new(2.5), &[3, 5]), (&Rectangles::symanzik(2.0), &[3, 5]), (&Rectangles::iwasaki(1.5), &[4, 4])];
    for (action, extents) in actions {
        let hmc = Box::new(Hmc::fixed(Integrator::Omelyan, 1.0, 8));
        let reference = run::<f64, Links<SU2>>(action, hmc, extents, 32, 300, 1);
        for sweeps in [LinkSweeps::heat_bath(1), LinkSweeps::metropolis(1)] {
            let found = run::<f64, Links<SU2>>(action, Box::new(sweeps.clone()), extents, 32, 300, 2);
            for name in ["plaquette", "action_density", "wilson_1x2"] {
                let (a, b) = (find(&reference, name), find(&found, name));
                let error = a.error.hypot(b.error);
                assert!((a.mean - b.mean).abs() < 4.5 * error, "{sweeps:?} of {action:?}: {name} {a} {b}");
                assert!(error < 0.02, "{error}");
            }
        }
    }
}

#[test]
fn overrelaxation_keeps_the_action() {
    let lattice = Lattice::periodic([4, 3, 2]).unwrap();
    let trace = Trace::new(&lattice);
    let u = trace.haar_links::<SU3>("u");
    let action: &dyn Action<Links<SU3>> = &Wilson::new(6.0);
    let theory = action.loops().unwrap();
    let swept = LinkSweeps::heat_bath(0).sweep(u, theory, Rule::Overrelax, 1);
    let list = [action.action(u).id(), action.action(swept).id(), changed(u, swept).id()];
    let Ran { numbers, .. } = evaluate(&trace, &[], &list, 3, 1);
    for s in 0..3 {
        assert!((numbers[0][s] - numbers[1][s]).abs() < 1e-10, "{numbers:?}");
        assert_eq!(numbers[2][s], 1.0);
    }
}

#[test]
fn what_is_not_linear_in_a_link_is_refused() {
    let device = Device::cpu(1).unwrap();
    let refusal = |action: &dyn Action<Links<U1>>, extents: &[usize]| {
        let lattice = Lattice::periodic(extents).unwrap();
        Chains::<f64, Links<U1>>::new(action, Box::new(LinkSweeps::heat_bath(0)), &lattice, 2, 1, &device)
            .err()
            .map(|e| e.to_string())
    };
    assert!(refusal(&Wilson::new(1.0), &[1, 4]).unwrap().contains("a loop must not pass a link twice"));
    assert!(refusal(&Rectangles::dbw2(1.0), &[2, 4]).unwrap().contains("a loop must not pass a link twice"));
    assert_eq!(refusal(&Wilson::new(1.0), &[2, 3]), None);
    assert_eq!(refusal(&Rectangles::dbw2(1.0), &[3, 4]), None);
    let open = Open { wilson: Wilson::new(1.0), direction: 0 };
    assert!(refusal(&open, &[4, 4]).unwrap().contains("does not fit"));
}
