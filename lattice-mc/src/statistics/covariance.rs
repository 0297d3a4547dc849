//! The covariance of several means, for fits.
//!
//! ```text
//! C_αβ = ρ_αβ σ_α σ_β
//! ```
//! σ by the Γ-method; the correlations ρ from sums over blocks at least ten times `τ_int` long, which keep all lags
//! and make C positive. A C from g blocks has ν = g − 1 degrees of freedom, and that is not enough unless ν is well
//! above the number of points n: its inverse is then dominated by noise, and singular for ν < n.
use faer::{Mat, Side};

use super::{Blocks, GammaMethod, StatisticsError};

/// Blocks wanted for each point.
const BLOCKS_PER_POINT: usize = 4;
/// Correlations with a smaller eigenvalue, relative to the largest, are refused.
const SMALLEST_EIGENVALUE: f64 = 1e-13;

/// The covariance matrix of `n` numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariance {
    /// `matrix[α][β]`.
    matrix: Vec<Vec<f64>>,
    /// Degrees of freedom of the estimate; `None` for one that is known.
    degrees: Option<usize>,
}

impl Covariance {
    /// A covariance that is known, or so well that it counts as known.
    ///
    /// # Errors
    /// No square of finite numbers, a variance that is not positive, or a matrix that is not symmetric.
    pub fn known(matrix: Vec<Vec<f64>>) -> Result<Self, StatisticsError> {
        let n = matrix.len();
        if n == 0 {
            return Err(StatisticsError::Empty { what: "covariance" });
        }
        for (i, row) in matrix.iter().enumerate() {
            if row.len() != n {
                let what = format!("row {i} of a covariance");
                return Err(StatisticsError::LengthMismatch { what, expected: n, found: row.len() });
            }
            if let Some(index) = row.iter().position(|x| !x.is_finite()) {
                return Err(StatisticsError::NotFinite { chain: i, index, value: row[index] });
            }
            if row[i] <= 0.0 {
                let (name, expected) = ("variance", "a number above 0");
                return Err(StatisticsError::Parameter { name, expected, value: row[i] });
            }
            for j in 0..i {
                let asymmetry = row[j] - matrix[j][i];
                if asymmetry.abs() > 1e-9 * (row[i] * matrix[j][j]).sqrt() {
                    let (name, expected) = ("covariance", "a symmetric matrix; a difference of 0");
                    return Err(StatisticsError::Parameter { name, expected, value: asymmetry });
                }
            }
        }
        Ok(Self { matrix, degrees: None })
    }

