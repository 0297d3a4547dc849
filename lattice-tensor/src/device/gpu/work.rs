//! What is asked of an open GPU: memory, kernels, submissions, waiting, reading. Nothing here panics, and whatever a
//! device or its driver refuses comes back as an error of the call that asked for it.

use super::adapter::Gpu;
use super::fault::reason;
use crate::error::{Error, Result};
use bytemuck::Pod;
use pollster::block_on;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;
use wgpu::{BufferUsages, ErrorFilter, PollType, SubmissionIndex};

/// How long a device may go without finishing a submission.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same for a processor that plays the device: it compiles kernels within submissions, minutes each for the largest where it is
/// slow and busy.
const PATIENCE_WITH_PROCESSORS: Duration = Duration::from_secs(30 * 60);
/// Bytes of the buffer that reads pass through: at least and at most.
const STAGED: Range<u64> = 1 << 16..1 << 26;

/// Submissions that have ended.
#[derive(Debug, Default)]
pub(super) struct Progress(AtomicU64);

impl Progress {
    fn ended(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

impl Gpu {
    /// Whether all is well.
    ///
    /// # Errors
    /// The first thing that went wrong, for good.
    pub fn check(&self) -> Result<()> {
        self.0.fault.check()
    }

    /// Makes a thing, with what is said against it.
    fn guarded<T>(&self, make: impl FnOnce(&wgpu::Device) -> T) -> std::result::Result<T, wgpu::Error> {
        let device = self.device();
        // Scopes are those of this thread: others notice nothing.
        let scopes = [ErrorFilter::Internal, ErrorFilter::OutOfMemory, ErrorFilter::Validation]
            .map(|filter| device.push_error_scope(filter));
        let made = make(device);
        let errors = scopes.into_iter().rev().filter_map(|scope| block_on(scope.pop())).collect::<Vec<_>>();
        errors.into_iter().next().map_or(Ok(made), Err)
    }

    /// The error of a refused call: the loss of the device, if that is behind it.
    fn refused(&self, what: &str, error: &wgpu::Error) -> Error {
        let _ = self.poll(PollType::Poll);
        self.check().err().unwrap_or_else(|| self.0.fault.call(what, error))
    }

    /// A buffer of at least so many bytes, a multiple of 4 and never 0, of which no kernel sees what was there before.
    ///
    /// # Errors
    /// If there is no memory for `what`.
    pub(super) fn buffer(&self, what: &str, bytes: u64, usage: BufferUsages) -> Result<wgpu::Buffer> {
        self.check()?;
        let refuse = |reason: String| Error::DeviceMemory { device: self.name(), what: what.into(), bytes, reason };
        let most = self.limits().max_buffer_size;
        let size = bytes.max(4).checked_next_multiple_of(4).filter(|&size| size <= most);
        let size = size.ok_or_else(|| refuse(format!("at most {most} bytes for one buffer")))?;
        let descriptor = wgpu::BufferDescriptor { label: Some(what), size, usage, mapped_at_creation: false };
        self.guarded(|device| device.create_buffer(&descriptor)).map_err(|error| match error {
            wgpu::Error::OutOfMemory { .. } => refuse("no more memory".into()),
            error => self.refused(what, &error),
        })
    }

    /// A shader from its text.
    ///
    /// # Errors
    /// If the text is not valid WGSL for this device.
    pub(super) fn module(&self, kernel: &str, text: &str) -> Result<wgpu::ShaderModule> {
        self.check()?;
        let source = wgpu::ShaderSource::Wgsl(text.into());
        let descriptor = wgpu::ShaderModuleDescriptor { label: Some(kernel), source };
        self.compile(kernel, |device| device.create_shader_module(descriptor))
    }

    /// A kernel from an entry point of a shader; without a layout that of the bindings which it uses.
    ///
    /// # Errors
    /// If the entry point does not fit the layout, or the driver does not compile it.
    pub(super) fn pipeline(
        &self,
        kernel: &str,
        module: &wgpu::ShaderModule,
        entry: &str,
        layout: Option<&wgpu::PipelineLayout>,
    ) -> Result<wgpu::ComputePipeline> {
        self.check()?;
        let descriptor = wgpu::ComputePipelineDescriptor {
            label: Some(kernel),
            layout,
            module,
            entry_point: Some(entry),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        };
        self.compile(kernel, |device| device.create_compute_pipeline(&descriptor))
    }

    fn compile<T>(&self, kernel: &str, make: impl FnOnce(&wgpu::Device) -> T) -> Result<T> {
        self.guarded(make).map_err(|error| {
            let (kernel, device) = (kernel.to_string(), self.name());
            self.check().err().unwrap_or_else(|| Error::Kernel { kernel, device, reason: reason(&error) })
        })
    }

    /// Hands over what was encoded.
    ///
    /// # Errors
    /// If something in it was not valid, or the device is lost.
    pub(super) fn submit(&self, encoder: wgpu::CommandEncoder) -> Result<SubmissionIndex> {
        self.check()?;
        let submitted = self.guarded(|_| {
            let _order = self.in_order();
            self.queue().submit([encoder.finish()])
        });
        let index = submitted.map_err(|error| self.refused("a submission", &error))?;
        let progress = Arc::clone(&self.0.progress);
        self.queue().on_submitted_work_done(move || {
            progress.0.fetch_add(1, Ordering::AcqRel);
        });
        self.check().map(|()| index)
    }

    /// Waits until a submission has ended.
    ///
    /// # Errors
    /// If the device is lost, or finishes nothing for a minute (in software, half an hour).
    pub(super) fn wait(&self, submission: SubmissionIndex) -> Result<()> {
        self.wait_at_most(Some(submission), self.patience())
    }

    fn patience(&self) -> Duration {
        if self.is_processor() { PATIENCE_WITH_PROCESSORS } else { PATIENCE }
    }

    /// Waits until a submission, or all of them, have ended; while others end, patience is renewed.
    fn wait_at_most(&self, submission_index: Option<SubmissionIndex>, patience: Duration) -> Result<()> {
        self.check()?;
        loop {
            let before = self.0.progress.ended();
            let wait = PollType::Wait { submission_index: submission_index.clone(), timeout: Some(patience) };
            match self.poll(wait)? {
                Ok(_) => return self.check(),
                Err(wgpu::PollError::Timeout) if self.0.progress.ended() > before => {}
                Err(wgpu::PollError::Timeout) => return Err(self.silent(patience)),
                // A device that was lost has not taken the submission, and says so at the next call.
                Err(error) => {
                    let _ = self.poll(PollType::Poll)?;
                    self.check()?;
                    let (device, what, reason) = (self.name(), "waiting".into(), error.to_string());
                    return Err(Error::DeviceCall { device, what, reason });
                }
            }
        }
    }

    /// Gives up a device that does not answer.
    fn silent(&self, patience: Duration) -> Error {
        let error = Error::DeviceSilent { device: self.name(), seconds: patience.as_secs_f64() };
        self.0.fault.record(error.clone());
        // The last queue waits when it is dropped, without end: so it never is.
        std::mem::forget(self.queue().clone());
        error
    }

    /// One thread at a time.
    fn in_order(&self) -> MutexGuard<'_, ()> {
        self.0.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `wgpu::Device::poll`, which panics where a driver reports the loss of its device.
    fn poll(&self, how: PollType) -> Result<std::result::Result<wgpu::PollStatus, wgpu::PollError>> {
        let _order = self.in_order();
        catch_unwind(AssertUnwindSafe(|| self.device().poll(how))).map_err(|_| {
            let reason = "its driver failed while it was waited for".into();
            self.check().err().unwrap_or_else(|| Error::DeviceLost { device: self.name(), reason })
        })
    }

    /// Waits for what was submitted, and shows the first `bytes` of a buffer that can be mapped, a multiple of 4.
    ///
    /// # Errors
    /// If the device is lost, or finishes nothing for a minute (in software, half an hour).
    pub(super) fn read_mapped(&self, staging: &wgpu::Buffer, bytes: u64, with: impl FnOnce(&[u8])) -> Result<()> {
        self.check()?;
        if bytes == 0 {
            with(&[]);
            return Ok(());
        }
        let what = "reading";
        let failed = |reason: String| {
            let (device, what) = (self.name(), what.into());
            self.check().err().unwrap_or(Error::DeviceCall { device, what, reason })
        };
        let (tell, told) = channel();
        let mapped = staging.slice(..bytes);
        let map = |_: &wgpu::Device| {
            mapped.map_async(wgpu::MapMode::Read, move |result| {
                let _ = tell.send(result);
            });
        };
        self.guarded(map).map_err(|error| self.refused(what, &error))?;
        // What was waited for already is mapped at once. Where another thread polls too, the answer may come from there, a
        // little later.
        self.poll(PollType::Poll)?.map_err(|error| failed(error.to_string()))?;
        let answer = told.try_recv().or_else(|_| {
            let patience = self.patience();
            self.wait_at_most(None, patience)?;
            told.recv_timeout(patience).map_err(|_| self.silent(patience))
        })?;
        answer.map_err(|error| failed(error.to_string()))?;
        let view = mapped.get_mapped_range().map_err(|error| failed(error.to_string()))?;
        with(&view);
        drop(view);
        staging.unmap();
        Ok(())
    }

    /// Waits for what was submitted, and reads a buffer that can be copied from, from byte `offset` on until `to` is full;
    /// both are multiples of 4.
    ///
    /// # Errors
    /// If these are not words of the buffer, the device is lost, or finishes nothing for a minute.
    pub(super) fn read_into<T: Pod>(&self, buffer: &wgpu::Buffer, offset: u64, to: &mut [T]) -> Result<()> {
        self.check()?;
        let to: &mut [u8] = bytemuck::cast_slice_mut(to);
        let end = offset.checked_add(to.len() as u64).filter(|&end| end <= buffer.size());
        if end.is_none() || !offset.is_multiple_of(4) || !to.len().is_multiple_of(4) {
            return Err(Error::Binding {
                what: format!("reading from {}", self.name()),
                expected: format!("whole words of {} bytes", buffer.size()),
                found: format!("{} bytes from {offset} on", to.len()),
            });
        }
        let mut staging = self.0.staging.lock().unwrap_or_else(PoisonError::into_inner);
        for (k, piece) in to.chunks_mut(STAGED.end as usize).enumerate() {
            let bytes = piece.len() as u64;
            let buffer_to_map = match staging.take().filter(|kept| kept.size() >= bytes) {
                Some(kept) => kept,
                None => {
                    let size = bytes.next_power_of_two().max(STAGED.start);
                    self.buffer("what is read", size, BufferUsages::MAP_READ | BufferUsages::COPY_DST)?
                }
            };
            let mut encoder = self.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.copy_buffer_to_buffer(buffer, offset + k as u64 * STAGED.end, &buffer_to_map, 0, bytes);
            self.wait(self.submit(encoder)?)?;
            self.read_mapped(&buffer_to_map, bytes, |from| piece.copy_from_slice(from))?;
            // Only one that was mapped and unmapped without an error is used again.
            *staging = Some(buffer_to_map);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "work_tests.rs"]
mod tests;
