//! The buffers of a program on a GPU, and how they are bound: one layout for all kernels, so that a bind group serves
//! all dispatches of a pass, each with its own operands.

use super::adapter::Gpu;
use super::kernels::Pipeline;
use super::plan::{GROUP, OPERANDS, Planned};
use crate::error::{Error, Result};
use std::sync::Arc;
use wgpu::BufferUsages as Usage;

/// Bytes of the operands of one dispatch, and of what it is told of its run.
pub(super) const RECORD: u64 = 4 * OPERANDS as u64;
pub(super) const RUN: u64 = 256;
/// Bind groups that are remembered.
const MOST_BOUND: usize = 64;

const STORED: Usage = Usage::STORAGE.union(Usage::COPY_DST).union(Usage::COPY_SRC);

/// Buffers that do not depend on the batch.
pub(super) struct Fixed {
    pub operands: wgpu::Buffer,
    tables: wgpu::Buffer,
    pub flat: wgpu::Buffer,
    packed: wgpu::Buffer,
    /// The kernel that arranges the weights, what it binds, and its workgroups.
    pub pack: Option<(Arc<Pipeline>, wgpu::BindGroup, u32)>,
    /// Sums over the batch.
    pub sums: wgpu::Buffer,
    lists: wgpu::Buffer,
    pub sum_groups: Option<Arc<Pipeline>>,
    /// What is bound where a kernel binds no field.
    unbound: [wgpu::Buffer; 2],
}

/// Buffers for a batch of a certain size.
pub(super) struct Room {
    pub batch: usize,
    /// Samples in a pass.
    pub capacity: usize,
    pub run: wgpu::Buffer,
    arena: wgpu::Buffer,
    pub given: wgpu::Buffer,
    pub numbers: wgpu::Buffer,
    halves: wgpu::Buffer,
    partials: wgpu::Buffer,
    /// For each pass what `sum_groups` is told.
    pub groups: wgpu::Buffer,
    pub staging: wgpu::Buffer,
    bound: Vec<(Bound, wgpu::BindGroup)>,
    /// For each pass.
    pub add_groups: Vec<wgpu::BindGroup>,
}

/// A part of a buffer: its first byte and how many.
pub(super) type Slice = (wgpu::Buffer, u64, u64);

/// Which parts of which fields are bound.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Bound {
    pub field_in: Option<Slice>,
    pub field_out: Option<Slice>,
}

impl Fixed {
    pub fn new(gpu: &Gpu, planned: &Planned) -> Result<Fixed> {
        let stored = |what: &str, words: usize| gpu.buffer(what, 4 * words.max(4) as u64, STORED);
        let dispatches = planned.dispatches().max(1) as u64;
        let operands = gpu.buffer("operands", RECORD * dispatches, Usage::UNIFORM | Usage::COPY_DST)?;
        let tables = stored("tables", planned.tables.len())?;
        gpu.check_binding("the tables of a program", tables.size())?;
        gpu.queue().write_buffer(&tables, 0, bytemuck::cast_slice(&planned.tables));
        let flat = stored("weights", planned.weights)?;
        let packed = stored("arranged weights", planned.packed.len())?;
        let mut pack = None;
        if !planned.packed.is_empty() {
            let pipeline = gpu.step("pack")?;
            let from = stored("the order of weights", planned.packed.len())?;
            gpu.queue().write_buffer(&from, 0, bytemuck::cast_slice(&planned.packed));
            let group = pipeline.bind(gpu, &[&flat, &from, &packed]);
            pack = Some((pipeline, group, (planned.packed.len() as u32).div_ceil(4 * 64)));
        }
        let sums = stored("sums over the batch", 2 * planned.batch_sums.len())?;
        let mut words: Vec<u32> = Vec::new();
        let mut at = planned.batch_sums.len() as u32 + 1;
        for list in &planned.batch_sums {
            words.push(at);
            at += list.len() as u32;
        }
        words.push(at);
        words.extend(planned.batch_sums.iter().flatten());
        let lists = stored("lists of sums", words.len())?;
        gpu.queue().write_buffer(&lists, 0, bytemuck::cast_slice(&words));
        let sum_groups = if planned.batch_sums.is_empty() { None } else { Some(gpu.step("sum_groups")?) };
        let unbound = [stored("no field", 4)?, stored("no field", 4)?];
        Ok(Fixed { operands, tables, flat, packed, pack, sums, lists, sum_groups, unbound })
    }
}

