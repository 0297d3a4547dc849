use super::*;
use crate::{Chains, Free, Phi4};
use lattice_tensor::{Device, Lattice};

/// `⟨ΔH⟩`, `⟨ΔH²⟩` and `⟨e^{−ΔH}⟩` of trajectories of length 1 at the tutorial point on 4 × 4, after 50 others.
fn violations(integrator: Integrator, steps: usize) -> [f64; 3] {
    let (lattice, device) = (Lattice::periodic([4, 4]).unwrap(), Device::cpu(1).unwrap());
    let (action, update) = (Phi4 { mass2: -4.0, lambda: 8.0 }, Hmc::fixed(integrator, 1.0, steps));
    let update = Box::new(Hmc { jitter: 0.0, ..update });
    let mut chains = Chains::<f64>::new(&action, update, &lattice, 128, 4, &device).unwrap();
    let names = ["dh", "exp_minus_dh"].map(|name| chains.update_names().iter().position(|n| n == name).unwrap());
    let (mut sums, updates) = ([0.0; 3], 300);
    for update in 0..50 + updates {
        let numbers = chains.advance().unwrap();
        for (dh, weight) in numbers[names[0]].iter().zip(&numbers[names[1]]).filter(|_| update >= 50) {
            sums.iter_mut().zip([*dh, dh * dh, *weight]).for_each(|(sum, x)| *sum += x);
        }
    }
    sums.map(|sum| sum / (128 * updates) as f64)
}

#[test]
fn energy_violations_have_the_order_of_the_integrator() {
    for (integrator, steps) in [(Integrator::Leapfrog, 16), (Integrator::Omelyan, 12), (Integrator::Omelyan4, 8)] {
        let (coarse, fine) = (violations(integrator, steps), violations(integrator, 2 * steps));
        // ⟨ΔH²⟩ = 2 ⟨ΔH⟩ to leading order, and much the better measured of the two. The next order in ε² is there too.
        let power = (coarse[1] / fine[1]).log2();
        assert!((power - 2.0 * integrator.order() as f64).abs() < 0.4, "{integrator:?}: {power}");
        for [dh, dh2, weight] in [coarse, fine] {
            let error = (dh2 / (128.0 * 300.0)).sqrt();
            assert!((dh - 0.5 * dh2).abs() < 5.0 * error + 0.1 * dh2, "{integrator:?}: {dh}, half of {dh2}");
            assert!((weight - 1.0).abs() < 6.0 * error, "{integrator:?}: {weight}");
        }
    }
}

#[test]
fn a_step_of_fourth_order_is_worth_its_forces() {
    // At equal cost, 40 forces a trajectory, each is better than the one before.
    let dh2 = |integrator: Integrator| violations(integrator, 40 / integrator.forces())[1];
    let [leapfrog, omelyan, omelyan4] = Integrator::ALL.map(dh2);
    assert!(omelyan < 0.2 * leapfrog && omelyan4 < 0.2 * omelyan, "{leapfrog} {omelyan} {omelyan4}");
}

/// Modes of the free field are oscillators of frequency `ω² = 2 (m² + p̂²)`, started anew with a normal momentum: from one
/// end of a trajectory of fixed length `τ` to the next the correlation is `cos ωτ`, after `n` of them `cosⁿ ωτ`.
#[test]
fn free_modes_decorrelate_as_cosines() {
    let (mass2, length) = (0.5, 0.7);
    let (lattice, device) = (Lattice::periodic([4, 4]).unwrap(), Device::cpu(1).unwrap());
    let update = Box::new(Hmc { jitter: 0.0, ..Hmc::fixed(Integrator::Omelyan4, length, 8) });
    let (count, updates) = (64, 600);
    let action = Free { mass2 };
    let mut chains = Chains::<f64>::new(&action, update, &lattice, count, 5, &device).unwrap();
    (0..100).for_each(|_| drop(chains.advance().unwrap().to_vec()));
    // The zero mode, and the one of momentum (π, 0).
    type Wave = fn(usize) -> f64;
    let modes: [(f64, Wave); 2] = [(0.0, |_| 1.0), (4.0, |x| 1.0 - 2.0 * (x / 4 % 2) as f64)];
    let mut series = vec![vec![Vec::new(); count]; modes.len()];
    for _ in 0..updates {
        chains.advance().unwrap();
        for chain in 0..count {
            let phi = chains.fields().sample(chain).unwrap();
            for (series, (_, wave)) in series.iter_mut().zip(modes) {
                series[chain].push(phi.iter().enumerate().map(|(x, phi)| wave(x) * phi).sum::<f64>() / 4.0);
            }
        }
    }
    for (series, (p2, _)) in series.iter().zip(modes) {
        let variance = 0.5 / (mass2 + p2);
        let cosine = ((2.0 * (mass2 + p2)).sqrt() * length).cos();
        for n in 0..5 {
            let of_chain = |x: &Vec<f64>| {
                let products = x.iter().zip(&x[n..]).map(|(a, b)| a * b);
                products.sum::<f64>() / (updates - n) as f64 / variance
            };
            let found: Vec<f64> = series.iter().map(of_chain).collect();
            let mean = found.iter().sum::<f64>() / count as f64;
            let spread = found.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
            let error = (spread / (count * (count - 1)) as f64).sqrt();
            let expected = cosine.powi(n as i32);
            assert!((mean - expected).abs() < 4.5 * error, "p̂² {p2}, n {n}: {mean} is not {expected} +- {error}");
            assert!(error < 0.02, "{error}");
        }
    }
}
