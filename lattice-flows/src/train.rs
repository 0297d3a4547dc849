//! Training: on the flow's own samples, by reverse Kullback–Leibler divergence, or on an ensemble that is given, by forward.

use crate::bijection::{Bijection, Flat};
use crate::error::Error;
use crate::flow::Flow;
use crate::given;
use crate::gradient::{Estimator, Memory, Step};
use crate::held::Held;
use crate::history::History;
use crate::score;
use lattice_autograd::Trace;
use lattice_autograd::optim::{Adam, AdamSettings, BatchSchedule, LearningRate, Optimizer, Schedule, clip};
use lattice_mc::{Action, statistics};
use lattice_tensor::field::Scalar;
use lattice_tensor::{
    AdamConstants, Bindings, DescentState, Device, Draws, Field, Layout, NodeId, Program, Rate, Real,
};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The plan of a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Steps of the optimiser.
    pub steps: u64,
    /// The learning rate at the start.
    pub lr: f64,
    /// How it falls.
    pub schedule: Schedule,
    /// Samples in a step, and how they grow.
    pub batch: BatchSchedule,
    /// The gradient is scaled down to this norm.
    pub clip: f64,
    /// The seed of all samples.
    pub seed: u64,
    /// How the gradient is estimated.
    #[serde(default)]
    pub estimator: Estimator,
    /// What the backward half remembers. Part of the plan, because it changes rounding.
    #[serde(default)]
    pub memory: Memory,
}

impl Default for Training {
    /// Adam at 3·10⁻³ falling to zero along a cosine over 10,000 steps, batches growing from 64 to 256.
    fn default() -> Self {
        Training {
            steps: 10_000,
            lr: 3e-3,
            schedule: Schedule::Cosine { to: 0.0, over: None },
            batch: BatchSchedule::doubling(64, 256).expect("64 and 256 are multiples of 16"),
            clip: 100.0,
            seed: 1,
            estimator: Estimator::Reparam,
            memory: Memory::Keep,
        }
    }
}

/// What a step has to say, all of it about the training batch alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Steps done.
    pub step: u64,
    /// `⟨log q + S⟩`, which is `KL(q‖p) − log Z`; with [`Estimator::Forward`] `−⟨log q + S⟩` over the ensemble, which is
    /// `KL(p‖q) + log Z` and differs from `−⟨log q⟩` by a number that no parameter changes.
    pub loss: f64,
    /// Standard deviation of `log q + S` over the batch, for the loss's error `deviation / √batch`.
    pub deviation: f64,
    /// Effective sample size per sample of the batch, `(Σw)² / (N Σw²)`, over an ensemble `1/(⟨w⟩ ⟨1/w⟩)`; far too high in
    /// small batches.
    pub ess: f64,
    /// Norm of the gradient before clipping.
    pub gradient: f64,
    /// The learning rate.
    pub lr: f64,
    /// Samples in the batch.
    pub batch: usize,
    /// Whether the step was left out because its numbers were not finite.
    pub rejected: bool,
}

/// Steps that may be left out in a row before training is given up.
const MOST_REJECTED: u32 = 20;

/// A training in progress: everything that a step needs, allocated once.
///
/// On a GPU parameters and optimiser stay there from step to step. The flow that was lent has NaN for its parameters
/// meanwhile, until [`Trainer::flow`], a checkpoint or the last step of the plan fetches them. With
/// [`Estimator::Reinforce`], whose step is two programs, the host has them.
pub struct Trainer<'a, R: Real, K: Flat = Scalar> {
    flow: &'a mut Flow<K>,
    training: Training,
    lr: LearningRate,
    optimizer: Adam,
    device: Device,
    program: Program<R>,
    uniforms: Vec<f64>,
    scale: usize,
    /// The configurations of the step, where they do not move with the parameters.
    held: Option<Held<'a, R, K>>,
    weights: Vec<R>,
    log_weights: Vec<f64>,
    /// With [`Memory::Invert`], of each sample the drift, and the layer where it is largest.
    drift: Option<[Vec<f64>; 2]>,
    /// The program's sums over the batch, and the parameters that they belong to; several may belong to one.
    sums: Vec<f64>,
    ranges: Vec<Range<usize>>,
    gradient: Vec<f64>,
    step: u64,
    /// Steps left out in a row.
    rejected: u32,
    /// The parameters of the last step whose numbers were finite, before its update.
    good: Vec<f64>,
    history: History,
    on_gpu: Descending,
}

