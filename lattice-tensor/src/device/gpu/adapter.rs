//! TEMPORARY
use crate::error::{Error, Result};
use std::sync::Arc;
#[derive(Clone, Debug)]
pub struct Gpu(Arc<Inner>);
#[derive(Debug)]
struct Inner {
    device: wgpu::Device,
    queue: wgpu::Queue,
    name: String,
    limits: wgpu::Limits,
    kernels: super::kernels::Kernels,
}
impl PartialEq for Gpu {
    fn eq(&self, o: &Gpu) -> bool {
        Arc::ptr_eq(&self.0, &o.0)
    }
}
impl Eq for Gpu {}
impl Gpu {
    /// Opens.
    pub fn open(_name: Option<&str>) -> Result<Gpu> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
        let adapter = pollster::block_on(instance.request_adapter(&Default::default()))
            .map_err(|e| Error::op("gpu", "an adapter", e))?;
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            required_limits: wgpu::Limits::default(),
            ..Default::default()
        }))
        .map_err(|e| Error::op("gpu", "a device", e))?;
        Ok(Gpu(Arc::new(Inner {
            limits: device.limits(),
            device,
            queue,
            name: adapter.get_info().name,
            kernels: Default::default(),
        })))
    }
    /// Name.
    pub fn name(&self) -> String {
        self.0.name.clone()
    }
    pub(super) fn device(&self) -> &wgpu::Device {
        &self.0.device
    }
    pub(super) fn queue(&self) -> &wgpu::Queue {
        &self.0.queue
    }
    pub(super) fn kernels(&self) -> &super::kernels::Kernels {
        &self.0.kernels
    }
    pub(super) fn is_processor(&self) -> bool {
        true
    }
    pub(super) fn most_bytes_bound(&self) -> u64 {
        self.0.limits.max_storage_buffer_binding_size
    }
    pub(super) fn check(&self) -> Result<()> {
        Ok(())
    }
    pub(super) fn buffer(&self, label: &str, size: u64, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer> {
        Ok(self.0.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage,
            mapped_at_creation: false,
        }))
    }
    pub(super) fn module(&self, name: &str, text: &str) -> Result<wgpu::ShaderModule> {
        Ok(self.0.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(name),
            source: wgpu::ShaderSource::Wgsl(text.into()),
        }))
    }
    pub(super) fn pipeline(
        &self,
        name: &str,
        module: &wgpu::ShaderModule,
        entry: &str,
        layout: Option<&wgpu::PipelineLayout>,
    ) -> Result<wgpu::ComputePipeline> {
        Ok(self.0.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(name),
            layout,
            module,
            entry_point: Some(entry),
            compilation_options: Default::default(),
            cache: None,
        }))
    }
    pub(super) fn submit(&self, e: wgpu::CommandEncoder) -> Result<()> {
        self.0.queue.submit([e.finish()]);
        Ok(())
    }
    pub(super) fn read_mapped(&self, staging: &wgpu::Buffer, bytes: u64, with: impl FnOnce(&[u8])) -> Result<()> {
        let slice = staging.slice(..bytes);
        slice.map_async(wgpu::MapMode::Read, |r| r.unwrap());
        self.0.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        with(&slice.get_mapped_range().unwrap());
        staging.unmap();
        Ok(())
    }
    pub(super) fn read(&self, buffer: &wgpu::Buffer, range: std::ops::Range<u64>) -> Result<Vec<u8>> {
        let size = range.end - range.start;
        let staging = self.buffer("r", size, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST)?;
        let mut e = self.0.device.create_command_encoder(&Default::default());
        e.copy_buffer_to_buffer(buffer, range.start, &staging, 0, size);
        self.submit(e)?;
        let mut out = Vec::new();
        self.read_mapped(&staging, size, |b| out = b.to_vec())?;
        Ok(out)
    }
}
