//! A gauge theory at real `θ` from chains at `θ = 0`.
//!
//! ```text
//! Z(θ)/Z(0) = <e^{iθQ}> = <cos θQ>,   <O>_θ = <O cos θQ> / <cos θQ>
//! ```
//! for observables that do not change when the charge changes its sign; imaginary parts, which vanish on average, are
//! left out. The weight has both signs: its mean falls as `e^{−V Δf(θ)}`, its error does not, so that this reaches as far
//! as the estimate of [`Theta::partition`] is many errors from 0. Ratios are biased by O(1/N), which is not removed.

use super::derived::means;
use super::{Estimate, GammaMethod, StatisticsError};

/// The phases of a chain of charges.
#[derive(Debug, Clone, PartialEq)]
pub struct Theta {
    /// `cos θQ`, `[chain][update]`.
    cosines: Vec<Vec<f64>>,
    method: GammaMethod,
}

impl Theta {
    /// From the charges of each sample, `[chain][update]`.
    ///
    /// ```
    /// use lattice_mc::statistics::{GammaMethod, Theta};
    /// let charge = [vec![0.0, 1.0, 0.0, -1.0]];
    /// let theta = Theta::new(std::f64::consts::FRAC_PI_3, &charge, GammaMethod::default())?;
    /// assert!((theta.partition()?.mean - 0.75).abs() < 1e-12);
    /// // <Q²>: (½ · ½) / ¾
    /// assert!((theta.mean(&[vec![0.0, 1.0, 0.0, 1.0]])?.mean - 1.0 / 3.0).abs() < 1e-12);
    /// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
    /// ```
    ///
    /// # Errors
    /// If `θ` is no finite number, or there are no samples or such as are not finite.
    pub fn new<C: AsRef<[f64]>>(theta: f64, charge: &[C], method: GammaMethod) -> Result<Theta, StatisticsError> {
        if !theta.is_finite() {
            return Err(StatisticsError::Parameter { name: "theta", expected: "a finite number", value: theta });
        }
        means(&[charge])?;
        let cosines = charge.iter().map(|c| c.as_ref().iter().map(|q| (theta * q).cos()).collect()).collect();
        Ok(Theta { cosines, method })
    }

    /// `Z(θ)/Z(0)`.
    ///
    /// # Errors
    /// As the Γ-method.
    pub fn partition(&self) -> Result<Estimate, StatisticsError> {
        self.method.estimate(&self.cosines)
    }

    /// `⟨O⟩_θ` of an observable even in the charge.
    ///
    /// # Errors
    /// Bad samples, chains that are not those of the charge, or a mean weight of 0.
    pub fn mean<C: AsRef<[f64]>>(&self, observable: &[C]) -> Result<Estimate, StatisticsError> {
        let plain: Vec<&[f64]> = observable.iter().map(AsRef::as_ref).collect();
        let cosines: Vec<&[f64]> = self.cosines.iter().map(Vec::as_slice).collect();
        means(&[&plain[..], &cosines[..]])?;
        let product = |(o, c): (&&[f64], &&[f64])| o.iter().zip(*c).map(|(o, c)| o * c).collect();
        let products: Vec<Vec<f64>> = plain.iter().zip(&cosines).map(product).collect();
        self.method.derived_traced(&[&products[..], &self.cosines[..]], |a| a[0] / a[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    /// physics.md §2.2: P(Q) of U(1), 8 × 8, β = 2.
    const P: [f64; 4] = [0.358_991_072, 0.239_218_522, 0.071_115_814, 0.009_559_442];

    fn charges(samples: usize) -> Vec<Vec<f64>> {
        let mut rng = rand_pcg::Pcg64::seed_from_u64(4);
        let total = P[0] + 2.0 * P[1..].iter().sum::<f64>();
        let mut draw = || {
            let mut u = rng.random::<f64>() * total;
            for q in -3..=3_i32 {
                u -= P[q.unsigned_abs() as usize];
                if u < 0.0 {
                    return f64::from(q);
                }
            }
            0.0
        };
        (0..4).map(|_| (0..samples).map(|_| draw()).collect()).collect()
    }

    #[test]
    fn exact_distributions_are_reweighted() {
        let charge = charges(5000);
        let squares: Vec<Vec<f64>> = charge.iter().map(|c| c.iter().map(|q| q * q).collect()).collect();
        for theta in [0.0, 0.4, 1.0, 1.8] {
            let sum = |f: &dyn Fn(f64) -> f64| -> f64 {
                (-3..=3_i32).map(|q| P[q.unsigned_abs() as usize] * f(f64::from(q))).sum()
            };
            let (norm, z) = (sum(&|_| 1.0), sum(&|q| (theta * q).cos()));
            let q2 = sum(&|q| q * q * (theta * q).cos()) / z;
            let reweighted = Theta::new(theta, &charge, GammaMethod::default()).unwrap();
            let partition = reweighted.partition().unwrap();
            assert!((partition.mean - z / norm).abs() <= 4.5 * partition.error, "{theta}: {partition} {}", z / norm);
            let mean = reweighted.mean(&squares).unwrap();
            assert!((mean.mean - q2).abs() < 4.5 * mean.error, "{theta}: {mean} {q2}");
        }
    }

    #[test]
    fn bad_chains_are_refused() {
        let charge = [vec![0.0, 1.0]];
        assert!(Theta::new(f64::NAN, &charge, GammaMethod::default()).is_err());
        assert!(Theta::new(1.0, &[vec![f64::INFINITY]], GammaMethod::default()).is_err());
        let theta = Theta::new(1.0, &charge, GammaMethod::default()).unwrap();
        assert!(theta.mean(&[vec![1.0]]).is_err() && theta.mean(&[vec![1.0, 2.0], vec![1.0, 2.0]]).is_err());
    }
}
