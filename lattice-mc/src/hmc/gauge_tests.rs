//! Hybrid Monte Carlo of gauge fields.

use super::*;
use crate::action::{ImaginaryTheta, Open, Rectangles, Wilson};
use crate::testing::{Ran, demand, evaluate, find, run, run_plan};
use crate::{Chains, MarkovRun, Start};
use lattice_autograd::Trace;
use lattice_tensor::field::{Links, Momenta};
use lattice_tensor::group::{Group, SU2, SU3, U1};
use lattice_tensor::{Device, Lattice, Real};

fn hmc(steps: usize) -> Box<Hmc> {
    Box::new(Hmc::fixed(Integrator::Omelyan, 1.0, steps))
}

/// Trajectories of unit length there and, the momenta turned round, back: the largest change of a stored number.
fn returns<G: Group>(integrator: Integrator, beta: f64) -> f64 {
    let lattice = Lattice::periodic([4, 4, 4]).unwrap();
    let trace = Trace::new(&lattice);
    let u = trace.haar_links::<G>("u");
    let p: Var<'_, Momenta<G>> = trace.normal_as("p", <Links<G> as Manifold>::momenta(u.spec()));
    let step = trace.mask() * 0.0 + 0.05;
    let action: &dyn Action<Links<G>> = &Wilson::new(beta);
    let way = |u, p| integrator.trajectory(|p, u, t| action.kick(p, u, t), u, p, step, 20);
    let (end, momentum) = way(u, p);
    let (back, turned) = way(end, -momentum);
    let Ran { fields, .. } = evaluate(&trace, &[u.id(), back.id(), p.id(), turned.id(), end.id()], &[], 2, 9);
    let largest = |a: usize, b: usize, sign: f64| {
        let (a, b) = (fields[a].concat(), fields[b].concat());
        a.iter().zip(b).map(|(a, b)| (a - sign * b).abs()).fold(0.0, f64::max)
    };
    assert!(largest(0, 4, 1.0) > 0.5, "it moves");
    largest(0, 1, 1.0).max(largest(2, 3, -1.0))
}

#[test]
fn trajectories_are_reversible() {
    // Rounding, 10⁻¹⁶, grows along a trajectory; the bound leaves a factor of a hundred.
    for integrator in Integrator::ALL {
        for found in [returns::<U1>(integrator, 2.0), returns::<SU2>(integrator, 2.2), returns::<SU3>(integrator, 6.0)]
        {
            assert!(found < 1e-12, "{integrator:?}: {found}");
        }
    }
}

/// `⟨ΔH²⟩` and `⟨e^{−ΔH}⟩` with its error.
fn violations<G: Group>(action: &dyn Action<Links<G>>, integrator: Integrator, steps: usize) -> [f64; 3] {
    let (lattice, device) = (Lattice::periodic([4, 4]).unwrap(), Device::cpu(1).unwrap());
    let update = Box::new(Hmc { jitter: 0.0, ..Hmc::fixed(integrator, 1.0, steps) });
    let mut chains = Chains::<f64, Links<G>>::new(action, update, &lattice, 64, 4, &device).unwrap();
    chains.begin(Start::Hot).unwrap();
    let names = ["dh", "exp_minus_dh"].map(|name| chains.update_names().iter().position(|n| n == name).unwrap());
    let (mut sums, updates) = ([0.0; 3], 100);
    for update in 0..30 + updates {
        let numbers = chains.advance().unwrap();
        for (dh, weight) in numbers[names[0]].iter().zip(&numbers[names[1]]).filter(|_| update >= 30) {
            sums.iter_mut().zip([dh * dh, *weight, weight * weight]).for_each(|(sum, x)| *sum += x);
        }
    }
    let count = 64.0 * f64::from(updates);
    let [dh2, weight, weight2] = sums.map(|sum| sum / count);
    [dh2, weight, ((weight2 - weight * weight) / count).sqrt()]
}

fn orders<G: Group>(action: &dyn Action<Links<G>>, tests: &[(Integrator, usize)]) {
    for &(integrator, steps) in tests {
        let (coarse, fine) = (violations(action, integrator, steps), violations(action, integrator, 2 * steps));
        let power = (coarse[0] / fine[0]).log2();
        assert!((power - 2.0 * f64::from(integrator.order())).abs() < 0.4, "{integrator:?} of {action:?}: {power}");
        for [_, weight, error] in [coarse, fine] {
            assert!((weight - 1.0).abs() < 5.0 * error, "{integrator:?} of {action:?}: {weight} +- {error}");
        }
    }
}

