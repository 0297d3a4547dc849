//! The same bits, whatever the number of threads, and however a batch is cut into pieces.

use crate::draw::Draw;
use lattice_autograd::check::Value;
use lattice_autograd::{Trace, Uniform, Var};
use lattice_flows::Memory;
use lattice_tensor::field::{FieldData, Scalar};
use lattice_tensor::{Bindings, Device, Fibre, Lattice, Layout, Location, Program, Real, Spec};
use std::sync::Arc;

/// More than twice as many rows as there are slots for sums, in either precision, and a rest.
const BATCH: usize = 1100;
const EXTENTS: [usize; 2] = [4, 4];
/// Weights of one coupling: two convolutions with three hidden channels.
const WEIGHTS: usize = (9 + 1) * 3 + (9 * 3 + 1) * 2;

/// An affine coupling: the field on one checkerboard scaled and moved by what a net makes of the other.
fn coupling<'t>(x: Var<'t, Scalar>, parity: u8) -> (Var<'t, Scalar>, Var<'t, lattice_autograd::PerSample>) {
    let trace = x.trace();
    let at = parity as usize * WEIGHTS;
    let w = [trace.weights("first", at..at + 30), trace.weights("second", at + 30..at + WEIGHTS)];
    let (frozen, active) = (x.on(Location::Parity(parity)), x.on(Location::Parity(1 - parity)));
    let hidden = frozen.conv(&[3, 3], Location::All, 3, w[0]).leaky_relu(0.1);
    let net = hidden.conv(&[3, 3], Location::Parity(1 - parity), 2, w[1]).tanh();
    let y = active * net.channel(0).exp() + net.channel(1);
    (y.on(Location::All) + frozen.on(Location::All), net.channel(0).sum_sites())
}

/// A training step of a small flow: the loss of each sample, its gradient by the sample, and by weights over the batch.
fn training<R: Real>(memory: Memory) -> Program<R> {
    let lattice = Lattice::periodic(EXTENTS).unwrap();
    let trace = Trace::new(&lattice);
    let z = trace.scalar_field("z");
    let mass: Var<Uniform> = trace.uniform("mass");
    let beta = trace.per_sample("beta");
    let (mut x, mut log_det) = (z, trace.mask() * 0.0);
    for parity in [0, 1] {
        let (y, more) = match memory {
            Memory::Recompute => trace.recompute(|| coupling(x, parity)),
            Memory::Half => trace.remember_half(|| coupling(x, parity)),
            _ => coupling(x, parity),
        };
        (x, log_det) = (y, log_det + more);
    }
    let action = ((mass + 4.0) * x.square() - x * x.neighbours() + x.square().square() * 0.5).sum_sites();
    let loss = beta * action - log_det;
    let weights: Vec<_> = trace.weight_nodes().into_iter().map(|id| trace.var(id)).collect();
    let sums = trace.batch_gradient(loss, trace.constant(1.0 / BATCH as f64), &weights);
    let mut outputs = vec![loss.id(), x.id(), trace.gradient(loss, z).id(), trace.derivative(loss, mass).id()];
    outputs.extend(sums.into_iter().map(|sum| sum.expect("every weight is used").id()));
    trace.program(&outputs, &Layout::samples(&lattice, R::WIDTH)).unwrap()
}

/// Runs on samples `first..first + samples` of the same random batch.
fn run<R: Real>(program: &mut Program<R>, device: &Device, first: usize, samples: usize) -> Vec<Value> {
    let layout = Arc::new(program.layout().clone());
    let mut draw = Draw::new("training", 0);
    let z: Vec<Vec<R>> = (0..BATCH).map(|_| (0..16).map(|_| R::from_f64(draw.signed())).collect()).collect();
    let beta: Vec<f64> = (0..BATCH).map(|_| draw.signed()).collect();
    let weights: Vec<R> = (0..2 * WEIGHTS).map(|_| R::from_f64(0.3 * draw.signed())).collect();
    let field = || FieldData::<R>::zeros(&layout, Location::All, Fibre::Scalar, samples).unwrap();
    let mut input = field();
    (0..samples).for_each(|s| input.set_sample(s, &z[first + s]).unwrap());
    let (mut x, mut dz) = (field(), field());
    let (mut loss, mut dmass) = (vec![0.0; samples], vec![0.0; samples]);
    let mut sums = vec![0.0; program.sums()];
    program
        .run(
            device,
            &mut Bindings {
                samples,
                fields: &[&input],
                per_sample: &[&beta[first..first + samples]],
                uniforms: &[-1.5],
                weights: &weights,
                out_fields: &mut [&mut x, &mut dz],
                out_per_sample: &mut [&mut loss, &mut dmass],
                out_sums: &mut sums,
                ..Default::default()
            },
        )
        .unwrap();
    let plain = |f: &FieldData<R>| {
        Value::Field((0..samples).map(|s| f.sample(s).unwrap().into_iter().map(R::to_f64).collect()).collect())
    };
    vec![plain(&x), plain(&dz), Value::PerSample(loss), Value::PerSample(dmass), Value::Sums(sums)]
}

