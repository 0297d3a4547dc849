//! The kernel of `conv_weight_grad`: for each tap, sums over the rows of products of inputs and output cotangents.
//!
//! Registers are tiled over `T` input channels times `C` output channels; the sums stay lane by lane, `[weight][lane]`,
//! and are added over the lanes once at the end of the batch.

use super::Kernel;
use super::gather::twisted;
use super::taps::{Class, Taps};
use crate::device::cpu::{Args, Kernel as Run};
use crate::error::Result;
use crate::lanes::{Isa, Lane, Real, Vectorize};
use crate::ops::Site;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(super) struct WeightGrad {
    taps: Arc<Taps>,
    rows: usize,
    inputs: usize,
    outputs: usize,
    /// Where the biases begin among the weights, if they were added.
    bias: Option<usize>,
}

impl WeightGrad {
    pub fn new(kernel: &Kernel, at: &Site<'_>) -> Result<WeightGrad> {
        Ok(WeightGrad {
            taps: at.tables.taps(kernel, at.layout, 1)?,
            rows: at.layout.rows(kernel.to)?.len(),
            inputs: kernel.inputs,
            outputs: kernel.outputs,
            bias: kernel.bias(),
        })
    }
}

impl<R: Real> Run<R> for WeightGrad {
    fn run(&self, args: &mut Args<'_, R>) {
        let level = args.level();
        let (f, dy, sums) = args.split(0, 1);
        level.run(Tiled { grad: self, f, dy, sums });
    }
}

struct Tiled<'a, R> {
    grad: &'a WeightGrad,
    f: &'a [R],
    dy: &'a [R],
    sums: &'a mut [R],
}

impl<R: Real> Vectorize for Tiled<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(mut self, simd: S) {
        let outputs = self.grad.outputs;
        for part in 0..Lane::<S, R>::PARTS {
            for class in &self.grad.taps.classes {
                let mut channel = 0;
                while channel < outputs {
                    channel += match outputs - channel {
                        8.. if S::REGISTER_COUNT >= 32 => self.channels::<S, 3, 8>(simd, class, channel, part),
                        4.. if S::REGISTER_COUNT >= 32 => self.channels::<S, 6, 4>(simd, class, channel, part),
                        4.. => self.channels::<S, 3, 4>(simd, class, channel, part),
                        2.. => self.channels::<S, 6, 2>(simd, class, channel, part),
                        _ => self.channels::<S, 8, 1>(simd, class, channel, part),
                    };
                }
            }
            if let Some(bias) = self.grad.bias {
                for o in 0..outputs {
                    let lane0 = part * Lane::<S, R>::LEN;
                    let at = (bias + o) * R::WIDTH + lane0;
                    let mut sum = Lane::<S, R>::constant(simd, 0.0);
                    for row in 0..self.grad.rows {
                        sum = sum + Lane::at(simd, self.dy, (row * outputs + o) * R::WIDTH + lane0);
                    }
                    (Lane::at(simd, self.sums, at) + sum).put(self.sums, at);
                }
            }
        }
    }
}

impl<R: Real> Tiled<'_, R> {
    /// The gradients of `C` output channels from `channel` on, `T` input channels at a time. Returns `C`.
    #[inline(always)]
    fn channels<S: Isa, const T: usize, const C: usize>(
        &mut self,
        simd: S,
        class: &Class,
        channel: usize,
        part: usize,
    ) -> usize {
        for tap in 0..class.taps.len() {
            let mut input = 0;
            while input < self.grad.inputs {
                input += match self.grad.inputs - input {
                    left if left >= T => self.tile::<S, T, C>(simd, class, tap, input, channel, part),
                    2.. => self.tile::<S, 2, C>(simd, class, tap, input, channel, part),
                    _ => self.tile::<S, 1, C>(simd, class, tap, input, channel, part),
                };
            }
        }
        C
    }

    #[inline(always)]
    fn tile<S: Isa, const T: usize, const C: usize>(
        &mut self,
        simd: S,
        class: &Class,
        k: usize,
        input: usize,
        channel: usize,
        part: usize,
    ) -> usize {
        let (inputs, outputs) = (self.grad.inputs, self.grad.outputs);
        let lane0 = part * Lane::<S, R>::LEN;
        let n = class.taps.len();
        let mut sums = [[Lane::<S, R>::constant(simd, 0.0); C]; T];
        for (r, &row) in class.rows.iter().enumerate() {
            let read = (class.reads[r * n + k] as usize * inputs + input) * R::WIDTH;
            let mut f = [sums[0][0]; T];
            for t in 0..T {
                let at = read + t * R::WIDTH;
                f[t] = if class.twists.is_empty() {
                    Lane::at(simd, self.f, at + lane0)
                } else {
                    twisted(simd, self.f, at, &self.grad.taps.twists[class.twists[r * n + k] as usize], part)
                };
            }
            let at = (row as usize * outputs + channel) * R::WIDTH + lane0;
            for c in 0..C {
                let dy = Lane::at(simd, self.dy, at + c * R::WIDTH);
                for t in 0..T {
                    sums[t][c] = dy.mul_add(f[t], sums[t][c]);
                }
            }
        }
        let weight = (class.taps[k] as usize * inputs + input) * outputs + channel;
        for t in 0..T {
            for c in 0..C {
                let at = (weight + t * outputs + c) * R::WIDTH + lane0;
                (Lane::at(simd, self.sums, at) + sums[t][c]).put(self.sums, at);
            }
        }
        T
    }
}