/// Where the optimiser works. On a GPU parameters and moments stay there until somebody asks for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Descending {
    /// On the host.
    Never,
    /// On a GPU, which does not have the parameters yet.
    Soon,
    /// On a GPU; the host has what it has.
    Same,
    /// On a GPU; the host has none.
    Ahead,
}

impl<'a, R: Real, K: Flat> Trainer<'a, R, K> {
    /// The largest root mean square distance per site between what went into the layers and what inversion finds,
    /// in units of its standard deviation: a hundred times what rounding in `f32` makes of the flows trained here.
    pub const MOST_DRIFT: f64 = 1e-3;

    /// Traces, differentiates and plans: once.
    ///
    /// # Errors
    /// If the action refuses its couplings, the device does not take the precision, the program cannot be planned, or the
    /// estimator is [`Estimator::Forward`].
    pub fn new(
        flow: &'a mut Flow<K>,
        action: &dyn Action<K>,
        training: Training,
        device: &Device,
    ) -> Result<Self, Error> {
        Self::with(flow, action, None, training, device)
    }

    /// A training by [`Estimator::Forward`] on an ensemble of the action's theory ([`given::field`]). Nothing that it holds can
    /// tell at which couplings it was made: that is for the caller to see to.
    ///
    /// # Errors
    /// As [`Trainer::new`]; if the estimator is another, the ensemble does not fit the flow, or the flow is told couplings, of
    /// which an ensemble has one value.
    pub fn on_ensemble(
        flow: &'a mut Flow<K>,
        action: &dyn Action<K>,
        ensemble: &'a Field<K, R>,
        training: Training,
        device: &Device,
    ) -> Result<Self, Error> {
        Self::with(flow, action, Some(ensemble), training, device)
    }

