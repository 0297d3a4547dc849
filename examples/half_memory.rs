//! What it does to a training that the backward half remembers activations in `f16`: `docs/half_memory.md`.
//!
//!     cargo run --release --example half_memory -- [STEPS] [SEEDS]
//!
//! For the tutorial's net and the symmetric one at 8×8, m² = −4, λ = 8, before and after a training of STEPS steps:
//! gradients of the same batches in `f64`, in `f32` and in `f32` with rounded activations, beside the scatter of the
//! gradient over batches; then the divergence and acceptance that trainings of SEEDS seeds end with.
#![allow(clippy::print_stdout, reason = "an example prints")]

use lattice_autograd::optim::BatchSchedule;
use lattice_fields::prelude::*;
use lattice_fields::tensor::ops::{Pointwise, Role};
use lattice_fields::tensor::{Draws, NodeId, Program, Spec};
use lattice_flows::Normal;
use lattice_mc::statistics;
use std::error::Error;
use std::sync::Arc;

const ACTION: Phi4 = Phi4 { mass2: -4.0, lambda: 8.0 };
/// By the exact transfer matrix.
const LOG_Z: f64 = 9.291364;
const EXTENTS: [usize; 2] = [8, 8];
const BATCH: usize = 64;
const BATCHES: usize = 64;
const SAMPLES: usize = 1 << 16;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A net, how it is trained, and its learning rate.
fn nets() -> [(&'static str, Architecture, Estimator, f64); 2] {
    [
        ("tutorial, reparam", Architecture::default(), Estimator::Reparam, 3e-3),
        ("symmetric, path", Architecture::symmetric(), Estimator::Path, 2e-2),
    ]
}

/// The gradient of a step with the prior's sample as an argument, so that every precision has the same batches.
struct Gradient<R: Real> {
    program: Program<R>,
    uniforms: Vec<f64>,
    weights: Vec<R>,
    ranges: Vec<std::ops::Range<usize>>,
    /// Numbers of a sample that are remembered rounded.
    rounded: usize,
}

impl<R: Real> Gradient<R> {
    fn new(flow: &Flow, estimator: Estimator, half: bool) -> Outcome<Gradient<R>> {
        let trace = Trace::new(&flow.lattice);
        let z = trace.scalar_field("z");
        let forward = || flow.forward(z);
        let (x, log_det) = if half { trace.remember_half(forward) } else { forward() };
        let phi = x.variable();
        let (back, inverse_log_det) = flow.inverse(phi);
        let log_q = Normal.log_density(back) + inverse_log_det;
        let weight = trace.mask() * (1.0 / BATCH as f64);
        let force = trace.gradient(ACTION.action(phi), phi);
        // See `lattice_flows::Estimator`.
        let outputs: Vec<(NodeId, NodeId)> = match estimator {
            Estimator::Path => vec![(x.id(), ((trace.gradient(log_q, phi) + force) * weight).id())],
            _ => vec![(x.id(), (force * weight).id()), (log_det.id(), (-weight).id())],
        };
        let weights = trace.weight_nodes();
        let found: Vec<NodeId> = trace.pullback(&outputs, &weights).into_iter().flatten().collect();
        if found.len() != weights.len() {
            return Err("a weight without a gradient".into());
        }
        let (graph, live) = (trace.graph(), trace.graph().live(&found));
        let is_half = |role: Role| role == Role::Pointwise(Pointwise::Half);
        let nodes = graph.nodes().iter().zip(live).filter(|(node, live)| *live && is_half(node.op.role()));
        let rounded = nodes.map(|(node, _)| node.spec.numbers(&flow.lattice)).sum();
        let range = |&id: &NodeId| match trace.graph().spec(id) {
            Spec::Weights { offset, len } => offset..offset + len,
            _ => 0..0,
        };
        Ok(Gradient {
            program: trace.program(&found, &Layout::samples(&flow.lattice, R::WIDTH))?,
            uniforms: trace.uniform_values(),
            weights: flow.parameters.values().iter().map(|&w| R::from_f64(w)).collect(),
            rounded,
            ranges: weights.iter().map(range).collect(),
        })
    }

    fn of(&mut self, batch: &[Vec<f32>], device: &Device) -> Outcome<Vec<f64>> {
        let layout = Arc::new(self.program.layout().clone());
        let mut z = ScalarField::<R>::zeros(&layout, batch.len())?;
        for (i, sample) in batch.iter().enumerate() {
            z.set_sample(i, &sample.iter().map(|&x| R::from_f64(x.into())).collect::<Vec<R>>())?;
        }
        let mut sums = vec![0.0; self.program.sums()];
        self.program.run(
            device,
            &mut Bindings {
                samples: batch.len(),
                fields: &[&z],
                uniforms: &self.uniforms,
                weights: &self.weights,
                out_sums: &mut sums,
                ..Default::default()
            },
        )?;
        let mut gradient = vec![0.0; self.weights.len()];
        let mut at = 0;
        for range in &self.ranges {
            let part = &sums[at..at + range.len()];
            gradient[range.clone()].iter_mut().zip(part).for_each(|(g, s)| *g += s);
            at += range.len();
        }
        Ok(gradient)
    }
}

/// Samples of the prior, in `f32`.
fn prior(lattice: &Lattice, batch: usize, device: &Device) -> Outcome<Vec<Vec<f32>>> {
    let trace = Trace::new(lattice);
    let z = trace.normal("half_memory", Location::All);
    let layout = Arc::new(Layout::samples(lattice, 16));
    let mut program = trace.program::<f32>(&[z.id()], &layout)?;
    let mut field = ScalarField::<f32>::zeros(&layout, BATCH)?;
    let draws = Draws { seed: 1, step: batch as u64, first_sample: 0 };
    let mut bindings = Bindings { samples: BATCH, draws, out_fields: &mut [&mut field], ..Default::default() };
    program.run(device, &mut bindings)?;
    Ok((0..BATCH).map(|i| field.sample(i)).collect::<Result<_, _>>()?)
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// One row: norms relative to that of a batch's gradient, root mean square over the batches. The error of `f32` is the
/// distance of its gradient from that in `f64`, that of rounding what it adds to that.
fn gradients(flow: &Flow, estimator: Estimator, device: &Device) -> Outcome<String> {
    let mut double = Gradient::<f64>::new(flow, estimator, false)?;
    let mut keep = Gradient::<f32>::new(flow, estimator, false)?;
    let mut half = Gradient::<f32>::new(flow, estimator, true)?;
    let mut exact = Vec::new();
    let (mut off_keep, mut off_half) = (Vec::new(), Vec::new());
    for batch in 0..BATCHES {
        let z = prior(&flow.lattice, batch, device)?;
        let (g, single) = (double.of(&z, device)?, keep.of(&z, device)?);
        off_half.push(difference(&half.of(&z, device)?, &single));
        off_keep.push(difference(&single, &g));
        exact.push(g);
    }
    let mean = |of: &[Vec<f64>]| -> Vec<f64> {
        (0..of[0].len()).map(|k| of.iter().map(|g| g[k]).sum::<f64>() / of.len() as f64).collect()
    };
    let rms = |of: &[Vec<f64>]| (of.iter().map(|g| norm(g).powi(2)).sum::<f64>() / of.len() as f64).sqrt();
    let (all, centre) = (rms(&exact), mean(&exact));
    let scatter = rms(&exact.iter().map(|g| difference(g, &centre)).collect::<Vec<_>>());
    let (keep, half) = (rms(&off_keep), rms(&off_half));
    // What all batches have in common; errors that are independent from batch to batch would have 1/√BATCHES.
    let shared = |of: &[Vec<f64>]| norm(&mean(of)) / rms(of) * (BATCHES as f64).sqrt();
    Ok(format!(
        "{all:.3} | {:.2} | {:.1e} | {:.2} | {:.1e} | {:.2} | {:.1e}",
        scatter / all,
        keep / all,
        shared(&off_keep),
        half / all,
        shared(&off_half),
        half / scatter,
    ))
}

fn train(flow: &mut Flow, training: Training, device: &Device) -> Outcome<()> {
    let steps = training.steps;
    let mut trainer = Trainer::<f32>::new(flow, &ACTION, training, device)?;
    for _ in 0..steps {
        trainer.step()?;
    }
    Ok(())
}

/// Numbers for each sample that a training step keeps in memory: on the processor, and on a GPU if there is one.
fn arena(flow: &mut Flow, training: Training, device: &Device) -> Outcome<[String; 2]> {
    let processor = Trainer::<f32>::new(flow, &ACTION, training.clone(), device)?.program().arena() / 16;
    Ok([processor.to_string(), arena_on_gpu(flow, training)?])
}

#[cfg(feature = "gpu")]
fn arena_on_gpu(flow: &mut Flow, training: Training) -> Outcome<String> {
    let Ok(device) = Device::gpu() else { return Ok("no GPU".into()) };
    let mut trainer = Trainer::<f32>::new(flow, &ACTION, Training { steps: 1, ..training }, &device)?;
    trainer.step()?;
    Ok(trainer.program().on_gpu().map_or("none".into(), |plan| plan.report().arena.to_string()))
}

#[cfg(not(feature = "gpu"))]
fn arena_on_gpu(_: &mut Flow, _: Training) -> Outcome<String> {
    Ok("no GPU".into())
}

fn main() -> Outcome<()> {
    let mut numbers = std::env::args().skip(1).map(|n| n.parse::<u64>());
    let (steps, seeds) = (numbers.next().unwrap_or(Ok(3000))?, numbers.next().unwrap_or(Ok(2))?);
    let (lattice, device) = (Lattice::periodic(EXTENTS)?, Device::cpu(0)?);
    let plan = |estimator, lr, memory, seed| -> Outcome<Training> {
        let batch = BatchSchedule::constant(BATCH)?;
        Ok(Training { steps, lr, batch, estimator, memory, seed, ..Training::default() })
    };
    println!("{BATCHES} batches of {BATCH}; norms relative to that of the gradient of a batch\n");
    println!("| net | state | norm | scatter | f32 | shared | half | shared | half / scatter |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, architecture, estimator, lr) in nets() {
        let mut flow = Flow::new(&lattice, architecture)?;
        println!("| {name} | fresh | {} |", gradients(&flow, estimator, &device)?);
        train(&mut flow, plan(estimator, lr, Memory::Keep, 1)?, &device)?;
        println!("| {name} | trained | {} |", gradients(&flow, estimator, &device)?);
    }
    println!("\n{steps} steps of {BATCH}, judged by {SAMPLES} fresh samples\n");
    println!("| net | seed | KL, keep | KL, half | acceptance, keep | acceptance, half |");
    println!("|---|---|---|---|---|---|");
    for (name, architecture, estimator, lr) in nets() {
        for seed in 1..=seeds {
            let (mut kl, mut acceptance) = (Vec::new(), Vec::new());
            for memory in [Memory::Keep, Memory::Half] {
                let mut flow = Flow::new(&lattice, Architecture { seed, ..architecture.clone() })?;
                train(&mut flow, plan(estimator, lr, memory, seed)?, &device)?;
                let mut sampler = Sampler::<f32>::new(&flow, &ACTION, 1, 1024, &device)?;
                let ensemble = Ensemble::draw(&mut sampler, SAMPLES, 1, |_| true)?;
                kl.push(Certificate::new(&ensemble.log_weights, Some(LOG_Z))?.kl.to_string());
                let moves = ensemble.states.windows(2).map(|s| f64::from(u8::from(s[0] != s[1])));
                acceptance.push(statistics::estimate(&[moves.collect::<Vec<f64>>()])?.to_string());
            }
            println!("| {name} | {seed} | {} | {} |", kl.join(" | "), acceptance.join(" | "));
        }
    }
    println!("\nnumbers in the arena for each sample, and how many of them are rounded\n");
    println!("| net | processor, keep | GPU, keep | processor, half | GPU, half | rounded |");
    println!("|---|---|---|---|---|---|");
    for (name, architecture, estimator, lr) in nets() {
        let mut flow = Flow::new(&lattice, architecture)?;
        let rounded = Gradient::<f32>::new(&flow, estimator, true)?.rounded;
        let plan = |memory| plan(estimator, lr, memory, 1);
        let [keep, half] = [Memory::Keep, Memory::Half].map(|memory| arena(&mut flow, plan(memory)?, &device));
        println!("| {name} | {} | {} | {rounded} |", keep?.join(" | "), half?.join(" | "));
    }
    Ok(())
}
