//! The flags. Their names are also the keys of a `--config` file.
//!
//! | file | flags of |
//! |---|---|
//! | `theory` | theory, couplings, lattice |
//! | `target` | densities on tori and spheres |
//! | `gauge` | gauge fields: actions, starts |
//! | `run` | every run: seed, precision, folder, device |
//! | `train`, `sample`, `flow_bench`, `mc`, `measure`, `exact` | one subcommand |
//! | `text` | values as they are written to a `--config` file |

mod exact;
mod flow_bench;
mod gauge;
mod mc;
mod measure;
mod run;
mod sample;
mod target;
mod text;
mod theory;
mod train;

pub use exact::ExactArgs;
pub use flow_bench::{FlowBenchArgs, SHAPE, TRAINING};
pub use gauge::{ActionName, GaugeArgs, StartName};
pub use mc::{ExportName, IntegratorName, McArgs, Steps, UpdateName};
pub use measure::{Axis, MeasureArgs};
pub use run::{CPU, DeviceArgs, DevicesArgs, MainArgs, Precision, RunArgs};
pub use sample::SampleArgs;
pub use target::{Numbers, TargetArgs, TargetName};
pub use theory::{Extents, TheoryArgs, TheoryName};
pub use train::{EstimatorName, TrainArgs};

use clap::{Parser, Subcommand};

/// Machine learning and Monte Carlo on periodic lattice fields, exact.
///
/// Alone, `lattice` runs the main job: it trains a flow on two-dimensional phi^4 theory, samples it exactly, runs HMC
/// and local Metropolis beside it, and prints all three next to the exact values.
#[derive(Debug, Parser)]
#[command(name = "lattice", version, args_override_self = true, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub main: MainArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a flow on its own samples by reverse Kullback-Leibler divergence, or on an ensemble by forward.
    #[command(args_override_self = true)]
    Train(TrainArgs),
    /// Sample exactly from a trained flow: independence Metropolis over its proposals.
    #[command(args_override_self = true)]
    Sample(SampleArgs),
    /// Compare the estimators of the training gradient on one flow: noise, seconds, and both in one number.
    ///
    /// Gradients of independent batches at the same parameters, for each estimator. Columns: seconds for the gradient of a
    /// batch, without the optimiser (median); norm of the mean gradient; trace of the covariance of one sample's gradient;
    /// that over the batch, times the seconds: the variance of the mean over as many batches as a second has. The last
    /// divided by the least one compares estimators of the same gradient; forward, of another divergence, is not among them.
    #[command(args_override_self = true, mut_args(flow_bench::fit))]
    FlowBench(FlowBenchArgs),
    /// Markov chain Monte Carlo: HMC or local Metropolis.
    #[command(args_override_self = true)]
    Mc(McArgs),
    /// Measure stored configurations: .npy or .safetensors, from here or from elsewhere.
    #[command(args_override_self = true)]
    Measure(MeasureArgs),
    /// Print what is known exactly.
    #[command(args_override_self = true)]
    Exact(ExactArgs),
    /// List what --device can name: the processor and the GPUs of this machine.
    #[command(args_override_self = true)]
    Devices(DevicesArgs),
}