#[test]
fn energy_violations_have_the_order_of_the_integrator_in_groups() {
    orders::<U1>(&Wilson::new(2.0), &[(Integrator::Leapfrog, 10), (Integrator::Omelyan4, 8)]);
    orders::<SU2>(&Wilson::new(2.2), &[(Integrator::Omelyan, 5)]);
    orders::<SU3>(&Wilson::full(6.0), &[(Integrator::Leapfrog, 12), (Integrator::Omelyan4, 7)]);
    orders::<SU2>(&Rectangles::iwasaki(2.2), &[(Integrator::Leapfrog, 16)]);
}

/// Means of a run against exact values.
fn demand_all<R: Real, G: Group>(
    action: &dyn Action<Links<G>>,
    extents: &[usize],
    [steps, chains, updates]: [usize; 3],
    exact: &[(&str, f64)],
) {
    let estimates = run::<R, Links<G>>(action, hmc(steps), extents, chains, updates, 3);
    for (name, exact) in exact {
        demand(&estimates, name, *exact);
    }
    demand(&estimates, "exp_minus_dh", 1.0);
    if estimates.iter().any(|(name, _)| name == "schwinger_dyson") {
        demand(&estimates, "schwinger_dyson", 0.0);
    }
}

/// physics.md §2.2: `W(A) = Σ_n I_n^{V−A} I_{n+1}^A / Σ_n I_n^V`.
#[test]
fn u1_in_two_dimensions_is_exact() {
    let wilson = Wilson::new(2.0);
    let exact = [
        ("plaquette", 0.697_774_658_011),
        ("action_density", -2.0 * 0.697_774_658_011),
        ("wilson_2x2", 0.697_774_658_f64.powi(4)),
        ("charge", 0.0),
        ("charge2", 1.239_298_910_72),
        ("chi_q", 0.019_364_045_480_1),
        ("p_q0", 0.358_991_072),
        ("p_q1", 0.239_218_522),
        ("p_q2", 0.071_115_814),
    ];
    demand_all::<f64, U1>(&wilson, &[8, 8], [6, 32, 500], &exact);
    demand_all::<f32, U1>(&wilson, &[8, 8], [6, 32, 500], &exact);
    // An odd lattice of one extent 1: only the number of plaquettes matters.
    let small = run::<f64, Links<U1>>(&wilson, hmc(6), &[1, 4], 64, 500, 1);
    let square = run::<f64, Links<U1>>(&wilson, hmc(6), &[2, 2], 64, 500, 2);
    for name in ["plaquette", "charge2"] {
        let (a, b) = (find(&small, name), find(&square, name));
        assert!((a.mean - b.mean).abs() < 4.5 * a.error.hypot(b.error), "{name}: {a} {b}");
    }
}

/// physics.md §3.1.
#[test]
fn sun_in_two_dimensions_is_exact() {
    let (w2, w3): (f64, f64) = (0.464_479_025_270_42, 0.422_531_739_649_98);
    demand_all::<f64, SU2>(&Wilson::new(2.2), &[2, 2], [5, 64, 600], &[("plaquette", 0.479_313_753_154_1)]);
    demand_all::<f32, SU2>(&Wilson::new(2.2), &[4, 4], [5, 64, 500], &[("plaquette", 0.464_480_549_736_1)]);
    let loops = [("plaquette", w2), ("wilson_1x2", w2.powi(2)), ("wilson_2x2", 0.046_544_077_65)];
    demand_all::<f64, SU2>(&Wilson::new(2.2), &[8, 8], [6, 32, 300], &loops);
    demand_all::<f64, SU3>(&Wilson::new(6.0), &[2, 2], [6, 64, 400], &[("plaquette", 0.432_128_251_596_8)]);
    let loops = [("plaquette", 0.422_532_056_631_1), ("wilson_1x2", w3.powi(2) + 1e-5)];
    demand_all::<f32, SU3>(&Wilson::full(6.0), &[4, 4], [6, 64, 300], &loops);
}

/// physics.md §7: strong coupling.
#[test]
fn su3_in_four_dimensions_at_strong_coupling() {
    for (beta, steps, plaquette) in [(1.0, 6, 0.060_130_2), (3.0, 8, 0.204_971)] {
        let plan = MarkovRun { chains: 16, updates: 12, thermalize: 12, seed: 3 };
        let estimates = run_plan::<f32, Links<SU3>>(&Wilson::new(beta), hmc(steps), &[4, 4, 4, 4], &plan);
        demand(&estimates, "plaquette", plaquette);
        demand(&estimates, "exp_minus_dh", 1.0);
        demand(&estimates, "schwinger_dyson", 0.0);
    }
}

