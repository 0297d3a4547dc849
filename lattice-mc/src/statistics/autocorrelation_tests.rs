//! The Γ-method on AR(1) series, whose answers are known.
use super::super::synthetic::{ar1, ar1_tau, moments, normal, rng};
use super::*;

fn chains(a: f64, count: usize, length: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = rng(seed);
    (0..count).map(|_| ar1(a, length, &mut rng)).collect()
}

/// `x' = a x + u`, u uniform in (-1/2, 1/2) from a linear congruential generator: easily repeated in
/// another language.
fn congruential_ar1(a: f64, length: usize, seed: u64) -> Vec<f64> {
    let (mut state, mut x) = (seed, 0.0);
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        x = a * x + ((state >> 11) as f64 / (1u64 << 53) as f64 - 0.5);
        x
    };
    (0..length).map(|_| next()).collect()
}

/// Variance of `(mean - 0)/error` over independent runs; it should be 1 within `±√(2/runs)`.
fn pull_variance(runs: u64, data: impl Fn(u64) -> Vec<Vec<f64>>) -> f64 {
    let pulls: Vec<f64> = (0..runs).map(|seed| estimate(&data(seed)).expect("finite samples").pull(0.0)).collect();
    moments(&pulls).1
}

#[test]
fn tau_int_of_ar1_is_found() {
    for (a, length) in [(0.0, 100_000), (0.5, 100_000), (0.9, 200_000), (0.99, 1_000_000)] {
        for count in [1, 4] {
            let found = estimate(&chains(a, count, length / count, 11)).expect("finite");
            let truth = ar1_tau(a);
            let miss = found.tau_int - truth;
            assert!(miss.abs() < 4.0 * found.tau_int_error, "a = {a}: {found:?} against {truth}");
            assert!(found.tau_int_error < 0.08 * truth, "a = {a}: {found:?}");
            let exact = (2.0 * truth / length as f64).sqrt();
            assert!((found.error / exact - 1.0).abs() < 0.1, "a = {a}: {found:?} against {exact}");
            assert!(found.pull(0.0).abs() < 4.0 && found.is_trustworthy(1e-4), "{found:?}");
        }
    }
}

/// The zero mode of the free field is a harmonic oscillator of frequency `ω = √2 m`: after a trajectory of time τ
/// `φ' = cos(ωτ) φ + noise`, so `ρ(n) = cosⁿ(ωτ)` and `τ_int = (1 + cos ωτ) / 2 (1 − cos ωτ)`.
#[test]
fn zero_mode_of_free_hmc_has_its_exact_autocorrelation() {
    use crate::{Free, Hmc, Integrator, MarkovRun};
    use lattice_tensor::{Device, Lattice};
    let (mass2, length) = (0.5f64, 0.6);
    let cosine = ((2.0 * mass2).sqrt() * length).cos();
    let plan = MarkovRun { chains: 16, updates: 4000, thermalize: 100, seed: 4 };
    let update = Hmc { jitter: 0.0, ..Hmc::fixed(Integrator::Omelyan, length, 10) };
    let (lattice, device) = (Lattice::periodic([4, 4]).expect("a lattice"), Device::cpu(1).expect("a thread"));
    let history = plan.run::<f64>(&Free { mass2 }, Box::new(update), &lattice, &device, |_| true).expect("a run");
    let m = history.chains("m").expect("a standard observable");
    let found = estimate(m).expect("finite");
    let exact = 0.5 * (1.0 + cosine) / (1.0 - cosine);
    // The step and the rejections, a few in ten thousand, lengthen it by less than the error.
    assert!((found.tau_int - exact).abs() < 4.0 * found.tau_int_error, "{found:?} against {exact}");
    assert!(found.tau_int_error < 0.06 * exact, "{found:?}");
    let rho = autocorrelation_function(m, 8).expect("finite");
    for (n, rho) in rho.iter().enumerate() {
        // 64000 samples with τ_int 5: a ρ is known to about √(2τ/N), a hundredth.
        assert!((rho - cosine.powi(n as i32)).abs() < 0.05, "ρ({n}) = {rho} against {}", cosine.powi(n as i32));
    }
}

#[test]
fn pulls_of_one_chain_have_variance_one() {
    for (a, length) in [(0.0, 500), (0.5, 2000), (0.9, 8000)] {
        let found = pull_variance(400, |seed| chains(a, 1, length, 1000 + seed));
        assert!((0.75..1.3).contains(&found), "a = {a}: {found}");
    }
}

#[test]
fn pulls_of_short_chains_have_variance_one() {
    // Chains much shorter than τ, about as long, and longer; 4000 runs give 0.90 to 1.05.
    for a in [0.0, 0.5, 0.9, 0.99] {
        for length in [1, 2, 5, 10, 20, 40, 100] {
            let found = pull_variance(400, |seed| chains(a, 64, length, 5000 + seed));
            assert!((0.75..1.3).contains(&found), "a = {a}, length {length}: {found}");
        }
    }
}

