//! The error of a function of several means, by linear propagation along the chains.
//!
//! ```text
//! F = f(ā),   δF_i = Σ_α f_α (a_{α,i} - ā_α),   f_α = ∂f/∂a_α at the means
//! ```
//! and the Γ-method for the mean of δF (Wolff hep-lat/0306017). All correlations between
//! the observables, at all lags, are in δF. F itself is biased by O(1/N), which is not removed.
use lattice_autograd::{PerSample, Var};

use super::fluctuations::{Fluctuations, check};
use super::{Estimate, Function, GammaMethod, StatisticsError};

impl GammaMethod {
    /// `f` of the means of several observables, its gradient by reverse mode: `f` is written once, on traced numbers.
    ///
    /// `observables[α][r][i]` is sample `i` of observable `α` in chain `r`, measured on the same
    /// configurations for all `α`.
    ///
    /// ```
    /// use lattice_mc::statistics::GammaMethod;
    /// let m2 = [vec![2.0, 2.2, 1.8, 2.1, 1.9, 2.0, 2.1, 1.9]];
    /// let m4 = [vec![4.2, 5.0, 3.3, 4.5, 3.7, 4.1, 4.4, 3.6]];
    /// let binder = GammaMethod::default().derived_traced(&[&m2, &m4], |a| 1.0 - a[1] / (a[0].square() * 3.0))?;
    /// println!("U = {binder}");
    /// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
    /// ```
    ///
    /// # Errors
    /// Bad samples, an error made in `f`, or no finite value or gradient at the means.
    pub fn derived_traced<C: AsRef<[f64]>>(
        &self,
        observables: &[&[C]],
        f: impl for<'t> Fn(&[Var<'t, PerSample>]) -> Var<'t, PerSample>,
    ) -> Result<Estimate, StatisticsError> {
        let means = means(observables)?;
        let (value, slope) = Function::new(means.len(), f)?.value_and_gradient(&means)?;
        self.project(observables, &means, value, &slope)
    }

    /// `f` of the means of several observables, with its gradient given.
    ///
    /// `observables[α][r][i]` is sample `i` of observable `α` in chain `r`, measured on the same
    /// configurations for all `α`.
    ///
    /// ```
    /// use lattice_mc::statistics::GammaMethod;
    /// let top = [vec![2.0, 2.2, 1.8, 2.1, 1.9, 2.0, 2.1, 1.9]];
    /// let bottom = [vec![4.0, 4.4, 3.6, 4.2, 3.8, 4.0, 4.2, 3.8]];
    /// let ratio = GammaMethod::default().derived(
    ///     &[&top, &bottom],
    ///     |a| a[0] / a[1],
    ///     |a| vec![1.0 / a[1], -a[0] / (a[1] * a[1])],
    /// )?;
    /// assert!((ratio.mean - 0.5).abs() < 1e-15 && ratio.error < 1e-15);
    /// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
    /// ```
    pub fn derived<C: AsRef<[f64]>>(
        &self,
        observables: &[&[C]],
        f: impl Fn(&[f64]) -> f64,
        gradient: impl Fn(&[f64]) -> Vec<f64>,
    ) -> Result<Estimate, StatisticsError> {
        let means = means(observables)?;
        let slope = gradient(&means);
        if slope.len() != means.len() {
            let (expected, found) = (means.len(), slope.len());
            return Err(StatisticsError::LengthMismatch { what: "gradient".into(), expected, found });
        }
        self.project(observables, &means, f(&means), &slope)
    }

    /// [`derived`](Self::derived) with the gradient by central differences, one naive error wide.
    ///
    /// ```
    /// use lattice_mc::statistics::GammaMethod;
    /// let x = [vec![2.0, 2.2, 1.8, 2.1, 1.9, 2.0, 2.1, 1.9]];
    /// let log = GammaMethod::default().derived_numerically(&[&x], |a| a[0].ln())?;
    /// assert!((log.mean - 2.0f64.ln()).abs() < 1e-12);
    /// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
    /// ```
    pub fn derived_numerically<C: AsRef<[f64]>>(
        &self,
        observables: &[&[C]],
        f: impl Fn(&[f64]) -> f64,
    ) -> Result<Estimate, StatisticsError> {
        let means = means(observables)?;
        let mut slope = Vec::with_capacity(means.len());
        for (alpha, chains) in observables.iter().enumerate() {
            let step = naive_error(chains, means[alpha]);
            let at = |shift: f64| {
                let mut a = means.clone();
                a[alpha] += shift;
                f(&a)
            };
            slope.push(if step > 0.0 { (at(step) - at(-step)) / (2.0 * step) } else { 0.0 });
        }
        self.project(observables, &means, f(&means), &slope)
    }

    /// The Γ-method for the fluctuations along `slope`.
    pub(super) fn project<C: AsRef<[f64]>>(
        &self,
        observables: &[&[C]],
        means: &[f64],
        value: f64,
        slope: &[f64],
    ) -> Result<Estimate, StatisticsError> {
        if !value.is_finite() {
            return Err(StatisticsError::Undefined { what: "value", value });
        }
        if let Some(&value) = slope.iter().find(|x| !x.is_finite()) {
            return Err(StatisticsError::Undefined { what: "gradient", value });
        }
        let first = observables.first().ok_or(StatisticsError::Empty { what: "observables" })?;
        let mut along: Vec<Vec<f64>> = first.iter().map(|c| vec![0.0; c.as_ref().len()]).collect();
        for ((chains, mean), slope) in observables.iter().zip(means).zip(slope) {
            for (sums, chain) in along.iter_mut().zip(*chains) {
                for (sum, x) in sums.iter_mut().zip(chain.as_ref()) {
                    *sum += slope * (x - mean);
                }
            }
        }
        let mut result = self.analyse(Fluctuations::new(&along)?)?;
        result.mean = value;
        Ok(result)
    }
}

