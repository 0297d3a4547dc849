//! A GPU, if there is one: whole programs beside the processor, within the bounds of CONVENTIONS.md §8.

use lattice_autograd::optim::BatchSchedule;
use lattice_fields::prelude::*;
use lattice_mc::{Clusters, Independence, LinkSweeps, LocalMetropolis, Manifold, Proposal, Start, Update, Wilson};
use lattice_tensor::device::gpu::{Gpu, testing};
use lattice_tensor::field::Links;
use lattice_tensor::group::{Group, SU2, SU3, U1};
use lattice_tensor::{Draws, Fibre, FieldData};
use std::sync::Arc;

/// The GPU that tests use: any adapter, a processor's included. Where there is none, tests that need one say so and
/// pass, unless the environment has `REQUIRE_GPU`.
pub fn adapter() -> Option<Device> {
    testing::shared().unwrap_or_else(|e| panic!("REQUIRE_GPU is set: {e}")).map(|gpu| Device::with_gpu(gpu).unwrap())
}

const ACTION: Phi4 = Phi4 { mass2: -4.0, lambda: 8.0 };

fn processor() -> Device {
    Device::cpu(1).unwrap()
}

fn small() -> Architecture {
    Architecture { layers: 4, hidden: vec![6], ..Default::default() }
}

fn flow(extents: &[usize], architecture: Architecture) -> Flow {
    Flow::new(&Lattice::periodic(extents).unwrap(), architecture).unwrap()
}

fn plan(steps: u64, batch: usize) -> Training {
    Training { steps, batch: BatchSchedule::constant(batch).unwrap(), ..Training::default() }
}

/// Losses, norms of the gradient, and the parameters at the end.
fn train(device: &Device, architecture: Architecture, training: Training) -> (Vec<[f64; 2]>, Vec<f64>) {
    let mut flow = flow(&[4, 4], architecture);
    let mut trainer = Trainer::<f32>::new(&mut flow, &ACTION, training.clone(), device).unwrap();
    let step = |_| trainer.step().map(|report| [report.loss, report.gradient]).unwrap();
    let reports = (0..training.steps).map(step).collect();
    drop(trainer);
    (reports, flow.parameters.values().to_vec())
}

