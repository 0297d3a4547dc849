//! What the weights of a flow say: independent samples `φ ~ q`, `log w = -S - log q`.
//!
//! ```text
//! ESS    = (Σw)² / (N Σw²), per configuration, in [1/N, 1]
//! log Z  = log (Σw/N),                      error √((1/ESS - 1)/(N - 1))
//! F_q    = E_q[log q + S] = -E_q[log w]  ≥ -log Z
//! KL     = E_q[log q - log p] = log Z + F_q ≥ 0
//! <O>    = Σ w O / Σ w
//! ```
//! Errors by linear propagation (delta method) for independent samples. `Σw/N` has no bias; its
//! logarithm is low by half the square of its error. All sums are taken relative to the largest
//! weight. With an ESS near 1/N one sample carries everything and no error here can be believed.
use super::{Estimate, StatisticsError};

/// Effective sample size per configuration, `(Σw)² / (N Σw²)`.
///
/// ```
/// use lattice_mc::statistics::ess;
/// assert_eq!(ess(&[-512.0, -512.0, -512.0])?, 1.0);
/// assert_eq!(ess(&[0.0, 0.0, f64::NEG_INFINITY, f64::NEG_INFINITY])?, 0.5);
/// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
/// ```
pub fn ess(log_w: &[f64]) -> Result<f64, StatisticsError> {
    let largest = largest(log_w, 1)?;
    let (mut sum, mut squares) = (0.0, 0.0);
    for w in log_w.iter().map(|l| (l - largest).exp()) {
        sum += w;
        squares += w * w;
    }
    Ok(sum * sum / (squares * log_w.len() as f64))
}

/// `log((1/N) Σ exp(log w))` without overflow; `-inf` for no or only vanishing weights.
///
/// ```
/// use lattice_mc::statistics::log_mean_exp;
/// assert_eq!(log_mean_exp(&[-1000.0, -1000.0]), -1000.0);
/// ```
pub fn log_mean_exp(log_w: &[f64]) -> f64 {
    let largest = log_w.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
    if !largest.is_finite() {
        return largest;
    }
    let sum: f64 = log_w.iter().map(|l| (l - largest).exp()).sum();
    largest + (sum / log_w.len() as f64).ln()
}

/// `log Z` of the action from the mean weight.
///
/// ```
/// use lattice_mc::statistics::log_z;
/// let z = log_z(&[0.3, 0.1, 0.2, 0.25, 0.15])?;
/// assert_eq!(z.to_string(), "0.202(35)");
/// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
/// ```
pub fn log_z(log_w: &[f64]) -> Result<Estimate, StatisticsError> {
    let relative = relative_weights(log_w)?;
    let error = error_of_mean(relative.iter().map(|w| w - 1.0));
    Ok(Estimate::independent(log_mean_exp(log_w), error, log_w.len()))
}

/// The variational free energy `F_q = E_q[log q + S] = -E_q[log w]`, the loss of reverse KL.
///
/// ```
/// use lattice_mc::statistics::free_energy;
/// assert_eq!(free_energy(&[0.5, 1.5, 1.0])?.mean, -1.0);
/// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
/// ```
pub fn free_energy(log_w: &[f64]) -> Result<Estimate, StatisticsError> {
    let mean = mean_log(log_w)?;
    let error = error_of_mean(log_w.iter().map(|l| l - mean));
    Ok(Estimate::independent(-mean, error, log_w.len()))
}

/// `KL(q|p) = log mean w - mean log w`, with log Z from the same samples and its correlation.
///
/// Never negative, but too small where the flow misses a region: then log Z is too small.
///
/// ```
/// use lattice_mc::statistics::kl;
/// let distance = kl(&[0.3, 0.1, 0.2, 0.25, 0.15])?;
/// assert!(distance.mean > 0.0 && distance.mean < 0.01);
/// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
/// ```
pub fn kl(log_w: &[f64]) -> Result<Estimate, StatisticsError> {
    let mean = mean_log(log_w)?;
    let relative = relative_weights(log_w)?;
    let error = error_of_mean(relative.iter().zip(log_w).map(|(w, l)| (w - 1.0) - (l - mean)));
    let value = (log_mean_exp(log_w) - mean).max(0.0);
    Ok(Estimate::independent(value, error, log_w.len()))
}