    /// Independent numbers with these errors.
    ///
    /// # Errors
    /// As [`Covariance::known`].
    pub fn of_errors(errors: &[f64]) -> Result<Self, StatisticsError> {
        let entry = |i: usize, j: usize| if i == j { errors[i] * errors[i] } else { 0.0 };
        let n = errors.len();
        Self::known((0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect())
    }

    /// The covariance of the means of `observables[α][r][i]`.
    ///
    /// # Errors
    /// Bad samples; fewer than four blocks a point ([`StatisticsError::TooFewBlocks`], which says how many samples
    /// would do).
    pub fn of_means<C: AsRef<[f64]>>(method: &GammaMethod, observables: &[&[C]]) -> Result<Self, StatisticsError> {
        let estimates = observables.iter().map(|o| method.estimate(o)).collect::<Result<Vec<_>, _>>()?;
        // Independent samples, which have ½ up to noise, may be blocks of one.
        let slow = estimates.iter().filter(|e| e.tau_int - 2.0 * e.tau_int_error > 0.5);
        let length = slow.fold(1, |length, e| length.max((10.0 * e.tau_int).ceil() as usize));
        let points = observables.len();
        let samples = estimates.first().map_or(0, |e| e.samples);
        let few = |blocks| {
            let needed = BLOCKS_PER_POINT * points;
            StatisticsError::TooFewBlocks { points, blocks, needed, samples: needed * length, found: samples }
        };
        if samples / length < 2 {
            return Err(few(samples / length));
        }
        let cut = Blocks::Length(length).cut(observables)?;
        let blocks = cut.lengths.len();
        if blocks < BLOCKS_PER_POINT * points {
            return Err(few(blocks));
        }
        let product = |i: usize, j: usize| cut.sums.iter().map(|s| s[i] * s[j]).sum::<f64>();
        let spread: Vec<f64> = (0..points).map(|i| product(i, i).sqrt()).collect();
        if let Some(constant) = spread.iter().position(|s| *s == 0.0) {
            let (name, expected) = ("variance of a point", "a number above 0");
            return Err(StatisticsError::Parameter { name, expected, value: spread[constant] });
        }
        let entry = |i: usize, j: usize| {
            let correlation = if i == j { 1.0 } else { product(i, j) / (spread[i] * spread[j]) };
            correlation * estimates[i].error * estimates[j].error
        };
        let matrix = (0..points).map(|i| (0..points).map(|j| entry(i.min(j), i.max(j))).collect()).collect();
        Ok(Self { matrix, degrees: Some(blocks - 1) })
    }

    /// The same variances, correlations forgotten.
    #[must_use]
    pub fn uncorrelated(&self) -> Self {
        let n = self.points();
        let entry = |i: usize, j: usize| if i == j { self.matrix[i][i] } else { 0.0 };
        Self { matrix: (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect(), degrees: None }
    }

    /// How many numbers.
    pub fn points(&self) -> usize {
        self.matrix.len()
    }

    /// One entry.
    pub fn entry(&self, i: usize, j: usize) -> f64 {
        self.matrix[i][j]
    }

    /// The error of one of the numbers.
    pub fn error(&self, i: usize) -> f64 {
        self.matrix[i][i].sqrt()
    }

    /// Degrees of freedom of the estimate; `None` for a covariance that is known.
    pub fn degrees(&self) -> Option<usize> {
        self.degrees
    }

    /// A matrix `W` with `WᵀW = C⁻¹`, so that `W δ` has unit covariance.
    ///
    /// # Errors
    /// If the correlations are singular to rounding.
    pub(super) fn whitening(&self) -> Result<Mat<f64>, StatisticsError> {
        let n = self.points();
        let correlation = Mat::from_fn(n, n, |i, j| self.matrix[i][j] / (self.error(i) * self.error(j)));
        let singular = |smallest| StatisticsError::Singular { what: "correlations of the points", size: n, smallest };
        let eigen = correlation.self_adjoint_eigen(Side::Lower).map_err(|_| singular(f64::NAN))?;
        let values: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
        let largest = values.iter().fold(0.0, |a: f64, b| a.max(*b));
        let smallest = values.iter().fold(f64::INFINITY, |a: f64, b| a.min(*b)) / largest;
        if smallest.is_nan() || smallest < SMALLEST_EIGENVALUE {
            return Err(singular(smallest));
        }
        Ok(Mat::from_fn(n, n, |k, i| eigen.U()[(i, k)] / (values[k].sqrt() * self.error(i))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::{ar1, rng};
    use super::*;

    #[test]
    fn of_means_is_the_scatter_of_runs() {
        // Two series with half of their noise in common, slow: C = 2τ/N (1, ½; ½, 1).
        let mut rng = rng(71);
        let (mut diagonal, mut off) = (0.0, 0.0);
        for _ in 0..30 {
            let [a, b, c] = [0, 1, 2].map(|_| ar1(0.6, 20_000, &mut rng));
            let mix = |x: &[f64]| vec![x.iter().zip(&c).map(|(x, c)| (x + c) * 0.5f64.sqrt()).collect::<Vec<f64>>()];
            let covariance = Covariance::of_means(&GammaMethod::default(), &[&mix(&a), &mix(&b)]).expect("long");
            diagonal += covariance.entry(0, 0) / 30.0;
            off += covariance.entry(0, 1) / 30.0;
        }
        let exact = 4.0 / 20_000.0;
        assert!((diagonal / exact - 1.0).abs() < 0.05, "{diagonal} {exact}");
        assert!((off / exact - 0.5).abs() < 0.05, "{off} {exact}");
    }

    #[test]
    fn too_few_blocks_say_how_many_samples_are_needed() {
        let mut rng = rng(72);
        let x: Vec<Vec<Vec<f64>>> = (0..10).map(|_| vec![ar1(0.8, 500, &mut rng)]).collect();
        let views: Vec<&[Vec<f64>]> = x.iter().map(Vec::as_slice).collect();
        let error = Covariance::of_means(&GammaMethod::default(), &views).expect_err("500 samples, 10 points");
        let StatisticsError::TooFewBlocks { points: 10, needed: 40, samples, found: 500, .. } = error else {
            panic!("{error}")
        };
        assert!(samples > 1000, "{error}");
        assert!(error.to_string().contains("uncorrelated"), "{error}");
    }

    #[test]
    fn singular_and_bad_matrices_are_refused() {
        let twice = Covariance::known(vec![vec![1.0, 1.0], vec![1.0, 1.0]]).expect("a covariance");
        assert!(matches!(twice.whitening(), Err(StatisticsError::Singular { size: 2, .. })));
        assert!(twice.uncorrelated().whitening().is_ok());
        assert!(Covariance::known(vec![]).is_err());
        assert!(Covariance::known(vec![vec![1.0, 0.0]]).is_err());
        assert!(Covariance::known(vec![vec![0.0]]).is_err());
        assert!(Covariance::known(vec![vec![1.0, 0.5], vec![0.2, 1.0]]).is_err());
        assert!(Covariance::of_errors(&[0.1, f64::NAN]).is_err());
    }

    #[test]
    fn whitening_is_a_root_of_the_inverse() {
        let c = Covariance::known(vec![vec![4.0, 1.0], vec![1.0, 0.5]]).expect("a covariance");
        let w = c.whitening().expect("regular");
        let product = w.transpose() * &w;
        for (i, j, inverse) in [(0, 0, 0.5), (0, 1, -1.0), (1, 1, 4.0)] {
            assert!((product[(i, j)] - inverse).abs() < 1e-12);
        }
    }
}
