//! The flags of `lattice flow-bench`: those of `lattice train` that say what a flow is.

use super::TrainArgs;
use clap::{Arg, Args};
use std::path::PathBuf;

#[derive(Clone, Debug, Args)]
pub struct FlowBenchArgs {
    /// The folder of a model, for its theory and shape; else a fresh flow of the flags below.
    #[arg(long)]
    pub model: Option<PathBuf>,
    #[command(flatten)]
    pub train: TrainArgs,
}

/// Flags of a training that mean nothing where no parameter moves.
pub const TRAINING: [&str; 12] = [
    "lr",
    "estimator",
    "warm_start",
    "prior",
    "schedule",
    "clip",
    "samples",
    "save_every",
    "two_sided",
    "resume",
    "out",
    "force",
];

/// Flags of theory and shape, which a model says.
pub const SHAPE: [&str; 20] = [
    "theory",
    "lattice",
    "m2",
    "lambda",
    "beta",
    "target",
    "center",
    "sigma",
    "links",
    "net",
    "masks",
    "transform",
    "mixtures",
    "bins",
    "order",
    "features",
    "layers",
    "hidden",
    "kernel",
    "condition",
];

/// Batches, where the flags do not say how many.
pub const BATCHES: u64 = 200;

/// Hides flags without a meaning here, and says what the others mean.
pub fn fit(arg: Arg) -> Arg {
    match arg.get_id().as_str() {
        "steps" => arg.help(format!("Independent batches for each estimator [default: {BATCHES}]")),
        "batch" => arg.help("Samples in a batch, the last number of FROM..TO [default: 64..256, points 256..1024]"),
        "ensemble" => arg.help("As for train: forward is compared too"),
        id if TRAINING.contains(&id) => arg.hide(true),
        _ => arg,
    }
}

impl FlowBenchArgs {
    /// Puts the defaults where nothing was given.
    pub fn complete(&mut self) {
        self.train.steps.get_or_insert(BATCHES);
        self.train.complete();
    }
}
