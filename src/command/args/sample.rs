//! The flags of `lattice sample`.

use super::super::keep::KeepArgs;
use super::{DeviceArgs, ExportName, Extents, RunArgs, TheoryName};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Clone, Debug, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SampleArgs {
    /// The folder that holds model.safetensors; with --from, if it is not where it was.
    #[arg(long, required_unless_present = "from")]
    pub model: Option<PathBuf>,
    /// An ensemble.json that an earlier run has left: its samples are drawn again, and must be the same bits.
    #[arg(long)]
    pub from: Option<PathBuf>,
    /// Proposals to draw.
    #[arg(long, default_value_t = 100_000)]
    pub samples: usize,
    /// Write every so many states of the chain to configurations/ in --out; 0 for none.
    #[arg(long, default_value_t = 0)]
    pub save_every: usize,
    #[command(flatten)]
    #[serde(flatten)]
    pub keep: KeepArgs,
    /// Configurations of the theory (from HMC) that the certificate looks at besides; 0 for none.
    #[arg(long, default_value_t = 8192)]
    pub two_sided: usize,
    /// Write the series of all observables to --out: csv, pyerrors, npy, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub export: Vec<ExportName>,
    /// Samples computed at a time; changes no result.
    #[arg(long, default_value_t = 1024)]
    pub batch: usize,
    #[command(flatten)]
    #[serde(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub on: DeviceArgs,
    /// Must be the model's theory, if given.
    #[arg(long, value_enum)]
    pub theory: Option<TheoryName>,
    /// Must be the model's lattice, if given.
    #[arg(long)]
    pub lattice: Option<Extents>,
    /// The coupling m2 to sample at, if not the model's.
    #[arg(long, allow_hyphen_values = true)]
    pub m2: Option<f64>,
    /// The coupling lambda to sample at, if not the model's.
    #[arg(long, allow_hyphen_values = true)]
    pub lambda: Option<f64>,
    /// The coupling beta of a gauge theory to sample at, if not the model's.
    #[arg(long, allow_hyphen_values = true)]
    pub beta: Option<f64>,
}
