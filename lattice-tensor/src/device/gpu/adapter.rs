//! Opening a GPU: which adapters there are, which one is meant, what is asked of it.

use super::description::{AdapterDescription, AdapterKind, choose};
use super::fault::Fault;
use super::kernels::Kernels;
use super::work::Progress;
use crate::error::{Error, Result};
use pollster::block_on;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use wgpu::{Features, Limits};

/// Features that are used where they are; none is needed.
const USEFUL: Features = Features::SHADER_F16.union(Features::TIMESTAMP_QUERY);

/// Bytes of a program's values, if nobody sets them.
const ARENA: u64 = 1 << 29;
/// The same on an adapter that is a processor, whose caches they should not leave by far.
const ARENA_OF_PROCESSORS: u64 = 1 << 24;

/// A GPU that has been opened; clones share it.
#[derive(Clone)]
pub struct Gpu(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub fault: Arc<Fault>,
    pub progress: Arc<Progress>,
    /// Held by who submits or waits: wgpu 30 compares what has ended with what is still listed in two steps, and stops the
    /// program where another thread has come in between.
    pub order: Mutex<()>,
    /// What reads from the device pass through, kept for the next.
    pub staging: Mutex<Option<wgpu::Buffer>>,
    description: AdapterDescription,
    limits: Limits,
    kernels: Kernels,
    arena: AtomicU64,
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gpu").field(&self.0.description.name).finish()
    }
}

impl PartialEq for Gpu {
    fn eq(&self, other: &Gpu) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Gpu {}

impl Gpu {
    /// Opens the adapter that `name` means: its number in the listing of [`Gpu::adapters`] or a part of its name, in
    /// upper or lower case. Without a name the best: discrete GPUs, then integrated, virtual and unknown ones, software
    /// last.
    ///
    /// The environment variable `WGPU_BACKEND` (`vulkan`, `metal`, `dx12`) restricts the listing.
    ///
    /// # Errors
    /// If there is no adapter, if the name fits none or several, or if the driver refuses.
    pub fn open(name: Option<&str>) -> Result<Gpu> {
        Self::open_at(name, wgpu::Adapter::limits)
    }

    /// As [`Gpu::open`], with the limits that every adapter has (8 storage buffers, 128 MiB a binding, 256 invocations):
    /// for tests.
    ///
    /// # Errors
    /// As [`Gpu::open`].
    pub fn at_default_limits(name: Option<&str>) -> Result<Gpu> {
        Self::open_at(name, |_| Limits::default())
    }

    /// A stub that checks how it is used and computes nothing: for tests, where wgpu has its feature `noop`.
    ///
    /// # Errors
    /// If wgpu was built without it.
    #[doc(hidden)]
    pub fn noop() -> Result<Gpu> {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::NOOP;
        descriptor.backend_options.noop = wgpu::NoopBackendOptions::enabled();
        let adapters = listing(&wgpu::Instance::new(descriptor));
        let (adapter, description) = adapters.into_iter().next().ok_or_else(|| Error::NoAdapter {
            asked: "noop".into(),
            reason: "wgpu was built without feature `noop`".into(),
        })?;
        let limits = Limits { max_buffer_size: adapter.limits().max_buffer_size, ..Limits::default() };
        Self::request(&adapter, description, limits)
    }

    /// All adapters of this machine, in the order of their numbers.
    pub fn adapters() -> Vec<AdapterDescription> {
        listing(&instance()).into_iter().map(|(_, description)| description).collect()
    }

