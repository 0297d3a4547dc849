//! Every function against an oracle in more than its precision, and against itself on every instruction set.

use crate::lanes::double::Double;
use crate::lanes::{Isa, Lane, Level, Real, Vectorize};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Function {
    Exp,
    Ln,
    Tanh,
    Sigmoid,
    Sin,
    Cos,
    SinTurns,
    CosTurns,
    Recip,
    Atan,
}
use Function::*;
const ALL: [Function; 10] = [Exp, Ln, Tanh, Sigmoid, Sin, Cos, SinTurns, CosTurns, Recip, Atan];

struct Apply<'a, R>(Function, &'a [R], &'a mut [R]);

impl<R: Real> Vectorize for Apply<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let len = Lane::<S, R>::LEN;
        for (from, to) in self.1.chunks_exact(len).zip(self.2.chunks_exact_mut(len)) {
            // SAFETY: both chunks hold one register.
            let x = unsafe { Lane::<S, R>::load(simd, from.as_ptr()) };
            let y = match self.0 {
                Exp => x.exp(),
                Ln => x.ln(),
                Tanh => x.tanh(),
                Sigmoid => x.sigmoid(),
                Sin => x.sin(),
                Cos => x.cos(),
                SinTurns => x.sin_cos_turns().0,
                CosTurns => x.sin_cos_turns().1,
                Recip => x.recip(),
                Atan => x.atan(),
            };
            // SAFETY: as above.
            unsafe { y.store(to.as_mut_ptr()) }
        }
    }
}

struct Atan2<'a, R>(&'a [R], &'a [R], &'a mut [R]);

impl<R: Real> Vectorize for Atan2<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let len = Lane::<S, R>::LEN;
        for ((y, x), to) in self.0.chunks_exact(len).zip(self.1.chunks_exact(len)).zip(self.2.chunks_exact_mut(len)) {
            // SAFETY: all chunks hold one register.
            unsafe {
                let (y, x) = (Lane::<S, R>::load(simd, y.as_ptr()), Lane::load(simd, x.as_ptr()));
                y.atan2(x).store(to.as_mut_ptr());
            }
        }
    }
}

/// Applies a function to any number of arguments.
fn apply<R: Real>(level: Level, function: Function, x: &[R]) -> Vec<R> {
    let mut padded = x.to_vec();
    padded.resize(x.len().next_multiple_of(R::WIDTH), R::default());
    let mut y = vec![R::default(); padded.len()];
    level.run(Apply(function, &padded, &mut y));
    y.truncate(x.len());
    y
}

fn atan2<R: Real>(level: Level, y: &[R], x: &[R]) -> Vec<R> {
    let mut angle = vec![R::default(); y.len()];
    level.run(Atan2(y, x, &mut angle));
    angle
}

/// A reproducible sequence, uniform in [0, 1).
fn uniforms(mut state: u64, count: usize) -> Vec<f64> {
    let step = |_| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..count).map(step).collect()
}

/// The function to about 100 bits.
fn exact(function: Function, x: f64) -> Double {
    let (one, at) = (Double(1.0, 0.0), Double(x, 0.0));
    match function {
        Exp => at.exp(),
        Ln => {
            let y = x.ln();
            let d = at.times(Double(-y, 0.0).exp()).minus(one);
            Double(y, 0.0).plus(d).minus(d.times(d).times(Double(0.5, 0.0)))
        }
        Tanh if x.abs() < 1e-8 => at.minus(at.times(at).times(at).over(Double(3.0, 0.0))),
        Tanh if x.abs() > 300.0 => Double(x.signum(), 0.0),
        Tanh => {
            let e = Double(2.0 * x, 0.0).exp();
            e.minus(one).over(e.plus(one))
        }
        Sigmoid => one.over(one.plus(Double(-x, 0.0).exp())),
        Sin => Double::sin_cos(x).0,
        Cos => Double::sin_cos(x).1,
        SinTurns | CosTurns => {
            let n = (4.0 * x).round();
            let pi_2 = Double(std::f64::consts::FRAC_PI_2, 6.123233995736766e-17);
            let (s, c) = Double::series(Double(4.0 * x - n, 0.0).times(pi_2), n);
            if function == SinTurns { s } else { c }
        }
        Recip => one.over(at),
        Atan => {
            let y = x.atan();
            let (s, c) = Double::sin_cos(y);
            Double(y, 0.0).plus(at.times(c).minus(s).over(c.plus(at.times(s))))
        }
    }
}

