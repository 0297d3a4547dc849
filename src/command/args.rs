//! The flags. Their names are also the keys of a `--config` file.

use super::keep::KeepArgs;
use clap::{Args, Parser, Subcommand, ValueEnum};
use lattice_fields::autograd::optim::{BatchSchedule, Schedule};
use lattice_fields::prelude::{Architecture, Condition, Estimator, Memory, Training};
use serde::{Serialize, Serializer};
use std::path::PathBuf;
use std::str::FromStr;

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
    /// Train a flow on its own samples by reverse Kullback-Leibler divergence.
    #[command(args_override_self = true)]
    Train(TrainArgs),
    /// Sample exactly from a trained flow: independence Metropolis over its proposals.
    #[command(args_override_self = true)]
    Sample(SampleArgs),
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
pub enum TheoryName {
    /// S = sum_x [ sum_mu (phi(x+mu) - phi(x))^2 + m2 phi^2 + lambda phi^4 ]
    Phi4,
    /// The same with lambda = 0, m2 > 0.
    Free,
}

impl TheoryName {
    /// Puts the theory's defaults where no coupling was given.
    pub fn complete(self, m2: &mut Option<f64>, lambda: &mut Option<f64>) {
        let (default_m2, default_lambda) = match self {
            TheoryName::Phi4 => (-4.0, 8.0),
            TheoryName::Free => (1.0, 0.0),
        };
        m2.get_or_insert(default_m2);
        lambda.get_or_insert(default_lambda);
    }

    pub fn name(self) -> &'static str {
        match self {
            TheoryName::Phi4 => "phi4",
            TheoryName::Free => "free",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    F32,
    F64,
}

/// Extents such as 8x8 or 16x4x4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extents(pub Vec<usize>);

impl FromStr for Extents {
    type Err = String;
    fn from_str(text: &str) -> Result<Extents, String> {
        let extent = |part: &str| match part.trim().parse::<usize>() {
            Ok(0) => Err(format!("every extent must be at least 1, found 0 in {text:?}")),
            Ok(extent) => Ok(extent),
            Err(_) => Err(format!("expected extents such as 8x8, found {text:?}")),
        };
        let extents = text.split('x').map(extent).collect::<Result<Vec<_>, _>>()?;
        if extents.len() > 8 {
            Err(format!("expected at most 8 extents, found {}", extents.len()))
        } else {
            Ok(Extents(extents))
        }
    }
}

impl std::fmt::Display for Extents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.iter().map(usize::to_string).collect::<Vec<_>>().join("x"))
    }
}

impl Serialize for Extents {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// The theory and its lattice.
#[derive(Clone, Debug, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TheoryArgs {
    /// The theory.
    #[arg(long, value_enum, default_value = "phi4")]
    pub theory: TheoryName,
    /// The extents.
    #[arg(long, default_value = "8x8")]
    pub lattice: Extents,
    /// The coupling m2, which may be negative [default: -4, for the free theory 1]
    #[arg(long, allow_hyphen_values = true)]
    pub m2: Option<f64>,
    /// The coupling lambda [default: 8, for the free theory 0]
    #[arg(long, allow_hyphen_values = true)]
    pub lambda: Option<f64>,
}