    fn with(
        flow: &'a mut Flow<K>,
        action: &dyn Action<K>,
        ensemble: Option<&'a Field<K, R>>,
        training: Training,
        device: &Device,
    ) -> Result<Self, Error> {
        action.check().map_err(lattice_mc::Error::Couplings)?;
        device.check_precision::<R>()?;
        if training.steps == 0 {
            return Err(lattice_mc::Error::Count { what: "steps", found: 0 }.into());
        }
        let lr = LearningRate::new(training.lr, training.schedule.clone(), training.steps)?;
        let most = training.batch.last().max(training.batch.first());
        let Training { estimator, memory, .. } = training;
        let least = training.batch.first().min(training.batch.last());
        if estimator == Estimator::Reinforce && least < 2 {
            let expected = "at least 2 samples, of which each is the other's baseline".into();
            return Err(Error::Architecture { what: "a batch", expected, found: least.to_string() });
        }
        let held = match (estimator, ensemble) {
            (Estimator::Reinforce, None) => Some(Held::own(flow, action)?),
            (Estimator::Forward, Some(ensemble)) => Some(Held::given(flow, action, ensemble)?),
            (Estimator::Reparam | Estimator::Path, None) => None,
            (_, ensemble) => {
                let (expected, found) = match ensemble {
                    None => ("an ensemble, as `Trainer::on_ensemble` takes it", "none"),
                    Some(_) => ("no ensemble: the flow's own samples", "one"),
                };
                let what = format!("estimator {estimator:?}").to_lowercase();
                return Err(Error::Given { what, expected: expected.into(), found: found.into() });
            }
        };
        let trace = Trace::new(&flow.lattice);
        if let Some(condition) = flow.conditions().first().filter(|_| ensemble.is_some()) {
            let (expected, found) = ("a flow that is told no coupling".into(), condition.coupling.clone());
            return Err(Error::Given { what: "an ensemble".into(), expected, found });
        }
        flow.draw_conditions(&trace, action)?;
        let scale = trace.uniform("train.scale");
        let step = match estimator {
            Estimator::Reparam | Estimator::Path => {
                let follow = estimator == Estimator::Path;
                Step::write(&trace, flow.prior(), flow, action, scale, follow, memory)
            }
            Estimator::Reinforce | Estimator::Forward => {
                let phi = trace.field("train.phi", action.fibre(&flow.lattice));
                let weight = match estimator {
                    Estimator::Reinforce => trace.per_sample("train.coefficient") * scale,
                    _ => trace.mask() * -scale,
                };
                score::write(&trace, flow.prior(), flow, action, phi, weight, memory)
            }
        };
        let mut outputs: Vec<NodeId> = match estimator {
            Estimator::Reinforce => Vec::new(),
            _ => vec![step.log_weight.id()],
        };
        outputs.extend(step.drift.iter().flat_map(|drift| [drift.of_first.id(), drift.layer.id()]));
        outputs.extend(step.gradients.iter().map(|(_, gradient)| gradient.id()));
        let layout = Layout::samples(&flow.lattice, R::WIDTH);
        let program = trace.program::<R>(&outputs, &layout)?;
        let count = flow.parameters.len();
        flow.check(&flow.parameters)?;
        let mut trainer = Trainer {
            optimizer: Adam::new(count),
            scale: trace.uniform_index(scale).unwrap_or(0),
            uniforms: trace.uniform_values(),
            device: device.clone(),
            lr,
            program,
            held,
            weights: vec![R::default(); count],
            log_weights: vec![0.0; most],
            drift: step.drift.is_some().then(|| [vec![0.0; most], vec![0.0; most]]),
            gradient: vec![0.0; count],
            sums: vec![0.0; step.gradients.iter().map(|(range, _)| range.len()).sum()],
            ranges: step.gradients.into_iter().map(|(range, _)| range).collect(),
            step: 0,
            rejected: 0,
            history: History::new(training.steps),
            good: flow.parameters.values().to_vec(),
            on_gpu: Descending::Never,
            flow,
            training,
        };
        // Parameters that are brought back after each step must be where that is done.
        let restricted = trainer.flow.restrict();
        if device.is_gpu() && !restricted && estimator != Estimator::Reinforce {
            trainer.on_gpu = Descending::Soon;
        }
        trainer.flow.parameters.copy_to(&mut trainer.weights)?;
        Ok(trainer)
    }

    /// One step: a batch, its gradient, the optimiser. Allocates nothing, but where the batch grows.
    ///
    /// # Errors
    /// If the loss or gradient was not finite many times in a row; the parameters are then the last good ones.
    pub fn step(&mut self) -> Result<StepReport, Error> {
        let batch = self.training.batch.size(self.step, self.training.steps);
        let lr = self.lr.lr(self.step);
        if self.on_gpu == Descending::Soon {
            let state = DescentState {
                parameters: self.flow.parameters.values().to_vec(),
                m: self.optimizer.m().to_vec(),
                v: self.optimizer.v().to_vec(),
                ..Default::default()
            };
            let AdamSettings { beta1, beta2, epsilon, weight_decay } = self.optimizer.settings();
            let constants = AdamConstants { beta1, beta2, epsilon, weight_decay };
            self.program.start_descent(&self.device, &state, &self.ranges, constants)?;
        }
        let rate = match self.on_gpu {
            Descending::Never => None,
            on_gpu => {
                if on_gpu != Descending::Ahead {
                    // Old parameters must not be taken for new ones.
                    self.flow.parameters.values_mut().fill(f64::NAN);
                    self.on_gpu = Descending::Ahead;
                }
                Some(Rate { lr, clip: self.training.clip, unbias: self.optimizer.count_step() })
            }
        };
        let norm = self.run(self.step, batch, rate)?;
        self.step += 1;
        self.check_drift(batch, self.step)?;
        let n = batch as f64;
        let mean = self.log_weights[..batch].iter().sum::<f64>() / n;
        let variance = self.log_weights[..batch].iter().map(|w| (w - mean).powi(2)).sum::<f64>() / n;
        let norm = match norm {
            Some(norm) => norm,
            None => {
                self.collect_gradient();
                clip::by_norm(&mut self.gradient, self.training.clip).unwrap_or(f64::NAN)
            }
        };
        let good = mean.is_finite() && norm.is_finite();
        if good {
            self.rejected = 0;
            if self.on_gpu == Descending::Never {
                self.good.copy_from_slice(self.flow.parameters.values());
                self.optimizer.step(self.flow.parameters.values_mut(), &self.gradient, lr)?;
                self.flow.restrict();
                self.flow.parameters.copy_to(&mut self.weights)?;
            }
        } else {
            self.rejected += 1;
            if self.on_gpu != Descending::Never {
                self.optimizer.take_back_step();
            }
            if self.rejected >= MOST_REJECTED {
                self.history.add(self.step, None);
                self.sync()?;
                // The update of the last good step has led to where nothing is finite.
                self.flow.parameters.values_mut().copy_from_slice(&self.good);
                self.flow.parameters.copy_to(&mut self.weights)?;
                self.restart();
                return Err(Error::Diverged { step: self.step, rejected: self.rejected });
            }
        }
        let (loss, ess) = match self.training.estimator {
            Estimator::Forward => (mean, given::ess(&self.log_weights[..batch])),
            _ => (-mean, statistics::ess(&self.log_weights[..batch]).unwrap_or(0.0)),
        };
        self.history.add(self.step, good.then_some((loss, ess)));
        if self.step == self.training.steps {
            self.sync()?;
        }
        Ok(StepReport {
            step: self.step,
            loss,
            deviation: variance.sqrt(),
            ess,
            gradient: if norm.is_finite() { norm } else { f64::NAN },
            lr,
            batch,
            rejected: !good,
        })
    }