impl Room {
    pub fn new(gpu: &Gpu, planned: &Planned, fixed: &Fixed, batch: usize) -> Result<Room> {
        let stored = |what: &str, bytes: u64| {
            let bytes = bytes.max(16);
            gpu.check_binding(what, bytes)?;
            gpu.buffer(what, bytes, STORED)
        };
        let one = (4 * planned.stride.max(1) + 2 * planned.halves) as u64;
        gpu.check_binding("the values of one sample", one)?;
        let fit = (gpu.arena() / one).max(1) as usize;
        // Whole groups, so that sums over the batch do not depend on how many samples fit.
        let fit = if fit >= GROUP { fit / GROUP * GROUP } else { fit };
        let capacity = fit.min(batch);
        let passes = batch.div_ceil(capacity);
        let stages = planned.stages.iter();
        let most_dispatches = stages.map(|s| s.dispatches.len() + s.groups.len()).max().unwrap_or(1).max(1);
        let run = gpu.buffer("runs", RUN * (passes * most_dispatches) as u64, Usage::UNIFORM | Usage::COPY_DST)?;
        let arena = stored("the values of a pass", (4 * planned.stride * capacity) as u64)?;
        let halves = stored("the halves of a pass", (2 * planned.halves * capacity) as u64)?;
        let words = planned.uniforms.len() + 2 * planned.streams.len() + planned.slots.len() * batch;
        let given = stored("numbers given", 4 * words as u64)?;
        let numbers = stored("sums over the lattice", 8 * (planned.sums * batch) as u64)?;
        let partials = stored("partial sums", 4 * (planned.partials * capacity.div_ceil(GROUP)) as u64)?;
        let groups = gpu.buffer("groups", RUN * passes as u64, Usage::UNIFORM | Usage::COPY_DST)?;
        let read = 8 * (planned.sums * batch + planned.batch_sums.len().max(1)) as u64;
        let staging = gpu.buffer("what comes back", read.max(16), Usage::MAP_READ | Usage::COPY_DST)?;
        let mut add_groups = Vec::new();
        if let Some(pipeline) = &fixed.sum_groups {
            let sums = planned.batch_sums.len() as u64;
            for pass in 0..passes as u64 {
                add_groups.push(pipeline.bind_slices(
                    gpu,
                    &[
                        (&groups, RUN * pass, 16),
                        (&partials, 0, partials.size()),
                        (&fixed.lists, 0, fixed.lists.size()),
                        (&fixed.sums, 0, 8 * sums),
                    ],
                ));
            }
        }
        let bound = Vec::new();
        Ok(Room { batch, capacity, run, arena, given, numbers, halves, partials, groups, staging, bound, add_groups })
    }

    /// Where a dispatch of weight gradients puts its sums.
    pub fn partials(&self) -> Bound {
        Bound { field_in: None, field_out: Some((self.partials.clone(), 0, self.partials.size())) }
    }

    /// The bind group of a dispatch, and whether it was made now.
    pub fn bind(&mut self, gpu: &Gpu, fixed: &Fixed, bound: Bound) -> (&wgpu::BindGroup, bool) {
        let known = self.bound.iter().position(|(known, _)| *known == bound);
        let at = known.unwrap_or_else(|| {
            if self.bound.len() >= MOST_BOUND {
                self.bound.clear();
            }
            let group = self.group(gpu, fixed, &bound);
            self.bound.push((bound, group));
            self.bound.len() - 1
        });
        (&self.bound[at].1, known.is_none())
    }

    fn group(&self, gpu: &Gpu, fixed: &Fixed, bound: &Bound) -> wgpu::BindGroup {
        let Room { run, arena, given, numbers, halves, .. } = self;
        let field = |slice: &Option<Slice>, k: usize| match slice {
            Some((buffer, offset, bytes)) => (buffer.clone(), *offset, *bytes),
            None => (fixed.unbound[k].clone(), 0, 16),
        };
        let (field_in, field_out) = (field(&bound.field_in, 0), field(&bound.field_out, 1));
        gpu.bind(&[
            (run, 0, RUN),
            (&fixed.operands, 0, RECORD),
            (arena, 0, arena.size()),
            (&fixed.packed, 0, fixed.packed.size()),
            (given, 0, given.size()),
            (numbers, 0, numbers.size()),
            (&fixed.tables, 0, fixed.tables.size()),
            (halves, 0, halves.size()),
            (&field_in.0, field_in.1, field_in.2),
            (&field_out.0, field_out.1, field_out.2),
        ])
    }
}

/// Refuses more bytes than one binding holds.
impl Gpu {
    pub(super) fn check_binding(&self, what: &str, bytes: u64) -> Result<()> {
        let most = self.most_bytes_bound();
        if bytes <= most {
            return Ok(());
        }
        let expected = format!("at most {most} bytes, as {} binds no more at once", self.name());
        Err(Error::Binding { what: what.into(), expected, found: format!("{bytes} bytes") })
    }
}
