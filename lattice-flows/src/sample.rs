//! Sampling from a flow: fresh samples, their weights, and the exact chain they feed.

use crate::bijection::{Bijection, Flat};
use crate::error::Error;
use crate::flow::Flow;
use lattice_autograd::Trace;
use lattice_mc::statistics::{self, Estimate, GammaMethod};
use lattice_mc::{Action, Independence, Proposal, observables};
use lattice_tensor::{Bindings, Cost, Device, Draws, Layout, NodeId, Program, Real, Spec};
use lattice_tensor::{Field, FieldData};
use std::sync::Arc;

/// Draws from a flow. A sample is a number: the same number gives the same configuration, however a run is cut.
pub struct Sampler<R: Real> {
    device: Device,
    program: Program<R>,
    uniforms: Vec<f64>,
    weights: Vec<R>,
    names: Vec<String>,
    seed: u64,
    batch: usize,
}

impl<R: Real> Sampler<R> {
    /// Plans the drawing of samples, `batch` at a time, with all standard observables. The batch changes no number.
    ///
    /// # Errors
    /// If the device does not take the precision, or the program cannot be planned.
    pub fn new<K: Flat>(
        flow: &Flow<K>,
        action: &dyn Action<K>,
        seed: u64,
        batch: usize,
        device: &Device,
    ) -> Result<Self, Error> {
        if batch == 0 {
            return Err(lattice_mc::Error::Count { what: "batch", found: 0 }.into());
        }
        device.check_precision::<R>()?;
        flow.check(&flow.parameters)?;
        let trace = Trace::new(&flow.lattice);
        flow.tell_conditions(&trace, action)?;
        let z = flow.prior().sample(&trace, STREAM);
        let (phi, log_det) = flow.forward(z);
        let log_weight = log_det - flow.prior().log_density(z) - action.action(phi);
        let mut outputs: Vec<NodeId> = vec![log_weight.id()];
        let mut names = Vec::new();
        for (name, value) in observables::measured(action, phi) {
            outputs.push(value.id());
            names.push(name);
        }
        let program = trace.program(&outputs, &Layout::samples(&flow.lattice, R::WIDTH))?;
        let mut weights = vec![R::default(); flow.parameters.len()];
        flow.parameters.copy_to(&mut weights)?;
        Ok(Sampler { device: device.clone(), program, uniforms: trace.uniform_values(), weights, names, seed, batch })
    }
}

impl<R: Real> Sampler<R> {
    /// Arithmetic and traffic of one sample with its observables.
    pub fn cost(&self) -> Cost {
        self.program.cost()
    }

    /// The program, for reports.
    pub fn program(&self) -> &Program<R> {
        &self.program
    }
}

impl<R: Real> Proposal for Sampler<R> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn propose(
        &mut self,
        first: u64,
        count: usize,
        log_weights: &mut [f64],
        values: &mut [Vec<f64>],
    ) -> lattice_tensor::Result<()> {
        let mut start = 0;
        while start < count {
            let samples = self.batch.min(count - start);
            let range = start..start + samples;
            let mut outputs: Vec<&mut [f64]> = vec![&mut log_weights[range.clone()]];
            outputs.extend(values.iter_mut().map(|v| &mut v[range.clone()]));
            self.program.run(
                &self.device,
                &mut Bindings {
                    samples,
                    draws: Draws { seed: self.seed, step: 0, first_sample: first + start as u64 },
                    uniforms: &self.uniforms,
                    weights: &self.weights,
                    out_per_sample: &mut outputs,
                    ..Default::default()
                },
            )?;
            start += samples;
        }
        Ok(())
    }
}

/// The configurations of proposals `first .. first + count`, the same that a [`Sampler`] of this seed weighs.
///
/// # Errors
/// If the flow must be told couplings, for which there is [`configurations_of`], or the program cannot be planned.
pub fn configurations<R: Real, K: Flat>(
    flow: &Flow<K>,
    seed: u64,
    first: u64,
    count: usize,
    device: &Device,
) -> Result<Field<K, R>, Error> {
    if let Some(condition) = flow.conditions().first() {
        let (expected, found) = ("a flow that is told no coupling".into(), condition.coupling.clone());
        return Err(Error::Architecture { what: "conditions", expected, found });
    }
    draw(&Trace::new(&flow.lattice), flow, seed, first, count, device)
}

/// As [`configurations`], for an action, whose couplings the flow is told if it asks for them.
///
/// # Errors
/// If the action lacks them or has them outside the flow's ranges, or the program cannot be planned.
pub fn configurations_of<R: Real, K: Flat>(
    flow: &Flow<K>,
    action: &dyn Action<K>,
    seed: u64,
    first: u64,
    count: usize,
    device: &Device,
) -> Result<Field<K, R>, Error> {
    let trace = Trace::new(&flow.lattice);
    flow.tell_conditions(&trace, action)?;
    draw(&trace, flow, seed, first, count, device)
}

fn draw<R: Real, K: Flat>(
    trace: &Trace,
    flow: &Flow<K>,
    seed: u64,
    first: u64,
    count: usize,
    device: &Device,
) -> Result<Field<K, R>, Error> {
    flow.check(&flow.parameters)?;
    let (phi, _) = flow.forward(flow.prior().sample(trace, STREAM));
    let layout = Arc::new(Layout::samples(&flow.lattice, R::WIDTH));
    let mut program = trace.program::<R>(&[phi.id()], &layout)?;
    let mut weights = vec![R::default(); flow.parameters.len()];
    flow.parameters.copy_to(&mut weights)?;
    let Spec::Field { location, fibre } = phi.spec() else {
        return Err(lattice_tensor::Error::op("flow", "a field", phi.spec()).into());
    };
    let mut field = Field::from_data(FieldData::zeros(&layout, location, fibre, count)?);
    program.run(
        device,
        &mut Bindings {
            samples: count,
            draws: Draws { seed, step: 0, first_sample: first },
            uniforms: &trace.uniform_values(),
            weights: &weights,
            out_fields: &mut [&mut field],
            ..Default::default()
        },
    )?;
    Ok(field)
}

