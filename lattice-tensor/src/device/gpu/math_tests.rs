//! The elementary functions of `shaders/lib/math.wgsl`, and the expressions of pointwise ops, beside the processor's.

use super::adapter::Gpu;
use super::probe::compute;
use super::testing;
use crate::ops::Pointwise;

/// The text of a kernel that applies an expression in `a`, `b` and `c` to columns of numbers.
fn kernel(expression: &str) -> String {
    let text = "#import math
        #import half
        @group(0) @binding(0) var<storage, read_write> y: array<f32>;
        @group(0) @binding(1) var<storage, read> x: array<array<f32, 3>>;
        @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
            if (id.x < arrayLength(&x)) {
                let a = x[id.x][0];
                let b = x[id.x][1];
                let c = x[id.x][2];
                y[id.x] = EXPRESSION;
            }
        }";
    lattice_shaders::kernel(&text.replace("EXPRESSION", expression)).unwrap()
}

fn expression(kind: Pointwise) -> String {
    kind.wgsl().replace("{a}", "a").replace("{b}", "b").replace("{c}", "c")
}

fn apply(gpu: &Gpu, kind: Pointwise, x: &[[f32; 3]]) -> Vec<f32> {
    let groups = x.len().div_ceil(64) as u32;
    let words = compute(gpu, &kernel(&expression(kind)), &[bytemuck::cast_slice(x)], x.len(), groups).unwrap();
    words.into_iter().map(f32::from_bits).collect()
}

/// The distance of `got` from `want` in units in the last place; what is subnormal may be 0.
fn ulps(got: f32, want: f64) -> f64 {
    let (got, largest) = (f64::from(got), f64::from(f32::MAX));
    if got.is_nan() || want.is_nan() {
        return if got.is_nan() && want.is_nan() { 0.0 } else { f64::INFINITY };
    }
    let exponent = ((want.abs().to_bits() >> 52) as i32 - 1023).max(-126);
    let unit = f64::from(exponent - 23).exp2();
    if got.is_infinite() || want.abs() >= largest + unit / 2.0 {
        return if got.abs() > largest && want.abs() > largest && (got > 0.0) == (want > 0.0) {
            0.0
        } else {
            f64::INFINITY
        };
    }
    if got == 0.0 && want.abs() < f64::from(f32::MIN_POSITIVE) {
        return 0.0;
    }
    (got - want).abs() / unit
}

/// All signs and exponents, and a million numbers uniform in `±range`.
fn arguments(range: f32) -> Vec<[f32; 3]> {
    let everywhere = (0..1 << 20).map(|k: u32| f32::from_bits((k << 12) | (k.wrapping_mul(2_654_435_761) >> 20)));
    let dense = (0..1 << 20).map(|k: u32| range * (k.wrapping_mul(2_654_435_761) as i32 as f32 / i32::MAX as f32));
    everywhere.chain(dense).map(|x| [x, 0.0, 0.0]).collect()
}

/// The worst error over many arguments.
fn worst(gpu: &Gpu, kind: Pointwise, range: f32, exact: impl Fn(f64) -> f64) -> (f64, f32) {
    let x = arguments(range);
    let normal = |x: f32| x.is_normal() && x.abs() < 8e37;
    let errors = apply(gpu, kind, &x).into_iter().zip(&x).map(|(y, x)| (ulps(y, exact(f64::from(x[0]))), x[0]));
    // Drivers promise nothing of quotients and roots of others.
    let own = ![Pointwise::Recip, Pointwise::Sqrt].contains(&kind);
    let errors = errors.filter(|&(_, x)| own || normal(x));
    errors.fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a })
}

#[test]
fn errors_are_as_documented() {
    let Some(gpu) = testing::shared().unwrap() else { return };
    let angle = |f: fn(f64) -> f64| move |x: f64| if x.abs() < 1_048_576.0 { f(x) } else { f64::NAN };
    let check = |kind: Pointwise, range: f32, bound: f64, exact: &dyn Fn(f64) -> f64| {
        let (error, x) = worst(&gpu, kind, range, exact);
        eprintln!("{}: {error:.2} units in the last place, at {x:e}", kind.name());
        assert!(error <= bound, "{}({x:e}): {error:.3}, expected at most {bound}", kind.name());
        error
    };
    check(Pointwise::Sqrt, 2.0, 2.5, &f64::sqrt);
    // What the driver's quotients have more than they need is added to what is made of them.
    let quotient = check(Pointwise::Recip, 2.0, 2.5, &f64::recip) - 0.5;
    check(Pointwise::Exp, 104.0, 1.5, &f64::exp);
    check(Pointwise::Ln, 2.0, 1.5, &f64::ln);
    check(Pointwise::Tanh, 10.0, 3.0 + quotient, &f64::tanh);
    check(Pointwise::Sigmoid, 90.0, 3.0 + quotient, &|x| 1.0 / (1.0 + (-x).exp()));
    for range in [7.0, 1000.0, 1_048_576.0] {
        check(Pointwise::Sin, range, 2.0, &angle(f64::sin));
        check(Pointwise::Cos, range, 2.0, &angle(f64::cos));
    }
}