#[test]
fn chains_of_length_one_have_the_naive_error() {
    let data = chains(0.0, 64, 1, 3);
    let flat: Vec<f64> = data.concat();
    let found = estimate(&data).expect("finite");
    let naive = (moments(&flat).1 / 64.0).sqrt();
    assert!((found.error - naive).abs() < 1e-14);
    assert!((found.tau_int - 0.5).abs() < 1e-14);
    assert_eq!((found.samples, found.chains, found.window), (64, 64, 0));
}

#[test]
fn frozen_chains_count_once_each() {
    // Every chain sits in its own sector for ever: 64 samples, however long it runs.
    let mut rng = rng(4);
    let data: Vec<Vec<f64>> = (0..64).map(|_| vec![normal(&mut rng); 500]).collect();
    let found = estimate(&data).expect("finite");
    let exact = 1.0 / 8.0;
    assert!((found.error / exact - 1.0).abs() < 0.3, "{found:?}");
    assert!(!found.window_closed && !found.is_trustworthy(0.001));
}

#[test]
fn unseen_slow_mode_shows_in_the_spread() {
    // Fast noise of variance 1 around sectors 0.1 apart: too little to open the window.
    let mut rng = rng(6);
    let mut chain = |sector: f64| -> Vec<f64> { ar1(0.5, 5000, &mut rng).iter().map(|x| x + 0.1 * sector).collect() };
    let apart = estimate(&[0.0, 1.0, 2.0, 0.0].map(&mut chain)).expect("finite");
    let alike = estimate(&[0.0; 4].map(&mut chain)).expect("finite");
    assert!(apart.window_closed && apart.chain_spread() > 2.0, "{apart:?}");
    assert!(!apart.is_trustworthy(0.001));
    assert!(alike.is_trustworthy(0.001) && alike.chain_spread() < 2.0, "{alike:?}");
}

#[test]
fn spread_p_value_is_uniform_for_healthy_chains() {
    let p: Vec<f64> = (0..400)
        .map(|seed| estimate(&chains(0.5, 8, 500, 9000 + seed)).expect("finite"))
        .map(|e| e.spread.expect("eight chains").p_value)
        .collect();
    let (mean, variance) = moments(&p);
    assert!((mean - 0.5).abs() < 0.06, "{mean}");
    assert!((variance - 1.0 / 12.0).abs() < 0.02, "{variance}");
}

#[test]
fn error_falls_as_one_over_root_samples() {
    let long = chains(0.8, 1, 160_000, 7).concat();
    let part = estimate(&[&long[..10_000]]).expect("finite").error;
    let whole = estimate(&[&long]).expect("finite").error;
    assert!((part / whole / 4.0 - 1.0).abs() < 0.15, "{part} {whole}");
}

#[test]
fn claimed_error_of_the_error_is_its_scatter() {
    let found: Vec<_> = (0..400).map(|seed| estimate(&chains(0.7, 1, 4000, 300 + seed)).expect("finite")).collect();
    let scatter = moments(&found.iter().map(|e| e.error).collect::<Vec<_>>()).1.sqrt();
    let claimed = moments(&found.iter().map(|e| e.error_of_error).collect::<Vec<_>>()).0;
    assert!((0.7..1.4).contains(&(scatter / claimed)), "{scatter} against {claimed}");
    let scatter = moments(&found.iter().map(|e| e.tau_int).collect::<Vec<_>>()).1.sqrt();
    let claimed = moments(&found.iter().map(|e| e.tau_int_error).collect::<Vec<_>>()).0;
    assert!((0.7..1.4).contains(&(scatter / claimed)), "{scatter} against {claimed}");
}

#[test]
fn estimate_is_covariant_under_shift_and_scale() {
    let data = chains(0.6, 3, 1000, 8);
    let plain = estimate(&data).expect("finite");
    for (shift, scale) in [(0.0, 1e-200), (0.0, -1e200), (1e6, 1.0)] {
        let moved: Vec<Vec<f64>> = data.iter().map(|c| c.iter().map(|x| shift + scale * x).collect()).collect();
        let other = estimate(&moved).expect("finite");
        assert!((other.error / plain.error / scale.abs() - 1.0).abs() < 1e-8);
        assert!((other.tau_int - plain.tau_int).abs() < 1e-8);
        assert_eq!(other.window, plain.window);
    }
}

#[test]
fn constant_series_has_no_error() {
    for data in [vec![vec![0.1; 100]], vec![vec![0.1; 3]; 64], vec![vec![0.1]; 64]] {
        let found = estimate(&data).expect("finite");
        assert_eq!((found.mean, found.error, found.tau_int), (0.1, 0.0, 0.5));
        assert!(found.is_trustworthy(0.001));
    }
}

