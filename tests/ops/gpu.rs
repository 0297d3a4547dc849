//! Every op and its gradients on a GPU beside the processor.

use super::{device, for_all, ulp};
use crate::gpu::adapter;
use lattice_autograd::check::Value;
use lattice_tensor::Layout;
use lattice_tensor::device::gpu::{Gpu, Plan};
use lattice_tensor::ops::Pointwise;
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
        let layout = Layout::samples(&s.case.lattice, 16);
        let name = match Pointwise::ALL.iter().find(|kind| format!("{kind:?}") == format!("{:?}", s.case.op)) {
            Some(kind) => kind.name().to_string(),
            None => s.case.op.name().to_string(),
        };
        let outputs = s.outputs();
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