/// The distance of `got` from `want` in units in the last place of a precision of `digits` bits.
fn ulps(got: f64, want: Double, digits: i32, least: i32, largest: f64) -> f64 {
    if want.0.is_nan() || got.is_nan() {
        return if want.0.is_nan() && got.is_nan() { 0.0 } else { f64::INFINITY };
    }
    let exponent = (want.0.abs().to_bits() >> 52) as i32 - 1023;
    let unit = ((exponent + 1 - digits).max(least) as f64).exp2();
    if want.0.abs() >= largest + unit / 2.0 || got.is_infinite() {
        return if got.abs() > largest && want.0.abs() > largest { 0.0 } else { f64::INFINITY };
    }
    (Double(got, 0.0).minus(want).0 / unit).abs()
}

/// The worst error over `x`, with its argument.
fn worst<R: Real>(function: Function, x: &[R], oracle: impl Fn(f64) -> Double) -> (f64, R) {
    let (digits, least, largest) = if R::WIDTH == 16 { (24, -149, f32::MAX as f64) } else { (53, -1074, f64::MAX) };
    let y = apply(Level::best(), function, x);
    let error = |(&x, &y): (&R, &R)| (ulps(y.to_f64(), oracle(x.to_f64()), digits, least, largest), x);
    x.iter().zip(&y).map(error).fold((0.0, x[0]), |a, b| if b.0 > a.0 { b } else { a })
}

fn f64_oracle(function: Function, x: f64) -> f64 {
    match function {
        Exp => x.exp(),
        Ln => x.ln(),
        Tanh => x.tanh(),
        Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Sin => x.sin(),
        Cos => x.cos(),
        SinTurns => exact(SinTurns, x).0,
        CosTurns => exact(CosTurns, x).0,
        Recip => 1.0 / x,
        Atan => x.atan(),
    }
}

/// Every 2503rd of all `f32` that `keep` lets through.
fn sweep_f32(keep: impl Fn(f32) -> bool) -> Vec<f32> {
    (0..=u32::MAX / 2503).map(|k| f32::from_bits(k * 2503)).filter(|&x| keep(x)).collect()
}

#[test]
fn f32_errors_are_as_documented() {
    let any = |_: f32| true;
    let angle = |x: f32| x.abs() < 1_048_576.0;
    let check = |function, bound: f64, keep: &dyn Fn(f32) -> bool| {
        let (error, x) = worst(function, &sweep_f32(keep), |x| Double(f64_oracle(function, x), 0.0));
        assert!(error <= bound, "{function:?}({x}): {error:.3} ulp, expected at most {bound}");
        error
    };
    let errors = [
        check(Exp, 1.0, &any),
        check(Ln, 1.0, &any),
        check(Tanh, 2.6, &any),
        check(Sigmoid, 2.5, &|x| x > -88.7 || x.is_nan()),
        check(Sin, 1.7, &angle),
        check(Cos, 1.7, &angle),
        check(SinTurns, 1.75, &|x| x.abs() <= 4.0 && x.abs() > 1e-30),
        check(CosTurns, 1.75, &|x| x.abs() <= 4.0 && x.abs() > 1e-30),
        check(Recip, 0.5, &any),
        check(Atan, 1.8, &any),
    ];
    eprintln!("f32: {ALL:?} {errors:.3?} ulp");
}