impl TheoryArgs {
    /// Puts the defaults of the theory where no coupling was given.
    pub fn complete(&mut self) {
        self.theory.complete(&mut self.m2, &mut self.lambda);
    }
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NetName {
    /// Real NVP, the net of tutorial 2101.08176.
    Tutorial,
    /// Couplings with quartic tails, odd under phi -> -phi, after a prior of trainable spectrum.
    Symmetric,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EstimatorName {
    /// The whole derivative.
    Reparam,
    /// Without the score, which has mean zero.
    Path,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MemoryName {
    Keep,
    Half,
    Recompute,
    Invert,
}

impl TrainArgs {
    /// Puts the defaults of theory and net where nothing was given.
    pub fn complete(&mut self) {
        self.theory.complete();
        let tutorial = self.net == NetName::Tutorial;
        let shape = self.architecture();
        self.layers = Some(shape.layers);
        self.hidden = Some(Widths(shape.hidden));
        self.kernel = Some(shape.kernel);
        self.batch = self.batch.or(Some(Training::default().batch));
        self.steps.get_or_insert(if tutorial { 16_500 } else { 4000 });
        self.lr.get_or_insert(if tutorial { 3e-3 } else { 2e-2 });
        self.estimator.get_or_insert(if tutorial { EstimatorName::Reparam } else { EstimatorName::Path });
    }

    /// The shape of the flow.
    pub fn architecture(&self) -> Architecture {
        let mut shape = match self.net {
            NetName::Tutorial => Architecture::default(),
            NetName::Symmetric => Architecture::symmetric(),
        };
        shape.layers = self.layers.unwrap_or(shape.layers);
        shape.hidden = self.hidden.clone().map_or(shape.hidden, |widths| widths.0);
        shape.kernel = self.kernel.unwrap_or(shape.kernel);
        // The spectrum's kernel goes once around the lattice at most.
        let shortest = self.theory.lattice.0.iter().min().copied().unwrap_or(1);
        shape.spectrum = shape.spectrum.min((2 * shortest).saturating_sub(1));
        let told =
            |Range { coupling, from, to }: &Range| Condition { coupling: coupling.clone(), from: *from, to: *to };
        Architecture { seed: self.run.seed, conditions: self.condition.iter().map(told).collect(), ..shape }
    }

    /// The plan of the training.
    pub fn training(&self) -> Training {
        let default = Training::default();
        Training {
            steps: self.steps.unwrap_or(default.steps),
            lr: self.lr.unwrap_or(default.lr),
            schedule: self.schedule.clone(),
            batch: self.batch.unwrap_or(default.batch),
            clip: self.clip,
            seed: self.run.seed,
            estimator: match self.estimator {
                Some(EstimatorName::Path) => Estimator::Path,
                _ => Estimator::Reparam,
            },
            memory: match self.memory {
                MemoryName::Keep => Memory::Keep,
                MemoryName::Half => Memory::Half,
                MemoryName::Recompute => Memory::Recompute,
                MemoryName::Invert => Memory::Invert,
            },
        }
    }
}

#[derive(Clone, Debug, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrainArgs {
    #[command(flatten)]
    #[serde(flatten)]
    pub theory: TheoryArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub on: DeviceArgs,
    /// The kind of flow; the defaults of the flags below depend on it.
    #[arg(long, value_enum, default_value = "tutorial")]
    pub net: NetName,
    /// Coupling layers [default: 16, symmetric 4]
    #[arg(long)]
    pub layers: Option<usize>,
    /// Widths of the hidden layers of each net, separated by commas [default: 8,8]
    #[arg(long)]
    #[serde(serialize_with = "as_text_if_any", skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Widths>,
    /// Extent of the convolution kernels, odd [default: 3]
    #[arg(long)]
    pub kernel: Option<usize>,
    /// Samples in a step: a number, or FROM..TO to double at equal intervals [default: 64..256]
    #[arg(long)]
    #[serde(serialize_with = "as_text_if_any", skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchSchedule>,
    /// Steps of the optimiser (Adam) [default: 16500, symmetric 4000]
    #[arg(long)]
    pub steps: Option<u64>,
    /// The learning rate at the start [default: 3e-3, symmetric 2e-2]
    #[arg(long, allow_hyphen_values = true)]
    pub lr: Option<f64>,
    /// Tell the nets a coupling and train for a range of it, as lambda=6..10; may be given several times.
    #[arg(long, allow_hyphen_values = true, value_delimiter = ',')]
    #[serde(serialize_with = "as_texts", skip_serializing_if = "Vec::is_empty")]
    pub condition: Vec<Range>,
    /// How the gradient is estimated [default: reparam, symmetric path]
    #[arg(long, value_enum)]
    pub estimator: Option<EstimatorName>,
    /// What the backward half has from the forward half: all, or activations rounded to f16, or computed again, or found
    /// by inversion.
    #[arg(long, value_enum, default_value = "keep")]
    pub memory: MemoryName,
    /// The folder of a model of the same shape to start from, of any lattice and couplings.
    #[arg(long)]
    pub warm_start: Option<PathBuf>,
    /// How the learning rate falls: constant, cosine, cosine:F, exponential:F@N, step:F@N, piecewise:F@N,..., each after warmup:N+
    #[arg(long, default_value = "cosine")]
    #[serde(serialize_with = "as_text")]
    pub schedule: Schedule,
    /// Gradients are scaled down to this norm.
    #[arg(long, default_value_t = 100.0, allow_hyphen_values = true)]
    pub clip: f64,
    /// Fresh samples for the certificate (ESS, KL, log Z, acceptance) at the end.
    #[arg(long, default_value_t = 65_536)]
    pub samples: usize,
    /// Write a checkpoint every so many steps; 0 only at the end and on Ctrl-C.
    #[arg(long, default_value_t = 1000)]
    pub save_every: u64,
    /// Configurations of the theory (from HMC) that the certificate looks at besides; 0 for none.
    #[arg(long, default_value_t = 8192)]
    pub two_sided: usize,
    /// Continue the training in --out where it stopped, with the flags it was begun with.
    #[arg(long)]
    #[serde(skip)]
    pub resume: bool,
}

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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UpdateName {
    /// Hybrid Monte Carlo.
    Hmc,
    /// Local Metropolis, one sweep over a checkerboard.
    Metropolis,
    /// A sweep of local Metropolis, then sign-flip clusters.
    Cluster,
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
    /// Chains side by side.
    #[arg(long, default_value_t = 64)]
    pub chains: usize,
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

#[derive(Clone, Debug, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExactArgs {
    #[command(flatten)]
    #[serde(flatten)]
    pub theory: TheoryArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub run: RunArgs,
}

/// Widths of hidden layers such as 8,8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widths(pub Vec<usize>);

impl FromStr for Widths {
    type Err = String;
    fn from_str(text: &str) -> Result<Widths, String> {
        let width =
            |part: &str| part.trim().parse().map_err(|_| format!("expected widths such as 8,8, found {text:?}"));
        text.split(',').map(width).collect::<Result<_, _>>().map(Widths)
    }
}

impl std::fmt::Display for Widths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.iter().map(usize::to_string).collect::<Vec<_>>().join(","))
    }
}