fn same_bits_for_any_number_of_threads<R: Real>(memory: Memory) {
    let one = run(&mut training::<R>(memory), &Device::cpu(1).unwrap(), 0, BATCH);
    assert!(one.iter().all(|v| v.numbers().iter().all(|x| x.is_finite() && *x != 0.0)), "numbers worth comparing");
    for threads in [2, 3] {
        let mut program = training::<R>(memory);
        let device = Device::cpu(threads).unwrap();
        for repetition in 0..3 {
            let found = run(&mut program, &device, 0, BATCH);
            for (i, (a, b)) in one.iter().zip(&found).enumerate() {
                assert!(a.same_bits(b), "{} output {i}, {threads} threads, run {repetition}", R::NAME);
            }
        }
    }
}

#[test]
fn threads_do_not_change_bits_in_f32() {
    [Memory::Keep, Memory::Half].into_iter().for_each(same_bits_for_any_number_of_threads::<f32>);
}

#[test]
fn threads_do_not_change_bits_in_f64() {
    [Memory::Keep, Memory::Half].into_iter().for_each(same_bits_for_any_number_of_threads::<f64>);
}

/// Fields and numbers of a sample do not depend on the batch around it. Sums over the batch are fixed for a batch; those
/// of its pieces add up to them within rounding.
fn pieces_give_the_same_bits(memory: Memory) {
    let mut program = training::<f32>(memory);
    let device = Device::cpu(2).unwrap();
    let whole = run(&mut program, &device, 0, BATCH);
    for sizes in [[1, 15, 700, 384], [16, 64, 1000, 20], [3, 17, 1, 1079]] {
        let mut first = 0;
        let mut total = vec![0.0; whole[4].numbers().len()];
        for size in sizes {
            let piece = run(&mut program, &device, first, size);
            for (i, (whole, piece)) in whole.iter().zip(&piece).enumerate().take(4) {
                let per_sample = whole.numbers().len() / BATCH;
                let expected = whole.numbers()[first * per_sample..(first + size) * per_sample].to_vec();
                let expected = Value::PerSample(expected);
                assert!(
                    expected.same_bits(&Value::PerSample(piece.numbers())),
                    "output {i}, samples {first} to {}",
                    first + size
                );
            }
            piece[4].numbers().iter().zip(&mut total).for_each(|(x, sum)| *sum += x);
            first += size;
        }
        assert_eq!(first, BATCH);
        let size = Value::Sums(vec![1.0; total.len()]);
        Value::Sums(total).within(&whole[4], &size, 1e-5).unwrap();
    }
}

#[test]
fn pieces_of_a_batch_give_the_same_bits() {
    [Memory::Keep, Memory::Half].into_iter().for_each(pieces_give_the_same_bits);
}

/// Forgetting the inner values of layers costs arithmetic, saves memory and changes no bit.
#[test]
fn recomputation_saves_memory_and_changes_no_bit() {
    let device = Device::cpu(1).unwrap();
    let (mut remembering, mut recomputing) = (training::<f32>(Memory::Keep), training::<f32>(Memory::Recompute));
    assert!(recomputing.arena() < remembering.arena(), "{} and {}", recomputing.arena(), remembering.arena());
    assert!(recomputing.steps() > remembering.steps(), "something is computed twice");
    let (a, b) = (run(&mut remembering, &device, 0, 100), run(&mut recomputing, &device, 0, 100));
    assert!(a.iter().zip(&b).all(|(a, b)| a.same_bits(b)), "same bits");
}

/// What a field argument holds beside its samples does not matter, nor does the order in which programs use the threads.
#[test]
fn programs_may_share_their_threads() {
    let device = Device::cpu(2).unwrap();
    let mut programs: Vec<Program<f32>> = (0..2).map(|_| training(Memory::Keep)).collect();
    let alone: Vec<Vec<Value>> = programs.iter_mut().map(|p| run(p, &device, 0, 50)).collect();
    let together: Vec<Vec<Value>> = std::thread::scope(|scope| {
        let threads: Vec<_> = programs.iter_mut().map(|p| scope.spawn(|| run(p, &device, 0, 50))).collect();
        threads.into_iter().map(|t| t.join().expect("no panic")).collect()
    });
    assert_eq!(alone, together);
    assert_eq!(Spec::scalar_field().numbers(&Lattice::periodic(EXTENTS).unwrap()), 16);
}