/// Plaquettes between open boundaries are independent: `⟨cos P⟩ = I₁/I₀`, and loops of area `A` are its power; on the action those
/// across the boundary have no part.
#[test]
fn open_boundaries_decouple_plaquettes() {
    let action = Open { wilson: Wilson::new(2.0), direction: 1 };
    let estimates = run::<f64, Links<U1>>(&action, hmc(6), &[4, 6], 64, 400, 5);
    let plaquette: f64 = 0.697_774_657_964;
    demand(&estimates, "plaquette", plaquette);
    demand(&estimates, "wilson_2x3", plaquette.powi(6));
    demand(&estimates, "action_density", -2.0 * plaquette * 5.0 / 6.0);
    demand(&estimates, "exp_minus_dh", 1.0);
}

/// `⟨Q⟩` at imaginary θ: the weights `e^{θ_I Q}` over P(Q) of physics.md §2.2.
#[test]
fn imaginary_theta_enters_the_accept_step() {
    let theta: f64 = 0.3;
    let action = ImaginaryTheta { wilson: Wilson::new(2.0), theta };
    let estimates = run::<f64, Links<U1>>(&action, hmc(6), &[8, 8], 32, 500, 6);
    let p: [f64; 4] = [0.358_991_072, 0.239_218_522, 0.071_115_814, 0.009_559_442];
    let weight = |q: i32| p[q.unsigned_abs() as usize] * (theta * f64::from(q)).exp();
    let (norm, first): (f64, f64) =
        (-3..=3).fold((0.0, 0.0), |(n, m), q| (n + weight(q), m + f64::from(q) * weight(q)));
    let charge = find(&estimates, "charge");
    // P(4) is left out: 0.0006 of either sign.
    assert!((charge.mean - first / norm).abs() < 4.5 * charge.error + 0.01, "{charge} {}", first / norm);
    assert!(charge.mean > 10.0 * charge.error);
}

/// Links stay in the group, and a cold and a hot start meet.
#[test]
fn starts_meet_and_links_stay_in_the_group() {
    let (lattice, device) = (Lattice::periodic([4, 4]).unwrap(), Device::cpu(1).unwrap());
    let wilson = Wilson::new(6.0);
    let mean = |start: Start| {
        let mut chains = Chains::<f32, Links<SU3>>::new(&wilson, hmc(6), &lattice, 32, 8, &device).unwrap();
        chains.begin(start).unwrap();
        let first = chains.measure().unwrap()[0].iter().sum::<f64>() / 32.0;
        let (mut sum, updates) = (0.0, 150);
        for update in 0..updates {
            chains.advance().unwrap();
            sum += if update < 50 { 0.0 } else { chains.measure().unwrap()[0].iter().sum::<f64>() / 32.0 };
        }
        let numbers = chains.fields().sample(5).unwrap();
        for row in numbers.chunks_exact(6) {
            let length: f32 = row.iter().map(|x| x * x).sum();
            assert!((length - 1.0).abs() < 1e-6, "{length}");
        }
        (first, sum / 100.0)
    };
    let ((cold, a), (hot, b)) = (mean(Start::Cold), mean(Start::Hot));
    assert!(cold == 1.0 && hot.abs() < 0.1, "{cold} {hot}");
    assert!((a - b).abs() < 0.01 && (a - 0.4225).abs() < 0.01, "{a} {b}");
}

/// One chain in virtual nodes of a lattice, and the first of many in lanes of their own.
#[test]
fn parts_of_a_lattice_in_the_lanes_are_the_same_chain() {
    let (lattice, device) = (Lattice::periodic([4, 4, 4]).unwrap(), Device::cpu(2).unwrap());
    let wilson = Wilson::new(5.0);
    let end = |update: Box<dyn Update<Links<SU3>>>, chains: usize| {
        let mut chains = Chains::<f64, Links<SU3>>::new(&wilson, update, &lattice, chains, 8, &device).unwrap();
        chains.begin(Start::Hot).unwrap();
        (0..4).for_each(|_| drop(chains.advance().unwrap().to_vec()));
        let measured: Vec<f64> = chains.measure().unwrap().iter().map(|values| values[0]).collect();
        (chains.fields().layout().nodes(), chains.fields().sample(0).unwrap(), measured)
    };
    type Make = fn() -> Box<dyn Update<Links<SU3>>>;
    let updates: [Make; 2] = [|| hmc(5), || Box::new(crate::LinkSweeps::heat_bath(1))];
    for update in updates {
        let ((one, a, x), (none, b, y)) = (end(update(), 1), end(update(), 8));
        assert!(one > 1 && none == 1, "{one} {none}");
        for (a, b) in a.iter().chain(&x).zip(b.iter().chain(&y)) {
            assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
    }
}