#[test]
fn f64_errors_are_as_documented() {
    let u = uniforms(7, 40_000);
    let spread = |scale: f64| u.iter().map(move |u| (u - 0.5) * 2.0 * scale);
    let powers = |lo: f64, hi: f64| u.iter().map(move |u| ((hi - lo) * u + lo).exp2());
    let signed = |lo, hi| powers(lo, hi).enumerate().map(|(k, x)| if k % 2 == 0 { x } else { -x });
    let check = |function, bound: f64, x: Vec<f64>| {
        let (error, x) = worst(function, &x, |x| exact(function, x));
        assert!(error <= bound, "{function:?}({x}): {error:.3} ulp, expected at most {bound}");
        error
    };
    let angles = || spread(10.0).chain(spread(1e4)).chain(spread(1e9)).chain(signed(-60.0, 40.0)).collect();
    let errors = [
        check(Exp, 1.0, spread(1.0).chain(spread(650.0)).chain(signed(-60.0, 1.0)).collect()),
        check(Ln, 1.0, powers(-950.0, 1000.0).chain(powers(-1.0, 1.0)).chain(powers(-0.01, 0.01)).collect()),
        check(Tanh, 2.6, spread(1.0).chain(spread(25.0)).chain(signed(-300.0, 4.0)).collect()),
        check(Sigmoid, 2.5, spread(2.0).chain(spread(600.0)).collect()),
        check(Sin, 1.7, angles()),
        check(Cos, 1.7, angles()),
        check(SinTurns, 1.75, spread(2.0).chain(signed(-300.0, 2.0)).collect()),
        check(CosTurns, 1.75, spread(2.0).collect()),
        check(Recip, 0.5, signed(-900.0, 900.0).collect()),
        check(Atan, 1.8, spread(1.0).chain(signed(-300.0, 300.0)).collect()),
    ];
    eprintln!("f64: {ALL:?} {errors:.3?} ulp");
}

#[test]
fn f64_exp_and_ln_reach_the_ends_of_the_range() {
    let x: Vec<f64> =
        (0..4000).map(|k| -746.0 + 0.01 * k as f64).chain((0..1000).map(|k| 705.0 + 0.005 * k as f64)).collect();
    let close = |a: f64, b: f64| a == b || (a.to_bits().abs_diff(b.to_bits()) <= 1 && a.is_finite());
    for (x, y) in x.iter().zip(apply(Level::best(), Exp, &x)) {
        assert!(close(y, x.exp()), "exp({x:e}) = {y:e}, expected {:e}", x.exp());
    }
    let x: Vec<f64> = uniforms(9, 4000).iter().map(|u| f64::from_bits((u * 2f64.powi(58)) as u64)).collect();
    for (x, y) in x.iter().zip(apply(Level::best(), Ln, &x)) {
        assert!(close(y, x.ln()), "ln({x:e}) = {y:e}, expected {:e}", x.ln());
    }
}

fn special_values<R: Real>() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let table: [(Function, &[(f64, f64)]); 8] = [
        (Exp, &[(inf, inf), (-inf, 0.0), (0.0, 1.0), (-0.0, 1.0), (nan, nan), (1e5, inf), (-1e5, 0.0)]),
        (Ln, &[(inf, inf), (-inf, nan), (0.0, -inf), (-0.0, -inf), (-1.0, nan), (nan, nan), (1.0, 0.0)]),
        (
            Tanh,
            &[(inf, 1.0), (-inf, -1.0), (0.0, 0.0), (-0.0, -0.0), (20.0, 1.0), (-20.0, -1.0), (nan, nan), (1e30, 1.0)],
        ),
        (Sigmoid, &[(inf, 1.0), (-inf, 0.0), (0.0, 0.5), (nan, nan)]),
        (Sin, &[(inf, nan), (-inf, nan), (nan, nan), (0.0, 0.0), (1e15, nan)]),
        (Cos, &[(inf, nan), (-inf, nan), (nan, nan), (0.0, 1.0), (-1e15, nan)]),
        (Recip, &[(inf, 0.0), (-inf, -0.0), (0.0, inf), (-0.0, -inf), (nan, nan), (2.0, 0.5)]),
        (Atan, &[(0.0, 0.0), (-0.0, -0.0), (nan, nan)]),
    ];
    for level in Level::all() {
        for (function, rows) in table {
            let x: Vec<R> = rows.iter().map(|row| R::from_f64(row.0)).collect();
            for (&(x, want), got) in rows.iter().zip(apply(level, function, &x)) {
                let (got, mut want) = (got.to_f64(), want);
                if function == Tanh && x.abs() == 20.0 && R::WIDTH == 8 {
                    want = x.signum();
                }
                let same = got == want && got.is_sign_negative() == want.is_sign_negative();
                assert!(
                    same || (got.is_nan() && want.is_nan()),
                    "{} {function:?}({x}) = {got}, expected {want}",
                    level.name()
                );
            }
        }
    }
}

