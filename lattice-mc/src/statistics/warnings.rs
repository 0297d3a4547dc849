//! What speaks against believing a run: a typed list, with a text for each entry.
//!
//! | question | answered by |
//! |---|---|
//! | is the run long enough, and do the chains agree | [`chain_warnings`] |
//! | does the magnetisation change its sign | [`sign_warning`] |
//! | do the weights of a flow, and the chain they feed, cover the theory | [`weight_warnings`], [`repeat_warning`] |
//! | do both sides of a flow's certificate agree | [`two_sided_warning`] |
use std::fmt;

use super::{Estimate, StatisticsError, TwoSided, ess};

/// Autocorrelation times that a set of chains should hold.
pub const ENOUGH_TIMES: f64 = 50.0;
/// Autocorrelation times that thermalisation should last.
pub const ENOUGH_THERMALISATION: f64 = 10.0;
/// The level at which healthy chains are called different by chance, all observables together.
pub const LEVEL: f64 = 1e-3;
/// `<|m|> / √<m²>` above which a magnetisation has two peaks: 0.798 for one Gaussian, 1 for two sharp peaks.
const TWO_PEAKED: f64 = 0.87;
/// Changes of sign a chain, on average, below which the weights of two peaks are a matter of the start.
const ENOUGH_FLIPS: f64 = 10.0;
/// Effective samples below which no error from weights can be believed.
const ENOUGH_EFFECTIVE: f64 = 100.0;
/// The largest share of all weight that one sample may carry.
const LARGEST_SHARE: f64 = 0.02;
/// The largest part of an independence chain that may be spent on one configuration.
const LARGEST_REPEAT: f64 = 0.01;

/// A reason not to believe a number.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The chains hold few autocorrelation times.
    ShortRun {
        /// The slowest observable.
        observable: String,
        /// Its autocorrelation time.
        tau_int: f64,
        /// How many of them all chains hold together.
        times: f64,
    },
    /// Thermalisation was short.
    ShortThermalisation {
        /// The slowest observable.
        observable: String,
        /// Its autocorrelation time.
        tau_int: f64,
        /// Updates of thermalisation.
        updates: usize,
    },
    /// Autocorrelation did not die out within a chain.
    OpenWindow {
        /// The slowest of these observables.
        observable: String,
        /// How many observables.
        count: usize,
    },
    /// Chain means differ by more than error bars allow: a mode slower than a chain.
    ChainsDisagree {
        /// The worst observable.
        observable: String,
        /// `√(χ²/dof)` of its chain means.
        spread: f64,
        /// The probability of so large a χ².
        p_value: f64,
    },
    /// The magnetisation has two peaks and hardly changes its sign.
    StuckSign {
        /// Number of chains.
        chains: usize,
        /// Number of chains whose mean is positive.
        positive: usize,
        /// Changes of sign, all chains together.
        flips: usize,
        /// Updates, all chains together.
        updates: usize,
    },
    /// Few samples of a flow count.
    FewEffectiveSamples {
        /// Effective sample size per sample.
        ess: f64,
        /// Number of samples.
        samples: usize,
    },
    /// One sample carries much of all weight: a gap in the proposal's support.
    DominantWeight {
        /// Its share.
        share: f64,
        /// Number of samples.
        samples: usize,
    },
    /// An independence chain stood long on one configuration: a gap in the proposal's support.
    LongRepeat {
        /// How many updates in a row.
        updates: usize,
        /// Of how many.
        of: usize,
    },
    /// log Z of a flow's own samples and of the theory's differ.
    SidesDisagree {
        /// Their difference in units of its error.
        pull: f64,
    },
}