#[test]
fn negative_autocorrelation_is_not_believed() {
    let found = estimate(&chains(-0.6, 1, 10_000, 2)).expect("finite");
    assert!((found.tau_int - 0.5).abs() < 1e-3, "{found:?}");
    let naive = GammaMethod { s: 0.0 }.estimate(&chains(-0.6, 1, 10_000, 2)).expect("finite");
    assert!((found.error / naive.error - 1.0).abs() < 1e-3);
}

#[test]
fn tiny_chains_have_an_answer() {
    for length in 2..12 {
        let found = estimate(&chains(0.5, 1, length, length as u64)).expect("finite");
        assert!(found.error > 0.0 && found.error.is_finite(), "{found:?}");
        let uneven = [chains(0.5, 1, length, 1).concat(), vec![0.2], vec![-0.3, 0.4]];
        assert!(estimate(&uneven).expect("finite").error > 0.0);
    }
}

#[test]
fn bad_data_are_errors() {
    assert!(estimate::<Vec<f64>>(&[]).is_err());
    assert!(matches!(estimate(&[[1.0]]), Err(StatisticsError::TooFew { needed: 2, .. })));
    let bad = estimate(&[vec![1.0; 3], vec![1.0, f64::INFINITY]]);
    assert!(matches!(bad, Err(StatisticsError::NotFinite { chain: 1, index: 1, .. })));
    let bad = GammaMethod { s: -1.0 }.estimate(&[[1.0, 2.0]]);
    assert!(matches!(bad, Err(StatisticsError::Parameter { .. })));
}

#[test]
fn rho_of_ar1_is_a_power() {
    let rho = autocorrelation_function(&chains(0.7, 2, 200_000, 6), 5).expect("finite");
    for (t, found) in rho.iter().enumerate() {
        assert!((found - 0.7f64.powi(t as i32)).abs() < 0.015, "{t}: {found}");
    }
}

#[test]
fn one_chain_agrees_with_pyerrors() {
    // Mean, error, its error, τ_int, its error and W from pyerrors 2.17.
    for (a, length, s, expected, window) in [
        (
            0.0,
            1000,
            2.0,
            [
                0.007945923253856185,
                0.009165446246461168,
                0.00035497620673103383,
                0.5009990009990012,
                0.031622776601683805,
            ],
            1,
        ),
        (
            0.5,
            1000,
            2.0,
            [0.015280800839314967, 0.016632319483090626, 0.0016211179747884366, 1.2918386474955728, 0.2302628939214075],
            9,
        ),
        (
            0.9,
            5000,
            2.0,
            [0.03782345735261747, 0.03141105751266079, 0.0030936303884623534, 6.636908198388237, 1.1934826569878645],
            48,
        ),
        (
            0.9,
            5000,
            1.5,
            [0.03782345735261747, 0.032309522857992844, 0.0028717332069254243, 7.022015495558379, 1.1163484481567212],
            39,
        ),
        (
            -0.5,
            1000,
            2.0,
            [
                0.005402057744774858,
                0.010643188514244522,
                0.0004122089186621509,
                0.5009990009990012,
                0.031622776601683805,
            ],
            1,
        ),
        (
            0.95,
            60,
            2.0,
            [0.09971273049851478, 0.3168398959040564, 0.11201981947209907, 6.866757391331412, 1.9955530006734188],
            7,
        ),
    ] {
        let found = GammaMethod { s }.estimate(&[congruential_ar1(a, length, 1)]).expect("finite");
        let numbers = [found.mean, found.error, found.error_of_error, found.tau_int, found.tau_int_error];
        for (x, y) in numbers.iter().zip(expected) {
            assert!((x - y).abs() < 1e-10 * y.abs(), "a = {a}, S = {s}: {numbers:?}");
        }
        assert_eq!(found.window, window);
    }
}

#[test]
fn ratio_agrees_with_pyerrors() {
    let x: Vec<f64> = congruential_ar1(0.8, 2000, 1).iter().map(|x| x + 3.0).collect();
    let noise = congruential_ar1(0.5, 2000, 2);
    let y: Vec<f64> = noise.iter().zip(&x).map(|(n, x)| n + 0.3 * x).collect();
    let found = GammaMethod::default()
        .derived(&[&[x], &[y]], |m| m[0] / m[1], |m| vec![1.0 / m[1], -m[0] / (m[1] * m[1])])
        .expect("finite");
    assert!((found.mean / 3.331719072912754 - 1.0).abs() < 1e-10);
    assert!((found.error / 0.047794022962753424 - 1.0).abs() < 1e-10, "{found:?}");
    assert!((found.tau_int / 1.5507338090514025 - 1.0).abs() < 1e-10);
    assert_eq!(found.window, 12);
}
