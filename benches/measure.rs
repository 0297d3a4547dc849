//! Timing, and the most that this machine can do.
#![allow(dead_code, reason = "each bench uses a part")]

use lattice_tensor::device::cpu::Aligned;
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

/// What a loop over memory does with each number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Traffic {
    /// One array is read.
    Read,
    /// One is read, one written.
    Copy,
    /// Two are read, one written.
    Add,
}

struct Stream<'a> {
    traffic: Traffic,
    a: &'a [f32],
    b: &'a [f32],
    to: &'a mut [f32],
}

impl Vectorize for Stream<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Stream { traffic, a, b, to } = self;
        let len = Lane::<S, f32>::LEN;
        let load = |from: &[f32], i: usize| Lane::<S, f32>::at(simd, from, i * len);
        let step = 8 * len;
        match traffic {
            Traffic::Read => {
                let mut sums = [Lane::constant(simd, 0.0); 8];
                for a in a.chunks_exact(step) {
                    for (i, sum) in sums.iter_mut().enumerate() {
                        *sum = *sum + load(a, i);
                    }
                }
                sums.into_iter().enumerate().for_each(|(i, sum)| sum.put(to, i * len));
            }
            Traffic::Copy => {
                for (a, to) in a.chunks_exact(step).zip(to.chunks_exact_mut(step)) {
                    (0..8).for_each(|i| load(a, i).put(to, i * len));
                }
            }
            Traffic::Add => {
                for ((a, b), to) in a.chunks_exact(step).zip(b.chunks_exact(step)).zip(to.chunks_exact_mut(step)) {
                    (0..8).for_each(|i| (load(a, i) + load(b, i)).put(to, i * len));
                }
            }
        }
    }
}

/// Bytes a second, read and written, of a loop over arrays of `bytes` in all, on one core. Small arrays stay in a
/// cache, which is then what is measured.
///
/// # Panics
/// If there is not enough memory.
pub fn bandwidth(level: Level, traffic: Traffic, bytes: usize) -> f64 {
    let arrays = 1 + traffic as usize;
    let n = (bytes / 4 / arrays).next_multiple_of(128);
    let numbers = |used: bool| Aligned::<f32>::zeros(if used { n } else { 128 }, "a bench").expect("memory");
    let (a, b) = (numbers(true), numbers(traffic == Traffic::Add));
    let mut to = numbers(traffic != Traffic::Read);
    let time = seconds(0.15, || {
        level.run(Stream { traffic, a: black_box(&a), b: black_box(&b), to: black_box(&mut to) });
    });
    (4 * n * arrays) as f64 / time.best
}

/// Prints what one core can do.
pub fn print_ceilings(level: Level) {
    println!(
        "ceilings of one core, {}: {:.1} GFLOP/s in f32, {:.1} in f64; copies of 32 KiB {:.1} GB/s, 1 MiB {:.1}, 64 MiB {:.1}",
        level.name(),
        peak_flops::<f32>(level) * 1e-9,
        peak_flops::<f64>(level) * 1e-9,
        bandwidth(level, Traffic::Copy, 1 << 15) * 1e-9,
        bandwidth(level, Traffic::Copy, 1 << 20) * 1e-9,
        bandwidth(level, Traffic::Copy, 1 << 26) * 1e-9
    );
}