/// The stream that proposals are drawn from.
const STREAM: &str = "sample.prior";

/// What independent samples say about a flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate {
    /// Samples it rests on.
    pub samples: usize,
    /// Effective sample size per sample, `(Σw)² / (N Σw²)`.
    pub ess: f64,
    /// `log Z`, from the unbiased estimate of `Z`.
    pub log_z: Estimate,
    /// `⟨log q + S⟩ + log Z`, with the estimated `log Z` of the same samples or with an exact one; infinite where a
    /// weight vanishes.
    pub kl: Estimate,
}

impl Certificate {
    /// Judges log-weights `−S − log q` of independent samples. With an exact `log Z`, the divergence is free of the
    /// bias that an estimate has.
    ///
    /// # Errors
    /// If there are too few, or a weight is NaN.
    pub fn new(log_weights: &[f64], exact_log_z: Option<f64>) -> Result<Certificate, Error> {
        if !log_weights.iter().any(|w| w.is_finite()) {
            return Err(Error::NoWeights { samples: log_weights.len() });
        }
        if let &[log_weight] = log_weights {
            let kl = exact_log_z.map_or(0.0, |log_z| log_z - log_weight);
            let (log_z, kl) = (Estimate::without_error(log_weight), Estimate::without_error(kl));
            return Ok(Certificate { samples: 1, ess: statistics::ess(log_weights)?, log_z, kl });
        }
        Ok(Certificate {
            samples: log_weights.len(),
            ess: statistics::ess(log_weights)?,
            log_z: statistics::log_z(log_weights)?,
            kl: match exact_log_z {
                _ if log_weights.iter().any(|w| !w.is_finite()) => Estimate::without_error(f64::INFINITY),
                Some(log_z) => statistics::kl_given_log_z(log_weights, log_z, 0.0)?,
                None => statistics::kl(log_weights)?,
            },
        })
    }
}

/// The exact chain that a flow's samples feed, with the samples' weights.
#[derive(Clone, Debug, Default)]
pub struct Ensemble {
    /// Log-weights of all proposals, in order.
    pub log_weights: Vec<f64>,
    /// The names of the observables.
    pub names: Vec<String>,
    /// The Metropolis chain: for each observable its value after each proposal, from the first of finite weight on.
    pub series: Vec<Vec<f64>>,
    /// The chain itself: after each proposal, the number of the one that is its state.
    pub states: Vec<u64>,
    /// Fraction of proposals accepted.
    pub acceptance: f64,
    /// Proposals whose weight was not a number or infinite; they count as weight zero.
    pub not_finite: usize,
    /// Whether the run was stopped before its end.
    pub interrupted: bool,
}

impl Ensemble {
    /// Draws `samples` proposals and runs the chain. `progress` is called with the number drawn so far and returns
    /// whether to go on.
    ///
    /// # Errors
    /// If there is nothing to draw, or the proposals fail.
    pub fn draw(
        proposal: &mut dyn Proposal,
        samples: usize,
        seed: u64,
        mut progress: impl FnMut(usize) -> bool,
    ) -> Result<Ensemble, Error> {
        const CHUNK: usize = 8192;
        if samples == 0 {
            return Err(lattice_mc::Error::Count { what: "samples", found: 0 }.into());
        }
        let names = proposal.names().to_vec();
        let mut chain = Independence::new(seed);
        let mut values = vec![vec![0.0; CHUNK]; names.len()];
        let mut current = vec![0.0; names.len()];
        let mut ensemble = Ensemble { series: vec![Vec::new(); names.len()], names, ..Default::default() };
        for first in (0..samples).step_by(CHUNK) {
            let count = CHUNK.min(samples - first);
            ensemble.log_weights.resize(first + count, 0.0);
            proposal.propose(first as u64, count, &mut ensemble.log_weights[first..], &mut values)?;
            for (i, log_weight) in ensemble.log_weights[first..].iter_mut().enumerate() {
                // A density that overflows tells nothing of its sample: weight zero, and counted.
                if log_weight.is_nan() || *log_weight == f64::INFINITY {
                    *log_weight = f64::NEG_INFINITY;
                    ensemble.not_finite += 1;
                }
                let offered = chain.offer((first + i) as u64, *log_weight);
                if offered.accepted {
                    current.iter_mut().zip(&values).for_each(|(c, v)| *c = v[i]);
                }
                if let Some(state) = offered.state {
                    ensemble.states.push(state);
                    ensemble.series.iter_mut().zip(&current).for_each(|(series, &x)| series.push(x));
                }
            }
            if !progress(first + count) && first + count < samples {
                ensemble.interrupted = true;
                break;
            }
        }
        ensemble.acceptance = chain.acceptance();
        Ok(ensemble)
    }

    /// Mean, error and autocorrelation time of each observable.
    ///
    /// # Errors
    /// If a value is not finite.
    pub fn estimates(&self) -> Result<Vec<(String, Estimate)>, Error> {
        let method = GammaMethod::default();
        let estimate = |(name, series): (&String, &Vec<f64>)| {
            Ok((name.clone(), method.estimate_any(std::slice::from_ref(series))?))
        };
        self.names.iter().zip(&self.series).map(estimate).collect()
    }
}
