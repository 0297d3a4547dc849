//! Training on a GPU: the optimiser's state stays there, and a step is one submission from samples to parameters.
//!
//! Parameters are two-float numbers, so that the small steps of a falling learning rate are not rounded away; their
//! moments are `f32`. See `Adam` of lattice-autograd for the formula.

use super::adapter::Gpu;
use super::kernels::Pipeline;
use super::run::Plan;
use crate::device::descent::{AdamConstants, DescentState, Rate};
use crate::error::{Error, Result};
use std::ops::Range;
use std::sync::Arc;
use wgpu::BufferUsages as Usage;

/// The optimiser's half of a program on a GPU.
pub(super) struct Descent {
    constants: AdamConstants,
    count: usize,
    told: wgpu::Buffer,
    lists: wgpu::Buffer,
    gradient: wgpu::Buffer,
    squares: wgpu::Buffer,
    parameters: wgpu::Buffer,
    moments: wgpu::Buffer,
    before: wgpu::Buffer,
    outcome: wgpu::Buffer,
    kernels: [Arc<Pipeline>; 2],
    /// Made for the room's buffer of numbers.
    bound: Option<(wgpu::Buffer, [wgpu::BindGroup; 2])>,
}

/// A number as the sum of two, the first the nearest `f32`.
fn split(x: f64) -> [f32; 2] {
    let high = x as f32;
    if high.is_finite() { [high, (x - f64::from(high)) as f32] } else { [high, 0.0] }
}

fn join([high, low]: [f32; 2]) -> f64 {
    // A negative zero stays one.
    if low == 0.0 { f64::from(high) } else { f64::from(high) + f64::from(low) }
}

impl Descent {
    fn new(gpu: &Gpu, ranges: &[Range<usize>], count: usize, constants: AdamConstants) -> Result<Descent> {
        let stored = |what: &str, bytes: usize| {
            let usage = Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC;
            gpu.check_binding(what, bytes as u64)?;
            gpu.buffer(what, bytes.max(16) as u64, usage)
        };
        let mut of = vec![Vec::new(); count];
        for (sum, parameter) in ranges.iter().cloned().flatten().enumerate() {
            match of.get_mut(parameter) {
                Some(list) => list.push(sum as u32),
                None => return Err(Error::op("adam", format!("parameters below {count}"), parameter)),
            }
        }
        let mut words: Vec<u32> = Vec::new();
        let mut at = count as u32 + 1;
        for list in &of {
            words.push(at);
            at += list.len() as u32;
        }
        words.push(at);
        words.extend(of.iter().flatten());
        let lists = stored("lists of gradients", 4 * words.len())?;
        gpu.queue().write_buffer(&lists, 0, bytemuck::cast_slice(&words));
        Ok(Descent {
            constants,
            count,
            told: gpu.buffer("a step of the optimiser", 64, Usage::UNIFORM | Usage::COPY_DST)?,
            lists,
            gradient: stored("the gradient", 4 * count)?,
            squares: stored("squares of the gradient", 4 * count.div_ceil(64))?,
            parameters: stored("the parameters", 8 * count)?,
            moments: stored("the moments", 8 * count)?,
            before: stored("the parameters before", 8 * count)?,
            outcome: stored("the norm", 8)?,
            kernels: [gpu.step("gradient")?, gpu.step("adam")?],
            bound: None,
        })
    }

    fn blocks(&self) -> u32 {
        self.count.div_ceil(64) as u32
    }

    /// Encodes the optimiser's step behind a program's; `numbers` are what the program returns for its samples.
    pub(super) fn encode(
        &mut self,
        gpu: &Gpu,
        pass: &mut wgpu::ComputePass<'_>,
        rate: Rate,
        [sums, flat, numbers]: [&wgpu::Buffer; 3],
        returned: usize,
    ) -> u64 {
        let AdamConstants { beta1, beta2, epsilon, weight_decay } = self.constants;
        let [one, two] = rate.unbias;
        let mut words = vec![self.count as u32, returned as u32, self.blocks(), 0];
        let numbers_told = [rate.lr, rate.clip, beta1, beta2, 1.0 / one, 1.0 / two, epsilon, rate.lr * weight_decay];
        words.extend(numbers_told.map(|x| (x as f32).to_bits()));
        gpu.queue().write_buffer(&self.told, 0, bytemuck::cast_slice(&words));
        let mut made = 0;
        if self.bound.as_ref().is_none_or(|(known, _)| known != numbers) {
            let Descent { told, lists, gradient, squares, parameters, moments, before, outcome, .. } = self;
            let first = self.kernels[0].bind(gpu, &[told, sums, lists, numbers, gradient, squares]);
            let second =
                self.kernels[1].bind(gpu, &[told, gradient, squares, parameters, moments, before, flat, outcome]);
            self.bound = Some((numbers.clone(), [first, second]));
            made = 2;
        }
        if let Some((_, groups)) = &self.bound {
            for (kernel, group) in self.kernels.iter().zip(groups) {
                pass.set_pipeline(&kernel.pipeline);
                pass.set_bind_group(0, group, &[]);
                let blocks = self.blocks();
                pass.dispatch_workgroups(blocks.min(32_768), blocks.div_ceil(32_768), 1);
            }
        }
        made
    }

