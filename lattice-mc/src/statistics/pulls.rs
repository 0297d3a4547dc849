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

    /// Hotelling's `T²` for `dof` numbers whose covariance was estimated with `degrees` degrees of freedom:
    /// `(ν - d + 1)/(ν d) T²` follows the F distribution with d and ν - d + 1 degrees (Hotelling, Ann. Math. Stat. 2
    /// (1931) 360). χ² for `degrees → ∞`; NaN as p-value if `degrees < dof`.
    ///
    /// ```
    /// use lattice_mc::statistics::ChiSquared;
    /// let known = ChiSquared::new(12.0, 6);
    /// assert!((ChiSquared::hotelling(12.0, 6, 10_000_000).p_value - known.p_value).abs() < 1e-5);
    /// assert!(ChiSquared::hotelling(12.0, 6, 30).p_value > 2.0 * known.p_value);
    /// ```
    pub fn hotelling(chi2: f64, dof: usize, degrees: usize) -> Self {
        let p_value = if dof == 0 {
            1.0
        } else if degrees < dof || chi2.is_nan() {
            f64::NAN
        } else {
            let (nu, d) = (degrees as f64, dof as f64);
            incomplete_beta(0.5 * (nu - d + 1.0), 0.5 * d, 1.0 / (1.0 + chi2.max(0.0) / nu))
        };
        Self { chi2, dof, p_value }
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

/// The regularised incomplete beta function `I_x(a, b)` by its continued fraction (DLMF 8.17.22), summed by Lentz's
/// method.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let tiny = 1e-300;
    let away = |x: f64| if x.abs() < tiny { tiny } else { x };
    let (mut c, mut d) = (1.0, 1.0 / away(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = fraction;
        for step in [even, odd] {
            d = 1.0 / away(1.0 + step * d);
            c = away(1.0 + step / c);
            fraction *= c * d;
        }
        if (fraction - before).abs() <= f64::EPSILON * fraction.abs() {
            break;
        }
    }
    let log_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    (a * x.ln() + b * (1.0 - x).ln() - log_beta).exp() * fraction / a
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
    fn hotelling_agrees_with_tables_of_f() {
        // Upper 5 % points of F(d, n), T² = F d ν / n with ν = n + d - 1.
        for (d, n, f) in [(1, 10, 4.9646), (2, 20, 3.4928), (5, 30, 2.5336), (10, 60, 1.9926), (7, 5, 4.8759)] {
            let nu = n + d - 1;
            let t2 = f * (d * nu) as f64 / n as f64;
            let found = ChiSquared::hotelling(t2, d, nu).p_value;
            assert!((found - 0.05).abs() < 2e-5, "F({d}, {n}): {found}");
        }
        assert_eq!(ChiSquared::hotelling(0.0, 3, 9).p_value, 1.0);
        assert!(ChiSquared::hotelling(1.0, 9, 3).p_value.is_nan());
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