/// A coupling and its range, such as lambda=6..10.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    pub coupling: String,
    pub from: f64,
    pub to: f64,
}

impl FromStr for Range {
    type Err = String;
    fn from_str(text: &str) -> Result<Range, String> {
        let parts = || {
            let (coupling, range) = text.split_once('=')?;
            let (from, to) = range.split_once("..")?;
            let (from, to) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
            Some(Range { coupling: coupling.trim().into(), from, to })
        };
        parts().ok_or_else(|| format!("expected a coupling and its range such as lambda=6..10, found {text:?}"))
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}..{}", self.coupling, self.from, self.to)
    }
}

/// More threads than any machine has cores are a slip of the pen.
fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads) if threads <= 1024 => Ok(threads),
        _ => Err(format!("expected 0 to 1024 threads, found {text:?}")),
    }
}

/// TOML has integers of 63 bits; larger ones are written as text.
fn as_integer<S: Serializer>(value: &u64, to: S) -> Result<S::Ok, S::Error> {
    match i64::try_from(*value) {
        Ok(small) => to.serialize_i64(small),
        Err(_) => to.collect_str(value),
    }
}

fn as_device<S: Serializer>(device: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(device.as_deref().unwrap_or(CPU))
}

fn as_texts<T: std::fmt::Display, S: Serializer>(values: &[T], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(values.iter().map(T::to_string))
}

fn as_text_if_any<T: std::fmt::Display, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => to.collect_str(value),
        None => to.serialize_none(),
    }
}

fn as_text<T: std::fmt::Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}
