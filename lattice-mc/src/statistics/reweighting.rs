//! A chain at one coupling read at another, and derivatives with respect to couplings.
//!
//! ```text
//! <O>' = <w O> / <w>,   w = e^{-ΔS},   log(Z'/Z) = log <w>,   ESS = <w>² / <w²>
//! d<O>/dg = <∂O/∂g> - [<O ∂S/∂g> - <O> <∂S/∂g>]
//! ```
//! (Ferrenberg and Swendsen, Phys. Rev. Lett. 61 (1988) 2635.) Errors by the Γ-method, all correlations along the chain
//! kept. Ratios and connected parts are biased by O(1/N), which is not removed: a connected part is too small by about
//! `2 τ_int/N` of itself. Reweighting reaches as far as the ESS says: with N·ESS below a hundred or so no error here can
//! be believed.
use lattice_autograd::{PerSample, Var};
use serde::Serialize;

use super::derived::means;
use super::fluctuations::check;
use super::{Estimate, GammaMethod, StatisticsError};

/// A chain of log-weights beside the chain of an observable.
#[derive(Debug, Clone, PartialEq)]
pub struct Reweighting {
    /// Weights, the largest 1, `[chain][update]`.
    weights: Vec<Vec<f64>>,
    /// The logarithm of the largest weight.
    largest: f64,
    method: GammaMethod,
}

/// What a reweighting rests on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Overlap {
    /// `<w>² / <w²>`, the part of the samples that counts; autocorrelation comes on top.
    pub ess: f64,
    /// `log(Z'/Z)`.
    pub log_z_ratio: Estimate,
}

impl Reweighting {
    /// From log-weights `-ΔS` of each sample, `[chain][update]`; `-inf` is a weight of 0.
    ///
    /// ```
    /// use lattice_mc::statistics::{GammaMethod, Reweighting};
    /// let chain = [vec![1.0, 3.0, 2.0, 4.0]];
    /// let log_w = [vec![0.0, f64::NEG_INFINITY, 0.0, f64::NEG_INFINITY]];
    /// let reweighting = Reweighting::new(&log_w, GammaMethod::default())?;
    /// assert_eq!(reweighting.mean(&chain)?.mean, 1.5);
    /// assert_eq!(reweighting.overlap()?.ess, 0.5);
    /// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
    /// ```
    ///
    /// # Errors
    /// No chain, an empty chain, a logarithm that is NaN or `+inf`, or no weight above 0.
    pub fn new<C: AsRef<[f64]>>(log_w: &[C], method: GammaMethod) -> Result<Self, StatisticsError> {
        let mut largest = f64::NEG_INFINITY;
        for (chain, samples) in log_w.iter().enumerate() {
            if samples.as_ref().is_empty() {
                return Err(StatisticsError::EmptyChain { chain });
            }
            for (index, &value) in samples.as_ref().iter().enumerate() {
                if value.is_nan() || value == f64::INFINITY {
                    return Err(StatisticsError::NotFinite { chain, index, value });
                }
                largest = largest.max(value);
            }
        }
        if largest == f64::NEG_INFINITY {
            return Err(StatisticsError::Empty { what: "non-zero weights" });
        }
        let relative = |c: &C| c.as_ref().iter().map(|l| (l - largest).exp()).collect();
        Ok(Self { weights: log_w.iter().map(relative).collect(), largest, method })
    }

    /// φ⁴ theory from `(m², λ)` to `(m² + Δm², λ + Δλ)`, from the series of `phi2` and `phi4` (per site):
    /// `ΔS = V (Δm² phi2 + Δλ phi4)`.
    ///
    /// # Errors
    /// As [`Reweighting::new`]; series of different lengths.
    pub fn phi4<C: AsRef<[f64]>>(
        volume: usize,
        phi2: &[C],
        phi4: &[C],
        delta_mass2: f64,
        delta_lambda: f64,
        method: GammaMethod,
    ) -> Result<Self, StatisticsError> {
        means(&[phi2, phi4])?;
        let v = volume as f64;
        let log_w = |(a, b): (&C, &C)| -> Vec<f64> {
            let terms = a.as_ref().iter().zip(b.as_ref());
            terms.map(|(phi2, phi4)| -v * (delta_mass2 * phi2 + delta_lambda * phi4)).collect()
        };
        let log_w: Vec<Vec<f64>> = phi2.iter().zip(phi4).map(log_w).collect();
        Self::new(&log_w, method)
    }

    /// The mean of an observable at the other couplings.
    ///
    /// # Errors
    /// Bad samples, or chains that are not those of the weights.
    pub fn mean<C: AsRef<[f64]>>(&self, observable: &[C]) -> Result<Estimate, StatisticsError> {
        self.derived(&[observable], |a| a[0])
    }