/// `KL(q|p) = log Z + F_q` with `log Z ± error` known from elsewhere; error 0 if exact.
///
/// ```
/// use lattice_mc::statistics::kl_given_log_z;
/// let distance = kl_given_log_z(&[0.3, 0.1, 0.2], 0.25, 0.0)?;
/// assert!((distance.mean - 0.05).abs() < 1e-12);
/// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
/// ```
pub fn kl_given_log_z(log_w: &[f64], log_z: f64, log_z_error: f64) -> Result<Estimate, StatisticsError> {
    let free_energy = free_energy(log_w)?;
    let error = free_energy.error.hypot(log_z_error);
    let mut result = Estimate::independent(log_z + free_energy.mean, error, log_w.len());
    result.error_of_error = free_energy.error_of_error;
    Ok(result)
}

/// `<O> = Σ w O / Σ w`: the mean in the theory of `O` measured on samples of the flow.
///
/// ```
/// use lattice_mc::statistics::reweighted_mean;
/// let mean = reweighted_mean(&[0.0, 0.0, f64::NEG_INFINITY], &[1.0, 3.0, 77.0])?;
/// assert_eq!(mean.mean, 2.0);
/// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
/// ```
pub fn reweighted_mean(log_w: &[f64], observable: &[f64]) -> Result<Estimate, StatisticsError> {
    if observable.len() != log_w.len() {
        let (expected, found) = (log_w.len(), observable.len());
        return Err(StatisticsError::LengthMismatch { what: "observable".into(), expected, found });
    }
    super::fluctuations::check(&[observable])?;
    let relative = relative_weights(log_w)?;
    let n = log_w.len() as f64;
    let origin = observable[0];
    let shift = relative.iter().zip(observable).map(|(w, o)| w * (o - origin)).sum::<f64>() / n;
    let mean = origin + shift;
    let error = error_of_mean(relative.iter().zip(observable).map(|(w, o)| w * (o - mean)));
    Ok(Estimate::independent(mean, error, log_w.len()))
}

/// Weights divided by their mean.
fn relative_weights(log_w: &[f64]) -> Result<Vec<f64>, StatisticsError> {
    largest(log_w, 2)?;
    let log_mean = log_mean_exp(log_w);
    Ok(log_w.iter().map(|l| (l - log_mean).exp()).collect())
}

/// The largest logarithm, if there are enough, none NaN or `+inf`, and not all `-inf`.
fn largest(log_w: &[f64], needed: usize) -> Result<f64, StatisticsError> {
    let found = log_w.len();
    if found < needed {
        return Err(StatisticsError::TooFew { what: "weights", needed, found });
    }
    let bad = |l: &f64| l.is_nan() || *l == f64::INFINITY;
    if let Some(index) = log_w.iter().position(bad) {
        return Err(StatisticsError::NotFinite { chain: 0, index, value: log_w[index] });
    }
    let largest = log_w.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
    if largest == f64::NEG_INFINITY {
        return Err(StatisticsError::Empty { what: "non-zero weights" });
    }
    Ok(largest)
}

/// Mean of the logarithms, which must all be finite.
fn mean_log(log_w: &[f64]) -> Result<f64, StatisticsError> {
    largest(log_w, 2)?;
    if let Some(index) = log_w.iter().position(|l| !l.is_finite()) {
        return Err(StatisticsError::NotFinite { chain: 0, index, value: log_w[index] });
    }
    let origin = log_w[0];
    Ok(origin + log_w.iter().map(|l| l - origin).sum::<f64>() / log_w.len() as f64)
}

