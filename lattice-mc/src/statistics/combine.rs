//! The mean of independent results, weighted by their errors.
//!
//! ```text
//! m = Σ m_k/e_k² / Σ 1/e_k²,   error² = 1 / Σ 1/e_k²,   χ² = Σ ((m_k - m)/e_k)²,   dof = K - 1
//! ```
use std::fmt;

use serde::Serialize;

use super::{ChiSquared, StatisticsError, value_with_error};

/// A weighted mean, and whether its terms agree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Combined {
    /// The weighted mean.
    pub mean: f64,
    /// Its error, from the errors alone: not widened where the terms disagree.
    pub error: f64,
    /// χ² of the terms about the mean.
    pub agreement: ChiSquared,
}

impl fmt::Display for Combined {
    /// `mean(error)`, as [`value_with_error`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&value_with_error(self.mean, self.error))
    }
}

/// The weighted mean of independent `(mean, error)`.
///
/// ```
/// use lattice_mc::statistics::weighted_mean;
/// let mean = weighted_mean(&[(1.02, 0.02), (0.98, 0.02), (1.05, 0.05)])?;
/// assert_eq!(mean.to_string(), "1.004(14)");
/// assert!(mean.agreement.p_value > 0.1);
/// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
/// ```
pub fn weighted_mean(results: &[(f64, f64)]) -> Result<Combined, StatisticsError> {
    if results.is_empty() {
        return Err(StatisticsError::Empty { what: "results" });
    }
    for (index, &(value, error)) in results.iter().enumerate() {
        if !value.is_finite() {
            return Err(StatisticsError::NotFinite { chain: 0, index, value });
        }
        if !error.is_finite() || error <= 0.0 {
            let expected = "a finite number above 0";
            return Err(StatisticsError::Parameter { name: "error of a result", expected, value: error });
        }
    }
    // In units of the smallest error, so that no weight overflows.
    let unit = results.iter().fold(f64::INFINITY, |a, r| a.min(r.1));
    let weight = |error: f64| (unit / error).powi(2);
    let origin = results[0].0;
    let total: f64 = results.iter().map(|r| weight(r.1)).sum();
    let shift = results.iter().map(|r| weight(r.1) * (r.0 - origin)).sum::<f64>() / total;
    let mean = origin + shift;
    let chi2 = results.iter().map(|r| ((r.0 - mean) / r.1).powi(2)).sum();
    let agreement = ChiSquared::new(chi2, results.len() - 1);
    Ok(Combined { mean, error: unit / total.sqrt(), agreement })
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::{moments, normal, rng};
    use super::*;

    #[test]
    fn equal_errors_give_the_plain_mean() {
        let found = weighted_mean(&[(1.0, 0.5), (2.0, 0.5), (6.0, 0.5), (3.0, 0.5)]).expect("finite");
        assert_eq!((found.mean, found.error), (3.0, 0.25));
        assert_eq!((found.agreement.chi2, found.agreement.dof), (56.0, 3));
    }

    #[test]
    fn one_result_is_itself() {
        let found = weighted_mean(&[(0.1, 1e-200)]).expect("finite");
        assert_eq!((found.mean, found.error, found.agreement.p_value), (0.1, 1e-200, 1.0));
    }

    #[test]
    fn pulls_and_p_values_are_as_they_should() {
        let mut rng = rng(31);
        let (mut pulls, mut p) = (Vec::new(), Vec::new());
        for _ in 0..1000 {
            let results: Vec<(f64, f64)> =
                (1..8).map(|k| (7.0 + normal(&mut rng) * f64::from(k), f64::from(k))).collect();
            let found = weighted_mean(&results).expect("finite");
            pulls.push((found.mean - 7.0) / found.error);
            p.push(found.agreement.p_value);
        }
        assert!((moments(&pulls).1 - 1.0).abs() < 0.18);
        assert!((moments(&p).0 - 0.5).abs() < 0.04 && (moments(&p).1 - 1.0 / 12.0).abs() < 0.01);
    }

    #[test]
    fn impossible_errors_are_refused() {
        assert!(weighted_mean(&[]).is_err());
        assert!(weighted_mean(&[(1.0, 0.0)]).is_err());
        assert!(weighted_mean(&[(f64::NAN, 1.0)]).is_err());
    }
}