    /// Runs the program on the batch of a step. With a rate parameters move too, on the GPU: then the gradient's norm.
    fn run(&mut self, step: u64, batch: usize, rate: Option<Rate>) -> Result<Option<f64>, Error> {
        self.uniforms[self.scale] = 1.0 / batch as f64;
        let draws = Draws { seed: self.training.seed, step, first_sample: 0 };
        let log_weights = &mut self.log_weights[..batch];
        let (mut field, mut coefficients) = (None, None);
        if let Some(held) = &mut self.held {
            held.draw(&self.device, draws, batch, &self.weights, log_weights)?;
            (field, coefficients) = (Some(held.fields()), held.coefficients());
        }
        let (mut none, mut of) = ([], []);
        let [drift, layer] = match &mut self.drift {
            Some([drift, layer]) => [&mut drift[..batch], &mut layer[..batch]],
            None => [&mut none[..], &mut of[..]],
        };
        let mut outputs = [log_weights, drift, layer];
        // The flow has weighed its own samples already.
        let (first, last) = (usize::from(coefficients.is_some()), if outputs[1].is_empty() { 1 } else { 3 });
        let mut bindings = Bindings {
            samples: batch,
            draws,
            fields: field.as_slice(),
            per_sample: coefficients.as_slice(),
            uniforms: &self.uniforms,
            weights: &self.weights,
            out_per_sample: &mut outputs[first..last],
            out_sums: &mut self.sums,
            ..Default::default()
        };
        match rate {
            Some(rate) => Ok(Some(self.program.descend(&self.device, &mut bindings, rate)?)),
            None => {
                self.program.run(&self.device, &mut bindings)?;
                Ok(None)
            }
        }
    }

    /// The gradient that the batch of a step gives at the present parameters, which stay: not clipped, in the order of the
    /// parameters.
    ///
    /// # Errors
    /// If the program cannot be run, or inversion has lost the fields.
    pub fn gradient_at(&mut self, step: u64) -> Result<&[f64], Error> {
        self.sync()?;
        let batch = self.training.batch.size(step.min(self.training.steps), self.training.steps);
        self.run(step, batch, None)?;
        self.restart();
        self.check_drift(batch, step)?;
        self.collect_gradient();
        Ok(&self.gradient)
    }

