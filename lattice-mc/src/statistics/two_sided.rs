//! A flow judged from both sides: by its own samples and by samples of the theory.
//!
//! ```text
//! Z = E_q[w],   1/Z = E_p[1/w],   log w = -S - log q
//! ESS = Z / E_p[w] = 1 / (E_p[w] E_p[1/w])
//! ```
//! A flow that misses a region of the theory cannot see it in its own samples: its log Z is then too small, while its ESS
//! looks well. Samples of the theory, with q found through the inverse flow, do see it. The second mean is of a weight
//! without bound where q has lighter tails than p, and its error is then no better than the chain's visits there.
use serde::Serialize;

use super::{Estimate, GammaMethod, Reweighting, StatisticsError, log_z, normal_two_sided_p_value};

/// log Z and ESS of a flow from both sides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TwoSided {
    /// `log Z` from the flow's own samples.
    pub log_z: Estimate,
    /// `log Z = -log E_p[1/w]` from samples of the theory.
    pub log_z_of_theory: Estimate,
    /// The ESS that samples of the theory give the flow.
    pub ess_of_theory: Estimate,
    /// `(log_z - log_z_of_theory)` in units of its error: well below zero where the flow misses a region.
    pub pull: f64,
    /// Probability of a pull at least as far from zero.
    pub p_value: f64,
}

impl TwoSided {
    /// Compares `own`, log-weights of the flow's independent samples, with `theory[chain][update]`, log-weights of the
    /// configurations of independent Markov chains.
    ///
    /// ```
    /// use lattice_mc::statistics::{GammaMethod, TwoSided};
    /// let own = [0.1, -0.1, 0.05, -0.05, 0.0];
    /// let sides = TwoSided::new(&own, &[vec![0.06, -0.04, 0.0, 0.08]], &GammaMethod::default())?;
    /// assert!(sides.pull.abs() < 2.0 && sides.ess_of_theory.mean > 0.99);
    /// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
    /// ```
    ///
    /// # Errors
    /// Too few samples, or log-weights that are not numbers; of the theory's samples also infinite ones, where the flow
    /// cannot go at all.
    pub fn new<C: AsRef<[f64]>>(own: &[f64], theory: &[C], method: &GammaMethod) -> Result<Self, StatisticsError> {
        super::fluctuations::check(theory)?;
        let forward = log_z(own)?;
        let negative: Vec<Vec<f64>> = theory.iter().map(|c| c.as_ref().iter().map(|l| -l).collect()).collect();
        let inverse = Reweighting::new(&negative, *method)?;
        let mut backward = inverse.overlap()?.log_z_ratio;
        backward.mean = -backward.mean;
        // Weights relative to Z, so that neither mean overflows where the other is of order one.
        let relative = |sign: f64| -> Vec<Vec<f64>> {
            theory.iter().map(|c| c.as_ref().iter().map(|l| (sign * (l - backward.mean)).exp()).collect()).collect()
        };
        let ess_of_theory = method.derived_traced(&[&relative(1.0), &relative(-1.0)], |a| (a[0] * a[1]).recip())?;
        let error = forward.error.hypot(backward.error);
        let miss = forward.mean - backward.mean;
        let pull = if miss == 0.0 { 0.0 } else { miss / error };
        let p_value = normal_two_sided_p_value(pull);
        Ok(Self { log_z: forward, log_z_of_theory: backward, ess_of_theory, pull, p_value })
    }
}

#[cfg(test)]
mod tests {
    use super::super::ess;
    use super::super::synthetic::{moments, normal, rng};
    use super::*;

    /// `log q` of a Gaussian mixture at ±`a`, of which the flow has the parts `left` and `1 - left`.
    fn log_q(x: f64, a: f64, left: f64) -> f64 {
        let part = |mu: f64| (-0.5 * (x - mu).powi(2)).exp() / std::f64::consts::TAU.sqrt();
        (left * part(-a) + (1.0 - left) * part(a)).ln()
    }

    /// Log-weights at samples of parts `own` for a theory of equal parts and `Z = 1`.
    fn weights(a: f64, left: f64, own: f64, count: usize, rng: &mut rand_pcg::Pcg64) -> Vec<f64> {
        let sample = |i: usize, rng: &mut rand_pcg::Pcg64| {
            let side = if (i as f64 + 0.5) / (count as f64) < own { -a } else { a };
            side + normal(rng)
        };
        (0..count).map(|i| sample(i, rng)).map(|x| log_q(x, a, 0.5) - log_q(x, a, left)).collect()
    }

    #[test]
    fn both_sides_agree_where_the_flow_covers_the_theory() {
        let mut rng = rng(81);
        let mut pulls = Vec::new();
        for _ in 0..200 {
            let own = weights(1.0, 0.3, 0.3, 1000, &mut rng);
            let theory = weights(1.0, 0.3, 0.5, 1000, &mut rng);
            let sides = TwoSided::new(&own, &[theory], &GammaMethod { s: 0.0 }).expect("finite");
            assert!((sides.ess_of_theory.mean - ess(&own).expect("finite")).abs() < 0.1);
            pulls.push(sides.pull);
        }
        let (mean, variance) = moments(&pulls);
        // Parts are drawn in fixed shares, so the scatter is a little less than that of free draws.
        assert!(mean.abs() < 0.3 && (0.4..1.3).contains(&variance), "{mean} {variance}");
    }

    #[test]
    fn a_missed_mode_shows() {
        let mut rng = rng(82);
        let own = weights(5.0, 1e-5, 0.0, 4000, &mut rng);
        let theory = weights(5.0, 1e-5, 0.5, 4000, &mut rng);
        let sides = TwoSided::new(&own, &[theory], &GammaMethod { s: 0.0 }).expect("finite");
        assert!(ess(&own).expect("finite") > 0.99, "its own samples see nothing");
        assert!((sides.log_z.mean + 2f64.ln()).abs() < 0.01 && sides.log_z_of_theory.mean.abs() < 0.1, "{sides:?}");
        assert!(sides.pull < -10.0 && sides.ess_of_theory.mean < 1e-3, "{sides:?}");
    }

    #[test]
    fn where_the_flow_cannot_go_is_an_error() {
        let theory = [vec![0.0, f64::INFINITY]];
        assert!(TwoSided::new(&[0.0, 0.1], &theory, &GammaMethod::default()).is_err());
    }
}
