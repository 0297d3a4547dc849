//! Compiled kernels, kept for all programs of a GPU, and the one layout that those of programs share.

use super::adapter::Gpu;
use crate::error::{Error, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A compiled kernel.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
}

/// The kernels of a GPU, by their texts.
#[derive(Debug, Default)]
pub(super) struct Kernels {
    layout: OnceLock<(wgpu::BindGroupLayout, wgpu::PipelineLayout)>,
    known: Mutex<HashMap<String, Arc<Pipeline>>>,
}

/// What a binding is, in the order of `shaders/lib/kernel.wgsl`.
const BINDINGS: [wgpu::BufferBindingType; 10] = {
    use wgpu::BufferBindingType::{Storage, Uniform};
    let (read, write) = (Storage { read_only: true }, Storage { read_only: false });
    [Uniform, Uniform, write, read, read, write, read, write, read, write]
};

impl Kernels {
    fn layout(&self, device: &wgpu::Device) -> &(wgpu::BindGroupLayout, wgpu::PipelineLayout) {
        self.layout.get_or_init(|| {
            let entry = |(binding, ty): (usize, wgpu::BufferBindingType)| wgpu::BindGroupLayoutEntry {
                binding: binding as u32,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: binding < 2, min_binding_size: None },
                count: None,
            };
            let entries: Vec<_> = BINDINGS.into_iter().enumerate().map(entry).collect();
            let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some("program"),
                entries: &entries,
            });
            let pipeline = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some("program"),
                bind_group_layouts: &[Some(&layout)],
                immediate_size: 0,
            });
            (layout, pipeline)
        })
    }
}

impl Gpu {
    /// The compiled kernel of a program, whose text declares the buffers of `shaders/lib/kernel.wgsl`.
    pub(super) fn kernel(&self, name: &str, text: &str) -> Result<Arc<Pipeline>> {
        self.compiled(name, text, Some(&self.kernels().layout(self.device()).1))
    }

    /// A kernel of its own around programs, in `shaders/steps`.
    pub(super) fn step(&self, name: &'static str) -> Result<Arc<Pipeline>> {
        let text = lattice_shaders::step(name).map_err(|e| Error::op(name, "a kernel's text", e))?;
        self.compiled(name, &text, None)
    }

    fn compiled(&self, name: &str, text: &str, layout: Option<&wgpu::PipelineLayout>) -> Result<Arc<Pipeline>> {
        // Kernels are compiled under the lock: another thread wants the same ones.
        let mut known = self.kernels().known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = known.get(text) {
            return Ok(pipeline.clone());
        }
        let module = self.module(name, text)?;
        let pipeline = Arc::new(Pipeline { pipeline: self.pipeline(name, &module, "main", layout)? });
        known.insert(text.to_string(), pipeline.clone());
        Ok(pipeline)
    }

    /// Binds the buffers of a program.
    pub(super) fn bind(&self, slices: &[(&wgpu::Buffer, u64, u64)]) -> wgpu::BindGroup {
        bind(self.device(), &self.kernels().layout(self.device()).0, slices)
    }
}

impl Pipeline {
    /// Binds whole buffers, for a kernel of its own.
    pub fn bind(&self, gpu: &Gpu, buffers: &[&wgpu::Buffer]) -> wgpu::BindGroup {
        let slices: Vec<_> = buffers.iter().map(|buffer| (*buffer, 0, buffer.size())).collect();
        self.bind_slices(gpu, &slices)
    }

    /// Binds parts of buffers, for a kernel of its own.
    pub fn bind_slices(&self, gpu: &Gpu, slices: &[(&wgpu::Buffer, u64, u64)]) -> wgpu::BindGroup {
        bind(gpu.device(), &self.pipeline.get_bind_group_layout(0), slices)
    }
}

fn bind(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    slices: &[(&wgpu::Buffer, u64, u64)],
) -> wgpu::BindGroup {
    let mut entries = Vec::with_capacity(slices.len());
    for (binding, &(buffer, offset, bytes)) in slices.iter().enumerate() {
        let part = wgpu::BufferBinding { buffer, offset, size: std::num::NonZero::new(bytes) };
        let resource = wgpu::BindingResource::Buffer(part);
        entries.push(wgpu::BindGroupEntry { binding: binding as u32, resource });
    }
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
}
