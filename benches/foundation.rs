//! Proofs of what the design rests on, one section each: `cargo bench --bench foundation [-- a b c d]`.
//!
//! a. Kernels written once over lanes use the wide registers of each instruction set in a plain release build.
//! b. A small lattice with a small batch does not drown in overhead per node.
//! c. The same layout, virtual nodes in the lanes, serves one 4D SU(3) configuration near the machine's limits.
//! d. A program of thousands of nodes is traced, reversed and planned in well under a second.
//!
//! Each number is the best of many repetitions on one core: what the code can do when nothing else runs.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod measure;
mod one_op;
mod su3;
mod workloads;

use lattice_autograd::{Trace, Var};
use lattice_flows::Prior;
use lattice_flows::{Bijection, Error, Normal, Trainer};
use lattice_mc::Action;
use lattice_tensor::device::cpu::Aligned;
use lattice_tensor::lanes::{Isa, Lane, Level, Real, Vectorize};
use lattice_tensor::ops::{Biases, Conv, ConvKernel, SumSites};
use lattice_tensor::{Bindings, Device, Fibre, Lattice, Layout, Location, NodeId, Spec};
use measure::{Traffic, bandwidth, peak_flops, seconds};
use one_op::OneOp;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

fn main() -> Result<(), Error> {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let asked = |section: &str| wanted.is_empty() || wanted.iter().any(|w| w == section);
    if asked("a") {
        registers()?;
    }
    if asked("b") {
        overhead()?;
    }
    if asked("c") {
        virtual_nodes()?;
    }
    if asked("d") {
        planning()?;
    }
    Ok(())
}

fn registers() -> Result<(), Error> {
    println!("(a) kernels over lanes, per instruction set, one core");
    println!(
        "    {:10} {:>4} {:>11} {:>15} {:>6} {:>11} {:>11} {:>12}",
        "level", "", "FMA GFLOP/s", "conv GFLOP/s", "", "exp ns/el", "sum GB/s", "permute GB/s"
    );
    for level in Level::all() {
        registers_of::<f32>(level)?;
        registers_of::<f64>(level)?;
    }
    Ok(())
}

fn registers_of<R: Real>(level: Level) -> Result<(), Error> {
    let device = Device::cpu_with_level(1, level)?;
    let lattice = Lattice::periodic([8, 8])?;
    let peak = peak_flops::<R>(level);
    let channels = Spec::Field { location: Location::All, fibre: Fibre::Channels(8) };
    let kernel = ConvKernel {
        extents: vec![3, 3],
        from: Location::All,
        to: Location::All,
        inputs: 8,
        outputs: 8,
        biases: Biases::Added,
    };
    let weights = Spec::Weights { offset: 0, len: kernel.weights() };
    let mut conv = OneOp::<R>::new(&lattice, Conv(kernel), &[channels, weights], R::WIDTH, &device)?;
    let conv_flops = conv.cost().flops / seconds(0.3, || conv.run()).best;

    let numbers = vec![R::from_f64(0.7); 4096];
    let mut out = numbers.clone();
    let exp = seconds(0.15, || level.run(Exp { from: black_box(&numbers), to: black_box(&mut out) })).best;
    let reverse = std::array::from_fn(|lane| (R::WIDTH - 1).saturating_sub(lane) as u32);
    let permute = seconds(0.15, || {
        level.run(Permute { from: black_box(&numbers), to: black_box(&mut out), lanes: black_box(&reverse) });
    });
    assert_eq!(out[0], numbers[R::WIDTH - 1]);
    let bytes = (numbers.len() * size_of::<R>()) as f64;

    let wide = Lattice::periodic([16, 16])?;
    let mut sum = OneOp::<R>::new(&wide, SumSites, &[Spec::scalar_field()], R::WIDTH, &device)?;
    let sum_bytes = sum.cost().bytes / seconds(0.15, || sum.run()).best;
    println!(
        "    {:10} {:>4} {:>11.1} {:>15.1} {:>5.0}% {:>11.2} {:>11.1} {:>12.1}",
        level.name(),
        R::NAME,
        peak * 1e-9,
        conv_flops * 1e-9,
        100.0 * conv_flops / peak,
        exp / numbers.len() as f64 * 1e9,
        sum_bytes * 1e-9,
        2.0 * bytes / permute.best * 1e-9,
    );
    Ok(())
}

struct Exp<'a, R> {
    from: &'a [R],
    to: &'a mut [R],
}

impl<R: Real> Vectorize for Exp<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let len = Lane::<S, R>::LEN;
        for (from, to) in self.from.chunks_exact(len).zip(self.to.chunks_exact_mut(len)) {
            Lane::<S, R>::at(simd, from, 0).exp().put(to, 0);
        }
    }
}

