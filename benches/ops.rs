//! Every op's kernel, alone, on an 8×8 lattice with 64 samples in `f32`, one thread: `cargo bench --bench ops`.
//!
//! Throughput is in floating-point operations (`Gelem/s` is GFLOP/s) and bytes as the op's own cost states them; the
//! ceilings of the machine are printed first. The fields lie in a cache.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod measure;
mod one_op;

use criterion::{Criterion, Throughput};
use lattice_tensor::lanes::Level;
use lattice_tensor::ops::{
    Biases, Channel, Conv, ConvInputGrad, ConvKernel, ConvWeightGrad, Distribution, Neighbours, Op, Pointwise, Random,
    Shift, Spread, Stack, SumSites,
};
use lattice_tensor::{Device, Fibre, Lattice, Location, Result, Spec};
use one_op::OneOp;
use std::time::Duration;

const SAMPLES: usize = 64;

fn main() -> Result<()> {
    measure::print_ceilings(Level::best());
    let mut ops = Ops {
        criterion: Criterion::default()
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_millis(600))
            .sample_size(20)
            .configure_from_args(),
        lattice: Lattice::periodic([8, 8])?,
        device: Device::cpu(1)?,
    };
    let all = Location::All;
    let real = Spec::scalar_field();
    let channels = |location, n| Spec::Field { location, fibre: Fibre::Channels(n) };
    for &kind in Pointwise::ALL {
        ops.bench(&format!("pointwise/{}", kind.name()), kind, &vec![real; kind.arity()])?;
    }
    ops.bench("shift", Shift { to: all, displacement: vec![1, 0], from: all }, &[real])?;
    let even = Location::Parity(0);
    ops.bench("shift/restrict to even", Shift { to: even, displacement: vec![0, 0], from: all }, &[real])?;
    ops.bench("neighbours", Neighbours { to: all, from: all }, &[real])?;
    ops.bench("channel", Channel(3), &[channels(all, 8)])?;
    ops.bench("stack", Stack { fibre: Fibre::Channels(2) }, &[real, real])?;
    ops.bench("spread", Spread { spec: real }, &[Spec::PerSample])?;
    ops.bench("sum_sites", SumSites, &[real])?;
    for distribution in [Distribution::Uniform, Distribution::Normal] {
        let random = Random { stream: "bench".into(), distribution, spec: real };
        ops.bench(&format!("random/{distribution:?}").to_lowercase(), random, &[])?;
    }
    // The three layers of the tutorial's net.
    let odd = Location::Parity(1);
    for (inputs, outputs, from, to) in [(1, 8, even, all), (8, 8, all, all), (8, 2, all, odd)] {
        let kernel = ConvKernel { extents: vec![3, 3], from, to, inputs, outputs, biases: Biases::Added };
        let weights = Spec::Weights { offset: 0, len: kernel.weights() };
        let (x, y) = (channels(from, inputs), channels(to, outputs));
        let name = |op: &str| format!("{op}/{inputs} to {outputs}");
        ops.bench(&name("conv"), Conv(kernel.clone()), &[x, weights])?;
        ops.bench(&name("conv_input_grad"), ConvInputGrad(kernel.clone()), &[y, weights])?;
        ops.bench(&name("conv_weight_grad"), ConvWeightGrad(kernel), &[x, y])?;
    }
    ops.criterion.final_summary();
    Ok(())
}

struct Ops {
    criterion: Criterion,
    lattice: Lattice,
    device: Device,
}

impl Ops {
    fn bench(&mut self, name: &str, op: impl Op, inputs: &[Spec]) -> Result<()> {
        let mut one = OneOp::<f32>::new(&self.lattice, op, inputs, SAMPLES, &self.device)?;
        let cost = one.cost();
        let mut group = self.criterion.benchmark_group("ops");
        group.throughput(match cost.flops {
            0.0 => Throughput::BytesDecimal(cost.bytes as u64),
            flops => Throughput::ElementsAndBytes { elements: flops as u64, bytes: cost.bytes as u64 },
        });
        group.bench_function(name, |bencher| bencher.iter(|| one.run()));
        group.finish();
        Ok(())
    }
}
