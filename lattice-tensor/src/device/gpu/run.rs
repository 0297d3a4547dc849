//! A planned program on one GPU: its buffers, made once, and its runs, each one submission for a stage.

use super::adapter::Gpu;
use super::buffers::{Fixed, Room};
use super::descent::Descent;
use super::encode::Samples;
use super::fields::Copy;
use super::host::Values;
use super::kernels::Pipeline;
use super::plan::{OPERANDS, Planned};
use crate::device::{Bindings, Rate};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::layout::Layout;
use std::sync::Arc;

/// A program on a GPU.
pub struct Plan {
    pub(super) gpu: Gpu,
    pub(super) planned: Planned,
    /// For each stage its kernels, then those of its weight gradients.
    pub(super) pipelines: Vec<Vec<Arc<Pipeline>>>,
    pub(super) fixed: Fixed,
    pub(super) room: Option<Room>,
    pub(super) values: Values,
    sums: Vec<[f32; 2]>,
    /// The weights that the packed ones were made from.
    pub(super) flat: Vec<f32>,
    pub(super) descent: Option<Descent>,
    /// Bindings that were made, and submissions: for reports and tests.
    pub(super) counts: Counts,
}

/// What a program has asked of its GPU so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Submissions.
    pub submissions: u64,
    /// Dispatches.
    pub dispatches: u64,
    /// Buffers and bind groups made.
    pub made: u64,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("gpu", &self.gpu.name()).field("planned", &self.planned).finish_non_exhaustive()
    }
}

impl Plan {
    /// Plans the computation of `outputs` and compiles its kernels.
    ///
    /// # Errors
    /// If an op has no kernel, a kernel is refused, or memory is short.
    pub fn new(gpu: &Gpu, graph: &Graph, outputs: &[NodeId], _layout: &Layout) -> Result<Plan> {
        let planned = Planned::new(graph, outputs, gpu.is_processor(), gpu.has_half_precision())?;
        let mut pipelines = Vec::new();
        for stage in &planned.stages {
            let kernels = stage.dispatches.iter().map(|d| &d.kernel).chain(stage.groups.iter().map(|g| &g.kernel));
            pipelines.push(kernels.map(|kernel| gpu.kernel(&kernel.name, &kernel.text)).collect::<Result<_>>()?);
        }
        let fixed = Fixed::new(gpu, &planned)?;
        let mut plan = Plan {
            gpu: gpu.clone(),
            planned,
            pipelines,
            fixed,
            room: None,
            values: Values::default(),
            sums: Vec::new(),
            flat: Vec::new(),
            descent: None,
            counts: Counts::default(),
        };
        plan.write_operands();
        Ok(plan)
    }

    fn write_operands(&mut self) {
        let planned = &self.planned;
        let (uniforms, keys) = (planned.uniforms.len() as u32, 2 * planned.streams.len() as u32);
        let mut words = Vec::new();
        for stage in &planned.stages {
            let lists = stage.dispatches.iter().map(|d| &d.operands).chain(stage.groups.iter().map(|g| &g.operands));
            for operands in lists {
                let begin = words.len();
                words.extend(operands);
                words.resize(begin + OPERANDS, 0_u32);
                words[begin + OPERANDS - 2] = uniforms;
                words[begin + OPERANDS - 1] = uniforms + keys;
            }
        }
        self.gpu.queue().write_buffer(&self.fixed.operands, 0, bytemuck::cast_slice(&words));
    }

    /// Runs the program.
    ///
    /// # Errors
    /// If the GPU fails, or one sample needs more memory than it binds.
    pub fn run(&mut self, bindings: &mut Bindings<'_, '_, f32>) -> Result<()> {
        if bindings.samples == 0 {
            bindings.out_sums.fill(0.0);
            return self.gpu.check();
        }
        let repack = self.send_weights(bindings.weights);
        self.parts(bindings, repack, None)?;
        Ok(())
    }

    /// Runs the program and moves the parameters of the descent along the sums over the batch, in one submission; the
    /// bindings' weights are not looked at, and sums not returned. Returns the norm of the gradient before it was
    /// clipped; if that or a sum over the lattice is not finite, the parameters stay.
    ///
    /// # Errors
    /// As [`Plan::run`]; if no descent has been started, or there are no samples.
    pub fn descend(&mut self, bindings: &mut Bindings<'_, '_, f32>, rate: Rate) -> Result<f64> {
        if self.descent.is_none() || bindings.samples == 0 {
            return Err(Error::op("adam", "a descent that has been started, and samples", bindings.samples));
        }
        self.parts(bindings, true, Some(rate))
    }