struct Permute<'a, R> {
    from: &'a [R],
    to: &'a mut [R],
    lanes: &'a [u32; 16],
}

impl<R: Real> Vectorize for Permute<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        for (from, to) in self.from.chunks_exact(R::WIDTH).zip(self.to.chunks_exact_mut(R::WIDTH)) {
            for part in 0..Lane::<S, R>::PARTS {
                Lane::<S, R>::at_permuted(simd, from, 0, self.lanes, part).put(to, part * Lane::<S, R>::LEN);
            }
        }
    }
}

fn overhead() -> Result<(), Error> {
    const NODES: usize = 1000;
    println!("(b) overhead per node, f32, one core, best instruction set");
    let device = Device::cpu(1)?;
    // One row: what a node costs beyond its arithmetic.
    let kernel = nanoseconds_per_node(&device, NODES, |x, _, w| x.conv(&[1], Location::All, 1, w).channel(0))?;
    let chain = nanoseconds_per_node(&device, NODES, |x, _, _| x.shift(0, 1))?;
    let instruction = nanoseconds_per_node(&device, NODES, |x, y, _| x.max(y).min(y))? / 2.0;
    println!(
        "    {NODES} nodes on one block of one or two rows: {kernel:.0} ns a kernel, {chain:.0} ns a chain, {instruction:.1} ns an instruction in a chain"
    );
    let mut flow = workloads::net(8, 16)?;
    let batch = 64;
    let mut trainer = Trainer::<f32>::new(&mut flow, &workloads::ACTION, workloads::training(batch)?, &device)?;
    let (flops, steps) = (trainer.cost().flops * batch as f64, trainer.program().steps());
    let step = seconds(1.0, || {
        trainer.step().map(|_| ()).expect("a step");
    });
    let blocks = (batch / 16) as f64;
    let calls = blocks * steps as f64 * kernel.max(chain) * 1e-9;
    let ideal = flops / peak_flops::<f32>(device.processor().level());
    println!(
        "    training step 8x8, batch {batch}: {:.2} ms; its flops at peak {:.2} ms ({:.0} %); {steps} steps x {blocks} blocks of calls {:.3} ms ({:.1} %)",
        step.best * 1e3,
        ideal * 1e3,
        100.0 * ideal / step.best,
        calls * 1e3,
        100.0 * calls / step.best
    );
    Ok(())
}

/// Time of one of many nodes that do next to nothing, on one block of a lattice of two sites.
fn nanoseconds_per_node(
    device: &Device,
    nodes: usize,
    node: impl for<'t> Fn(
        Var<'t, lattice_tensor::field::Scalar>,
        Var<'t, lattice_tensor::field::Scalar>,
        Var<'t, lattice_autograd::Weights>,
    ) -> Var<'t, lattice_tensor::field::Scalar>,
) -> Result<f64, Error> {
    let lattice = Lattice::periodic([2])?;
    let trace = Trace::new(&lattice);
    let (x, y) = (trace.scalar_field("x"), trace.scalar_field("y"));
    let weights = trace.weights("w", 0..2);
    let end = (0..nodes).fold(x, |x, _| node(x, y, weights));
    let layout = Arc::new(Layout::samples(&lattice, 16));
    let mut program = trace.program::<f32>(&[end.id()], &layout)?;
    let field = lattice_tensor::ScalarField::<f32>::zeros(&layout, 16)?;
    let mut out = field.clone();
    let time = seconds(0.3, || {
        let mut bindings = Bindings {
            samples: 16,
            fields: &[&field, &field],
            weights: &[0.5, 0.5],
            out_fields: &mut [&mut out],
            ..Default::default()
        };
        program.run(device, &mut bindings).expect("the data fit the program");
    });
    Ok(time.best / nodes as f64 * 1e9)
}

fn virtual_nodes() -> Result<(), Error> {
    println!("(c) one SU(3) configuration in 4D, lanes are virtual nodes, one core, best instruction set");
    for extent in [8, 16] {
        su3_of::<f32>(extent)?;
        su3_of::<f64>(extent)?;
    }
    Ok(())
}

