//! What every run has, and the main job.

use super::text::{as_device, as_integer};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::path::PathBuf;

/// The main job: 8x8, m2 = -4, lambda = 8.
#[derive(Clone, Debug, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MainArgs {
    #[command(flatten)]
    #[serde(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub on: DeviceArgs,
    /// Steps of the training; 0 chooses about two minutes' worth on two cores.
    #[arg(long, default_value_t = 0)]
    pub steps: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    F32,
    F64,
}

/// What every run has.
#[derive(Clone, Debug, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunArgs {
    /// The seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    #[serde(serialize_with = "as_integer")]
    pub seed: u64,
    /// Threads, at most 1024; 0 is one for each core. Results do not depend on it.
    #[arg(long, default_value_t = 0, value_parser = threads)]
    pub threads: usize,
    /// Precision of fields.
    #[arg(long, value_enum, default_value = "f32")]
    pub precision: Precision,
    /// Folder for the results [default: a new numbered folder under lattice-out, or none where nothing is kept]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Print one JSON object and nothing else on stdout.
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub json: bool,
    /// Replace the run that the folder holds: all that it has left is removed.
    #[arg(long)]
    #[serde(skip)]
    pub force: bool,
    /// A flat TOML file with flags by their names; flags given besides win.
    #[arg(long)]
    #[serde(skip)]
    pub config: Option<PathBuf>,
}

/// More threads than any machine has cores are a slip of the pen.
fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads) if threads <= 1024 => Ok(threads),
        _ => Err(format!("expected 0 to 1024 threads, found {text:?}")),
    }
}

/// Where programs run.
#[derive(Clone, Debug, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DeviceArgs {
    /// Where programs run: cpu, gpu for the best GPU, or the number or a part of the name of one in the list that
    /// `lattice devices` prints [default: cpu]
    #[arg(long, value_name = "cpu|gpu|NAME")]
    #[serde(serialize_with = "as_device")]
    pub device: Option<String>,
}

/// The processor's name as a device.
pub const CPU: &str = "cpu";

impl DeviceArgs {
    /// The name that was given, or the processor's.
    pub fn name(&self) -> &str {
        self.device.as_deref().unwrap_or(CPU)
    }
}

#[derive(Clone, Debug, Args)]
pub struct DevicesArgs {
    /// Print one JSON object and nothing else on stdout.
    #[arg(long)]
    pub json: bool,
}
