//! The Γ-method: the error of the mean of Markov chains (Wolff hep-lat/0306017).
//!
//! ```text
//! Γ(t)    autocovariance about the mean of all chains,   ρ(t) = Γ(t) / Γ(0)
//! τ_int   = 1/2 + Σ_{t=1}^{W} ρ(t),  at least 1/2,  times (1 + (2W+1)/N) / (1 + 1/N)   eq. (49)
//! W       first with exp(-W/τ) < τ/√(W N),   τ = S / ln((2τ_int + 1) / (2τ_int - 1))
//! error²  = 2 τ_int Γ(0) (1 + 1/N) / N,   δerror = error √((W + 1/2)/N)
//! δτ_int  = 2 τ_int √(|W + 1/2 - τ_int| / N)                                            eq. (42)
//! ```
//! These are the conventions of pyerrors, except that deviations are taken from the mean of all
//! chains, not of each: then a mode slower than a chain still shows, as a Γ(t) that does not decay.
//! Negative autocorrelation does not lower `τ_int` below 1/2, so the error is then too large.
//!
//! **Short chains.** If W would pass half of the longest chain the window stays open: Γ(t) is not
//! known where it matters. The error is then the larger of that at the last allowed W and the plain
//! error of the chain means, taken as independent; `τ_int = N error² / 2 var` follows. For chains
//! of length 1 this is the textbook error of independent samples.
use super::fluctuations::Fluctuations;
use super::{ChiSquared, Estimate, StatisticsError};

/// The Γ-method with its one parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaMethod {
    /// Ratio S of exponential to integrated autocorrelation time that the window allows for.
    /// Larger: less bias, more noise. 0 takes the samples for independent.
    pub s: f64,
}

impl Default for GammaMethod {
    /// S = 2, as pyerrors.
    fn default() -> Self {
        Self { s: 2.0 }
    }
}

/// The mean of Markov chains with its error, by the Γ-method with S = 2.
///
/// `chains[r][i]` is sample `i` of chain `r`; lengths may differ.
///
/// ```
/// use lattice_mc::statistics::estimate;
/// let mut x = 0.0;
/// let noise = |i: u32| f64::from(i.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24) - 0.5;
/// let chain: Vec<f64> = (0..5000).map(|i| { x = 0.8 * x + noise(i); x }).collect();
/// let mean = estimate(&[chain])?;
/// println!("{mean}, tau_int {:.1}, N_eff {:.0}", mean.tau_int, mean.effective_samples());
/// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
/// ```
pub fn estimate<C: AsRef<[f64]>>(chains: &[C]) -> Result<Estimate, StatisticsError> {
    GammaMethod::default().estimate(chains)
}

/// `ρ(t)` for `t = 0 ..= last`, about the mean of all chains; NaN if all samples are equal.
///
/// ```
/// use lattice_mc::statistics::autocorrelation_function;
/// let rho = autocorrelation_function(&[[1.0, -1.0, 1.0, -1.0]], 2)?;
/// assert_eq!(rho, [1.0, -1.0, 1.0]);
/// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
/// ```
pub fn autocorrelation_function<C: AsRef<[f64]>>(chains: &[C], last: usize) -> Result<Vec<f64>, StatisticsError> {
    let mut fluctuations = Fluctuations::new(chains)?;
    let variance = fluctuations.gamma(0);
    Ok((0..=last).map(|t| fluctuations.gamma(t) / variance).collect())
}

impl GammaMethod {
    /// The mean of all chains with its error.
    ///
    /// ```
    /// use lattice_mc::statistics::GammaMethod;
    /// let chains = [vec![1.0, 2.0, 1.5, 0.5, 1.0, 1.5], vec![0.5, 2.0, 1.0, 1.5, 1.0]];
    /// let mean = GammaMethod { s: 1.5 }.estimate(&chains)?;
    /// assert_eq!((mean.samples, mean.chains), (11, 2));
    /// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
    /// ```
    pub fn estimate<C: AsRef<[f64]>>(&self, chains: &[C]) -> Result<Estimate, StatisticsError> {
        self.analyse(Fluctuations::new(chains)?)
    }

    /// As [`estimate`](Self::estimate), except that a single sample gives its value without an error.
    ///
    /// # Errors
    /// If there is no sample, or one is not finite.
    pub fn estimate_any<C: AsRef<[f64]>>(&self, chains: &[C]) -> Result<Estimate, StatisticsError> {
        let data = Fluctuations::new(chains)?;
        match data.samples {
            1 => Ok(Estimate::without_error(data.mean)),
            _ => self.analyse(data),
        }
    }