    /// The gradient of each parameter from the sums over the batch.
    fn collect_gradient(&mut self) {
        self.gradient.fill(0.0);
        let mut at = 0;
        for range in &self.ranges {
            let part = &self.sums[at..at + range.len()];
            self.gradient[range.clone()].iter_mut().zip(part).for_each(|(g, s)| *g += s);
            at += range.len();
        }
    }

    /// Brings parameters, moments and gradient from a GPU, if they are there.
    fn sync(&mut self) -> Result<(), Error> {
        if self.on_gpu == Descending::Ahead {
            let state = self.program.descent_state()?;
            self.flow.parameters.values_mut().copy_from_slice(&state.parameters);
            self.optimizer.set_moments(&state.m, &state.v)?;
            self.gradient.copy_from_slice(&state.gradient);
            // One that is not finite stays as it is.
            let _ = clip::by_norm(&mut self.gradient, self.training.clip);
            self.good.copy_from_slice(&state.before);
            self.flow.parameters.copy_to(&mut self.weights)?;
            self.on_gpu = Descending::Same;
        }
        Ok(())
    }

    /// The host's parameters and moments are what a GPU goes on from.
    fn restart(&mut self) {
        if self.on_gpu != Descending::Never {
            self.on_gpu = Descending::Soon;
        }
    }

    /// Whether inversion found again what went in.
    fn check_drift(&self, batch: usize, step: u64) -> Result<(), Error> {
        let Some([drift, layer]) = &self.drift else { return Ok(()) };
        // A sample that is not finite by itself is no fault of the inversion: its step is left out.
        let lost = (0..batch).find(|&i| {
            let found = drift[i] <= Self::MOST_DRIFT;
            !found && self.log_weights[i].is_finite()
        });
        match lost {
            None => Ok(()),
            Some(i) => Err(Error::Drift { layer: layer[i] as usize, step, found: drift[i], most: Self::MOST_DRIFT }),
        }
    }

    /// Steps done.
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    /// Loss and effective sample size so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The plan.
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// The flow in its present state.
    ///
    /// # Errors
    /// If it is on a GPU and cannot be fetched.
    pub fn flow(&mut self) -> Result<&Flow<K>, Error> {
        self.sync()?;
        Ok(self.flow)
    }

    /// The gradient of the last step, clipped, in the order of the parameters.
    ///
    /// # Errors
    /// As [`Trainer::flow`].
    pub fn gradient(&mut self) -> Result<&[f64], Error> {
        self.sync()?;
        Ok(&self.gradient)
    }

    /// The flow and the optimiser in their present state.
    ///
    /// # Errors
    /// As [`Trainer::flow`].
    pub fn state(&mut self) -> Result<(&Flow<K>, &Adam), Error> {
        self.sync()?;
        Ok((self.flow, &self.optimizer))
    }

    /// The ensemble that it learns from, by its [`given::fingerprint`], if it learns from one.
    pub fn ensemble(&self) -> Option<&str> {
        self.held.as_ref().and_then(Held::ensemble)
    }

    /// Takes up a training where a checkpoint left it.
    ///
    /// # Errors
    /// If the checkpoint does not fit, or was made with another ensemble.
    pub fn resume(&mut self, checkpoint: &crate::Checkpoint<K>) -> Result<(), Error> {
        let (own, before) = (self.ensemble(), checkpoint.ensemble());
        if own != before {
            let text = |found: Option<&str>| found.map_or("none".into(), |hash| format!("one of SHA-256 {hash}"));
            let (expected, found) = (text(before), text(own));
            return Err(Error::Given { what: "the ensemble of a training that goes on".into(), expected, found });
        }
        self.flow.parameters.restore(&checkpoint.file)?;
        self.optimizer.restore(&self.flow.parameters, &checkpoint.file)?;
        self.history.restore(&checkpoint.file);
        self.good.copy_from_slice(self.flow.parameters.values());
        self.step = checkpoint.step;
        self.flow.parameters.copy_to(&mut self.weights)?;
        self.restart();
        Ok(())
    }

    /// The program of a step, for reports.
    pub fn program(&self) -> &Program<R> {
        &self.program
    }

    /// Arithmetic and traffic of a step, for one sample.
    pub fn cost(&self) -> lattice_tensor::Cost {
        self.program.cost()
    }
}