#[test]
fn special_values_are_right() {
    special_values::<f32>();
    special_values::<f64>();
}

fn atan2_agrees<R: Real>(tolerance: f64) {
    let special = [0.0, -0.0, 1.0, -1.0, 3.5, -2.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    let pairs = special.iter().flat_map(|&y| special.map(|x| (y, x)));
    let u = uniforms(3, 4000);
    let pairs = pairs.chain(u.chunks(2).map(|c| (8.0 * c[0] - 4.0, 8.0 * c[1] - 4.0)));
    let (mut y, mut x): (Vec<R>, Vec<R>) = pairs.map(|(y, x)| (R::from_f64(y), R::from_f64(x))).unzip();
    for list in [&mut y, &mut x] {
        list.resize(list.len().next_multiple_of(R::WIDTH), R::from_f64(1.0));
    }
    let reference = atan2(Level::Portable, &y, &x);
    for level in Level::all() {
        for (k, got) in atan2(level, &y, &x).into_iter().enumerate() {
            let (got, want) = (got.to_f64(), y[k].to_f64().atan2(x[k].to_f64()));
            assert!(
                (got.is_nan() && want.is_nan())
                    || ((got - want).abs() <= tolerance * want.abs()
                        && got.is_sign_negative() == want.is_sign_negative()),
                "atan2({}, {}) = {got:e}, expected {want:e}",
                y[k],
                x[k]
            );
            assert!(got.is_nan() || got.to_bits() == reference[k].to_f64().to_bits());
        }
    }
}

#[test]
fn atan2_covers_all_quadrants() {
    atan2_agrees::<f32>(2.4e-7);
    atan2_agrees::<f64>(4.5e-16);
}

fn same_everywhere<R: Real>(x: &[R]) {
    for function in ALL {
        let reference = apply(Level::Portable, function, x);
        for level in Level::all() {
            for (k, (a, b)) in apply(level, function, x).iter().zip(&reference).enumerate() {
                let same =
                    bytemuck::bytes_of(a) == bytemuck::bytes_of(b) || (a.to_f64().is_nan() && b.to_f64().is_nan());
                assert!(same, "{function:?}({}) is {a} with {}, {b} with portable", x[k], level.name());
            }
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_instruction_set() {
    let u = uniforms(11, 20_000);
    let ordinary = || u.iter().map(|u| 40.0 * (u - 0.5)).chain(u.iter().map(|u| 1500.0 * (u - 0.5)));
    let special =
        [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, f64::MAX, f64::MIN_POSITIVE, 5e-324];
    let x: Vec<f32> =
        ordinary().chain(special).map(|x| x as f32).chain((0..20_000).map(|k| f32::from_bits(k * 214_748))).collect();
    same_everywhere(&x);
    let bits = u.iter().map(|u| f64::from_bits((u * 2f64.powi(64)) as u64));
    let x: Vec<f64> = ordinary().chain(special).chain(bits).collect();
    same_everywhere(&x);
}
