//! The flags of `lattice measure`.

use super::{DeviceArgs, RunArgs, TheoryName};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::path::PathBuf;

/// What the first axis of a stored array counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    /// Chains at one time; files are times, in the order given.
    Chain,
    /// Configurations of one chain, one after the other.
    Time,
}

#[derive(Clone, Debug, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MeasureArgs {
    /// The files, of arrays [chain, L_0, L_1, ...]: .npy, or .safetensors with a tensor phi.
    #[arg(required = true)]
    #[serde(skip)]
    pub files: Vec<PathBuf>,
    /// What the first axis counts.
    #[arg(long, value_enum, default_value = "chain")]
    pub axis: Axis,
    /// The theory.
    #[arg(long, value_enum, default_value = "phi4")]
    pub theory: TheoryName,
    /// The coupling m2 [default: -4, for the free theory 1]
    #[arg(long, allow_hyphen_values = true)]
    pub m2: Option<f64>,
    /// The coupling lambda [default: 8, for the free theory 0]
    #[arg(long, allow_hyphen_values = true)]
    pub lambda: Option<f64>,
    #[command(flatten)]
    #[serde(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub on: DeviceArgs,
}
