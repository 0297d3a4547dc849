//! One submission: a stage of a program for some samples of the batch, pass by pass.

use super::buffers::{Bound, RECORD, RUN, Room, Slice};
use super::plan::{Dispatch, GROUP, Port};
use super::run::Plan;
use crate::device::{Draws, Rate};
use crate::error::Result;

/// Workgroups in the first dimension of a dispatch; adapters take up to 65,535.
const ROW: u32 = 32_768;

/// The samples of a stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Samples {
    /// The first in the batch, and how many.
    pub first: usize,
    pub count: usize,
    /// Whether the weights have to be arranged first.
    pub repack: bool,
}

impl Plan {
    /// Encodes and submits a stage, and the optimiser's step behind it if there is a `rate`; `fields` are the buffers of
    /// field arguments and outputs.
    pub(super) fn stage(
        &mut self,
        stage: usize,
        draws: Draws,
        fields: [&[wgpu::Buffer]; 2],
        samples: Samples,
        rate: Option<Rate>,
    ) -> Result<()> {
        let Plan { gpu, planned, pipelines, fixed, room, values, counts, descent, .. } = self;
        let Some(room) = room else { return Ok(()) };
        let queue = gpu.queue();
        if !values.words.is_empty() {
            queue.write_buffer(&room.given, 0, bytemuck::cast_slice(&values.words));
        }
        let Samples { first, count, repack } = samples;
        let steps = &planned.stages[stage];
        let before: usize = planned.stages[..stage].iter().map(|s| s.dispatches.len() + s.groups.len()).sum();
        let mut runs: Vec<u32> = Vec::new();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        if let Some((pipeline, group, workgroups)) = fixed.pack.as_ref().filter(|_| repack) {
            pass.set_pipeline(&pipeline.pipeline);
            pass.set_bind_group(0, group, &[]);
            pass.dispatch_workgroups((*workgroups).min(ROW), workgroups.div_ceil(ROW), 1);
            counts.dispatches += 1;
        }
        for (number, begin) in (0..count).step_by(room.capacity).enumerate() {
            let of_pass = room.capacity.min(count - begin);
            // What a dispatch is told of its pass; see `Run` in shaders/lib/kernel.wgsl.
            let mut record = |shifts: [u32; 2]| {
                let at = 4 * runs.len() as u32;
                let (sample, step) = (draws.first_sample + first as u64, draws.step);
                let (stride, [shift_in, shift_out]) = (planned.stride as u32, shifts);
                runs.extend([of_pass as u32, begin as u32, count as u32, stride]);
                runs.extend([sample as u32, step as u32, (sample >> 32) as u32, (step >> 32) as u32]);
                runs.extend([0, shift_in, shift_out, planned.halves as u32]);
                runs.resize((at as usize + RUN as usize) / 4, 0);
                at
            };
            for (d, dispatch) in steps.dispatches.iter().enumerate() {
                let [slice_in, slice_out] = slices(dispatch, fields, planned.ports(), first + begin, of_pass);
                for (_, _, bytes) in [&slice_in.0, &slice_out.0].into_iter().flatten() {
                    gpu.check_binding("a field of one pass", *bytes)?;
                }
                let run = record([slice_in.1, slice_out.1]);
                let bound = Bound { field_in: slice_in.0, field_out: slice_out.0 };
                let (group, made) = room.bind(gpu, fixed, bound);
                counts.made += u64::from(made);
                pass.set_pipeline(&pipelines[stage][d].pipeline);
                pass.set_bind_group(0, group, &[run, ((before + d) as u64 * RECORD) as u32]);
                let total = match dispatch.chunks {
                    0 => (of_pass as u32).div_ceil(64),
                    chunks => (of_pass * chunks) as u32,
                };
                pass.dispatch_workgroups(total.min(ROW), total.div_ceil(ROW), 1);
                counts.dispatches += 1;
            }
            let groups = of_pass.div_ceil(GROUP) as u32;
            for (g, job) in steps.groups.iter().enumerate() {
                let at = steps.dispatches.len() + g;
                let run = record([0, 0]);
                let bound = room.partials();
                let (group, made) = room.bind(gpu, fixed, bound);
                counts.made += u64::from(made);
                pass.set_pipeline(&pipelines[stage][at].pipeline);
                pass.set_bind_group(0, group, &[run, ((before + at) as u64 * RECORD) as u32]);
                pass.dispatch_workgroups(job.tiles as u32, groups, job.jobs as u32);
                counts.dispatches += 1;
            }
            if let Some(pipeline) = fixed.sum_groups.as_ref().filter(|_| stage + 1 == planned.stages.len()) {
                let words = [groups, u32::from(first + begin > 0), planned.partials as u32, 0];
                queue.write_buffer(&room.groups, number as u64 * RUN, bytemuck::cast_slice(&words));
                pass.set_pipeline(&pipeline.pipeline);
                pass.set_bind_group(0, &room.add_groups[number], &[]);
                pass.dispatch_workgroups((planned.batch_sums.len() as u32).div_ceil(64), 1, 1);
                counts.dispatches += 1;
            }
        }
        let descent = descent.as_mut().zip(rate);
        let mut outcome = None;
        if let Some((descent, rate)) = descent {
            let returned = planned.sums * count;
            counts.made += descent.encode(gpu, &mut pass, rate, [&fixed.sums, &fixed.flat, &room.numbers], returned);
            counts.dispatches += 2;
            outcome = Some(descent.outcome());
        }
        drop(pass);
        if !runs.is_empty() {
            queue.write_buffer(&room.run, 0, bytemuck::cast_slice(&runs));
        }
        let Room { numbers, staging, .. } = room;
        let (of_lattice, of_batch) = (8 * (planned.sums * count) as u64, 8 * planned.batch_sums.len() as u64);
        if of_lattice > 0 {
            encoder.copy_buffer_to_buffer(numbers, 0, staging, 0, of_lattice);
        }
        if let Some(outcome) = outcome {
            encoder.copy_buffer_to_buffer(outcome, 0, staging, of_lattice, 8);
        } else if of_batch > 0 {
            encoder.copy_buffer_to_buffer(&fixed.sums, 0, staging, of_lattice, of_batch);
        }
        counts.submissions += 1;
        gpu.submit(encoder).map(drop)
    }
}

/// The parts of the fields that a dispatch binds for samples from `first` on, and where the first sample begins in them:
/// a binding begins at a multiple of 256 bytes.
fn slices(
    dispatch: &Dispatch,
    fields: [&[wgpu::Buffer]; 2],
    ports: [&[Port]; 2],
    first: usize,
    samples: usize,
) -> [(Option<Slice>, u32); 2] {
    let slice = |which: usize, k: Option<usize>| {
        let (buffer, port) = (fields[which].get(k?)?, ports[which].get(k?)?);
        let (from, bytes) = (4 * (first * port.len) as u64, 4 * (samples * port.len) as u64);
        let shift = from % 256;
        Some(((buffer.clone(), from - shift, bytes + shift), (shift / 4) as u32))
    };
    [slice(0, dispatch.field_in), slice(1, dispatch.field_out)].map(|s| s.map_or((None, 0), |(s, k)| (Some(s), k)))
}
