//! The flags of `lattice train`.

use super::super::failure::Failure;
use super::text::{as_text, as_text_if_any, as_texts};
use super::{DeviceArgs, RunArgs, TheoryArgs, TheoryName};
use clap::{Args, ValueEnum};
use lattice_fields::autograd::optim::{BatchSchedule, Schedule};
use lattice_fields::flows::angles::{
    Architecture as PointFlow, LinkFlow, Masks, Order, SphereFlow, TorusFlow, Transform,
};
use lattice_fields::prelude::{Architecture, Condition, Estimator, Memory, Training};
use serde::Serialize;
use std::path::PathBuf;
use std::str::FromStr;

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
pub enum MaskName {
    /// Every fourth column, through plaquettes: 2003.06413.
    Stripes,
    /// New lines of links between old ones, through ever smaller loops: nearly exact, in two dimensions.
    Divisions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TransformName {
    /// Mixtures of non-compact projections.
    Ncp,
    /// Mixtures of Moebius maps.
    Moebius,
    /// Circular rational-quadratic splines.
    Spline,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureName {
    Plaquette,
    Loops,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderName {
    /// Each angle given those before it.
    Autoregressive,
    /// Every second angle given the others, in turn.
    Coupling,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EstimatorName {
    /// The whole derivative.
    Reparam,
    /// Without the score, which has mean zero.
    Path,
    /// The score times log q + S, less the mean of the other samples: no derivative of the action.
    Reinforce,
    /// Maximum likelihood of configurations that --ensemble gives.
    Forward,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MemoryName {
    Keep,
    Half,
    Recompute,
    Invert,
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
    /// The kind of flow of a scalar theory; the defaults of the flags below depend on it.
    #[arg(long, value_enum, default_value = "tutorial")]
    pub net: NetName,
    /// Which links the couplings of a U(1) flow change [default: divisions in two dimensions, else stripes]
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masks: Option<MaskName>,
    /// The map of an angle: of a loop in a U(1) flow, of a point on a torus or sphere [default: ncp, points moebius]
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transform: Option<TransformName>,
    /// How many maps of an angle are mixed, or how many bins its spline has [default: 6, points 12]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixtures: Option<usize>,
    /// Bins of the splines of heights on a sphere [default: 32]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bins: Option<usize>,
    /// What the map of each angle of a torus is given [default: autoregressive]
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderName>,
    /// What the nets of stripes see: plaquettes, or 2x1 loops too [default: plaquette]
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<FeatureName>,
    /// Coupling layers; of points, how often each coordinate is changed [default: 16, symmetric 4; U(1) stripes 24, divisions as
    /// many as there are; points 1]
    #[arg(long)]
    pub layers: Option<usize>,
    /// Widths of the hidden layers of each net, separated by commas; none: maps of angles without nets [default: 8,8; points 32,32 on tori, 64,64 on spheres]
    #[arg(long)]
    #[serde(serialize_with = "as_text_if_any", skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Widths>,
    /// Extent of the convolution kernels, odd [default: 3]
    #[arg(long)]
    pub kernel: Option<usize>,
    /// Samples in a step: a number, or FROM..TO to double at equal intervals [default: 64..256, points 256..1024]
    #[arg(long)]
    #[serde(serialize_with = "as_text_if_any", skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchSchedule>,
    /// Steps of the optimiser (Adam) [default: 16500, symmetric 4000, U(1) 6000, points 10000]
    #[arg(long)]
    pub steps: Option<u64>,
    /// The learning rate at the start [default: 3e-3, symmetric 2e-2]
    #[arg(long, allow_hyphen_values = true)]
    pub lr: Option<f64>,
    /// Tell the nets a coupling and train for a range of it, as lambda=6..10; may be given several times.
    #[arg(long, allow_hyphen_values = true, value_delimiter = ',')]
    #[serde(serialize_with = "as_texts", skip_serializing_if = "Vec::is_empty")]
    pub condition: Vec<Range>,
    /// How the gradient is estimated [default: reparam, symmetric path; U(1) and tori reinforce]
    #[arg(long, value_enum)]
    pub estimator: Option<EstimatorName>,
    /// What --estimator forward learns from: files of configurations (.npy, .safetensors), or folders of runs of mc or
    /// sample that have kept some by --save-every
    #[arg(long, value_delimiter = ',', num_args = 1.., value_name = "FILE|FOLDER")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ensemble: Vec<PathBuf>,
    /// What the backward half has from the forward half: all, or activations rounded to f16, or computed again, or found
    /// by inversion.
    #[arg(long, value_enum, default_value = "keep")]
    pub memory: MemoryName,
    /// The folder of a model of the same shape to start from, of any lattice and couplings.
    #[arg(long)]
    pub warm_start: Option<PathBuf>,
    /// The folder of a U(1) model on the same lattice, of any beta, whose density the flow starts from.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prior: Option<PathBuf>,
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

impl TrainArgs {
    /// Puts the defaults of theory and net where nothing was given.
    pub fn complete(&mut self) {
        self.theory.complete();
        match self.theory.theory {
            TheoryName::Phi4 | TheoryName::Free => {}
            TheoryName::U1 | TheoryName::Su2 | TheoryName::Su3 => return self.complete_links(),
            TheoryName::Torus | TheoryName::Sphere => return self.complete_points(),
        }
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

    fn complete_links(&mut self) {
        let default = LinkFlow::default();
        let plane = self.theory.lattice.0.len() == 2;
        let masks = *self.masks.get_or_insert(if plane { MaskName::Divisions } else { MaskName::Stripes });
        self.transform.get_or_insert(TransformName::Ncp);
        self.mixtures.get_or_insert(default.mixtures);
        self.hidden.get_or_insert(Widths(default.hidden));
        if masks == MaskName::Stripes {
            self.features.get_or_insert(FeatureName::Plaquette);
            self.layers.get_or_insert(default.layers);
            self.kernel.get_or_insert(default.kernel);
        }
        self.batch = self.batch.or(BatchSchedule::doubling(64, 256).ok());
        self.steps.get_or_insert(6000);
        self.lr.get_or_insert(3e-3);
        self.estimator.get_or_insert(EstimatorName::Reinforce);
    }

    fn complete_points(&mut self) {
        let sphere = self.theory.theory == TheoryName::Sphere;
        if sphere {
            self.bins.get_or_insert(SphereFlow::default().bins);
        } else {
            self.order.get_or_insert(OrderName::Autoregressive);
        }
        let (transform, mixtures) = (TransformName::Moebius, TorusFlow::default().mixtures);
        self.transform.get_or_insert(transform);
        self.mixtures.get_or_insert(mixtures);
        self.layers.get_or_insert(1);
        let hidden = if sphere { SphereFlow::default().hidden } else { TorusFlow::default().hidden };
        self.hidden.get_or_insert(Widths(hidden));
        self.batch = self.batch.or(BatchSchedule::doubling(256, 1024).ok());
        self.steps.get_or_insert(10_000);
        self.lr.get_or_insert(3e-3);
        // Scores start noisy on spheres, and end best: a second training by them, begun from the first, is worth it there.
        let estimator = if sphere { EstimatorName::Reparam } else { EstimatorName::Reinforce };
        self.estimator.get_or_insert(estimator);
    }

    /// Refuses flags that mean nothing for a theory.
    fn refuse_flags(&self, given: &[(&str, bool)], expected: &str) -> Result<(), Failure> {
        match given.iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(Failure::refused(flag, expected, self.theory.theory.name())),
            None => Ok(()),
        }
    }

    /// Refuses flags that mean nothing for a scalar theory.
    pub fn refuse_flags_of_angles(&self) -> Result<(), Failure> {
        self.refuse_flags(&self.flags_of_links(), "--theory u1")?;
        let given = [("--transform", self.transform.is_some()), ("--mixtures", self.mixtures.is_some())];
        self.refuse_flags(&given, "--theory u1, torus or sphere")?;
        self.refuse_flags_of_points()
    }

    fn flags_of_links(&self) -> [(&'static str, bool); 3] {
        let (masks, features) = (self.masks.is_some(), self.features.is_some());
        [("--masks", masks), ("--features", features), ("--prior", self.prior.is_some())]
    }

    fn refuse_flags_of_points(&self) -> Result<(), Failure> {
        self.refuse_flags(&[("--order", self.order.is_some())], "--theory torus")?;
        self.refuse_flags(&[("--bins", self.bins.is_some())], "--theory sphere")
    }

    /// The map of an angle.
    fn transform(&self) -> Transform {
        match self.transform {
            Some(TransformName::Moebius) => Transform::Moebius,
            Some(TransformName::Spline) => Transform::Spline,
            Some(TransformName::Ncp) | None => Transform::Ncp,
        }
    }

    /// The flow of points in so many coordinates.
    pub fn point_flow(&self, dimension: usize) -> Result<PointFlow, Failure> {
        let scalar = [
            ("--net", self.net != NetName::Tutorial),
            ("--kernel", self.kernel.is_some()),
            ("--condition", !self.condition.is_empty()),
        ];
        self.refuse_flags(&scalar, "a scalar theory")?;
        self.refuse_flags(&self.flags_of_links(), "--theory u1")?;
        let (transform, seed) = (self.transform(), self.run.seed);
        let of_torus = TorusFlow::default();
        let layers = self.layers.unwrap_or(of_torus.layers);
        let mixtures = self.mixtures.unwrap_or(of_torus.mixtures);
        let hidden = self.hidden.clone().map_or(of_torus.hidden, |widths| widths.0);
        if self.theory.theory == TheoryName::Sphere {
            self.refuse_flags(&[("--order", self.order.is_some())], "--theory torus")?;
            let bins = self.bins.unwrap_or(SphereFlow::default().bins);
            return Ok(PointFlow::Sphere(SphereFlow { dimension, layers, transform, mixtures, bins, hidden, seed }));
        }
        self.refuse_flags(&[("--bins", self.bins.is_some())], "--theory sphere")?;
        let order = match self.order {
            Some(OrderName::Coupling) => Order::Coupling,
            _ => Order::Autoregressive,
        };
        Ok(PointFlow::Torus(TorusFlow { dimension, order, layers, transform, mixtures, hidden, seed }))
    }

    /// The shape of a flow of U(1) links, behind another.
    pub fn link_flow(&self, prior: Option<LinkFlow>) -> Result<LinkFlow, Failure> {
        let default = LinkFlow::default();
        let divisions = self.masks == Some(MaskName::Divisions);
        let given = [
            ("--net", self.net != NetName::Tutorial),
            ("--condition", !self.condition.is_empty()),
            ("--layers", divisions && self.layers.is_some()),
            ("--kernel", divisions && self.kernel.is_some()),
            ("--features", divisions && self.features.is_some()),
        ];
        if let Some((flag, _)) = given.iter().find(|(_, given)| *given) {
            let expected = if divisions { "no such flag for a U(1) flow by divisions" } else { "a scalar theory" };
            return Err(Failure::refused(flag, expected, "one"));
        }
        self.refuse_flags_of_points()?;
        Ok(LinkFlow {
            masks: if divisions { Masks::Divisions } else { Masks::Stripes },
            layers: self.layers.unwrap_or(default.layers),
            transform: self.transform(),
            mixtures: self.mixtures.unwrap_or(default.mixtures),
            hidden: self.hidden.clone().map_or(default.hidden, |widths| widths.0),
            kernel: self.kernel.unwrap_or(default.kernel),
            rectangles: self.features == Some(FeatureName::Loops),
            seed: self.run.seed,
            prior: prior.map(Box::new),
        })
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
                Some(EstimatorName::Reinforce) => Estimator::Reinforce,
                Some(EstimatorName::Forward) => Estimator::Forward,
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

/// Widths of hidden layers such as 8,8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widths(pub Vec<usize>);

impl FromStr for Widths {
    type Err = String;
    fn from_str(text: &str) -> Result<Widths, String> {
        let width =
            |part: &str| part.trim().parse().map_err(|_| format!("expected widths such as 8,8, found {text:?}"));
        if text.trim() == "none" {
            return Ok(Widths(Vec::new()));
        }
        text.split(',').map(width).collect::<Result<_, _>>().map(Widths)
    }
}

impl std::fmt::Display for Widths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
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