/// Checks that all observables have the same chains, and returns their means.
pub(super) fn means<C: AsRef<[f64]>>(observables: &[&[C]]) -> Result<Vec<f64>, StatisticsError> {
    let first = observables.first().ok_or(StatisticsError::Empty { what: "observables" })?;
    let mismatch = |what, expected, found| StatisticsError::LengthMismatch { what, expected, found };
    let mut means = Vec::with_capacity(observables.len());
    for (alpha, chains) in observables.iter().enumerate() {
        let samples = check(chains)?;
        if chains.len() != first.len() {
            return Err(mismatch(format!("chains of observable {alpha}"), first.len(), chains.len()));
        }
        for (r, (a, b)) in first.iter().zip(*chains).enumerate() {
            let (expected, found) = (a.as_ref().len(), b.as_ref().len());
            if expected != found {
                return Err(mismatch(format!("observable {alpha}, chain {r}"), expected, found));
            }
        }
        let origin = chains[0].as_ref()[0];
        let sum = chains.iter().flat_map(|c| c.as_ref()).map(|x| x - origin).sum::<f64>();
        means.push(origin + sum / samples as f64);
    }
    Ok(means)
}

/// Error of the mean as if the samples were independent.
fn naive_error<C: AsRef<[f64]>>(chains: &[C], mean: f64) -> f64 {
    let samples: usize = chains.iter().map(|c| c.as_ref().len()).sum();
    let squares = chains.iter().flat_map(|c| c.as_ref()).map(|x| (x - mean).powi(2)).sum::<f64>();
    squares.sqrt() / samples as f64
}

#[cfg(test)]
mod tests {
    use super::super::estimate;
    use super::super::synthetic::{ar1, moments, rng};
    use super::*;

    /// Two correlated observables with means 2 and 3 in `count` chains.
    fn pair(count: usize, length: usize, seed: u64) -> [Vec<Vec<f64>>; 2] {
        let mut rng = rng(seed);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let (slow, fast) = (ar1(0.8, length, &mut rng), ar1(0.2, length, &mut rng));
            first.push(slow.iter().map(|s| 2.0 + 0.3 * s).collect());
            second.push(slow.iter().zip(&fast).map(|(s, f)| 3.0 + 0.5 * s + 0.2 * f).collect());
        }
        [first, second]
    }

    #[test]
    fn linear_function_is_the_function_of_the_series() {
        let [a, b] = pair(3, 2000, 5);
        let sum = |(x, y): (&f64, &f64)| 2.0 * x - 0.7 * y;
        let series = |(x, y): (&Vec<f64>, &Vec<f64>)| x.iter().zip(y).map(sum).collect();
        let combined: Vec<Vec<f64>> = a.iter().zip(&b).map(series).collect();
        let direct = estimate(&combined).expect("finite");
        let method = GammaMethod::default();
        let f = |m: &[f64]| 2.0 * m[0] - 0.7 * m[1];
        let derived = method.derived(&[&a, &b], f, |_| vec![2.0, -0.7]).expect("finite");
        let numeric = method.derived_numerically(&[&a, &b], f).expect("finite");
        let traced = method.derived_traced(&[&a, &b], |m| m[0] * 2.0 - m[1] * 0.7).expect("finite");
        for other in [derived, numeric, traced] {
            assert!((other.mean - direct.mean).abs() < 1e-12);
            assert!((other.error - direct.error).abs() < 1e-10 * direct.error);
            assert!((other.tau_int - direct.tau_int).abs() < 1e-9);
        }
    }

    #[test]
    fn ratio_error_is_the_scatter_of_repeated_runs() {
        let (mut ratios, mut errors) = (Vec::new(), Vec::new());
        for seed in 0..300 {
            let [a, b] = pair(2, 1000, seed);
            let ratio = GammaMethod::default()
                .derived(&[&a, &b], |m| m[0] / m[1], |m| vec![1.0 / m[1], -m[0] / (m[1] * m[1])])
                .expect("finite");
            ratios.push(ratio.mean);
            errors.push(ratio.error);
        }
        let scatter = moments(&ratios).1.sqrt();
        let claimed = moments(&errors).0;
        // 300 runs know their scatter to 4 %.
        assert!((scatter / claimed - 1.0).abs() < 0.15, "{scatter} against {claimed}");
    }

    #[test]
    fn misfits_are_named() {
        let (a, b) = ([vec![1.0, 2.0, 3.0]], [vec![1.0, 2.0]]);
        let method = GammaMethod::default();
        let found = method.derived_numerically(&[&a, &b], |m| m[0]);
        assert!(matches!(found, Err(StatisticsError::LengthMismatch { expected: 3, found: 2, .. })));
        let found = method.derived(&[&a], |m| m[0], |_| vec![]);
        assert!(matches!(found, Err(StatisticsError::LengthMismatch { .. })));
        let found = method.derived_numerically(&[&a], |_| f64::NAN);
        assert!(matches!(found, Err(StatisticsError::Undefined { .. })));
        let none: [&[Vec<f64>]; 0] = [];
        assert!(method.derived_numerically(&none, |_| 1.0).is_err());
    }
}
