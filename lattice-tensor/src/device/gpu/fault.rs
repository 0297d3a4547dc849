//! What goes wrong on a GPU: the first error is kept, and every later call returns it.
//!
//! Errors that no scope catches and the loss of a device arrive in callbacks, on whatever thread; wgpu panics unless
//! somebody takes them. They stay for good, as numbers that were computed since cannot be trusted.

use crate::error::{Error, Result};
use std::sync::{Arc, OnceLock};

/// The first error of a device, if there was one.
#[derive(Debug)]
pub(super) struct Fault {
    device: String,
    first: OnceLock<Error>,
}

impl Fault {
    /// Keeps what goes wrong on a device that is known to the user as `name`.
    pub fn watch(device: &wgpu::Device, name: &str) -> Arc<Fault> {
        let fault = Arc::new(Fault { device: name.into(), first: OnceLock::new() });
        let uncaptured = fault.clone();
        device.on_uncaptured_error(Arc::new(move |error| uncaptured.record(uncaptured.call("a call", &error))));
        let lost = fault.clone();
        device.set_device_lost_callback(move |reason, message| {
            let message = if message.is_empty() { format!("{reason:?}") } else { message };
            lost.record(Error::DeviceLost { device: lost.device.clone(), reason: message });
        });
        fault
    }

    /// Keeps an error, unless there is one already.
    pub fn record(&self, error: Error) {
        // Those that follow are consequences.
        let _ = self.first.set(error);
    }

    /// The first error.
    ///
    /// # Errors
    /// If there was one.
    pub fn check(&self) -> Result<()> {
        self.first.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// The error of a refused call.
    pub fn call(&self, what: &str, error: &wgpu::Error) -> Error {
        Error::DeviceCall { device: self.device.clone(), what: what.into(), reason: reason(error) }
    }
}

/// What wgpu says, with the driver's words where it hides them in the source.
pub(super) fn reason(error: &wgpu::Error) -> String {
    match error {
        wgpu::Error::OutOfMemory { source } => format!("out of memory ({source})"),
        other => other.to_string().trim().to_string(),
    }
}
