//! The flags of `lattice mc`.

use super::super::keep::KeepArgs;
use super::text::as_text;
use super::{DeviceArgs, GaugeArgs, RunArgs, TheoryArgs};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::str::FromStr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UpdateName {
    /// Hybrid Monte Carlo.
    Hmc,
    /// Local Metropolis, one sweep over a checkerboard.
    Metropolis,
    /// A sweep of local Metropolis, then sign-flip clusters.
    Cluster,
    /// Gauge fields: a sweep of heat bath over all links.
    Heatbath,
    /// U(1) and SU(2) in two directions, one of them --open: independent draws.
    Draws,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IntegratorName {
    /// Second order, one force a step.
    Leapfrog,
    /// Second order, two forces a step.
    Omelyan,
    /// Fourth order, five forces a step.
    Omelyan4,
}

/// What else is written of the series of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportName {
    /// series.csv
    Csv,
    /// series.json.gz, which pyerrors reads
    Pyerrors,
    /// series/NAME.npy, arrays [chain, update]
    Npy,
}

/// Integrator steps: a number, or `auto`. Trajectories are written out step by step, hence the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    Auto,
    Fixed(usize),
}

impl FromStr for Steps {
    type Err = String;
    fn from_str(text: &str) -> Result<Steps, String> {
        match (text, text.parse()) {
            ("auto", _) => Ok(Steps::Auto),
            (_, Ok(n)) if (1..=10_000).contains(&n) => Ok(Steps::Fixed(n)),
            _ => Err(format!("expected auto or a number from 1 to 10000, found {text:?}")),
        }
    }
}

impl std::fmt::Display for Steps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Steps::Auto => f.write_str("auto"),
            Steps::Fixed(n) => n.fmt(f),
        }
    }
}

#[derive(Clone, Debug, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct McArgs {
    #[command(flatten)]
    #[serde(flatten)]
    pub theory: TheoryArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub on: DeviceArgs,
    /// The update.
    #[arg(long, value_enum, default_value = "hmc")]
    pub update: UpdateName,
    /// The integrator of HMC.
    #[arg(long, value_enum, default_value = "leapfrog")]
    pub integrator: IntegratorName,
    /// The mean length of an HMC trajectory.
    #[arg(long, default_value_t = 1.0, allow_hyphen_values = true)]
    pub length: f64,
    /// Each trajectory's length is drawn within this fraction of the mean; 0 makes all alike.
    #[arg(long, default_value_t = 0.25, allow_hyphen_values = true)]
    pub jitter: f64,
    /// Integrator steps of a trajectory, or auto to tune them during thermalisation.
    #[arg(long, default_value = "auto")]
    #[serde(serialize_with = "as_text")]
    pub steps: Steps,
    #[command(flatten)]
    #[serde(flatten)]
    pub gauge: GaugeArgs,
    /// Chains side by side [default: 64; 1 for gauge theories in three directions or more]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chains: Option<usize>,
    /// Updates recorded per chain: the unit of tau_int.
    #[arg(long, alias = "sweeps", default_value_t = 2000)]
    pub trajectories: usize,
    /// Updates before that, during which step sizes are tuned.
    #[arg(long, default_value_t = 500)]
    pub thermalize: usize,
    /// Every so many recorded updates keep the state of the chains in --out, and write the configurations to
    /// configurations/ there; 0 keeps the state alone, at the end and on Ctrl-C.
    #[arg(long, default_value_t = 0)]
    pub save_every: usize,
    #[command(flatten)]
    #[serde(flatten)]
    pub keep: KeepArgs,
    /// Write the series of all observables to --out: csv, pyerrors, npy, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub export: Vec<ExportName>,
    /// Continue the run in --out where it stopped, with the flags it was begun with; --trajectories may be more.
    #[arg(long)]
    #[serde(skip)]
    pub resume: bool,
}