    /// A function of the means of several observables at the other couplings.
    ///
    /// # Errors
    /// As [`Reweighting::mean`], or no finite value or gradient at the means.
    pub fn derived<C: AsRef<[f64]>>(
        &self,
        observables: &[&[C]],
        f: impl for<'t> Fn(&[Var<'t, PerSample>]) -> Var<'t, PerSample>,
    ) -> Result<Estimate, StatisticsError> {
        let (products, origins) = self.products(observables)?;
        let views: Vec<&[Vec<f64>]> =
            std::iter::once(&self.weights[..]).chain(products.iter().map(|p| &p[..])).collect();
        self.method.derived_traced(&views, |a| {
            let ratios: Vec<_> = a[1..].iter().zip(&origins).map(|(wo, origin)| *wo / a[0] + *origin).collect();
            f(&ratios)
        })
    }

    /// The derivative `d<O>/dg` at the other couplings, `conjugate` the series of `∂S/∂g` (for λ of φ⁴ theory
    /// `V phi4`, for `m²` `V phi2`). An observable that depends on the coupling itself has `<∂O/∂g>` besides, which is
    /// not in here.
    ///
    /// # Errors
    /// As [`Reweighting::mean`].
    pub fn derivative<C: AsRef<[f64]>>(&self, observable: &[C], conjugate: &[C]) -> Result<Estimate, StatisticsError> {
        let means = [self.mean(observable)?.mean, self.mean(conjugate)?.mean];
        let from = |chains: &[C], mean: f64| -> Vec<Vec<f64>> {
            chains.iter().map(|c| c.as_ref().iter().map(|x| x - mean).collect()).collect()
        };
        let (o, s) = (from(observable, means[0]), from(conjugate, means[1]));
        let product: Vec<Vec<f64>> =
            o.iter().zip(&s).map(|(o, s)| o.iter().zip(s).map(|(o, s)| o * s).collect()).collect();
        self.derived(&[&o, &s, &product], |a| a[0] * a[1] - a[2])
    }

    /// How well the two ensembles overlap.
    ///
    /// # Errors
    /// Fewer than two samples.
    pub fn overlap(&self) -> Result<Overlap, StatisticsError> {
        let all = || self.weights.iter().flatten();
        let (sum, squares) = all().fold((0.0, 0.0), |(s, q), w| (s + w, q + w * w));
        let mut log_z_ratio = self.method.derived_traced(&[&self.weights], |a| a[0].ln())?;
        log_z_ratio.mean += self.largest;
        Ok(Overlap { ess: sum * sum / (squares * all().count() as f64), log_z_ratio })
    }

    /// `w (O - origin)` for each observable, and the origins: first samples, so that nothing large cancels.
    #[allow(clippy::type_complexity, reason = "[observable][chain][update], and a number for each observable")]
    fn products<C: AsRef<[f64]>>(
        &self,
        observables: &[&[C]],
    ) -> Result<(Vec<Vec<Vec<f64>>>, Vec<f64>), StatisticsError> {
        let mut products = Vec::with_capacity(observables.len());
        let mut origins = Vec::with_capacity(observables.len());
        for observable in observables {
            check(observable)?;
            let same = observable.len() == self.weights.len()
                && observable.iter().zip(&self.weights).all(|(o, w)| o.as_ref().len() == w.len());
            if !same {
                let (expected, found) =
                    (self.weights.iter().map(Vec::len).sum(), observable.iter().map(|c| c.as_ref().len()).sum());
                let what = format!("an observable in {} chains, weights in {}", observable.len(), self.weights.len());
                return Err(StatisticsError::LengthMismatch { what, expected, found });
            }
            let origin = observable[0].as_ref()[0];
            let product = |(o, w): (&C, &Vec<f64>)| o.as_ref().iter().zip(w).map(|(o, w)| w * (o - origin)).collect();
            products.push(observable.iter().zip(&self.weights).map(product).collect());
            origins.push(origin);
        }
        Ok((products, origins))
    }
}

impl GammaMethod {
    /// The derivative `d<O>/dg = -[<O ∂S/∂g> - <O> <∂S/∂g>]` from a chain at the coupling itself, without
    /// reweighting; see [`Reweighting::derivative`].
    ///
    /// # Errors
    /// Bad samples, or chains of different lengths.
    pub fn derivative<C: AsRef<[f64]>>(&self, observable: &[C], conjugate: &[C]) -> Result<Estimate, StatisticsError> {
        let weights: Vec<Vec<f64>> = observable.iter().map(|c| vec![0.0; c.as_ref().len()]).collect();
        Reweighting::new(&weights, *self)?.derivative(observable, conjugate)
    }
}

#[cfg(test)]
#[path = "reweighting_tests.rs"]
mod tests;
