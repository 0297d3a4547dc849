//! Timing, and the most that this machine can do.
#![allow(dead_code, reason = "each bench uses a part")]

use lattice_tensor::lanes::{Isa, Lane, Level, Real, Vectorize};
use std::hint::black_box;
use std::time::Instant;

/// Seconds of one call.
#[derive(Clone, Copy, Debug)]
pub struct Seconds {
    /// The median.
    pub median: f64,
    /// The fastest: what the code can do when nothing else runs.
    pub best: f64,
}

/// Times calls of `work` for about `budget` seconds, as many to a sample as take a millisecond.
pub fn seconds(budget: f64, mut work: impl FnMut()) -> Seconds {
    seconds_of(budget, 1e-3, |calls| {
        let start = Instant::now();
        (0..calls).for_each(|_| work());
        start.elapsed().as_secs_f64()
    })
}

/// As [`seconds`], where `work` makes a number of calls, at least `sample` seconds of them, and times them itself.
pub fn seconds_of(budget: f64, sample: f64, mut work: impl FnMut(u64) -> f64) -> Seconds {
    let start = Instant::now();
    let mut calls = 1;
    while work(calls) < sample && calls < 1 << 40 {
        calls *= 2;
    }
    let mut samples = Vec::new();
    while samples.len() < 5 || start.elapsed().as_secs_f64() < budget {
        samples.push(work(calls) / calls as f64);
    }
    samples.sort_by(f64::total_cmp);
    Seconds { median: samples[samples.len() / 2], best: samples[0] }
}

/// Multiply-adds in flight: enough to cover a latency of 4 cycles on two ports, few enough for 16 registers.
const IN_FLIGHT: usize = 12;

struct Peak<R> {
    rounds: usize,
    factor: R,
}

impl<R: Real> Vectorize for Peak<R> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) -> f64 {
        let factor = Lane::splat(simd, self.factor);
        let mut sums = [Lane::<S, R>::constant(simd, 1.0); IN_FLIGHT];
        for _ in 0..self.rounds {
            for sum in &mut sums {
                *sum = sum.mul_add(factor, factor);
            }
        }
        let mut lanes = [R::default(); 16];
        sums.into_iter().reduce(|a, b| a + b).unwrap_or(factor).put(&mut lanes, 0);
        black_box(lanes);
        (2 * self.rounds * IN_FLIGHT * Lane::<S, R>::LEN) as f64
    }
}

/// Floating-point operations a second of independent multiply-adds in registers, on one core.
pub fn peak_flops<R: Real>(level: Level) -> f64 {
    let rounds = 2000;
    let flops = level.run(Peak { rounds, factor: black_box(R::from_f64(0.5)) });
    let time = seconds(0.15, || {
        black_box(level.run(Peak { rounds, factor: black_box(R::from_f64(0.5)) }));
    });
    flops / time.best
}

struct Copy<'a, R> {
    from: &'a [R],
    to: &'a mut [R],
}

impl<R: Real> Vectorize for Copy<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let step = 4 * R::WIDTH;
        for (from, to) in self.from.chunks_exact(step).zip(self.to.chunks_exact_mut(step)) {
            for part in 0..4 * Lane::<S, R>::PARTS {
                Lane::<S, R>::at(simd, from, part * Lane::<S, R>::LEN).put(to, part * Lane::<S, R>::LEN);
            }
        }
    }
}

/// Bytes a second, read and written, of a copy between two arrays of `bytes` in all, on one core. Small arrays stay
/// in a cache, which is then what is measured.
pub fn copy_bandwidth(level: Level, bytes: usize) -> f64 {
    let n = (bytes / 8).next_multiple_of(64);
    let from = vec![1.0f32; n];
    let mut to = vec![0.0f32; n];
    let time = seconds(0.15, || level.run(Copy { from: black_box(&from), to: black_box(&mut to) }));
    8.0 * n as f64 / time.best
}

/// Prints what one core can do.
pub fn print_ceilings(level: Level) {
    println!(
        "ceilings of one core, {}: {:.1} GFLOP/s in f32, {:.1} in f64; copies of 32 KiB {:.1} GB/s, 1 MiB {:.1}, 64 MiB {:.1}",
        level.name(),
        peak_flops::<f32>(level) * 1e-9,
        peak_flops::<f64>(level) * 1e-9,
        copy_bandwidth(level, 1 << 15) * 1e-9,
        copy_bandwidth(level, 1 << 20) * 1e-9,
        copy_bandwidth(level, 1 << 26) * 1e-9
    );
}