/// With no adapter at all: the programs of trainings, samplers and chains are accepted by a device that checks
/// everything and computes nothing.
#[test]
fn whole_programs_are_valid_without_a_gpu() {
    let stub = Device::with_gpu(Gpu::noop().unwrap()).unwrap();
    for architecture in [small(), Architecture { layers: 2, ..Architecture::symmetric() }] {
        for (estimator, memory) in [
            (Estimator::Reparam, Memory::Keep),
            (Estimator::Path, Memory::Invert),
            (Estimator::Reinforce, Memory::Keep),
        ] {
            let mut flow = flow(&[4, 6], architecture.clone());
            let training = Training { estimator, memory, ..plan(2, 100) };
            let mut trainer = Trainer::<f32>::new(&mut flow, &ACTION, training, &stub).unwrap();
            trainer.step().unwrap();
        }
        let flow = flow(&[4, 6], architecture);
        let mut sampler = Sampler::<f32>::new(&flow, &ACTION, 3, 64, &stub).unwrap();
        let (mut log_weights, mut values) = (vec![0.0; 64], vec![vec![0.0; 64]; sampler.names().len()]);
        sampler.propose(0, 64, &mut log_weights, &mut values).unwrap();
    }
    for extents in [&[6, 4][..], &[40, 40]] {
        let lattice = Lattice::periodic(extents).unwrap();
        let mut chains =
            Chains::<f32>::new(&ACTION, Box::new(Hmc::new(Integrator::Omelyan, 1.0)), &lattice, 3, 5, &stub).unwrap();
        chains.advance().unwrap();
        chains.measure().unwrap();
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let size = a.iter().map(|x| x * x).sum::<f64>().sqrt();
    a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt() / size
}

/// Every estimator and memory policy, and the optimiser on the device: the same steps to rounding.
#[test]
fn trainings_follow_those_of_the_processor() {
    let Some(gpu) = adapter() else { return };
    for estimator in [Estimator::Reparam, Estimator::Path, Estimator::Reinforce] {
        for memory in [Memory::Keep, Memory::Half, Memory::Recompute, Memory::Invert] {
            for architecture in [small(), Architecture { layers: 2, ..Architecture::symmetric() }] {
                let training = Training { estimator, memory, ..plan(8, 80) };
                let (here, end_here) = train(&processor(), architecture.clone(), training.clone());
                let (there, end_there) = train(&gpu, architecture.clone(), training.clone());
                for (step, (a, b)) in here.iter().zip(&there).enumerate() {
                    // Rounding errors grow along a training; those of halves are of 11 bits, where one falls the other way.
                    let first = if memory == Memory::Half { 1e-3 } else { 2e-5 };
                    let bound = first * 2f64.powi(step as i32);
                    let found = (0..2).map(|k| (a[k] / b[k] - 1.0).abs()).fold(0.0, f64::max);
                    assert!(found < bound, "{estimator:?} {memory:?} {architecture:?} step {step}: {a:?} {b:?}");
                }
                let found = distance(&end_here, &end_there);
                let bound = if memory == Memory::Half { 1e-2 } else { 1e-3 };
                assert!(found < bound, "{estimator:?} {memory:?} {architecture:?}: parameters differ by {found}");
            }
        }
    }
}

/// One submission a step, and nothing made after the first two.
#[test]
fn steps_are_one_submission_and_make_nothing() {
    let Some(gpu) = adapter() else { return };
    let mut flow = flow(&[4, 4], small());
    let mut trainer = Trainer::<f32>::new(&mut flow, &ACTION, plan(8, 64), &gpu).unwrap();
    let mut counts = |steps: usize| {
        (0..steps).for_each(|_| {
            trainer.step().unwrap();
        });
        trainer.program().on_gpu().unwrap().counts()
    };
    let (after, later) = (counts(2), counts(4));
    let report = trainer.program().on_gpu().unwrap().report();
    assert_eq!(later.submissions - after.submissions, 4);
    assert_eq!(later.made, after.made);
    // The optimiser adds two.
    assert_eq!(later.dispatches - after.dispatches, 4 * (report.dispatches() as u64 + 2));
    // Each coupling is one dispatch forward and one backward; what is around them is few.
    assert!(report.dispatches() <= 2 * 4 + 8, "{report}");
    assert!(report.kernels.iter().any(|kernel| kernel.is_fused()), "{report}");
}

/// Activations that are kept as halves take half of the room, where the device stores them.
#[test]
fn halves_take_half_the_room() {
    let Some(gpu) = adapter() else { return };
    let report = |memory| {
        let mut flow = flow(&[8, 8], small());
        let training = Training { memory, ..plan(2, 64) };
        let mut trainer = Trainer::<f32>::new(&mut flow, &ACTION, training, &gpu).unwrap();
        trainer.step().unwrap();
        trainer.program().on_gpu().unwrap().report()
    };
    let (keep, half) = (report(Memory::Keep), report(Memory::Half));
    assert_eq!(keep.halves, 0);
    if gpu.gpu_context().unwrap().description().half_precision {
        assert!(half.halves > 0 && half.arena + half.halves / 2 < keep.arena, "{keep}\n{half}");
    }
}

/// A checkpoint in the middle, as bits.
#[test]
fn trainings_resume_bit_for_bit() {
    let Some(gpu) = adapter() else { return };
    let unbroken = train(&gpu, small(), plan(6, 32)).1;
    let training = plan(6, 32);
    let mut first = flow(&[4, 4], small());
    let mut trainer = Trainer::<f32>::new(&mut first, &ACTION, training.clone(), &gpu).unwrap();
    (0..3).for_each(|_| {
        trainer.step().unwrap();
    });
    let description = crate::training::description(trainer.flow().unwrap(), training.clone());
    let checkpoint = Checkpoint::of(&mut trainer, &description).unwrap();
    // Asking for the state must not change what follows.
    (0..3).for_each(|_| {
        trainer.step().unwrap();
    });
    drop(trainer);
    assert_eq!(first.parameters.values(), unbroken);
    let mut second = checkpoint.flow().unwrap();
    let mut trainer = Trainer::<f32>::new(&mut second, &ACTION, training, &gpu).unwrap();
    trainer.resume(&checkpoint).unwrap();
    (0..3).for_each(|_| {
        trainer.step().unwrap();
    });
    drop(trainer);
    assert_eq!(second.parameters.values(), unbroken);
}

/// Parameters that are on a GPU are not mistaken for those on the host.
#[test]
fn parameters_that_are_away_are_refused() {
    let Some(gpu) = adapter() else { return };
    let mut flow = flow(&[4, 4], small());
    let mut trainer = Trainer::<f32>::new(&mut flow, &ACTION, plan(8, 32), &gpu).unwrap();
    trainer.step().unwrap();
    drop(trainer);
    let error = Sampler::<f32>::new(&flow, &ACTION, 1, 16, &gpu).err().expect("refused").to_string();
    assert!(error.contains("on a GPU"), "{error}");
}

/// Energies of trajectories, and the decisions that rest on them.
#[test]
fn trajectories_are_those_of_the_processor() {
    let Some(gpu) = adapter() else { return };
    for extents in [&[8, 8][..], &[3, 5], &[40, 40], &[4, 2, 6]] {
        for integrator in Integrator::ALL {
            let lattice = Lattice::periodic(extents).unwrap();
            let hmc = || Box::new(Hmc::fixed(integrator, 1.0, 6));
            let chains = |device: &Device| Chains::<f32>::new(&ACTION, hmc(), &lattice, 9, 5, device).unwrap();
            let (mut here, mut there) = (chains(&processor()), chains(&gpu));
            let volume = lattice.volume() as f64;
            for update in 0..3 {
                let a = here.advance().unwrap().to_vec();
                let b = there.advance().unwrap().to_vec();
                for chain in 0..9 {
                    // Sums of terms of order one that differ by rounding; a later trajectory starts where they differ.
                    let bound = 4.0 * 2f64.powi(-24) * volume * 16f64.powi(update);
                    let (dh_a, dh_b) = (a[2][chain], b[2][chain]);
                    assert!((dh_a - dh_b).abs() < bound, "{extents:?} {integrator:?} update {update}: {dh_a} {dh_b}");
                    assert_eq!(a[0][chain], b[0][chain], "{extents:?} {integrator:?} update {update} chain {chain}");
                }
            }
            let (a, b) = (here.measure().unwrap().to_vec(), there.measure().unwrap().to_vec());
            for (name, (a, b)) in here.observable_names().iter().zip(a.iter().zip(&b)) {
                for (a, b) in a.iter().zip(b) {
                    assert!((a - b).abs() < 1e-2 * (1.0 + a.abs()), "{extents:?} {name}: {a} {b}");
                }
            }
        }
    }
}

/// Local Metropolis and clusters run on a GPU too, with their work on single sites on the host where it must be.
#[test]
fn other_updates_run() {
    let Some(gpu) = adapter() else { return };
    let lattice = Lattice::periodic([6, 6]).unwrap();
    type Make = fn() -> Box<dyn Update<Scalar>>;
    let updates: [Make; 2] =
        [|| Box::<LocalMetropolis>::default(), || Box::new(Clusters { after: Box::<LocalMetropolis>::default() })];
    for update in updates {
        let chains = |device: &Device| Chains::<f32>::new(&ACTION, update(), &lattice, 20, 5, device).unwrap();
        let (mut here, mut there) = (chains(&processor()), chains(&gpu));
        here.advance().unwrap();
        there.advance().unwrap();
        let differ = (0..20).filter(|&chain| {
            let (a, b) = (here.fields().sample(chain).unwrap(), there.fields().sample(chain).unwrap());
            a.iter().zip(&b).any(|(a, b)| (a - b).abs() > 1e-5)
        });
        // A site's decision may fall the other way where it is close.
        assert!(differ.count() <= 1, "{:?}", here.update());
    }
}

/// Proposals of a flow and the chain that they feed: the same decisions, but where log-weights are closer than their
/// error.
#[test]
fn flow_chains_decide_as_on_the_processor() {
    let Some(gpu) = adapter() else { return };
    const SAMPLES: usize = 1500;
    let mut flow = flow(&[8, 8], small());
    let mut trainer = Trainer::<f32>::new(&mut flow, &ACTION, plan(60, 64), &Device::cpu(0).unwrap()).unwrap();
    (0..60).for_each(|_| {
        trainer.step().unwrap();
    });
    drop(trainer);
    let draw = |device: &Device| {
        let mut sampler = Sampler::<f32>::new(&flow, &ACTION, 3, 500, device).unwrap();
        let mut log_weights = vec![0.0; SAMPLES];
        let mut values = vec![vec![0.0; SAMPLES]; sampler.names().len()];
        sampler.propose(0, SAMPLES, &mut log_weights, &mut values).unwrap();
        (log_weights, values)
    };
    let ((here, of_here), (there, of_there)) = (draw(&processor()), draw(&gpu));
    let (mut worst, mut largest) = (0.0_f64, 0.0_f64);
    for (a, b) in here.iter().zip(&there) {
        worst = worst.max((a - b).abs());
        largest = largest.max(a.abs());
    }
    println!("log-weights up to {largest:.0} differ by {worst:.1e} at most");
    assert!(worst < BOUND, "{worst}");
    for (a, b) in of_here.iter().flatten().zip(of_there.iter().flatten()) {
        assert!((a - b).abs() < 1e-4 * (1.0 + a.abs()), "{a} {b}");
    }
    // Each chain decides by its own weights; once both have the same state they stay together.
    let (mut a, mut b) = (Independence::new(7), Independence::new(7));
    let mut apart = 0;
    for n in 0..SAMPLES {
        let (x, y) = (a.offer(n as u64, here[n]), b.offer(n as u64, there[n]));
        apart += usize::from(x.accepted != y.accepted);
    }
    // A decision falls the other way with a probability of about the difference of log-weights.
    assert!(apart as f64 <= 2.0 + SAMPLES as f64 * 4.0 * BOUND, "{apart} decisions differ");
}

/// The error of a log-weight on 64 sites; see CONVENTIONS.md §8.
const BOUND: f64 = 2e-4;

/// The same bits for any cut of the batch, any arena, and a device opened at the lowest limits.
#[test]
fn cuts_and_limits_do_not_matter() {
    let Some(gpu) = adapter() else { return };
    let Ok(lowest) = Gpu::at_default_limits(None) else { panic!("an adapter refuses the default limits") };
    let narrow = Gpu::at_default_limits(None).unwrap();
    narrow.set_arena(64 * 4 * 3000);
    let devices = [gpu, Device::with_gpu(lowest).unwrap(), Device::with_gpu(narrow).unwrap()];
    let flow = flow(&[4, 4], small());
    let draw = |device: &Device, batch: usize, first: u64, count: usize| {
        let mut sampler = Sampler::<f32>::new(&flow, &ACTION, 3, batch, device).unwrap();
        let (mut log_weights, mut values) = (vec![0.0; count], vec![vec![0.0; count]; sampler.names().len()]);
        sampler.propose(first, count, &mut log_weights, &mut values).unwrap();
        log_weights
    };
    let whole = draw(&devices[0], 700, 0, 700);
    for (device, batch) in devices.iter().flat_map(|device| [1, 37, 64, 700].map(|batch| (device, batch))) {
        let count = if batch == 1 { 5 } else { 700 };
        assert_eq!(draw(device, batch, 0, count), whole[..count], "{} {batch}", device.describe());
    }
    assert_eq!(draw(&devices[0], 50, 600, 100), whole[600..]);
    let ends: Vec<Vec<f64>> = devices.iter().map(|device| train(device, small(), plan(3, 320)).1).collect();
    assert!(ends[1] == ends[0] && ends[2] == ends[0], "gradients depend on the cut");
}

/// Fields on a GPU are fetched when they are read, whole, in any layout of the host.
#[test]
fn fields_go_there_and_come_back() {
    let Some(gpu) = adapter() else { return };
    for (extents, inner) in [([4, 8], [1, 1]), ([4, 8], [2, 4]), ([6, 4], [1, 2])] {
        let lattice = Lattice::periodic(extents).unwrap();
        let layout = Arc::new(Layout::split(&lattice, &inner, 16).unwrap());
        let trace = Trace::new(&lattice);
        let phi = trace.field::<Channels>("phi", Fibre::Channels(3));
        let (one, two) = ((phi * 2.0).id(), (phi + 1.0).id());
        let mut program = trace.program::<f32>(&[one, two, phi.id()], &layout).unwrap();
        let field = || FieldData::<f32>::zeros(&layout, Location::All, Fibre::Channels(3), 21).unwrap();
        let (mut given, mut a, mut b, mut c) = (field(), field(), field(), field());
        for sample in 0..21 {
            let values: Vec<f32> = (0..3 * lattice.volume()).map(|i| (sample * 1000 + i) as f32).collect();
            given.set_sample(sample, &values).unwrap();
        }
        let mut run =
            |given: &FieldData<f32>, a: &mut FieldData<f32>, b: &mut FieldData<f32>, c: &mut FieldData<f32>| {
                let out = &mut [a, b, c];
                program
                    .run(&gpu, &mut Bindings { samples: 21, fields: &[given], out_fields: out, ..Default::default() })
            };
        run(&given, &mut a, &mut b, &mut c).unwrap();
        for sample in 0..21 {
            let values = given.sample(sample).unwrap();
            assert_eq!(a.sample(sample).unwrap(), values.iter().map(|x| x * 2.0).collect::<Vec<_>>());
            assert_eq!(b.sample(sample).unwrap(), values.iter().map(|x| x + 1.0).collect::<Vec<_>>());
            assert_eq!(c.sample(sample).unwrap(), values);
        }
        // What was changed on the host is sent again.
        a.set_sample(20, &vec![0.5; 3 * lattice.volume()]).unwrap();
        let mut again = field();
        run(&a, &mut given, &mut b, &mut again).unwrap();
        assert_eq!(given.sample(20).unwrap()[0], 1.0);
        assert_eq!(given.sample(3).unwrap(), a.sample(3).unwrap().iter().map(|x| x * 2.0).collect::<Vec<_>>());
    }
}

/// Random fields: uniform ones the same bits, normal ones within the stated bound.
#[test]
fn random_fields_are_those_of_the_processor() {
    let Some(gpu) = adapter() else { return };
    let lattice = Lattice::periodic([5, 3, 2]).unwrap();
    let layout = Arc::new(Layout::samples(&lattice, 16));
    let trace = Trace::new(&lattice);
    let normal = trace.normal("normal", Location::All);
    let spec = lattice_tensor::Spec::Field { location: Location::All, fibre: Fibre::Channels(3) };
    let uniform = trace.apply::<Channels>(
        lattice_tensor::ops::Random {
            stream: "uniform".into(),
            distribution: lattice_tensor::ops::Distribution::Uniform,
            spec,
        },
        &[],
    );
    let number = trace.uniform_draw("number");
    let mut program = trace.program::<f32>(&[normal.id(), uniform.id(), number.id()], &layout).unwrap();
    let mut run = |device: &Device| {
        let mut a = FieldData::<f32>::zeros(&layout, Location::All, Fibre::Scalar, 100).unwrap();
        let mut b = FieldData::<f32>::zeros(&layout, Location::All, Fibre::Channels(3), 100).unwrap();
        let mut c = vec![0.0; 100];
        // Samples and steps beyond 32 bits.
        let draws = Draws { seed: 9, step: (3 << 32) + 5, first_sample: (1 << 32) - 40 };
        let bindings = Bindings { samples: 100, draws, ..Default::default() };
        program
            .run(device, &mut Bindings { out_fields: &mut [&mut a, &mut b], out_per_sample: &mut [&mut c], ..bindings })
            .unwrap();
        let all = |f: &FieldData<f32>| (0..100).flat_map(|s| f.sample(s).unwrap()).collect::<Vec<_>>();
        (all(&a), all(&b), c)
    };
    let (here, there) = (run(&processor()), run(&gpu));
    assert_eq!((&here.1, &here.2), (&there.1, &there.2));
    let worst = here.0.iter().zip(&there.0).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= 2e-6, "{worst}");
}

