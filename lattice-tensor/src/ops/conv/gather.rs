//! The kernel of `conv` and `conv_input_grad`: each computed row gathers from its neighbours.
//!
//! Registers are tiled over `T` rows times `C` output channels: for each tap and input channel, `T` loads and `C`
//! broadcast weights feed `T · C` multiply-adds.

use super::Kernel;
use super::taps::{Class, Taps};
use crate::device::cpu::{Args, Kernel as Run};
use crate::error::Result;
use crate::lanes::{Isa, Lane, Real, Vectorize};
use crate::layout::Twist;
use crate::ops::Site;
use std::sync::Arc;

/// Gathers `outputs` channels on one sub-lattice from `inputs` channels on another.
#[derive(Clone, Debug)]
pub(super) struct Gather {
    taps: Arc<Taps>,
    inputs: usize,
    outputs: usize,
    /// Where the biases begin among the weights, if they are added.
    bias: Option<usize>,
    /// Whether the weights must first be transposed from `[d][o][i]`.
    transpose: bool,
}

impl Gather {
    pub fn forward(kernel: &Kernel, at: &Site<'_>) -> Result<Gather> {
        Ok(Gather {
            taps: at.tables.taps(kernel, at.layout, 1)?,
            inputs: kernel.inputs,
            outputs: kernel.outputs,
            bias: kernel.bias(),
            transpose: false,
        })
    }

    pub fn transposed(kernel: &Kernel, at: &Site<'_>) -> Result<Gather> {
        Ok(Gather {
            taps: at.tables.taps(kernel, at.layout, -1)?,
            inputs: kernel.outputs,
            outputs: kernel.inputs,
            bias: None,
            transpose: kernel.inputs > 1 && kernel.outputs > 1,
        })
    }

    fn all_taps(&self) -> usize {
        self.taps.classes.iter().flat_map(|c| &c.taps).max().map_or(0, |&t| t as usize + 1)
    }
}

impl<R: Real> Run<R> for Gather {
    fn run(&self, args: &mut Args<'_, R>) {
        let level = args.level();
        let (f, w, y, packed) = args.split_with_scratch(0, 1);
        let weights = if self.transpose {
            let block = self.inputs * self.outputs;
            let packed = &mut packed[..self.all_taps() * block];
            for (to, from) in packed.chunks_exact_mut(block).zip(w.chunks_exact(block)) {
                for (i, row) in to.chunks_exact_mut(self.outputs).enumerate() {
                    row.iter_mut().enumerate().for_each(|(o, x)| *x = from[o * self.inputs + i]);
                }
            }
            &*packed
        } else {
            w
        };
        level.run(Tiled { gather: self, f, weights, bias: self.bias.map(|at| &w[at..]), y });
    }

    fn scratch(&self) -> usize {
        if self.transpose { self.all_taps() * self.inputs * self.outputs } else { 0 }
    }
}

struct Tiled<'a, R> {
    gather: &'a Gather,
    f: &'a [R],
    weights: &'a [R],
    bias: Option<&'a [R]>,
    y: &'a mut [R],
}

impl<R: Real> Vectorize for Tiled<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(mut self, simd: S) {
        for class in &self.gather.taps.classes {
            for part in 0..Lane::<S, R>::PARTS {
                let mut channel = 0;
                while channel < self.gather.outputs {
                    channel += match self.gather.outputs - channel {
                        8.. if S::REGISTER_COUNT >= 32 => self.rows::<S, 3, 8>(simd, class, channel, part),
                        4.. if S::REGISTER_COUNT >= 32 => self.rows::<S, 6, 4>(simd, class, channel, part),
                        4.. => self.rows::<S, 3, 4>(simd, class, channel, part),
                        2.. => self.rows::<S, 6, 2>(simd, class, channel, part),
                        _ => self.rows::<S, 8, 1>(simd, class, channel, part),
                    }
                }
            }
        }
    }
}

impl<R: Real> Tiled<'_, R> {
    /// Computes `C` channels from `channel` on, for all rows of a class, `T` rows at a time. Returns `C`.
    #[inline(always)]
    fn rows<S: Isa, const T: usize, const C: usize>(
        &mut self,
        simd: S,
        class: &Class,
        channel: usize,
        part: usize,
    ) -> usize {
        let tiles = class.rows.len() / T;
        for tile in 0..tiles {
            self.tile::<S, T, C>(simd, class, tile * T, channel, part);
        }
        for row in tiles * T..class.rows.len() {
            self.tile::<S, 1, C>(simd, class, row, channel, part);
        }
        C
    }

    #[inline(always)]
    fn tile<S: Isa, const T: usize, const C: usize>(
        &mut self,
        simd: S,
        class: &Class,
        row: usize,
        channel: usize,
        part: usize,
    ) {
        let (inputs, outputs) = (self.gather.inputs, self.gather.outputs);
        let lane0 = part * Lane::<S, R>::LEN;
        let mut sums = [[Lane::<S, R>::constant(simd, 0.0); C]; T];
        if let Some(bias) = self.bias {
            for c in 0..C {
                let b = Lane::splat(simd, bias[channel + c]);
                for sums in &mut sums {
                    sums[c] = b;
                }
            }
        }
        let n = class.taps.len();
        let reads = &class.reads[row * n..(row + T) * n];
        for (k, &tap) in class.taps.iter().enumerate() {
            let weights = &self.weights[tap as usize * inputs * outputs..][..inputs * outputs];
            let mut rows = [0; T];
            for t in 0..T {
                rows[t] = reads[t * n + k] as usize * inputs * R::WIDTH;
            }
            for i in 0..inputs {
                let mut f = [sums[0][0]; T];
                for t in 0..T {
                    let at = rows[t] + i * R::WIDTH;
                    f[t] = if class.twists.is_empty() {
                        Lane::at(simd, self.f, at + lane0)
                    } else {
                        let twist = &self.gather.taps.twists[class.twists[(row + t) * n + k] as usize];
                        twisted(simd, self.f, at, twist, part)
                    };
                }
                let weights = &weights[i * outputs + channel..][..C];
                for c in 0..C {
                    let w = Lane::splat(simd, weights[c]);
                    for t in 0..T {
                        sums[t][c] = w.mul_add(f[t], sums[t][c]);
                    }
                }
            }
        }
        for t in 0..T {
            let to = (class.rows[row + t] as usize * outputs + channel) * R::WIDTH + lane0;
            for c in 0..C {
                sums[t][c].put(self.y, to + c * R::WIDTH);
            }
        }
    }
}

/// A row read across the edge of a virtual node: lanes permuted and multiplied by the boundary phase.
#[inline(always)]
pub(super) fn twisted<S: Isa, R: Real>(simd: S, f: &[R], row: usize, twist: &Twist, part: usize) -> Lane<S, R> {
    let mut phases = [R::default(); 16];
    for (phase, &x) in phases.iter_mut().zip(&twist.phase_re) {
        *phase = R::from_f64(x);
    }
    Lane::at_permuted(simd, f, row, &twist.from, part) * Lane::at(simd, &phases, part * Lane::<S, R>::LEN)
}
