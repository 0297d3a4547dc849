//! Synthetic series with known answers, for the tests of this folder.
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

pub(super) fn rng(seed: u64) -> Pcg64 {
    Pcg64::seed_from_u64(seed)
}

/// A standard normal number (Box–Muller).
pub(super) fn normal(rng: &mut Pcg64) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// An AR(1) series `x' = a x + sqrt(1 - a²) η` in equilibrium: mean 0, variance 1, `ρ(t) = a^t`,
/// `τ_int = (1 + a) / (2 (1 - a))`.
pub(super) fn ar1(a: f64, length: usize, rng: &mut Pcg64) -> Vec<f64> {
    let mut x = normal(rng);
    let kick = (1.0 - a * a).sqrt();
    (0..length)
        .map(|_| {
            let now = x;
            x = a * x + kick * normal(rng);
            now
        })
        .collect()
}

/// Exact `τ_int` of [`ar1`].
pub(super) fn ar1_tau(a: f64) -> f64 {
    0.5 * (1.0 + a) / (1.0 - a)
}

/// Mean and variance of a list.
pub(super) fn moments(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (mean, x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0))
}