    fn parts(&mut self, bindings: &mut Bindings<'_, '_, f32>, repack: bool, rate: Option<Rate>) -> Result<f64> {
        let samples = bindings.samples;
        self.gpu.check()?;
        self.reserve(samples)?;
        let fields = bindings.fields.iter().map(|field| Copy::send(&self.gpu, field)).collect::<Result<Vec<_>>>()?;
        let mut written = Vec::new();
        for field in bindings.out_fields.iter_mut() {
            written.push(Copy::receive(&self.gpu, field)?);
        }
        let out: Vec<wgpu::Buffer> = written.iter().filter_map(|w| Copy::buffer_of(w, &self.gpu)).collect();
        let capacity = self.room.as_ref().map_or(samples, |room| room.capacity);
        // Between stages the arena keeps what one pass has computed, so that each pass goes through all stages.
        let part = if self.planned.stages.len() > 1 { capacity } else { samples };
        let (mut first, mut norm) = (0, 0.0);
        while first < samples {
            let count = part.min(samples - first);
            let rate = rate.filter(|_| first + count == samples);
            norm =
                self.part(bindings, [&fields, &out], Samples { first, count, repack: repack && first == 0 }, rate)?;
            first += count;
        }
        for (field, copy) in bindings.out_fields.iter_mut().zip(written) {
            field.written_by_gpu(copy);
        }
        Ok(norm)
    }

    /// All stages for some samples of the batch.
    fn part(
        &mut self,
        bindings: &mut Bindings<'_, '_, f32>,
        fields: [&[wgpu::Buffer]; 2],
        of: Samples,
        rate: Option<Rate>,
    ) -> Result<f64> {
        let Samples { first, count: samples, repack } = of;
        self.values.clear();
        self.sums.clear();
        self.sums.resize(self.planned.sums * samples, [0.0; 2]);
        let (last, mut norm) = (self.planned.stages.len(), 0.0);
        for stage in 0..last {
            self.values.compute(&self.planned, stage, bindings, first, samples, &self.sums);
            self.values.give(&self.planned, bindings.draws.seed, samples);
            let ends = stage + 1 == last;
            let rate = rate.filter(|_| ends);
            self.stage(stage, bindings.draws, fields, Samples { repack: repack && stage == 0, ..of }, rate)?;
            if rate.is_some() {
                let mut outcome = [f64::NAN];
                self.fetch(samples, &mut outcome)?;
                norm = outcome[0];
            } else {
                let sums = if ends && first + samples == bindings.samples { bindings.out_sums.len() } else { 0 };
                self.fetch(samples, &mut bindings.out_sums[..sums])?;
            }
        }
        self.values.compute(&self.planned, last, bindings, first, samples, &self.sums);
        for (out, &step) in bindings.out_per_sample.iter_mut().zip(&self.planned.numbers_out) {
            let values = self.values.get(step);
            for (n, x) in out[first..first + samples].iter_mut().enumerate() {
                *x = values.get(n).or(values.first()).copied().unwrap_or(f64::NAN);
            }
        }
        Ok(norm)
    }

    /// Buffers for a batch of so many samples.
    fn reserve(&mut self, samples: usize) -> Result<()> {
        if self.room.as_ref().is_none_or(|room| room.batch < samples) {
            self.room = None;
            self.room = Some(Room::new(&self.gpu, &self.planned, &self.fixed, samples)?);
            self.counts.made += 9;
        }
        Ok(())
    }

    /// Sends the parameters if they are not there already; whether they have to be arranged anew.
    fn send_weights(&mut self, weights: &[f32]) -> bool {
        let weights = &weights[..self.planned.weights.min(weights.len())];
        // Bits are compared: a NaN is a weight like any other.
        let same =
            self.flat.len() == weights.len() && self.flat.iter().zip(weights).all(|(a, b)| a.to_bits() == b.to_bits());
        if same {
            return false;
        }
        self.flat.clear();
        self.flat.extend_from_slice(weights);
        self.gpu.queue().write_buffer(&self.fixed.flat, 0, bytemuck::cast_slice(weights));
        true
    }

    /// Waits for the stage's sums over the lattice, and at the end for those over the batch.
    fn fetch(&mut self, samples: usize, out_sums: &mut [f64]) -> Result<()> {
        let Some(room) = &self.room else { return Ok(()) };
        let numbers = 8 * (self.planned.sums * samples) as u64;
        let bytes = numbers + 8 * out_sums.len() as u64;
        if bytes == 0 {
            return Ok(());
        }
        let sums = &mut self.sums;
        self.gpu.read_mapped(&room.staging, bytes, |bytes| {
            let pairs: &[[f32; 2]] = bytemuck::cast_slice(bytes);
            let (of_lattice, of_batch) = pairs.split_at(sums.len());
            sums.copy_from_slice(of_lattice);
            for (out, &[high, low]) in out_sums.iter_mut().zip(of_batch) {
                *out = f64::from(high) + f64::from(low);
            }
        })
    }

    /// What has been asked of the GPU so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }
}
