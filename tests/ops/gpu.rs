//! Every op and its gradients on a GPU beside the processor.

use super::{device, for_all, ulp};
use crate::draw::Domain;
use crate::gpu::adapter;
use half::f16;
use lattice_autograd::check::{Host, Value};
use lattice_tensor::device::gpu::{Gpu, Plan};
use lattice_tensor::ops::Pointwise;
use lattice_tensor::{Fibre, Graph, Lattice, Layout, Location, Spec};
use std::collections::BTreeMap;

/// Units in the last place by which two values differ, relative to the largest of each number and its terms.
fn deviation(found: &Value, expected: &Value) -> f64 {
    let largest = expected.numbers().iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    let of = |(&a, b): (&f64, f64)| match (a, b) {
        (a, b) if a == b || (a.is_nan() && b.is_nan()) => 0.0,
        (a, b) if a.is_finite() && b.is_finite() => (a - b).abs() / largest / ulp::<f32>(),
        _ => f64::INFINITY,
    };
    found.numbers().iter().zip(expected.numbers()).map(of).fold(0.0, f64::max)
}

/// With no adapter at all: every case has kernels, and they are valid WGSL that fits its bindings at the lowest limits.
#[test]
fn every_op_has_a_kernel() {
    let stub = Gpu::noop().unwrap();
    let mut kernels = 0;
    for_all(|s| {
        let outputs = s.outputs();
        let layout = Layout::samples(&s.case.lattice, 16);
        match Plan::new(&stub, &s.graph, &outputs, &layout) {
            Ok(plan) => kernels += plan.report().kernels.len(),
            Err(e) => s.fail(e),
        }
    });
    assert!(kernels > 500, "{kernels}");
}

/// The parity table: values and gradients of every op, in `f32`, against the processor.
#[test]
fn values_and_gradients_are_those_of_the_processor() {
    let Some(gpu) = adapter() else { return };
    let mut table: BTreeMap<String, [f64; 2]> = BTreeMap::new();
    for_all(|s| {
        // A processor's driver takes seconds for each kernel of matrices: one case of each op and group.
        let of_group = |(spec, _): &(Spec, Domain)| {
            matches!(spec, Spec::Field { fibre: Fibre::Matrix { .. } | Fibre::Algebra { .. }, .. })
        };
        if s.seed >= 3 && (s.case.arguments.iter().any(of_group) || s.case.op.name() == "scaled_unit") {
            return;
        }
        let layout = Layout::samples(&s.case.lattice, 16);
        let name = match Pointwise::ALL.iter().find(|kind| format!("{kind:?}") == format!("{:?}", s.case.op)) {
            Some(kind) => kind.name().to_string(),
            None => s.case.op.name().to_string(),
        };
        // Gradients of the largest ops are programs of hundreds of kernels, each an op of the list; in software they take
        // minutes for SU(3).
        let large = matches!(s.case.op.name(), "staple" | "momentum_update" | "path" | "plaquette");
        let outputs = if large && s.seed == 2 { vec![s.output] } else { s.outputs() };
        let here = s.run::<f32>(&outputs, &layout, &device(), &s.values);
        let there = s.run::<f32>(&outputs, &layout, &gpu, &s.values);
        let entry = table.entry(name).or_default();
        for (i, (found, expected)) in there.iter().zip(&here).enumerate() {
            let d = deviation(found, expected);
            let worst = &mut entry[usize::from(i > 0)];
            *worst = worst.max(d);
            if d.is_infinite() {
                s.fail(format!("output {i} on {}: {found:?}, not {expected:?}", gpu.describe()));
            }
        }
    });
    println!("largest deviation from the processor, in ulp of the largest number");
    for (name, [value, gradient]) in table {
        println!("{name:>18} {value:8.2} {gradient:8.2}");
    }
}

/// Values in half precision may be kept in 16 bits only if a GPU rounds to them as the processor does: every `f16`, every
/// midpoint and what lies beside both.
#[test]
fn rounding_to_half_is_the_processors_bit_for_bit() {
    let Some(gpu) = adapter() else { return };
    let lattice = Lattice::periodic([8, 8]).unwrap();
    let mut graph = Graph::new(&lattice);
    let x = graph.argument("x", Spec::Field { location: Location::All, fibre: Fibre::Scalar }).unwrap();
    let y = graph.push(Pointwise::Half, &[x]).unwrap();
    let exact = |bits: u16| f16::from_bits(bits).to_f32();
    let points = (0..f16::INFINITY.to_bits() - 1).flat_map(|b| [exact(b), 0.5 * (exact(b) + exact(b + 1))]);
    let mut numbers: Vec<f32> = points.flat_map(|x| [x.next_down().abs(), x, x.next_up()]).collect();
    numbers.extend([65_504.0, 65_519.0, 65_520.0, 65_536.0, 1e30, f32::MAX, f32::INFINITY, 1e-20, f32::NAN]);
    let mut numbers: Vec<f64> = numbers.iter().flat_map(|&x| [x, -x]).map(f64::from).collect();
    numbers.resize(numbers.len().next_multiple_of(64), 0.0);
    let x = Value::Field(numbers.chunks(64).map(<[f64]>::to_vec).collect());
    let mut host = Host::<f32>::new(&graph, &[y], &Layout::samples(&lattice, 16)).unwrap();
    let [here, there] = [&device(), &gpu].map(|on| host.run(on, std::slice::from_ref(&x), numbers.len() / 64).unwrap());
    for ((x, here), there) in numbers.iter().zip(here[0].numbers()).zip(there[0].numbers()) {
        let same = here.to_bits() == there.to_bits() || (here.is_nan() && there.is_nan());
        assert!(same, "{x:e} goes to {there:e}, not {here:e}, on {}", gpu.describe());
    }
}
