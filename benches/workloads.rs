//! The workloads that are compared with other frameworks: `peers/` times the same.
#![allow(dead_code, reason = "each bench uses a part")]

use criterion::{BenchmarkId, Criterion, Throughput};
use lattice_autograd::optim::{BatchSchedule, Schedule};
use lattice_autograd::{Family, Trace, Var};
use lattice_flows::{Architecture, Bijection, Error, Flow, Normal, Prior, Trainer, Training};
use lattice_flows::{LinkAngles, LinkFlow};
use lattice_mc::{Chains, Hmc, Integrator, Phi4, Update, Wilson};
use lattice_tensor::field::Channels;
use lattice_tensor::ops::Spline;
use lattice_tensor::{Bindings, Cost, Device, Draws, Fibre, FieldData, Lattice, Layout, Location, Program, Spec};
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    /// A step of training the U(1) flow of tutorial 2101.08176 at β = 2: 16 couplings by stripes.
    Links {
        /// The lattice.
        extent: usize,
        /// Samples in a step.
        batch: usize,
    },
    /// A step of training the U(1) flow that divides the torus, at β = 2.
    Divisions {
        /// The lattice.
        extent: usize,
        /// Samples in a step.
        batch: usize,
    },
    /// Circular splines of eight bins, each point with its own parameters: values, logarithms, and the gradients of a linear
    /// function of them.
    Spline {
        /// Points, a multiple of 8.
        points: usize,
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

    /// Those of flows of angles.
    pub const OF_ANGLES: [Workload; 6] = [
        Workload::Links { extent: 8, batch: 64 },
        Workload::Links { extent: 8, batch: 1024 },
        Workload::Links { extent: 16, batch: 64 },
        Workload::Divisions { extent: 8, batch: 256 },
        Workload::Divisions { extent: 16, batch: 256 },
        Workload::Spline { points: 1_000_000 },
    ];

    /// The name, the same as in `peers/`.
    pub fn name(self) -> String {
        match self {
            Workload::Train { extent, batch } => format!("train_{extent}x{extent}_batch{batch}"),
            Workload::Sample { extent, batch } => format!("sample_{extent}x{extent}_batch{batch}"),
            Workload::Hmc { extent, chains } => format!("hmc_{extent}x{extent}_chains{chains}"),
            Workload::Links { extent, batch } => format!("links_{extent}x{extent}_batch{batch}"),
            Workload::Divisions { extent, batch } => format!("divisions_{extent}x{extent}_batch{batch}"),
            Workload::Spline { points } => format!("spline_8x8_points{points}"),
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
            "links" => Workload::Links { extent, batch: count },
            "divisions" => Workload::Divisions { extent, batch: count },
            "spline" => Workload::Spline { points: count },
            _ => return None,
        };
        (workload.name() == name).then_some(workload)
    }

    /// Samples (or chains) in a step.
    pub fn samples(self) -> usize {
        match self {
            Workload::Train { batch, .. } | Workload::Sample { batch, .. } => batch,
            Workload::Links { batch, .. } | Workload::Divisions { batch, .. } => batch,
            Workload::Hmc { chains, .. } => chains,
            Workload::Spline { points } => points / SPLINE_POINTS,
        }
    }

    /// Prepares the workload and hands it to `time`: the arithmetic and traffic of a step of the whole batch, and a
    /// function that makes a number of steps and returns their seconds.
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
                time(cost, &mut |steps| timed(steps, || trainer.step().map(|_| ()).expect("a step")));
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
                });
            }
            Workload::Links { extent, batch } | Workload::Divisions { extent, batch } => {
                let stripes = matches!(self, Workload::Links { .. });
                let shape = if stripes { LinkFlow::tutorial() } else { LinkFlow::default() };
                let mut flow = shape.flow(&Lattice::periodic([extent, extent])?)?;
                let action = LinkAngles(Wilson::new(2.0));
                let mut trainer = Trainer::<f32, Channels>::new(&mut flow, &action, training(batch)?, device)?;
                let cost = all(trainer.cost());
                time(cost, &mut |steps| timed(steps, || trainer.step().map(|_| ()).expect("a step")));
            }
            Workload::Spline { points } => splines(points, device, time)?,
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
                time(cost, &mut |steps| timed(steps, || chains.advance().map(|_| ()).expect("a trajectory")));
            }
        }
        Ok(())
    }
}

