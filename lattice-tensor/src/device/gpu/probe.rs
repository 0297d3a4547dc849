//! A kernel on its own, for tests of drivers and of pieces of WGSL.

use super::adapter::Gpu;
use crate::error::Result;
use wgpu::BufferUsages as Usage;

/// Runs entry point `main` of a text once: binding 0 is the output of `words` words, zeros at first, and 1, 2, … are the
/// inputs, all in group 0 and all used.
pub(super) fn compute(gpu: &Gpu, text: &str, inputs: &[&[u32]], words: usize, groups: u32) -> Result<Vec<u32>> {
    let pipeline = gpu.pipeline("probe", &gpu.module("probe", text)?, "main", None)?;
    let output = gpu.buffer("output", 4 * words as u64, Usage::STORAGE | Usage::COPY_SRC)?;
    let mut buffers = vec![output.clone()];
    for input in inputs {
        let buffer = gpu.buffer("input", 4 * input.len() as u64, Usage::STORAGE | Usage::COPY_DST)?;
        gpu.queue().write_buffer(&buffer, 0, bytemuck::cast_slice(input));
        buffers.push(buffer);
    }
    let entries: Vec<_> = buffers
        .iter()
        .enumerate()
        .map(|(k, buffer)| wgpu::BindGroupEntry { binding: k as u32, resource: buffer.as_entire_binding() })
        .collect();
    let layout = pipeline.get_bind_group_layout(0);
    let group =
        gpu.device().create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout: &layout, entries: &entries });
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let mut pass = encoder.begin_compute_pass(&Default::default());
    pass.set_pipeline(&pipeline);
    pass.set_bind_group(0, &group, &[]);
    pass.dispatch_workgroups(groups, 1, 1);
    drop(pass);
    gpu.submit(encoder)?;
    let mut result = vec![0; words];
    gpu.read_into(&output, 0, &mut result)?;
    gpu.check()?;
    Ok(result)
}