    /// The norm of the last gradient, as bytes of a buffer to be copied.
    pub(super) fn outcome(&self) -> &wgpu::Buffer {
        &self.outcome
    }
}

impl Plan {
    /// Takes over the optimiser: from now on [`Plan::descend`] moves these parameters. `ranges` say to which parameters
    /// the program's sums over the batch belong, one after the other; several may belong to one.
    ///
    /// # Errors
    /// If the numbers do not fit together or memory is short.
    pub fn start_descent(
        &mut self,
        state: &DescentState,
        ranges: &[Range<usize>],
        constants: AdamConstants,
    ) -> Result<()> {
        let count = state.parameters.len();
        let sums: usize = ranges.iter().map(Range::len).sum();
        if sums != self.planned.batch_sums.len() || state.m.len() != count || state.v.len() != count {
            let expected =
                format!("{} sums over the batch and moments of {count} parameters", self.planned.batch_sums.len());
            let found = format!("{sums}, {} and {}", state.m.len(), state.v.len());
            return Err(Error::Binding { what: "a descent".into(), expected, found });
        }
        let descent = Descent::new(&self.gpu, ranges, count, constants)?;
        let queue = self.gpu.queue();
        let parameters: Vec<[f32; 2]> = state.parameters.iter().map(|&x| split(x)).collect();
        let moments: Vec<[f32; 2]> = state.m.iter().zip(&state.v).map(|(&m, &v)| [m as f32, v as f32]).collect();
        let flat: Vec<f32> = parameters.iter().map(|x| x[0]).collect();
        let fits = (4 * self.planned.weights).min(4 * flat.len());
        queue.write_buffer(&descent.parameters, 0, bytemuck::cast_slice(&parameters));
        queue.write_buffer(&descent.before, 0, bytemuck::cast_slice(&parameters));
        queue.write_buffer(&descent.moments, 0, bytemuck::cast_slice(&moments));
        queue.write_buffer(&self.fixed.flat, 0, &bytemuck::cast_slice(&flat)[..fits]);
        self.flat.clear();
        self.descent = Some(descent);
        Ok(())
    }

    /// The state of the training.
    ///
    /// # Errors
    /// If there is none, or it cannot be fetched.
    pub fn descent_state(&self) -> Result<DescentState> {
        let Some(descent) = &self.descent else {
            return Err(Error::op("adam", "a descent that has been started", "none"));
        };
        let count = descent.count;
        let pairs = |buffer: &wgpu::Buffer| {
            let mut pairs = vec![[0_f32; 2]; count];
            self.gpu.read_into(buffer, 0, &mut pairs).map(|()| pairs)
        };
        let moments = pairs(&descent.moments)?;
        let mut gradient = vec![0_f32; count];
        self.gpu.read_into(&descent.gradient, 0, &mut gradient)?;
        Ok(DescentState {
            parameters: pairs(&descent.parameters)?.into_iter().map(join).collect(),
            m: moments.iter().map(|x| f64::from(x[0])).collect(),
            v: moments.iter().map(|x| f64::from(x[1])).collect(),
            before: pairs(&descent.before)?.into_iter().map(join).collect(),
            gradient: gradient.into_iter().map(f64::from).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_back_bit_for_bit() {
        for x in [0.0, -0.0, 1.0, 0.1, -1e-3, std::f64::consts::PI, 1e-30, -1e30, 1.0 + f64::from(f32::EPSILON) / 2.0] {
            let there = split(x);
            assert_eq!(split(join(there)).map(f32::to_bits), there.map(f32::to_bits), "{x}");
            assert!((join(there) - x).abs() <= x.abs() * 2f64.powi(-48), "{x}");
        }
    }
}