/// What a GPU cannot do is refused by name.
#[test]
fn what_a_gpu_cannot_do_is_refused() {
    let Some(gpu) = adapter() else { return };
    let lattice = Lattice::periodic([4, 4]).unwrap();
    let trace = Trace::new(&lattice);
    let sum = trace.scalar_field("phi").sum_sites();
    let layout = Arc::new(Layout::samples(&lattice, 8));
    let phi = ScalarField::<f64>::zeros(&layout, 3).unwrap();
    let mut out = [0.0; 3];
    let mut program = trace.program::<f64>(&[sum.id()], &layout).unwrap();
    let mut bindings = Bindings { samples: 3, fields: &[&phi], out_per_sample: &mut [&mut out], ..Default::default() };
    let error = program.run(&gpu, &mut bindings).unwrap_err().to_string();
    assert!(error.contains("f64") && error.contains("f32"), "{error}");
}

/// One update after another of gauge fields, on both: the same decisions, and plaquettes as close as `f32` allows.
fn gauge_chains<G: Group>(
    gpu: &Device,
    extents: &[usize],
    (updates, bound): (usize, f64),
    update: fn() -> Box<dyn Update<Links<G>>>,
) where
    Links<G>: Manifold,
{
    let (lattice, action) = (Lattice::periodic(extents).unwrap(), Wilson::new(2.0));
    let chains = |device: &Device| -> Vec<Vec<f64>> {
        let mut chains = Chains::<f32, Links<G>>::new(&action, update(), &lattice, 3, 5, device).unwrap();
        chains.begin(Start::Hot).unwrap();
        let names = chains.observable_names().to_vec();
        let which = names.iter().position(|name| name == "plaquette").unwrap();
        let mut series = Vec::new();
        for _ in 0..updates {
            chains.advance().unwrap();
            series.push(chains.measure().unwrap()[which].clone());
        }
        series
    };
    let [here, there] = [&processor(), gpu].map(chains);
    for (here, there) in here.iter().zip(&there) {
        assert!(distance(here, there) < bound, "{} on {extents:?}: {there:?}, not {here:?}", G::NAME);
    }
}

#[test]
fn gauge_fields_move_as_on_the_processor() {
    let Some(gpu) = adapter() else { return };
    // A heat bath divides by what is left of the staples in a subgroup, which may be small, and rounding grows from sweep to
    // sweep until the chains have parted: one is compared.
    let (close, amplified) = ((3, 2e-5), (1, 1e-3));
    gauge_chains::<U1>(&gpu, &[4, 6], close, || Box::new(Hmc::fixed(Integrator::Omelyan, 1.0, 4)));
    gauge_chains::<SU2>(&gpu, &[4, 4], close, || Box::new(Hmc::fixed(Integrator::Leapfrog, 1.0, 4)));
    gauge_chains::<SU3>(&gpu, &[2, 2, 2, 4], close, || Box::new(Hmc::fixed(Integrator::Leapfrog, 0.5, 4)));
    gauge_chains::<U1>(&gpu, &[4, 6], amplified, || Box::new(LinkSweeps::heat_bath(1)));
    gauge_chains::<SU2>(&gpu, &[4, 4], amplified, || Box::new(LinkSweeps::heat_bath(1)));
    gauge_chains::<SU3>(&gpu, &[4, 4], amplified, || Box::new(LinkSweeps::heat_bath(1)));
}
