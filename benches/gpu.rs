//! What programs do on a GPU, kernel by kernel: `cargo bench --bench gpu -- [NAME of the device]`.
//!
//! For each program its kernels with dispatches, workgroups, arithmetic and traffic for one sample (each op counted as if it
//! stood alone), and what a step makes and submits. Kept in `runs/`; `gpu/run.sh` times the same on a real GPU.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod workloads;

use lattice_flows::{Architecture, Flow, Memory, Sampler, Trainer, Training};
use lattice_mc::{Chains, Hmc, Integrator, Proposal};
use lattice_tensor::device::gpu::Plan;
use lattice_tensor::{Device, Lattice};
use std::time::Instant;
use workloads::{ACTION, training};

/// The report of a plan, and what its last steps asked of the device.
fn print(name: &str, plan: Option<&Plan>, steps: u64, seconds: f64) {
    let Some(plan) = plan else { return };
    let counts = plan.counts();
    println!("## {name}\n\n{}", plan.report());
    println!(
        "{steps} runs: {} submissions, {} dispatches, {} buffers and bindings made; {:.3} s a run, the first with its \
         compiling not counted\n",
        counts.submissions, counts.dispatches, counts.made, seconds
    );
}

/// Runs once and then twice; seconds of one of the two.
fn twice(mut run: impl FnMut() -> Result<(), Box<dyn std::error::Error>>) -> Result<f64, Box<dyn std::error::Error>> {
    run()?;
    let start = Instant::now();
    run()?;
    run()?;
    Ok(start.elapsed().as_secs_f64() / 2.0)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let device = name.map_or_else(Device::gpu, |name| Device::gpu_named(&name))?;
    println!("# {}\n", device.describe());
    for (extent, memory) in [(8, Memory::Keep), (8, Memory::Half), (16, Memory::Keep)] {
        let lattice = Lattice::periodic([extent, extent])?;
        let mut flow = Flow::new(&lattice, Architecture::default())?;
        let plan = Training { memory, ..training(64)? };
        let mut trainer = Trainer::<f32>::new(&mut flow, &ACTION, plan, &device)?;
        let seconds = twice(|| Ok(trainer.step().map(|_| ())?))?;
        let name = format!("a training step, {extent}x{extent}, batch 64, memory {memory:?}");
        print(&name, trainer.program().on_gpu(), 3, seconds);
    }
    let lattice = Lattice::periodic([8, 8])?;
    for (name, architecture) in [("tutorial's", Architecture::default()), ("symmetric", Architecture::symmetric())] {
        let flow = Flow::new(&lattice, architecture)?;
        let mut sampler = Sampler::<f32>::new(&flow, &ACTION, 1, 1024, &device)?;
        let (mut log_weights, mut values) = (vec![0.0; 1024], vec![vec![0.0; 1024]; sampler.names().len()]);
        let seconds = twice(|| Ok(sampler.propose(0, 1024, &mut log_weights, &mut values)?))?;
        print(&format!("1024 samples with all observables, {name} flow, 8x8"), sampler.program().on_gpu(), 3, seconds);
    }
    for extent in [16, 64] {
        let lattice = Lattice::periodic([extent, extent])?;
        let hmc = Box::new(Hmc::fixed(Integrator::Leapfrog, 0.5, 10));
        let mut chains = Chains::<f32>::new(&ACTION, hmc, &lattice, 64, 1, &device)?;
        let seconds = twice(|| Ok(chains.advance().map(|_| ())?))?;
        print(
            &format!("an HMC trajectory of 10 steps, 64 chains, {extent}x{extent}"),
            chains.program().on_gpu(),
            3,
            seconds,
        );
    }
    Ok(())
}
