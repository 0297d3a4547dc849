//! What was measured: one row for each point and sampler, kept as JSON.

use lattice_fields::mc::statistics::{Estimate, GammaMethod, value_with_error};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The observables that are kept of each run.
pub const NAMES: [&str; 5] = ["phi2", "phi4", "chi2", "abs_m", "ising_energy"];

/// How configurations were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Trajectories of mean length 1, Omelyan's integrator, the number of steps tuned.
    Hmc,
    /// Sweeps of local Metropolis.
    Metropolis,
    /// A sweep of local Metropolis, then sign-flip clusters.
    Clusters,
    /// Proposals of a flow trained until it reached the common acceptance.
    Flow,
    /// Proposals of a flow trained for equally many steps at every point.
    FlowEqualSteps,
}

impl Method {
    pub const ALL: [Method; 5] =
        [Method::Hmc, Method::Metropolis, Method::Clusters, Method::Flow, Method::FlowEqualSteps];

    pub fn name(self) -> &'static str {
        match self {
            Method::Hmc => "HMC",
            Method::Metropolis => "Metropolis",
            Method::Clusters => "clusters",
            Method::Flow => "flow",
            Method::FlowEqualSteps => "flow, equal steps",
        }
    }
}

/// A mean and its autocorrelation time, with errors.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Number {
    pub mean: f64,
    pub error: f64,
    pub tau: f64,
    pub tau_error: f64,
}

impl Number {
    /// `τ_int` in print.
    pub fn tau_text(&self) -> String {
        value_with_error(self.tau, self.tau_error)
    }
}

/// What a training took up to the flow that was sampled.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Cost {
    pub steps: u64,
    pub seconds: f64,
}

/// One sampler at one point.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    pub point: String,
    pub extent: usize,
    pub method: Method,
    /// The sampler in words, as tuned.
    pub how: String,
    pub acceptance: f64,
    /// Updates of all chains together.
    pub updates: usize,
    /// Seconds for an update of one chain: those for an update of all chains, divided by their number.
    pub seconds: f64,
    pub numbers: BTreeMap<String, Number>,
    pub training: Option<Cost>,
}

impl Row {
    pub fn number(&self, name: &str) -> Result<Number, crate::Failure> {
        let found = self.numbers.get(name).copied();
        found.ok_or_else(|| format!("{} by {}: no {name}", self.point, self.method.name()).into())
    }

    /// Seconds for an independent value of an observable, `2 τ_int` updates, and the error.
    pub fn independent(&self, name: &str) -> Result<(f64, f64), crate::Failure> {
        let Number { tau, tau_error, .. } = self.number(name)?;
        Ok((2.0 * tau * self.seconds, 2.0 * tau_error * self.seconds))
    }
}

/// All that was measured, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Study {
    pub threads: usize,
    /// The common acceptance.
    pub target: f64,
    pub seconds: f64,
    pub rows: Vec<Row>,
}

impl Study {
    /// The rows of one sampler, in the order of the points.
    pub fn of(&self, method: Method) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.method == method)
    }

    pub fn find(&self, point: &str, method: Method) -> Result<&Row, crate::Failure> {
        let found = self.of(method).find(|row| row.point == point);
        found.ok_or_else(|| format!("{point}: nothing by {}", method.name()).into())
    }
}

/// The observables that are kept, by the Γ-method over chains that `series` gives for a name.
pub fn analyse<'a>(
    series: impl Fn(&str) -> Option<&'a [Vec<f64>]>,
) -> Result<BTreeMap<String, Number>, crate::Failure> {
    let analyse = |name: &&str| {
        let chains = series(name).ok_or_else(|| format!("{name} was not measured"))?;
        let estimate = GammaMethod::default().estimate(chains)?;
        let Estimate { mean, error, tau_int: tau, tau_int_error: tau_error, window_closed, .. } = estimate;
        match window_closed {
            true => Ok((name.to_string(), Number { mean, error, tau, tau_error })),
            false => Err(format!("{name}: the chains are too short for its autocorrelation time").into()),
        }
    };
    NAMES.iter().map(analyse).collect()
}

pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
