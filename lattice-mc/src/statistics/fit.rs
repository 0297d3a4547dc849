//! Least squares with the full covariance: correlated fits.
//!
//! ```text
//! χ²(p) = Σ_αβ (y_α - f(p, x_α)) C⁻¹_αβ (y_β - f(p, x_β)),   J = ∂f/∂p
//! ∂p/∂y = (JᵀC⁻¹J)⁻¹ JᵀC⁻¹ at the minimum
//! ```
//! Minimised by Levenberg and Marquardt's method; J by reverse mode, the points side by side as samples of one program.
//!
//! **Errors** of parameters are those of the Γ-method along `∂p/∂y`, so they hold for any weights, also of an
//! uncorrelated fit. **Estimated covariance:** with ν degrees of freedom of C and d = n − k of the fit, χ² at the minimum
//! follows Hotelling's `T²(d, ν)`, not χ², and the naive variance of the parameters is too small by
//! `(ν - d)(ν - d - 1) / ν(ν - 1)`; both are taken into account (Rao, Biometrika 46 (1959) 49; Toussaint and Freeman,
//! arXiv:0808.2211).
use faer::linalg::solvers::Solve;
use faer::{Mat, Side};
use lattice_autograd::{PerSample, Var};

use super::derived::means;
use super::{ChiSquared, Covariance, Estimate, Function, GammaMethod, StatisticsError};

/// Steps after which a fit is given up.
const LARGEST_STEPS: usize = 300;
/// A fit has arrived when a step moves every parameter by less than this part of its error.
const TOLERANCE: f64 = 1e-7;

/// The result of a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The parameters, with errors.
    pub parameters: Vec<Estimate>,
    /// χ² at the minimum, with the probability of one at least as large. Of an uncorrelated fit of correlated data the
    /// probability means nothing.
    pub chi_squared: ChiSquared,
    /// Covariance of the parameters, `(JᵀC⁻¹J)⁻¹`, corrected for the degrees of freedom of C.
    pub covariance: Vec<Vec<f64>>,
    /// `∂p_k/∂y_α`.
    pub slopes: Vec<Vec<f64>>,
}

/// Fits `f(p, x)` to numbers `y` with a given covariance. `start` is where the search begins.
///
/// ```
/// use lattice_mc::statistics::{Covariance, fit_values};
/// let (x, y) = ([0.0, 1.0, 2.0], [1.1, 2.9, 5.1]);
/// let line = fit_values(&x, &y, &Covariance::of_errors(&[0.1; 3])?, &[0.0, 1.0], |p, x| p[0] + p[1] * x)?;
/// assert!((line.parameters[1].mean - 2.0).abs() < 1e-9);
/// assert_eq!(line.chi_squared.dof, 1);
/// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
/// ```
///
/// # Errors
/// Lists of different lengths, more parameters than points, a singular covariance, parameters that the points do not
/// determine, or no minimum found from `start`.
pub fn fit_values(
    x: &[f64],
    y: &[f64],
    covariance: &Covariance,
    start: &[f64],
    f: impl for<'t> Fn(&[Var<'t, PerSample>], Var<'t, PerSample>) -> Var<'t, PerSample>,
) -> Result<Fit, StatisticsError> {
    let (n, k) = (y.len(), start.len());
    for (what, found) in [("x of a fit", x.len()), ("covariance of a fit", covariance.points())] {
        if found != n {
            return Err(StatisticsError::LengthMismatch { what: what.into(), expected: n, found });
        }
    }
    if n < k.max(1) {
        return Err(StatisticsError::TooFew { what: "points of a fit", needed: k.max(1), found: n });
    }
    let dof = n - k;
    let mut search = Search {
        model: Function::new(k + 1, |a| f(&a[..k], a[k]))?,
        x,
        y,
        whitening: covariance.whitening()?,
        parameters: k,
    };
    let (p, at) = search.minimise(start)?;
    let inverse = at.inverse_curvature(k)?;
    let slopes = &inverse * at.jacobian.transpose() * &search.whitening;
    let inflation = covariance.degrees().map_or(Ok(1.0), |nu| variance_inflation(nu, dof, n))?;
    let chi_squared = match covariance.degrees() {
        Some(nu) => ChiSquared::hotelling(at.chi2, dof, nu),
        None => ChiSquared::new(at.chi2, dof),
    };
    let rows = |m: &Mat<f64>, factor: f64| {
        (0..m.nrows()).map(|i| (0..m.ncols()).map(|j| factor * m[(i, j)]).collect()).collect::<Vec<Vec<f64>>>()
    };
    let matrix = rows(&inverse, inflation);
    let samples = covariance.degrees().map_or(n, |nu| nu + 1);
    let parameters = (0..k).map(|i| Estimate::independent(p[i], matrix[i][i].sqrt(), samples)).collect();
    Ok(Fit { parameters, chi_squared, covariance: matrix, slopes: rows(&slopes, 1.0) })
}

impl GammaMethod {
    /// Fits `f(p, x_α)` to the means of `observables[α][r][i]` with the given covariance of them: that of
    /// [`Covariance::of_means`] for a correlated fit, its [`uncorrelated`](Covariance::uncorrelated) part where there
    /// are too few samples for one.
    ///
    /// # Errors
    /// As [`fit_values`]; bad samples.
    pub fn fit<C: AsRef<[f64]>>(
        &self,
        x: &[f64],
        observables: &[&[C]],
        covariance: &Covariance,
        start: &[f64],
        f: impl for<'t> Fn(&[Var<'t, PerSample>], Var<'t, PerSample>) -> Var<'t, PerSample>,
    ) -> Result<Fit, StatisticsError> {
        let y = means(observables)?;
        let mut fit = fit_values(x, &y, covariance, start, f)?;
        let dof = fit.chi_squared.dof;
        let inflation = covariance.degrees().map_or(Ok(1.0), |nu| variance_inflation(nu, dof, y.len()))?.sqrt();
        for (parameter, slopes) in fit.parameters.iter_mut().zip(&fit.slopes) {
            let mut estimate = self.project(observables, &y, parameter.mean, slopes)?;
            estimate.error *= inflation;
            estimate.error_of_error *= inflation;
            *parameter = estimate;
        }
        Ok(fit)
    }
}