/// `√(Σδ² / (N(N-1)))` of deviations from a mean.
fn error_of_mean(deviations: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = deviations.len() as f64;
    (deviations.map(|d| d * d).sum::<f64>() / (n * (n - 1.0))).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::{moments, normal, rng};
    use super::*;

    /// `log w` of samples `x ~ N(0,1)` for the action `S = (x - mu)²/2σ²`, and the samples.
    /// `Z = √(2π) σ`, `KL = log σ + (1 + mu²)/2σ² - 1/2`.
    fn toy(mu: f64, sigma: f64, count: usize, seed: u64) -> (Vec<f64>, Vec<f64>) {
        let mut rng = rng(seed);
        let x: Vec<f64> = (0..count).map(|_| normal(&mut rng)).collect();
        let log_q = |x: f64| -0.5 * x * x - 0.5 * std::f64::consts::TAU.ln();
        let log_w = x.iter().map(|&x| -0.5 * ((x - mu) / sigma).powi(2) - log_q(x)).collect();
        (log_w, x)
    }

    fn toy_log_z(sigma: f64) -> f64 {
        0.5 * std::f64::consts::TAU.ln() + sigma.ln()
    }

    #[test]
    fn equal_weights_are_perfect() {
        for level in [-1e4, 0.0, 1e4] {
            let log_w = vec![level; 100];
            assert_eq!(ess(&log_w), Ok(1.0));
            let (z, d) = (log_z(&log_w).expect("finite"), kl(&log_w).expect("finite"));
            assert_eq!((z.mean, z.error, d.mean, d.error), (level, 0.0, 0.0, 0.0));
        }
    }

    #[test]
    fn one_weight_alone_counts_once() {
        let mut log_w = vec![-1e4; 50];
        log_w[17] = 1e4;
        assert_eq!(ess(&log_w), Ok(1.0 / 50.0));
    }

    #[test]
    fn ess_of_gaussian_log_weights() {
        // E[w]²/E[w²] = exp(-s²) for log w ~ N(m, s²).
        let mut rng = rng(21);
        for s in [0.1, 0.5, 1.0] {
            let log_w: Vec<f64> = (0..200_000).map(|_| 300.0 + s * normal(&mut rng)).collect();
            let found = ess(&log_w).expect("finite");
            assert!((found / f64::exp(-s * s) - 1.0).abs() < 0.03, "{s}: {found}");
        }
    }

    #[test]
    fn error_of_log_z_is_the_ess_formula() {
        let (log_w, _) = toy(0.3, 0.9, 1000, 1);
        let found = log_z(&log_w).expect("finite").error;
        let formula = ((1.0 / ess(&log_w).expect("finite") - 1.0) / 999.0).sqrt();
        assert!((found - formula).abs() < 1e-12);
    }

    #[test]
    fn pulls_on_the_toy_have_variance_one() {
        let (mu, sigma) = (0.3, 0.9);
        let exact = toy_log_z(sigma);
        let exact_kl = sigma.ln() + (1.0 + mu * mu) / (2.0 * sigma * sigma) - 0.5;
        let mut pulls: [Vec<f64>; 5] = Default::default();
        let mut relative_z = Vec::new();
        for seed in 0..500 {
            let (log_w, x) = toy(mu, sigma, 2000, seed);
            let z = log_z(&log_w).expect("finite");
            relative_z.push((z.mean - exact).exp());
            pulls[0].push(z.pull(exact));
            pulls[1].push(free_energy(&log_w).expect("finite").pull(exact_kl - exact));
            pulls[2].push(kl(&log_w).expect("finite").pull(exact_kl));
            pulls[3].push(reweighted_mean(&log_w, &x).expect("finite").pull(mu));
            pulls[4].push(kl_given_log_z(&log_w, exact, 0.0).expect("finite").pull(exact_kl));
        }
        for (which, pulls) in pulls.iter().enumerate() {
            let (mean, variance) = moments(pulls);
            assert!(mean.abs() < 0.2, "{which}: mean {mean}");
            assert!((0.75..1.3).contains(&variance), "{which}: variance {variance}");
        }
        let (mean, variance) = moments(&relative_z);
        assert!((mean - 1.0).abs() < 4.0 * (variance / 500.0).sqrt(), "Z is biased: {mean}");
    }

    #[test]
    fn outside_log_z_adds_its_error() {
        let (log_w, _) = toy(0.0, 0.8, 500, 3);
        let exact = kl_given_log_z(&log_w, toy_log_z(0.8), 0.0).expect("finite");
        let known = kl_given_log_z(&log_w, toy_log_z(0.8), 0.3).expect("finite");
        assert!((known.error.powi(2) - exact.error.powi(2) - 0.09).abs() < 1e-12);
    }

    #[test]
    fn bad_weights_are_named() {
        let bad = ess(&[0.0, f64::NAN]);
        assert!(matches!(bad, Err(StatisticsError::NotFinite { index: 1, .. })));
        assert!(matches!(kl(&[0.0, f64::NEG_INFINITY]), Err(StatisticsError::NotFinite { .. })));
        assert!(matches!(ess(&[f64::NEG_INFINITY; 3]), Err(StatisticsError::Empty { .. })));
        assert!(matches!(ess(&[]), Err(StatisticsError::TooFew { .. })));
        assert!(matches!(log_z(&[0.0]), Err(StatisticsError::TooFew { .. })));
        assert!(reweighted_mean(&[0.0, 0.0], &[1.0]).is_err());
        assert!(reweighted_mean(&[0.0, 0.0], &[1.0, f64::NAN]).is_err());
    }
}
