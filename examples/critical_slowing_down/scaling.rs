//! Power laws in the extent, and when a training has paid.

use crate::Failure;
use lattice_fields::mc::statistics::{ChiSquared, Covariance, fit_values, value_with_error};

/// `y = amplitude · (L/10)^exponent`.
#[derive(Clone, Copy, Debug)]
pub struct PowerLaw {
    pub exponent: f64,
    /// One standard deviation, widened by `√(χ²/dof)` where that is above 1: five lattices, a correlation length of a few
    /// sites and a flow from one training scatter by more than statistics says.
    pub error: f64,
    pub amplitude: f64,
    pub chi_squared: ChiSquared,
}

impl PowerLaw {
    /// Fits `(L, y, δy)` by least squares in `ln y` against `ln L`.
    pub fn fit(points: &[(f64, f64, f64)]) -> Result<PowerLaw, Failure> {
        let x: Vec<f64> = points.iter().map(|p| (p.0 / 10.0).ln()).collect();
        let y: Vec<f64> = points.iter().map(|p| p.1.ln()).collect();
        let errors: Vec<f64> = points.iter().map(|p| p.2 / p.1).collect();
        let fit = fit_values(&x, &y, &Covariance::of_errors(&errors)?, &[0.0, 1.0], |p, x| p[0] + p[1] * x)?;
        let [constant, slope] = [fit.parameters[0], fit.parameters[1]];
        let widened = if fit.chi_squared.dof > 0 { fit.chi_squared.ratio().max(1.0) } else { 1.0 };
        Ok(PowerLaw {
            exponent: slope.mean,
            error: slope.error * widened,
            amplitude: constant.mean.exp(),
            chi_squared: fit.chi_squared,
        })
    }

    pub fn at(&self, extent: f64) -> f64 {
        self.amplitude * (extent / 10.0).powf(self.exponent)
    }

    /// The exponent in print.
    pub fn text(&self) -> String {
        value_with_error(self.exponent, self.error)
    }
}

/// The number of independent values from which a training that took `training` seconds has paid, where such a value
/// takes `flow` seconds and `other` without a flow; none if the flow's are dearer.
pub fn break_even(training: f64, flow: f64, other: f64) -> Option<f64> {
    (flow < other).then(|| training / (other - flow))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_law_is_found_again() {
        let points = [6.0, 8.0, 10.0, 12.0, 14.0].map(|l: f64| (l, 0.3 * l.powf(1.7), 0.01 * 0.3 * l.powf(1.7)));
        let law = PowerLaw::fit(&points).unwrap();
        assert!((law.exponent - 1.7).abs() < 1e-9, "{law:?}");
        assert!((law.at(12.0) - 0.3 * 12f64.powf(1.7)).abs() < 1e-8);
        // 1% / √Σ (ln L − mean)², Σ = 0.448835.
        let logs = points.map(|p| p.0.ln());
        let mean = logs.iter().sum::<f64>() / 5.0;
        let expected = 0.01 / logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>().sqrt();
        assert!((law.error - expected).abs() < 1e-9, "{} {expected}", law.error);
    }

    #[test]
    fn scatter_beyond_the_errors_widens_them() {
        let points = |error: f64| [(6.0, 1.0, error), (8.0, 1.5, 1.5 * error), (12.0, 1.6, 1.6 * error)];
        let [small, tiny] = [1e-3, 1e-4].map(|error| PowerLaw::fit(&points(error)).unwrap());
        assert!((small.error / tiny.error - 1.0).abs() < 1e-6);
        assert!(tiny.chi_squared.chi2 > 99.0 * small.chi_squared.chi2);
    }

    #[test]
    fn dear_samples_never_pay() {
        assert_eq!(break_even(10.0, 1.0, 1.5), Some(20.0));
        assert_eq!(break_even(10.0, 1.5, 1.0), None);
    }
}
