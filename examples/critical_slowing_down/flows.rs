//! The symmetric flow at a point: trained, and sampled twice on the way.

use crate::Failure;
use crate::measured::{Cost, Method, NAMES, Row, analyse, median};
use crate::points::Point;
use lattice_fields::autograd::optim::BatchSchedule;
use lattice_fields::prelude::*;
use std::collections::BTreeMap;
use std::time::Instant;

/// Steps of every training, along one cosine from 2·10⁻² to zero.
pub const STEPS: u64 = 1500;
/// The first step at which fresh samples are asked whether the common acceptance is reached.
const FIRST: u64 = 50;
/// How many fresh samples decide.
const DECIDING: usize = 20_000;
const CHAINS: u64 = 16;
const PROPOSALS: usize = 1 << 14;
/// Left out at the start of each chain, which begins with a sample of the flow and not of the theory.
const THERMALIZE: usize = 200;

/// Trains a flow. Returns it sampled when fresh samples first showed the acceptance `target`, and at the end.
///
/// The kernel of the prior's spectrum is as wide as the lattice has room for: one that does not reach over the lattice
/// leaves the zero mode to the couplings, and large weights to rare samples.
pub fn run(point: &Point, target: f64, device: &Device) -> Result<[Row; 2], Failure> {
    let action = point.action();
    let architecture = Architecture { spectrum: point.extent - 1, ..Architecture::symmetric() };
    let mut flow = Flow::new(&point.lattice()?, architecture)?;
    let training = Training {
        steps: STEPS,
        lr: 2e-2,
        batch: BatchSchedule::constant(64)?,
        estimator: Estimator::Path,
        ..Default::default()
    };
    let mut trainer = Trainer::<f32>::new(&mut flow, &action, training, device)?;
    let (mut seconds, mut next, mut reached) = (0.0, FIRST, None);
    loop {
        let start = Instant::now();
        (trainer.steps_done()..next).try_for_each(|_| trainer.step().map(drop))?;
        seconds += start.elapsed().as_secs_f64();
        let cost = Cost { steps: next, seconds };
        if reached.is_none() {
            // A seed far from those of the chains.
            let mut sampler = Sampler::<f32>::new(trainer.flow()?, &action, 1_000_000 + next, 1024, device)?;
            let acceptance = Ensemble::draw(&mut sampler, DECIDING, next, |_| true)?.acceptance;
            eprintln!("{}: {next} steps in {seconds:.1} s, acceptance {acceptance:.3}", point.name);
            if acceptance >= target {
                reached = Some(sample(point, Method::Flow, trainer.flow()?, cost, device)?);
            } else if next == STEPS {
                let name = point.name;
                return Err(format!("{name}: acceptance {acceptance:.3} after {STEPS} steps, below {target}").into());
            }
        }
        match reached {
            Some(reached) if next == STEPS => {
                return Ok([reached, sample(point, Method::FlowEqualSteps, trainer.flow()?, cost, device)?]);
            }
            Some(_) => next = STEPS,
            // Close enough together that no flow is trained far beyond the target.
            None => next = (next + next / 10).min(STEPS),
        }
    }
}

/// Chains of Metropolis over the flow's proposals. Their seconds include the observables, which the same program works
/// out.
fn sample(point: &Point, method: Method, flow: &Flow, cost: Cost, device: &Device) -> Result<Row, Failure> {
    let mut series: BTreeMap<&str, Vec<Vec<f64>>> = BTreeMap::new();
    let (mut seconds, mut accepted) = (Vec::new(), 0.0);
    // Seeds of their own for every row, so that rows are independent of each other.
    let first = 100_000 * (1000.0 * point.lambda).round() as u64 + cost.steps;
    for seed in (1..=CHAINS).map(|chain| first + 10_000 * chain) {
        let mut sampler = Sampler::<f32>::new(flow, &point.action(), seed, 1024, device)?;
        let (mut start, mut drawn) = (Instant::now(), 0);
        let ensemble = Ensemble::draw(&mut sampler, PROPOSALS, seed, |done| {
            seconds.push(start.elapsed().as_secs_f64() / (done - drawn) as f64);
            (start, drawn) = (Instant::now(), done);
            true
        })?;
        accepted += ensemble.acceptance / CHAINS as f64;
        for (name, values) in ensemble.names.iter().zip(&ensemble.series) {
            if let Some(name) = NAMES.iter().find(|n| *n == name) {
                series.entry(name).or_default().push(values.iter().skip(THERMALIZE).copied().collect());
            }
        }
    }
    Ok(Row {
        point: point.name.into(),
        extent: point.extent,
        method,
        how: format!("symmetric flow, spectrum {}, {} steps of training", point.extent - 1, cost.steps),
        acceptance: accepted,
        updates: CHAINS as usize * PROPOSALS,
        seconds: median(&seconds),
        numbers: analyse(|name| series.get(name).map(Vec::as_slice))?,
        training: Some(cost),
    })
}