/// By how much the true variance of parameters is above the naive one.
fn variance_inflation(nu: usize, dof: usize, points: usize) -> Result<f64, StatisticsError> {
    if nu <= dof + 1 {
        let (needed, blocks) = (dof + 3, nu + 1);
        return Err(StatisticsError::TooFewBlocks { points, blocks, needed, samples: needed, found: blocks });
    }
    let (nu, d) = (nu as f64, dof as f64);
    Ok(nu * (nu - 1.0) / ((nu - d) * (nu - d - 1.0)))
}

struct Search<'a> {
    model: Function,
    x: &'a [f64],
    y: &'a [f64],
    whitening: Mat<f64>,
    parameters: usize,
}

/// Whitened residuals and Jacobian at a point.
struct At {
    chi2: f64,
    residual: Mat<f64>,
    jacobian: Mat<f64>,
}

impl At {
    fn curvature(&self, damping: f64) -> Mat<f64> {
        let mut curvature = self.jacobian.transpose() * &self.jacobian;
        for i in 0..curvature.nrows() {
            curvature[(i, i)] *= 1.0 + damping;
        }
        curvature
    }

    /// `(JᵀC⁻¹J)⁻¹`, scaled to unit diagonal before it is inverted.
    fn inverse_curvature(&self, k: usize) -> Result<Mat<f64>, StatisticsError> {
        let curvature = self.curvature(0.0);
        let scale: Vec<f64> = (0..k).map(|i| curvature[(i, i)].sqrt()).collect();
        let singular = |smallest| StatisticsError::Singular { what: "parameters of a fit", size: k, smallest };
        if scale.iter().any(|s| !s.is_finite() || *s == 0.0) {
            return Err(singular(0.0));
        }
        let scaled = Mat::from_fn(k, k, |i, j| curvature[(i, j)] / (scale[i] * scale[j]));
        let smallest = scaled.self_adjoint_eigenvalues(Side::Lower).map_or(f64::NAN, |v| v.first().map_or(1.0, |v| *v));
        if smallest.is_nan() || smallest < 1e-12 {
            return Err(singular(smallest));
        }
        let llt = scaled.llt(Side::Lower).map_err(|_| singular(smallest))?;
        let inverse = llt.solve(Mat::<f64>::identity(k, k));
        Ok(Mat::from_fn(k, k, |i, j| inverse[(i, j)] / (scale[i] * scale[j])))
    }
}

impl Search<'_> {
    fn at(&mut self, p: &[f64]) -> Result<At, StatisticsError> {
        let n = self.y.len();
        let columns: Vec<Vec<f64>> = p.iter().map(|p| vec![*p; n]).collect();
        let mut views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        views.push(self.x);
        let (values, slopes) = self.model.values_and_gradients(&views, n)?;
        let residual = &self.whitening * Mat::from_fn(n, 1, |i, _| self.y[i] - values[i]);
        let jacobian = &self.whitening * Mat::from_fn(n, self.parameters, |i, j| slopes[j][i]);
        let chi2 = residual.squared_norm_l2();
        Ok(At { chi2, residual, jacobian })
    }

    fn minimise(&mut self, start: &[f64]) -> Result<(Vec<f64>, At), StatisticsError> {
        let mut p = start.to_vec();
        let mut at = self.at(&p)?;
        if !at.chi2.is_finite() {
            return Err(StatisticsError::Undefined { what: "χ² where the fit starts", value: at.chi2 });
        }
        let mut damping = 1e-3;
        for _ in 0..LARGEST_STEPS {
            let curvature = at.curvature(damping);
            let downhill = at.jacobian.transpose() * &at.residual;
            let step = match curvature.llt(Side::Lower) {
                Ok(llt) => llt.solve(&downhill),
                Err(_) if damping < 1e12 => {
                    damping *= 10.0;
                    continue;
                }
                Err(_) => {
                    let (what, size) = ("parameters of a fit", p.len());
                    return Err(StatisticsError::Singular { what, size, smallest: 0.0 });
                }
            };
            // A step in units of the errors at fixed other parameters.
            let moved = (0..p.len()).map(|i| step[(i, 0)].abs() * curvature[(i, i)].sqrt()).fold(0.0, f64::max);
            let next: Vec<f64> = p.iter().enumerate().map(|(i, p)| p + step[(i, 0)]).collect();
            let there = self.at(&next)?;
            // A step that no digit of χ² can judge is taken if it is small.
            let rounding = 1e-14 * at.chi2;
            if there.chi2 <= at.chi2 + rounding {
                (p, at) = (next, there);
                damping = (damping * 0.1).max(1e-15);
                if moved < TOLERANCE && damping < 1e-6 {
                    return Ok((p, at));
                }
            } else if moved < TOLERANCE {
                return Ok((p, at));
            } else {
                damping *= 10.0;
            }
        }
        Err(StatisticsError::NotConverged { steps: LARGEST_STEPS, chi2: at.chi2 })
    }
}

#[cfg(test)]
#[path = "fit_tests.rs"]
mod tests;