#[test]
fn ends_of_ranges_are_right() {
    let Some(gpu) = testing::shared().unwrap() else { return };
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let table: [(Pointwise, &[(f32, f32)]); 6] = [
        (
            Pointwise::Exp,
            &[
                (inf, inf),
                (-inf, 0.0),
                (0.0, 1.0),
                (-0.0, 1.0),
                (nan, nan),
                (-nan, nan),
                (1e5, inf),
                (88.722_84, inf),
                (-1e5, 0.0),
                (f32::MAX, inf),
            ],
        ),
        (
            Pointwise::Ln,
            &[(inf, inf), (-inf, nan), (0.0, -inf), (-0.0, -inf), (-1.0, nan), (nan, nan), (-nan, nan), (1.0, 0.0)],
        ),
        (
            Pointwise::Tanh,
            &[(inf, 1.0), (-inf, -1.0), (0.0, 0.0), (-0.0, -0.0), (20.0, 1.0), (-1e30, -1.0), (nan, nan), (-nan, nan)],
        ),
        (Pointwise::Sigmoid, &[(inf, 1.0), (-inf, 0.0), (0.0, 0.5), (-0.0, 0.5), (nan, nan), (-nan, nan)]),
        (Pointwise::Sin, &[(inf, nan), (-inf, nan), (nan, nan), (0.0, 0.0), (-0.0, -0.0), (1_048_576.0, nan)]),
        (Pointwise::Cos, &[(inf, nan), (-inf, nan), (nan, nan), (0.0, 1.0), (-0.0, 1.0), (-1_048_576.0, nan)]),
    ];
    for (kind, rows) in table {
        let x: Vec<[f32; 3]> = rows.iter().map(|row| [row.0, 0.0, 0.0]).collect();
        for (&(x, want), got) in rows.iter().zip(apply(&gpu, kind, &x)) {
            let same = got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan());
            assert!(same, "{}({x}) = {got}, expected {want}", kind.name());
        }
    }
}

#[test]
fn every_expression_is_valid_and_reads_its_operands_alone() {
    let gpu = Gpu::noop().unwrap();
    for &kind in Pointwise::ALL {
        gpu.module(kind.name(), &kernel(&expression(kind))).unwrap();
        for (k, operand) in ["{a}", "{b}", "{c}"].into_iter().enumerate() {
            assert_eq!(kind.wgsl().contains(operand), k < kind.arity(), "{} and {operand}", kind.name());
        }
    }
}

#[test]
fn every_expression_is_the_op() {
    let Some(gpu) = testing::shared().unwrap() else { return };
    let hash = |n: u32| (n.wrapping_mul(2_654_435_761) ^ (n.wrapping_mul(40_503) << 7)) as i32 as f32 / i32::MAX as f32;
    let special = [0.0, -0.0, 1.0, -1.0, 0.3, -2.5];
    let mut x: Vec<[f32; 3]> = (0..3000).map(|n| [0, 1, 2].map(|k| 4.0 * hash(3 * n + k))).collect();
    x.extend((0..216).map(|n| [special[n / 36], special[n / 6 % 6], special[n % 6]]));
    for &kind in Pointwise::ALL {
        for (x, got) in x.iter().zip(apply(&gpu, kind, &x)) {
            let inputs = &x.map(f64::from)[..kind.arity()];
            let want = kind.on_f64(inputs);
            // Products of a multiply-add may be rounded; they are at most 16 here.
            let slack = if kind.arity() == 3 { 16.0 * f64::from(f32::EPSILON) } else { 0.0 };
            let close = ulps(got, want) <= 3.0 || (f64::from(got) - want).abs() <= slack;
            assert!(close, "{}({inputs:?}) = {got:e}, expected {want:e}", kind.name());
        }
    }
}

/// Which of two zeros, and what of NaN: the same as on the processor where `select` stays a comparison. Drivers may make
/// of it an instruction of their own that drops NaN, or takes either zero.
#[test]
fn smaller_and_larger_are_one_of_both() {
    let Some(gpu) = testing::shared().unwrap() else { return };
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let pairs = [[nan, 1.0], [1.0, nan], [nan, nan], [0.0, -0.0], [-0.0, 0.0], [inf, 1.0], [-inf, 1.0], [nan, inf]];
    let x: Vec<[f32; 3]> = pairs.map(|[a, b]| [a, b, 0.0]).into();
    for kind in [Pointwise::Min, Pointwise::Max] {
        for (&[a, b, _], got) in x.iter().zip(apply(&gpu, kind, &x)) {
            let want = kind.on_f64(&[f64::from(a), f64::from(b)]) as f32;
            let same = |x: f32, y: f32| x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan());
            if !same(got, want) {
                eprintln!("{}({a}, {b}) = {got} on {}, {want} on the processor", kind.name(), gpu.name());
            }
            let ordered = !(a.is_nan() || b.is_nan());
            assert!(same(got, a) || same(got, b), "{}({a}, {b}) = {got}", kind.name());
            assert!(!ordered || got == want, "{}({a}, {b}) = {got}", kind.name());
        }
    }
    for kind in [Pointwise::Abs, Pointwise::Neg, Pointwise::Copy, Pointwise::Sqrt, Pointwise::LeakyRelu] {
        assert!(apply(&gpu, kind, &[[nan, 1.0, 0.0]])[0].is_nan(), "{}", kind.name());
    }
}
