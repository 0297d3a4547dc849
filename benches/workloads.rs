//! The workloads that are compared with other frameworks: `peers/` times the same.
#![allow(dead_code, reason = "each bench uses a part")]

use lattice_autograd::Trace;
use lattice_autograd::optim::{BatchSchedule, Schedule};
use lattice_flows::{Architecture, Bijection, Error, Flow, Normal, Prior, Trainer, Training};
use lattice_mc::{Chains, Hmc, Integrator, Phi4, Update};
use lattice_tensor::{Bindings, Cost, Device, Draws, Lattice, Layout, Program};
use std::sync::Arc;
use std::time::Instant;

/// `m² = −4`, `λ = 8`.
pub const ACTION: Phi4 = Phi4 { mass2: -4.0, lambda: 8.0 };

/// What is timed. All in `f32`.
#[derive(Clone, Copy, Debug)]
pub enum Workload {
    /// A step of training the tutorial's net on an `extent²` lattice: draw, forward, backward, Adam.
    Train {
        /// The lattice.
        extent: usize,
        /// Samples in a step.
        batch: usize,
    },
    /// Drawing samples with their `log q` from that net.
    Sample {
        /// The lattice.
        extent: usize,
        /// Samples in a draw.
        batch: usize,
    },
    /// An HMC trajectory of ten leapfrog steps: momenta, steps, accept.
    Hmc {
        /// The lattice.
        extent: usize,
        /// Chains side by side.
        chains: usize,
    },
}

/// What a prepared workload is handed to: the cost of a step, and a function that makes steps and returns seconds.
pub type Timing<'a> = dyn FnMut(Cost, &mut dyn FnMut(u64) -> f64) + 'a;

impl Workload {
    /// Those that are timed on processors.
    pub const ALL: [Workload; 5] = [
        Workload::Train { extent: 8, batch: 64 },
        Workload::Train { extent: 8, batch: 1024 },
        Workload::Train { extent: 16, batch: 256 },
        Workload::Sample { extent: 8, batch: 1024 },
        Workload::Hmc { extent: 32, chains: 64 },
    ];

    /// The name, the same as in `peers/`.
    pub fn name(self) -> String {
        match self {
            Workload::Train { extent, batch } => format!("train_{extent}x{extent}_batch{batch}"),
            Workload::Sample { extent, batch } => format!("sample_{extent}x{extent}_batch{batch}"),
            Workload::Hmc { extent, chains } => format!("hmc_{extent}x{extent}_chains{chains}"),
        }
    }

    /// The workload of a name such as those of [`Workload::ALL`], of any extent and batch.
    pub fn named(name: &str) -> Option<Workload> {
        let mut parts = name.split('_');
        let (kind, extents, samples) = (parts.next()?, parts.next()?, parts.next()?);
        let extent = extents.split('x').next()?.parse().ok()?;
        let count = samples.trim_start_matches(|c: char| c.is_ascii_lowercase()).parse().ok()?;
        let workload = match kind {
            "train" => Workload::Train { extent, batch: count },
            "sample" => Workload::Sample { extent, batch: count },
            "hmc" => Workload::Hmc { extent, chains: count },
            _ => return None,
        };
        (workload.name() == name).then_some(workload)
    }

    /// Samples (or chains) in a step.
    pub fn samples(self) -> usize {
        match self {
            Workload::Train { batch, .. } | Workload::Sample { batch, .. } => batch,
            Workload::Hmc { chains, .. } => chains,
        }
    }

    /// Prepares the workload and hands it to `time`: the arithmetic and traffic of a step of the whole batch, and a
    /// function that makes a number of steps and returns their seconds. The steps run inside the threads' pool, as
    /// long loops do.
    ///
    /// # Errors
    /// If the workload cannot be planned.
    pub fn prepare(self, device: &Device, time: &mut Timing<'_>) -> Result<(), Error> {
        let all = |cost: Cost| {
            let n = self.samples() as f64;
            Cost { flops: cost.flops * n, bytes: cost.bytes * n }
        };
        match self {
            Workload::Train { extent, batch } => {
                let mut flow = net(extent, 16)?;
                let mut trainer = Trainer::<f32>::new(&mut flow, &ACTION, training(batch)?, device)?;
                let cost = all(trainer.cost());
                time(cost, &mut |steps| {
                    trainer.inside(|trainer| timed(steps, || trainer.step().map(|_| ()).expect("a step")))
                });
            }
            Workload::Sample { extent, batch } => {
                let flow = net(extent, 16)?;
                let trace = Trace::new(&flow.lattice);
                let z = Normal.sample(&trace, "bench.prior");
                let (phi, log_det) = flow.forward(z);
                let log_q = Normal.log_density(z) - log_det;
                let layout = Arc::new(Layout::samples(&flow.lattice, 16));
                let mut program: Program<f32> = trace.program(&[phi.id(), log_q.id()], &layout)?;
                let mut phi = lattice_tensor::ScalarField::zeros(&layout, batch)?;
                let mut log_q = vec![0.0; batch];
                let mut weights = vec![0.0; flow.parameters.len()];
                flow.parameters.copy_to(&mut weights)?;
                let cost = all(program.cost());
                let mut step = 0;
                time(cost, &mut |steps| {
                    device.install(|| {
                        timed(steps, || {
                            step += 1;
                            let mut bindings = Bindings {
                                samples: batch,
                                draws: Draws { seed: 1, step, first_sample: 0 },
                                weights: &weights,
                                out_fields: &mut [&mut *phi],
                                out_per_sample: &mut [&mut log_q],
                                ..Default::default()
                            };
                            program.run(device, &mut bindings).expect("a draw");
                        })
                    })
                });
            }
            Workload::Hmc { extent, chains } => {
                let lattice = Lattice::periodic([extent, extent])?;
                let hmc = || Hmc::fixed(Integrator::Leapfrog, 0.5, 10);
                let mut chains = Chains::<f32>::new(&ACTION, Box::new(hmc()), &lattice, chains, 1, device)?;
                let trace = Trace::new(&lattice);
                let updated = hmc().trace(&ACTION, trace.scalar_field("phi"));
                let mut outputs = vec![updated.phi.id()];
                outputs.extend(updated.numbers.iter().map(|(_, number)| number.id()));
                let cost = all(trace.program::<f32>(&outputs, &Layout::samples(&lattice, 16))?.cost());
                let chains = &mut chains;
                time(cost, &mut |steps| {
                    device.install(|| timed(steps, || chains.advance().map(|_| ()).expect("a trajectory")))
                });
            }
        }
        Ok(())
    }
}

/// The net of tutorial 2101.08176, with a number of couplings.
///
/// # Errors
/// If the lattice has no checkerboard.
pub fn net(extent: usize, layers: usize) -> Result<Flow, Error> {
    let lattice = Lattice::periodic([extent, extent])?;
    Flow::new(&lattice, Architecture { layers, ..Architecture::default() })
}

/// A training with a constant batch and rate.
///
/// # Errors
/// If the batch is empty.
pub fn training(batch: usize) -> Result<Training, Error> {
    let batch = BatchSchedule::constant(batch)?;
    Ok(Training {
        steps: 1 << 40,
        lr: 1e-4,
        schedule: Schedule::Constant,
        batch,
        clip: 100.0,
        seed: 1,
        ..Training::default()
    })
}

/// The seconds of `steps` calls.
fn timed(steps: u64, mut step: impl FnMut()) -> f64 {
    let start = Instant::now();
    (0..steps).for_each(|_| step());
    start.elapsed().as_secs_f64()
}
