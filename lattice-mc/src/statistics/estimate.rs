//! A number with an error bar, and what is known about how the error was found.
//!
//! ```text
//! error² = 2 τ_int var / N,   τ_int = 1/2 + Σ_{t≥1} ρ(t),   N_eff = N / (2 τ_int)
//! ```
//! (Wolff hep-lat/0306017, pyerrors.) Texts that write `τ = 1 + 2Σρ` have twice this `τ_int`.
use serde::Serialize;

use super::ChiSquared;

/// A mean with its error. As JSON: `mean`, `error`, `tau_int`, `tau_int_error`, those that are known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean over all samples of all chains, or the function of such means.
    pub mean: f64,
    /// One standard deviation of `mean`.
    #[serde(skip_serializing_if = "unknown")]
    pub error: f64,
    /// One standard deviation of `error`.
    #[serde(skip)]
    pub error_of_error: f64,
    /// Integrated autocorrelation time in units of the spacing of the samples; 1/2 if independent.
    #[serde(skip_serializing_if = "unknown")]
    pub tau_int: f64,
    /// One standard deviation of `tau_int`.
    #[serde(skip_serializing_if = "unknown")]
    pub tau_int_error: f64,
    /// Last lag in the sum for `tau_int`.
    #[serde(skip)]
    pub window: usize,
    /// Whether the autocorrelation died out well within a chain. If not, the chains are too short
    /// for the Γ-method and the error leans on the spread of the chain means, if there are several.
    #[serde(skip)]
    pub window_closed: bool,
    /// Number N of samples in all chains.
    #[serde(skip)]
    pub samples: usize,
    /// Number of chains.
    #[serde(skip)]
    pub chains: usize,
    /// χ² of the chain means about the common mean, given the error; `None` for one chain.
    #[serde(skip)]
    pub spread: Option<ChiSquared>,
}

/// Whether a number is left out.
fn unknown(x: &f64) -> bool {
    !x.is_finite()
}

impl Estimate {
    /// A value of which no more is known: one sample has no error. The rest is NaN.
    pub fn without_error(mean: f64) -> Self {
        let unknown = f64::NAN;
        Self {
            error_of_error: unknown,
            tau_int: unknown,
            tau_int_error: unknown,
            window_closed: false,
            ..Self::independent(mean, unknown, 1)
        }
    }

    /// The estimate from independent samples whose mean has this error.
    ///
    /// ```
    /// use lattice_mc::statistics::Estimate;
    /// assert_eq!(Estimate::independent(0.7441, 0.0012, 1000).to_string(), "0.7441(12)");
    /// ```
    pub fn independent(mean: f64, error: f64, samples: usize) -> Self {
        Self {
            mean,
            error,
            error_of_error: error / (2.0 * samples as f64).sqrt(),
            tau_int: 0.5,
            tau_int_error: 0.0,
            window: 0,
            window_closed: true,
            samples,
            chains: 1,
            spread: None,
        }
    }

    /// `N_eff = N / (2 τ_int)`: how many independent samples would give this error.
    ///
    /// ```
    /// use lattice_mc::statistics::Estimate;
    /// assert_eq!(Estimate::independent(1.0, 0.1, 400).effective_samples(), 400.0);
    /// ```
    pub fn effective_samples(&self) -> f64 {
        self.samples as f64 / (2.0 * self.tau_int)
    }

    /// `(mean - truth) / error`: a standard normal number if all is well; 0 if exactly right.
    ///
    /// ```
    /// use lattice_mc::statistics::Estimate;
    /// assert_eq!(Estimate::independent(1.5, 0.25, 400).pull(1.0), 2.0);
    /// ```
    pub fn pull(&self, truth: f64) -> f64 {
        let miss = self.mean - truth;
        if miss == 0.0 { 0.0 } else { miss / self.error }
    }

    /// `sqrt(χ²/dof)` of the chain means about the common mean: about 1 if the error describes how
    /// the chains differ, well above 1 if they see different worlds (a mode slower than a chain).
    /// 1 for one chain, which cannot tell.
    ///
    /// Where the window did not close the chain means made the error, and this says nothing.
    ///
    /// ```
    /// use lattice_mc::statistics::estimate;
    /// let noise = |i: u32| f64::from(i.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24);
    /// let chain = |mean: f64, seed: u32| (0..5000).map(move |i| mean + noise(seed + i * i * 31));
    /// let alike: [Vec<f64>; 2] = [chain(0.0, 1).collect(), chain(0.0, 2).collect()];
    /// let stuck: [Vec<f64>; 2] = [chain(0.0, 1).collect(), chain(0.1, 2).collect()];
    /// assert!(estimate(&alike)?.chain_spread() < 3.0);
    /// assert!(estimate(&stuck)?.chain_spread() > 5.0);
    /// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
    /// ```
    pub fn chain_spread(&self) -> f64 {
        self.spread.map_or(1.0, |s| s.ratio())
    }

    /// Whether nothing warns against this error: the window closed within a chain, and the chain
    /// means agree at the given level (Wolff's Q ≥ `level`; 0.001 is a sensible choice).
    ///
    /// An open window with many chains still gives a sound error if every chain began in
    /// equilibrium; that such short chains did is what nobody can see, hence the warning.
    ///
    /// ```
    /// use lattice_mc::statistics::Estimate;
    /// assert!(Estimate::independent(1.0, 0.1, 400).is_trustworthy(0.001));
    /// ```
    pub fn is_trustworthy(&self, level: f64) -> bool {
        self.window_closed && self.spread.is_none_or(|s| s.p_value >= level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_four_keys() {
        let json = serde_json::to_value(Estimate::independent(1.0, 0.5, 8)).expect("plain numbers");
        let keys: Vec<_> = json.as_object().expect("a struct").keys().cloned().collect();
        assert_eq!(keys, ["mean", "error", "tau_int", "tau_int_error"]);
    }

    #[test]
    fn pull_of_an_exact_number_is_zero() {
        assert_eq!(Estimate::independent(3.0, 0.0, 8).pull(3.0), 0.0);
        assert_eq!(Estimate::independent(3.0, 0.0, 8).pull(2.0), f64::INFINITY);
    }
}
