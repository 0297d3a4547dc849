//! Pulls `(measured - true) / error` over seeds, and the χ² that judges them.
//!
//! ```text
//! χ² = Σ pull²,   p = Q(dof/2, χ²/2)
//! ```
//! Q is the regularised upper incomplete gamma function; for half-integer first argument
//! `Q(a+1, x) = Q(a, x) + x^a e^{-x} / Γ(a+1)` from `Q(1/2, x) = erfc(√x)` or `Q(1, x) = e^{-x}`
//! (Abramowitz and Stegun 6.5.21).
use serde::Serialize;

use super::StatisticsError;

/// A χ², its degrees of freedom and the probability of one at least as large.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChiSquared {
    /// The sum of squares.
    pub chi2: f64,
    /// Degrees of freedom.
    pub dof: usize,
    /// Probability of a χ² at least this large if all is well. Near 0: errors too small, or a bias.
    /// Near 1: errors too large.
    pub p_value: f64,
}

impl ChiSquared {
    /// χ² with its p-value; without degrees of freedom the p-value is 1.
    ///
    /// ```
    /// use lattice_mc::statistics::ChiSquared;
    /// assert!((ChiSquared::new(3.841459, 1).p_value - 0.05).abs() < 1e-7);
    /// ```
    pub fn new(chi2: f64, dof: usize) -> Self {
        Self { chi2, dof, p_value: upper_tail(0.5 * chi2, dof) }
    }

    /// `sqrt(χ²/dof)`: 1 where all is well, NaN without degrees of freedom.
    ///
    /// ```
    /// use lattice_mc::statistics::ChiSquared;
    /// assert_eq!(ChiSquared::new(12.0, 3).ratio(), 2.0);
    /// ```
    pub fn ratio(&self) -> f64 {
        (self.chi2 / self.dof as f64).sqrt()
    }
}

/// χ² of pulls that should each be a standard normal number, one degree of freedom each.
///
/// ```
/// use lattice_mc::statistics::chi_squared_of_pulls;
/// let test = chi_squared_of_pulls(&[0.3, -1.2, 0.8, 0.1])?;
/// assert_eq!(test.dof, 4);
/// assert!(test.p_value > 0.5);
/// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
/// ```
pub fn chi_squared_of_pulls(pulls: &[f64]) -> Result<ChiSquared, StatisticsError> {
    if pulls.is_empty() {
        return Err(StatisticsError::Empty { what: "pulls" });
    }
    if let Some((index, &value)) = pulls.iter().enumerate().find(|(_, p)| !p.is_finite()) {
        return Err(StatisticsError::NotFinite { chain: 0, index, value });
    }
    Ok(ChiSquared::new(pulls.iter().map(|p| p * p).sum(), pulls.len()))
}

/// Probability of a standard normal number at least as far from zero: `erfc(|pull|/√2)`.
///
/// ```
/// use lattice_mc::statistics::normal_two_sided_p_value;
/// assert!((normal_two_sided_p_value(-1.959964) - 0.05).abs() < 1e-7);
/// ```
pub fn normal_two_sided_p_value(pull: f64) -> f64 {
    libm::erfc(pull.abs() * std::f64::consts::FRAC_1_SQRT_2)
}

/// `Q(dof/2, x)` by upward recursion; every term is positive, so nothing cancels.
fn upper_tail(x: f64, dof: usize) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    if dof == 0 || x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    // log of x^a e^{-x} / Γ(a+1), the next term; Γ(3/2) = √π/2 and Γ(2) = 1.
    let (mut a, mut tail, mut log_term) = if dof % 2 == 1 {
        let log_gamma = (0.5 * std::f64::consts::PI.sqrt()).ln();
        (0.5, libm::erfc(x.sqrt()), 0.5 * x.ln() - x - log_gamma)
    } else {
        (1.0, (-x).exp(), x.ln() - x)
    };
    while a + 0.25 < 0.5 * dof as f64 {
        tail += log_term.exp();
        a += 1.0;
        log_term += x.ln() - a.ln();
    }
    tail.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_values_agree_with_tables() {
        // Upper critical values of χ² to six decimals.
        for (chi2, dof, p) in [
            (3.841459, 1, 0.05),
            (6.634897, 1, 0.01),
            (5.991465, 2, 0.05),
            (7.814728, 3, 0.05),
            (18.307038, 10, 0.05),
            (3.940299, 10, 0.95),
            (43.772972, 30, 0.05),
            (124.342113, 100, 0.05),
            (123.225221, 99, 0.05),
        ] {
            let found = ChiSquared::new(chi2, dof).p_value;
            assert!((found - p).abs() < 2e-5, "{chi2} {dof}: {found} against {p}");
        }
    }

    #[test]
    fn even_dof_is_a_poisson_sum() {
        for x in [0.01f64, 1.0, 7.5, 40.0, 300.0] {
            let (mut term, mut sum) = ((-x).exp(), 0.0);
            for k in 1..=20 {
                sum += term;
                term *= x / f64::from(k);
            }
            assert!((upper_tail(x, 40) - sum).abs() <= 1e-12 * sum.max(1e-3), "{x}");
        }
    }

    #[test]
    fn extremes_are_defined() {
        assert_eq!(ChiSquared::new(0.0, 5).p_value, 1.0);
        assert_eq!(ChiSquared::new(f64::INFINITY, 5).p_value, 0.0);
        assert!(ChiSquared::new(f64::NAN, 5).p_value.is_nan());
        assert_eq!(ChiSquared::new(0.0, 0).p_value, 1.0);
        let far = ChiSquared::new(2000.0, 2001).p_value;
        assert!((far - 0.502).abs() < 0.01, "{far}");
    }

    #[test]
    fn normal_p_value_is_chi_squared_of_one() {
        for pull in [0.0, 0.5, 1.0, 3.0, 6.0] {
            let chi = ChiSquared::new(pull * pull, 1).p_value;
            assert!((normal_two_sided_p_value(pull) - chi).abs() < 1e-15);
        }
    }

    #[test]
    fn bad_pulls_are_named() {
        assert!(chi_squared_of_pulls(&[]).is_err());
        assert!(matches!(chi_squared_of_pulls(&[1.0, f64::NAN]), Err(StatisticsError::NotFinite { index: 1, .. })));
    }
}