impl Warning {
    /// What kind of warning it is, as a word that does not change.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ShortRun { .. } => "short_run",
            Self::ShortThermalisation { .. } => "short_thermalisation",
            Self::OpenWindow { .. } => "open_window",
            Self::ChainsDisagree { .. } => "chains_disagree",
            Self::StuckSign { .. } => "stuck_sign",
            Self::FewEffectiveSamples { .. } => "few_effective_samples",
            Self::DominantWeight { .. } => "dominant_weight",
            Self::LongRepeat { .. } => "long_repeat",
            Self::SidesDisagree { .. } => "sides_disagree",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortRun { observable, tau_int, times } => write!(
                f,
                "{observable}: the chains hold {times:.0} autocorrelation times (tau_int {tau_int:.1}), expected at least \
                 {ENOUGH_TIMES}: error bars are not to be trusted; run longer"
            ),
            Self::ShortThermalisation { observable, tau_int, updates } => write!(
                f,
                "{observable}: thermalisation of {updates} updates is {:.1} autocorrelation times (tau_int {tau_int:.1}), \
                 expected at least {ENOUGH_THERMALISATION}: the start may still be seen; thermalise longer",
                *updates as f64 / tau_int
            ),
            Self::OpenWindow { observable, count } => write!(
                f,
                "{observable}{}: autocorrelation does not die out within a chain: the error leans on the spread of the \
                 chains; run longer chains",
                if *count > 1 { format!(" and {} more", count - 1) } else { String::new() }
            ),
            Self::ChainsDisagree { observable, spread, p_value } => write!(
                f,
                "{observable}: the chains' means spread {spread:.1} times as far as their errors allow (p = {p_value:.1e}): \
                 a mode slower than a chain; errors are too small"
            ),
            Self::StuckSign { chains, positive, flips, updates } => write!(
                f,
                "m: two peaks, and {flips} changes of sign in {updates} updates of {chains} chains ({positive} positive): \
                 the chains are stuck on one sign each; the mean of m and all that is odd in phi are those of the start"
            ),
            Self::FewEffectiveSamples { ess, samples } => write!(
                f,
                "weights: {samples} samples count as {:.1} (ESS {ess:.2e}): no error from these weights can be believed; \
                 train longer",
                ess * *samples as f64
            ),
            Self::DominantWeight { share, samples } => write!(
                f,
                "weights: one of {samples} samples carries {:.1} % of all weight: the proposal misses a region of the theory",
                100.0 * share
            ),
            Self::LongRepeat { updates, of } => write!(
                f,
                "independence chain: stood on one configuration for {updates} of {of} updates: the proposal misses a \
                 region of the theory"
            ),
            Self::SidesDisagree { pull } => write!(
                f,
                "log Z of the flow's own samples is {pull:.1} errors from that of the theory's samples: {}",
                if *pull < 0.0 {
                    "the flow misses a region of the theory"
                } else {
                    "the chains miss a region of the theory"
                }
            ),
        }
    }
}

/// Judges the estimates of a run that thermalised for `thermalize` updates.
///
/// Each kind of warning comes once, with the observable that is worst.
///
/// ```
/// use lattice_mc::statistics::{Estimate, chain_warnings};
/// let mut slow = Estimate::independent(1.0, 0.1, 400);
/// slow.tau_int = 20.0;
/// let list = chain_warnings([("chi2", &slow)], 1000);
/// assert_eq!(list.len(), 1);
/// assert!(list[0].to_string().starts_with("chi2: the chains hold 20 autocorrelation times"));
/// ```
pub fn chain_warnings<'a>(
    estimates: impl IntoIterator<Item = (&'a str, &'a Estimate)>,
    thermalize: usize,
) -> Vec<Warning> {
    let all: Vec<(&str, &Estimate)> = estimates.into_iter().collect();
    let mut list = Vec::new();
    let owned = |name: &str| name.to_string();
    let times = |e: &Estimate| e.samples as f64 / e.tau_int;
    if let Some((name, e)) =
        all.iter().min_by(|a, b| times(a.1).total_cmp(&times(b.1))).filter(|x| times(x.1) < ENOUGH_TIMES)
    {
        list.push(Warning::ShortRun { observable: owned(name), tau_int: e.tau_int, times: times(e) });
    }
    let slowest = all.iter().max_by(|a, b| a.1.tau_int.total_cmp(&b.1.tau_int));
    if let Some((name, e)) = slowest.filter(|x| (thermalize as f64) < ENOUGH_THERMALISATION * x.1.tau_int) {
        let (observable, tau_int) = (owned(name), e.tau_int);
        list.push(Warning::ShortThermalisation { observable, tau_int, updates: thermalize });
    }
    let open: Vec<_> = all.iter().filter(|x| !x.1.window_closed).collect();
    if let Some((name, _)) = open.iter().max_by(|a, b| a.1.tau_int.total_cmp(&b.1.tau_int)) {
        list.push(Warning::OpenWindow { observable: owned(name), count: open.len() });
    }
    let spreads = all.iter().filter_map(|(name, e)| e.spread.filter(|_| e.window_closed).map(|s| (name, s)));
    let worst = spreads.min_by(|a, b| a.1.p_value.total_cmp(&b.1.p_value).then(b.1.chi2.total_cmp(&a.1.chi2)));
    if let Some((name, s)) = worst.filter(|(_, s)| s.p_value < LEVEL / all.len() as f64) {
        list.push(Warning::ChainsDisagree { observable: owned(name), spread: s.ratio(), p_value: s.p_value });
    }
    list
}