/// Times workloads on one thread and on two. `Gelem/s` is GFLOP/s, counted by the ops themselves, and bytes are those that the ops
/// read and write, most of them from caches.
///
/// # Errors
/// If a workload cannot be planned.
pub fn bench(workloads: &[Workload]) -> Result<(), Error> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .sample_size(20)
        .configure_from_args();
    for workload in workloads {
        let mut group = criterion.benchmark_group(workload.name());
        for threads in [1, 2] {
            let device = Device::cpu(threads)?;
            workload.prepare(&device, &mut |cost, run| {
                group
                    .throughput(Throughput::ElementsAndBytes { elements: cost.flops as u64, bytes: cost.bytes as u64 });
                group.bench_function(BenchmarkId::from_parameter(format!("{threads} threads")), |bencher| {
                    bencher.iter_custom(|steps| Duration::from_secs_f64(run(steps)));
                });
            })?;
        }
        group.finish();
    }
    criterion.final_summary();
    Ok(())
}

/// Points of one sample of the spline workload: what is computed at a time stays in the caches.
const SPLINE_POINTS: usize = 8;

fn splines(points: usize, device: &Device, time: &mut Timing<'_>) -> Result<(), Error> {
    let (lattice, samples) = (Lattice::periodic([SPLINE_POINTS])?, points / SPLINE_POINTS);
    let family = Family::Spline(Spline { bins: 8, circular: true, offset: false });
    let parameters = Fibre::Channels(family.parameters());
    let fibres = [Fibre::Scalar, parameters, Fibre::Channels(2)];
    let layout = Arc::new(Layout::samples(&lattice, 16));
    let field = |fibre| FieldData::<f32>::zeros(&layout, Location::All, fibre, samples);
    let specs = fibres.map(|fibre| Spec::Field { location: Location::All, fibre });
    // Angles and parameters are drawn once.
    let start = Trace::new(&lattice);
    let mut fields = [field(fibres[0])?, field(fibres[1])?, field(fibres[2])?];
    let drawn: Vec<_> = specs.iter().map(|&spec| start.normal_as::<Channels>("bench.points", spec).id()).collect();
    let [x, p, c] = &mut fields;
    let mut bindings = Bindings { samples, out_fields: &mut [x, p, c], ..Default::default() };
    start.program::<f32>(&drawn, &layout)?.run(device, &mut bindings)?;
    let trace = Trace::new(&lattice);
    let x = trace.scalar_field("x");
    let p: Var<'_, Channels> = trace.argument("p", specs[1]);
    let c: Var<'_, Channels> = trace.argument("c", specs[2]);
    let mapped = x.mapped(family, p);
    let seeds = [(mapped.y.id(), c.channel(0).id()), (mapped.log_slope.id(), c.channel(1).id())];
    let gradients: Vec<_> = trace.pullback(&seeds, &[x.id(), p.id()]).into_iter().flatten().collect();
    let outputs = [&[mapped.y.id(), mapped.log_slope.id()], &gradients[..]].concat();
    let mut program: Program<f32> = trace.program(&outputs, &layout)?;
    let cost = program.cost();
    let cost = Cost { flops: cost.flops * samples as f64, bytes: cost.bytes * samples as f64 };
    let mut out = [field(Fibre::Scalar)?, field(Fibre::Scalar)?, field(Fibre::Scalar)?, field(parameters)?];
    time(cost, &mut |steps| {
        timed(steps, || {
            let [y, l, dx, dp] = &mut out;
            let mut bindings = Bindings {
                samples,
                fields: &[&fields[0], &fields[1], &fields[2]],
                out_fields: &mut [y, l, dx, dp],
                ..Default::default()
            };
            program.run(device, &mut bindings).expect("splines");
        })
    });
    Ok(())
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