    fn open_at(name: Option<&str>, limits: impl Fn(&wgpu::Adapter) -> Limits) -> Result<Gpu> {
        let instance = instance();
        let mut adapters = listing(&instance);
        if adapters.is_empty() {
            let refused = block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default())).err();
            let reason = refused.map_or("no adapter computes".into(), |error| error.to_string());
            return Err(Error::NoAdapter { asked: name.unwrap_or("gpu").into(), reason });
        }
        let descriptions: Vec<_> = adapters.iter().map(|(_, description)| description.clone()).collect();
        let (adapter, description) = adapters.swap_remove(choose(&descriptions, name)?);
        let limits = limits(&adapter);
        Self::request(&adapter, description, limits)
    }

    fn request(adapter: &wgpu::Adapter, description: AdapterDescription, limits: Limits) -> Result<Gpu> {
        let request = adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("lattice"),
            required_features: adapter.features() & USEFUL,
            required_limits: limits,
            experimental_features: wgpu::ExperimentalFeatures::disabled(),
            memory_hints: wgpu::MemoryHints::Performance,
            trace: wgpu::Trace::Off,
        });
        let (device, queue) = block_on(request).map_err(|error| {
            let reason =
                format!("expected a driver that opens it, found: {error}; use another device, or --device cpu");
            Error::Device { asked: description.to_string(), reason }
        })?;
        let limits = device.limits();
        let arena = if description.kind == AdapterKind::Software { ARENA_OF_PROCESSORS } else { ARENA };
        let fault = Fault::watch(&device, &description.name);
        Ok(Gpu(Arc::new(Inner {
            device,
            queue,
            fault,
            progress: Arc::default(),
            order: Mutex::default(),
            staging: Mutex::default(),
            description,
            limits,
            kernels: Kernels::default(),
            arena: AtomicU64::new(arena),
        })))
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.0.description.name.clone()
    }

    /// Name, kind, interface and driver.
    pub fn describe(&self) -> String {
        self.0.description.words()
    }

    /// What it is; the limits are the adapter's.
    pub fn description(&self) -> &AdapterDescription {
        &self.0.description
    }

    /// Whether it is the processor, through a driver such as llvmpipe.
    pub fn is_processor(&self) -> bool {
        self.0.description.kind == AdapterKind::Software
    }

    /// Whether kernels store numbers with 16 bits.
    pub(super) fn has_half_precision(&self) -> bool {
        self.0.device.features().contains(Features::SHADER_F16)
    }

    /// Bytes that a kernel can bind at once.
    pub fn most_bytes_bound(&self) -> u64 {
        self.0.limits.max_storage_buffer_binding_size.min(self.0.limits.max_buffer_size)
    }

    /// Bytes that a program's values of one pass may take; a batch that needs more takes several passes.
    pub fn arena(&self) -> u64 {
        self.0.arena.load(Ordering::Relaxed).min(self.most_bytes_bound())
    }

    /// Sets [`Gpu::arena`], for programs that are planned from now on. No result depends on it.
    pub fn set_arena(&self, bytes: u64) {
        self.0.arena.store(bytes, Ordering::Relaxed);
    }

    /// The limits that it was opened with.
    pub(super) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(super) fn device(&self) -> &wgpu::Device {
        &self.0.device
    }

    pub(super) fn queue(&self) -> &wgpu::Queue {
        &self.0.queue
    }

    pub(super) fn kernels(&self) -> &Kernels {
        &self.0.kernels
    }
}

fn instance() -> wgpu::Instance {
    wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env())
}

/// The adapters that compute.
fn listing(instance: &wgpu::Instance) -> Vec<(wgpu::Adapter, AdapterDescription)> {
    let compute = wgpu::DownlevelFlags::COMPUTE_SHADERS;
    let all = block_on(instance.enumerate_adapters(wgpu::Backends::all())).into_iter();
    let able = all.filter(|adapter| adapter.get_downlevel_capabilities().flags.contains(compute));
    able.enumerate().map(|(number, adapter)| (adapter.clone(), describe(number, &adapter))).collect()
}

fn describe(number: usize, adapter: &wgpu::Adapter) -> AdapterDescription {
    let (info, limits, features) = (adapter.get_info(), adapter.limits(), adapter.features());
    AdapterDescription {
        number,
        kind: match info.device_type {
            wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
            wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
            wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
            wgpu::DeviceType::Other => AdapterKind::Other,
            wgpu::DeviceType::Cpu => AdapterKind::Software,
        },
        backend: match info.backend {
            wgpu::Backend::Vulkan => "Vulkan".into(),
            wgpu::Backend::Metal => "Metal".into(),
            wgpu::Backend::Dx12 => "DirectX 12".into(),
            other => other.to_string(),
        },
        name: info.name,
        driver: [info.driver, info.driver_info].join(" ").trim().to_string(),
        storage_buffers: limits.max_storage_buffers_per_shader_stage,
        binding_bytes: limits.max_storage_buffer_binding_size,
        buffer_bytes: limits.max_buffer_size,
        invocations: limits.max_compute_invocations_per_workgroup,
        workgroup_bytes: limits.max_compute_workgroup_storage_size,
        half_precision: features.contains(Features::SHADER_F16),
        timestamps: features.contains(Features::TIMESTAMP_QUERY),
    }
}

#[cfg(test)]
#[path = "adapter_tests.rs"]
mod tests;