fn su3_of<R: Real>(extent: usize) -> Result<(), Error> {
    let level = Level::best();
    let links = su3::Links::<R>::random(extent, 1)?;
    let volume = (extent as f64).powi(4);
    let (found, expected) = (links.plaquette(level), links.plaquette_reference());
    let tolerance = if R::WIDTH == 16 { 1e-6 } else { 1e-13 };
    assert!((found - expected).abs() < tolerance, "plaquette {found}, expected {expected}");
    let matrix_bytes = (su3::MATRIX * size_of::<R>()) as f64 * volume;
    let (a, b) = (links.direction(0)?, links.direction(1)?);
    let mut c = Aligned::zeros(links.matrices(), "a bench")?;
    su3::multiply(level, &a, &b, &mut c);
    check_product(&a, &b, &c, tolerance);
    let multiply = seconds(0.4, || su3::multiply(level, black_box(&a), black_box(&b), black_box(&mut c)));
    let shifts: Vec<f64> = (0..4)
        .map(|mu| {
            links.shift(level, mu, &a, &mut c);
            seconds(0.15, || links.shift(level, mu, black_box(&a), black_box(&mut c))).best
        })
        .collect();
    let shift = shifts.iter().sum::<f64>() / 4.0;
    let plaquette = seconds(0.6, || {
        black_box(links.plaquette(level));
    });
    let peak = peak_flops::<R>(level);
    let report = |what: &str, time: f64, flops: f64, bytes: f64, traffic| {
        // The bandwidth of a plain loop with the same reads and writes over as much memory, in a cache or not.
        let bandwidth = bandwidth(level, traffic, bytes as usize);
        let (by_flops, by_bytes) = (flops / peak, bytes / bandwidth);
        let (limit, binds) = if by_flops > by_bytes { (by_flops, "FMA") } else { (by_bytes, "bandwidth") };
        println!(
            "    {extent:>2}^4 {} {what:9} {:>9.1} us {:>7.1} GFLOP/s of {:.1} {:>7.1} GB/s of {:.1}: {:>4.0} % of the {binds} limit",
            R::NAME,
            time * 1e6,
            flops / time * 1e-9,
            peak * 1e-9,
            bytes / time * 1e-9,
            bandwidth * 1e-9,
            100.0 * limit / time
        );
    };
    report("shift", shift, 0.0, 2.0 * matrix_bytes, Traffic::Copy);
    report("multiply", multiply.best, su3::PRODUCT_FLOPS * volume, 3.0 * matrix_bytes, Traffic::Add);
    report("plaquette", plaquette.best, su3::PLAQUETTE_FLOPS * volume, 4.0 * matrix_bytes, Traffic::Read);
    Ok(())
}

/// Compares a few products, lane by lane, with plain ones.
fn check_product<R: Real>(a: &[R], b: &[R], c: &[R], tolerance: f64) {
    let rows = a.len() / (su3::MATRIX * R::WIDTH);
    for row in [0, rows / 2, rows - 1] {
        for lane in 0..R::WIDTH {
            let matrix = |numbers: &[R]| -> [f64; su3::MATRIX] {
                std::array::from_fn(|i| numbers[(row * su3::MATRIX + i) * R::WIDTH + lane].to_f64())
            };
            let expected = su3::product(&matrix(a), &matrix(b));
            for (found, expected) in matrix(c).into_iter().zip(expected) {
                assert!((found - expected).abs() < tolerance, "product {found}, expected {expected}");
            }
        }
    }
}

fn planning() -> Result<(), Error> {
    println!("(d) from a function to a program that runs, one core");
    for layers in [16, 64, 128] {
        let flow = workloads::net(8, layers)?;
        let start = Instant::now();
        let trace = Trace::new(&flow.lattice);
        let z = Normal.sample(&trace, "bench.prior");
        let (phi, log_det) = flow.forward(z);
        let loss = Normal.log_density(z) - log_det + workloads::ACTION.action(phi);
        let (traced, forward) = (start.elapsed(), trace.graph().nodes().len());
        let weights: Vec<_> = trace.weight_nodes().into_iter().map(|id| trace.var(id)).collect();
        let gradients = trace.batch_gradient(loss, trace.constant(1.0), &weights);
        let reversed = start.elapsed();
        let mut outputs: Vec<NodeId> = vec![loss.id()];
        outputs.extend(gradients.into_iter().flatten().map(Var::id));
        let program = trace.program::<f32>(&outputs, &Layout::samples(&flow.lattice, 16))?;
        let planned = start.elapsed();
        println!(
            "    {layers:>3} couplings: {forward} nodes traced and checked in {:.1} ms, reversed to {} nodes in {:.1} ms, planned to {} steps in {:.1} ms; {:.1} ms in all",
            traced.as_secs_f64() * 1e3,
            trace.graph().nodes().len(),
            (reversed - traced).as_secs_f64() * 1e3,
            program.steps(),
            (planned - reversed).as_secs_f64() * 1e3,
            planned.as_secs_f64() * 1e3
        );
    }
    Ok(())
}
