//! Where programs run.

mod bindings;
pub mod cpu;
mod descent;
#[cfg(feature = "gpu")]
pub mod gpu;
#[cfg(not(feature = "gpu"))]
#[path = "gpu/disabled.rs"]
pub mod gpu;
mod products;
mod program;
mod remote;

pub use bindings::{Bindings, Draws};
pub use descent::{AdamConstants, DescentState, Rate};
pub use program::Program;
pub(crate) use remote::Remote;

use crate::error::{Error, Result};
use crate::lanes::{Level, Real};
use cpu::Cpu;
use gpu::{AdapterDescription, Gpu};

/// Where programs run: on the processor, or on a GPU with the processor beside it for what stays on the host.
///
/// A value to be cloned freely; clones share threads and GPU.
#[derive(Clone, Debug)]
pub struct Device {
    processor: Cpu,
    gpu: Option<Gpu>,
}

impl Device {
    /// The processor with its best instruction set and `threads` threads; 0 means one for each core.
    ///
    /// # Errors
    /// If the threads cannot be started.
    pub fn cpu(threads: usize) -> Result<Device> {
        Ok(Device { processor: Cpu::new(threads)?, gpu: None })
    }

    /// The processor with a given instruction set.
    ///
    /// # Errors
    /// If the threads cannot be started.
    pub fn cpu_with_level(threads: usize, level: Level) -> Result<Device> {
        Ok(Device { processor: Cpu::with_level(threads, level)?, gpu: None })
    }

    /// The best GPU of the machine.
    ///
    /// # Errors
    /// If there is none, or it cannot be opened, or the crate was built without feature `gpu`.
    pub fn gpu() -> Result<Device> {
        Self::with_gpu(Gpu::open(None)?)
    }

    /// The GPU that `name` means: its number in [`Device::adapters`] or a part of its name, in upper or lower case.
    ///
    /// # Errors
    /// As [`Device::gpu`].
    pub fn gpu_named(name: &str) -> Result<Device> {
        Self::with_gpu(Gpu::open(Some(name))?)
    }

    /// A GPU that is open, with one thread of the processor for each core beside it.
    ///
    /// # Errors
    /// If the threads cannot be started.
    pub fn with_gpu(gpu: Gpu) -> Result<Device> {
        Ok(Device { processor: Cpu::new(0)?, gpu: Some(gpu) })
    }

    /// The same device with `threads` threads of the processor; 0 means one for each core.
    ///
    /// # Errors
    /// If the threads cannot be started.
    pub fn with_threads(self, threads: usize) -> Result<Device> {
        Ok(Device { processor: Cpu::with_level(threads, self.processor.level())?, ..self })
    }

    /// All adapters of this machine that programs can run on, in the order of their numbers.
    pub fn adapters() -> Vec<AdapterDescription> {
        Gpu::adapters()
    }

    /// The processor: all of a processor device, the host's part of a GPU.
    pub fn processor(&self) -> &Cpu {
        &self.processor
    }

    /// The GPU, if programs run on one.
    pub fn gpu_context(&self) -> Option<&Gpu> {
        self.gpu.as_ref()
    }

    /// Whether programs run on a GPU.
    pub fn is_gpu(&self) -> bool {
        self.gpu.is_some()
    }

    /// The device in words.
    pub fn describe(&self) -> String {
        let (level, threads) = (self.processor.level().name(), self.processor.threads());
        match &self.gpu {
            Some(gpu) => gpu.describe(),
            None => format!("cpu, {threads} {}, {level}", if threads == 1 { "thread" } else { "threads" }),
        }
    }

    /// Whether programs in precision `R` run here: a GPU takes `f32` only.
    ///
    /// # Errors
    /// If they do not.
    pub fn check_precision<R: Real>(&self) -> Result<()> {
        match &self.gpu {
            Some(gpu) if R::NAME != f32::NAME => Err(Error::Precision { device: gpu.name(), found: R::NAME }),
            _ => Ok(()),
        }
    }
}