    /// The error of the mean of given fluctuations.
    pub(super) fn analyse(&self, mut data: Fluctuations) -> Result<Estimate, StatisticsError> {
        if self.s < 0.0 || !self.s.is_finite() {
            let expected = "a finite number, not negative";
            return Err(StatisticsError::Parameter { name: "S", expected, value: self.s });
        }
        if data.samples < 2 {
            let (what, found) = ("samples in all chains", data.samples);
            return Err(StatisticsError::TooFew { what, needed: 2, found });
        }
        let chains = data.lengths().count();
        let mut result = Estimate { chains, ..Estimate::independent(data.mean, 0.0, data.samples) };
        if data.scale == 0.0 {
            return Ok(result);
        }
        let n = data.samples as f64;
        let mut found = self.sum_lags(&mut data);
        if !found.closed && chains > 1 {
            let spread = error_of_chain_means(&mut data, chains);
            if spread.error >= found.error {
                found = Sum { last: found.last, ..spread };
            }
        }
        result.error = found.error * data.scale;
        result.error_of_error = found.relative_error * result.error;
        result.tau_int = found.tau_int;
        result.tau_int_error = found.tau_int_error;
        result.window = found.last;
        result.window_closed = found.closed;
        if chains > 1 {
            let chi2 = data.chain_means().map(|(length, x)| length * x * x).sum::<f64>();
            result.spread = Some(ChiSquared::new(chi2 / (n * found.error.powi(2)), chains - 1));
        }
        Ok(result)
    }

    /// `τ_int` up to the first lag where the neglected tail is smaller than the noise.
    fn sum_lags(&self, data: &mut Fluctuations) -> Sum {
        let n = data.samples as f64;
        let longest = data.lengths().max().unwrap_or(0);
        let largest = if self.s == 0.0 { 0 } else { (longest / 2).saturating_sub(1) };
        let gamma_0 = data.gamma(0);
        let (mut last, mut closed) = (0, self.s == 0.0);
        let (mut sum, mut raw) = (0.5, 0.5);
        while last < largest && !closed {
            last += 1;
            sum += data.gamma(last) / gamma_0;
            raw = f64::max(sum, 0.5 + f64::EPSILON);
            let tau = self.s / ((2.0 * raw + 1.0) / (2.0 * raw - 1.0)).ln();
            let w = last as f64;
            closed = (-w / tau).exp() < tau / (w * n).sqrt();
        }
        let width = last as f64 + 0.5;
        let bias = (1.0 + 2.0 * width / n) / (1.0 + 1.0 / n);
        let naive = gamma_0 / (n - 1.0);
        Sum {
            last,
            closed,
            tau_int: raw * bias,
            tau_int_error: 2.0 * raw * ((width - raw).abs() / n).sqrt(),
            error: (2.0 * raw * (gamma_0 / n) * (1.0 + 2.0 * width / n)).max(naive).sqrt(),
            relative_error: (width / n).sqrt(),
        }
    }
}

/// What was summed up to lag `last`; errors in units of the scale of the fluctuations.
struct Sum {
    last: usize,
    closed: bool,
    tau_int: f64,
    tau_int_error: f64,
    error: f64,
    relative_error: f64,
}

/// `Σ_r w_r² (ā_r - ā)² / (1 - Σ_r w_r²)`, `w_r = N_r/N`: no bias if the chains are independent and
/// the variances of their means go as 1/N_r.
fn error_of_chain_means(data: &mut Fluctuations, chains: usize) -> Sum {
    let n = data.samples as f64;
    let (mut squares, mut weights) = (0.0, 0.0);
    for (length, mean) in data.chain_means() {
        squares += (length / n * mean).powi(2);
        weights += (length / n).powi(2);
    }
    let variance = data.gamma(0) * n / (n - 1.0);
    let error = (squares / (1.0 - weights)).sqrt();
    let tau_int = 0.5 * error * error * n / variance;
    let relative_error = (0.5 / (chains - 1) as f64).sqrt();
    let tau_int_error = 2.0 * relative_error * tau_int;
    Sum { last: 0, closed: false, tau_int, tau_int_error, error, relative_error }
}

#[cfg(test)]
#[path = "autocorrelation_tests.rs"]
mod tests;
