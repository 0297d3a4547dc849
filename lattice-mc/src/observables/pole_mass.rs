//! The pole mass: a correlated fit of the zero-momentum correlator to one state on a circle.

use crate::statistics::{Covariance, Fit, GammaMethod, StatisticsError, fit_values};
use lattice_autograd::{PerSample, Var};

/// The distances that are fitted, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FitRange {
    /// The extent `T` of the lattice along the correlator.
    pub extent: usize,
    /// The first distance: large enough that excited states have died out.
    pub from: usize,
    /// The last, at most `T/2`.
    pub to: usize,
    /// Whether the correlations of the points are used. Without them χ² has no meaning, the errors have.
    pub correlated: bool,
}

impl FitRange {
    /// All distances from `from` to `T/2`, correlated.
    pub fn from(extent: usize, from: usize) -> Self {
        Self { extent, from, to: extent / 2, correlated: true }
    }

    fn check(&self, correlator: usize) -> Result<(), StatisticsError> {
        let range =
            |name, expected, value: usize| Err(StatisticsError::Parameter { name, expected, value: value as f64 });
        if self.to > self.extent / 2 || self.to >= correlator {
            return range("last distance of a fit", "at most half the extent, and measured", self.to);
        }
        if self.to < self.from + 1 {
            return range("first distance of a fit", "two distances at least", self.from);
        }
        Ok(())
    }

    fn distances(&self) -> Vec<f64> {
        (self.from..=self.to).map(|t| t as f64).collect()
    }

    /// `A [e^{−m t} + e^{−m (T − t)}]`, the correlator of one state of mass `m` on a circle of `T` sites.
    fn model<'t>(&self, p: &[Var<'t, PerSample>], t: Var<'t, PerSample>) -> Var<'t, PerSample> {
        p[0] * ((-(p[1] * t)).exp() + (p[1] * (t - self.extent as f64)).exp())
    }

    /// Amplitude and mass through the first two points.
    fn start(&self, g: &[f64]) -> [f64; 2] {
        let slope = (g[0] / g[1]).ln();
        let mass = if slope.is_finite() && slope > 0.0 { slope } else { 1.0 / self.extent as f64 };
        let (near, far) = (self.from as f64, (self.extent - self.from) as f64);
        [g[0] / ((-mass * near).exp() + (-mass * far).exp()), mass]
    }
}

/// Amplitude `A` and pole mass `m` from the series of `g0, g1, …`, `[t][chain][update]`, by a fit of
/// `A [e^{−m t} + e^{−m (T − t)}]` with errors by the Γ-method.
///
/// # Errors
/// A range outside the correlator, or what [`GammaMethod::fit`] refuses: above all too few samples for the covariance.
pub fn pole_mass<C: AsRef<[f64]>>(
    method: &GammaMethod,
    correlator: &[&[C]],
    range: FitRange,
) -> Result<Fit, StatisticsError> {
    range.check(correlator.len())?;
    let points = &correlator[range.from..=range.to];
    let first =
        points[..2].iter().map(|g| Ok(method.estimate(g)?.mean)).collect::<Result<Vec<_>, StatisticsError>>()?;
    let covariance = if range.correlated {
        Covariance::of_means(method, points)?
    } else {
        let errors =
            points.iter().map(|g| Ok(method.estimate(g)?.error)).collect::<Result<Vec<_>, StatisticsError>>()?;
        Covariance::of_errors(&errors)?
    };
    method.fit(&range.distances(), points, &covariance, &range.start(&first), |p, t| range.model(p, t))
}

/// As [`pole_mass`], from values `g[t]` with a given covariance of the fitted points.
///
/// # Errors
/// As [`fit_values`].
pub fn pole_mass_of_values(g: &[f64], covariance: &Covariance, range: FitRange) -> Result<Fit, StatisticsError> {
    range.check(g.len())?;
    let points = &g[range.from..=range.to];
    fit_values(&range.distances(), points, covariance, &range.start(points), |p, t| range.model(p, t))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;

    #[test]
    fn exact_correlators_have_the_exact_gap() {
        // physics.md §1.3: gap .656824 of a ring of 6 sites at E1; on a long circle one state is left far out.
        let exact = exact::phi4(&[6, 40], -4.0, 6.975).expect("cheap");
        let gap = exact.gap.expect("along the last direction");
        assert!((gap - 0.656824).abs() < 1e-6, "{gap}");
        let g = exact.g.expect("along the last direction");
        let range = FitRange { extent: 40, from: 12, to: 20, correlated: false };
        // Relative errors, so that every distance counts.
        let errors: Vec<f64> = g[12..=20].iter().map(|g| 1e-6 * g).collect();
        let fit = pole_mass_of_values(&g, &Covariance::of_errors(&errors).expect("errors"), range).expect("a minimum");
        assert!((fit.parameters[1].mean - 0.656824).abs() < 2e-6, "{:?}", fit.parameters[1]);
        let near = FitRange { from: 0, ..range };
        let errors: Vec<f64> = g[..=20].iter().map(|g| 1e-6 * g).collect();
        let excited =
            pole_mass_of_values(&g, &Covariance::of_errors(&errors).expect("errors"), near).expect("a minimum");
        assert!(excited.chi_squared.p_value < 1e-6, "excited states at short distances must not pass: {excited:?}");
    }

    #[test]
    fn free_correlators_are_one_state_at_all_distances() {
        let exact = exact::free_field(&[4, 9], 0.5).expect("massive");
        let g = exact.g.expect("g");
        let range = FitRange::from(9, 0);
        let fit =
            pole_mass_of_values(&g, &Covariance::of_errors(&[1e-3; 5]).expect("errors"), range).expect("a minimum");
        assert!((fit.parameters[1].mean - exact.gap.expect("gap")).abs() < 1e-8);
        assert!(fit.chi_squared.chi2 < 1e-12);
    }

    #[test]
    fn ranges_outside_the_correlator_are_refused() {
        let errors = Covariance::of_errors(&[1.0; 2]).expect("errors");
        for (from, to) in [(0, 5), (2, 2), (3, 2)] {
            let range = FitRange { extent: 8, from, to, correlated: true };
            assert!(pole_mass_of_values(&[1.0; 9], &errors, range).is_err(), "{range:?}");
        }
        assert!(pole_mass_of_values(&[1.0; 2], &errors, FitRange::from(8, 2)).is_err());
    }
}