/// Judges the signed magnetisation `m[chain][update]`: whether it has two peaks between which the chains do not move.
///
/// ```
/// use lattice_mc::statistics::sign_warning;
/// let stuck = [vec![0.9; 100], vec![-1.1; 100]];
/// assert!(sign_warning(&stuck).is_some());
/// let flipping: Vec<f64> = (0..100).map(|i| if i % 4 < 2 { 1.0 } else { -1.0 }).collect();
/// assert!(sign_warning(&[flipping]).is_none());
/// ```
pub fn sign_warning<C: AsRef<[f64]>>(m: &[C]) -> Option<Warning> {
    let all = || m.iter().flat_map(|c| c.as_ref());
    let updates = all().count();
    let (sum, squares) = all().fold((0.0, 0.0), |(s, q), x| (s + x.abs(), q + x * x));
    let peaked = sum / (squares * updates as f64).sqrt();
    // A few updates say nothing of peaks.
    if peaked.is_nan() || peaked < TWO_PEAKED || (updates as f64) < 2.0 * ENOUGH_FLIPS * m.len() as f64 {
        return None;
    }
    let flips = m.iter().map(|c| c.as_ref().windows(2).filter(|w| (w[0] > 0.0) != (w[1] > 0.0)).count()).sum();
    if flips as f64 >= ENOUGH_FLIPS * m.len() as f64 {
        return None;
    }
    let positive = m.iter().filter(|c| c.as_ref().iter().sum::<f64>() > 0.0).count();
    Some(Warning::StuckSign { chains: m.len(), positive, flips, updates })
}

/// Judges log-weights of a flow's independent samples.
///
/// ```
/// use lattice_mc::statistics::weight_warnings;
/// let mut log_w = vec![0.0; 1000];
/// assert!(weight_warnings(&log_w)?.is_empty());
/// log_w[17] = 6.0;
/// assert_eq!(weight_warnings(&log_w)?.len(), 2);
/// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
/// ```
///
/// # Errors
/// No weight, or one that is NaN.
pub fn weight_warnings(log_w: &[f64]) -> Result<Vec<Warning>, StatisticsError> {
    let (samples, ess) = (log_w.len(), ess(log_w)?);
    let mut list = Vec::new();
    if ess * (samples as f64) < ENOUGH_EFFECTIVE.min(0.5 * samples as f64) {
        list.push(Warning::FewEffectiveSamples { ess, samples });
    }
    let largest = log_w.iter().fold(f64::NEG_INFINITY, |a: f64, b| a.max(*b));
    let share = 1.0 / log_w.iter().map(|l| (l - largest).exp()).sum::<f64>();
    if share > LARGEST_SHARE.max(10.0 / samples as f64) {
        list.push(Warning::DominantWeight { share, samples });
    }
    Ok(list)
}

/// Judges an independence chain by any of its series that is different on different configurations: an update that
/// repeats the number before is a rejection.
///
/// ```
/// use lattice_mc::statistics::repeat_warning;
/// let healthy: Vec<f64> = (0..10_000).map(|i| f64::from(i / 3)).collect();
/// assert_eq!(repeat_warning(&healthy), None);
/// let stuck: Vec<f64> = (0..10_000).map(|i| f64::from(if i < 3000 { i / 3 } else { 1000 })).collect();
/// assert!(repeat_warning(&stuck).is_some());
/// ```
pub fn repeat_warning(series: &[f64]) -> Option<Warning> {
    let runs = series.chunk_by(|a, b| a == b).map(<[f64]>::len);
    let updates = runs.max().unwrap_or(0);
    let of = series.len();
    let long = (LARGEST_REPEAT * of as f64).max(50.0);
    (updates as f64 > long).then_some(Warning::LongRepeat { updates, of })
}

/// Judges a two-sided certificate.
pub fn two_sided_warning(sides: &TwoSided) -> Option<Warning> {
    (sides.p_value < LEVEL).then_some(Warning::SidesDisagree { pull: sides.pull })
}

#[cfg(test)]
#[path = "warnings_tests.rs"]
mod tests;
