//! The numbers of a field: on the host, on a GPU, or on both.
//!
//! | state | host | copy | |
//! |---|---|---|---|
//! | host | set | none, or spare | made or written on the host |
//! | both | set | current | sent to a GPU, or fetched from it |
//! | away | not set | current | written by a GPU, not yet read |
//!
//! A copy that has become stale is kept for its memory alone, as *spare*; so is the host's memory while away.

use crate::device::Remote;
use crate::device::cpu::Aligned;
use crate::error::{Error, Result};
use crate::lanes::Real;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The numbers of a field, wherever they are.
#[derive(Debug)]
pub(super) struct Numbers<R: Real> {
    len: usize,
    host: OnceLock<Aligned<R>>,
    beside: Mutex<Beside<R>>,
}

/// What there is besides the host's numbers.
#[derive(Debug)]
struct Beside<R: Real> {
    copy: Option<Arc<dyn Remote>>,
    /// Whether the copy holds the field's numbers; a spare one is shared with nobody.
    current: bool,
    /// Memory of the host for the next fetch.
    memory: Option<Aligned<R>>,
}

impl<R: Real> Default for Beside<R> {
    fn default() -> Self {
        Beside { copy: None, current: false, memory: None }
    }
}

impl<R: Real> Numbers<R> {
    /// On the host.
    pub fn new(host: Aligned<R>) -> Numbers<R> {
        Numbers { len: host.len(), host: OnceLock::from(host), beside: Mutex::default() }
    }

    fn beside(&self) -> MutexGuard<'_, Beside<R>> {
        // What it guards is whole between any two statements.
        self.beside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn beside_mut(&mut self) -> &mut Beside<R> {
        self.beside.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// The numbers, fetched if they are away; the copy stays current.
    pub fn get(&self) -> Result<&[R]> {
        if self.host.get().is_none() {
            let mut beside = self.beside();
            // Another thread may have fetched them meanwhile.
            if self.host.get().is_none() {
                let host = beside.fetch(self.len)?;
                let _ = self.host.set(host);
            }
        }
        Ok(self.on_host())
    }

    /// The numbers to be changed, fetched if they are away; the copy becomes stale.
    pub fn get_mut(&mut self) -> Result<&mut [R]> {
        self.get()?;
        self.overwrite()
    }

    /// The host's memory, to be overwritten as a whole; the copy becomes stale.
    pub fn overwrite(&mut self) -> Result<&mut [R]> {
        let len = self.len;
        if self.host.get().is_none() {
            let memory = self.beside_mut().memory(len)?;
            let _ = self.host.set(memory);
        }
        self.beside_mut().make_stale();
        Ok(self.host.get_mut().map_or(&mut [], |host| &mut host[..]))
    }

    /// The numbers if they are on the host, and nothing if they are away.
    pub fn on_host(&self) -> &[R] {
        self.host.get().map_or(&[], |host| &host[..])
    }
}

/// For a GPU.
#[cfg(feature = "gpu")]
impl<R: Real> Numbers<R> {
    /// The copy on a GPU, if it holds the field's numbers.
    pub fn remote(&self) -> Option<Arc<dyn Remote>> {
        let beside = self.beside();
        beside.copy.clone().filter(|_| beside.current)
    }

    /// Takes a spare copy out, whose memory may be written.
    pub fn take_spare(&self) -> Option<Arc<dyn Remote>> {
        let mut beside = self.beside();
        if beside.current { None } else { beside.copy.take() }
    }

    /// Attaches a copy of the host's numbers that was made on a GPU; they are on both sides from then on.
    pub fn attach(&self, copy: Arc<dyn Remote>) {
        let mut beside = self.beside();
        (beside.copy, beside.current) = (Some(copy), true);
    }

    /// The copy whose memory may be overwritten as a whole, if there is one and no other field shares it.
    pub fn copy_to_overwrite(&mut self) -> Option<Arc<dyn Remote>> {
        let copy = &self.beside_mut().copy;
        copy.as_ref().filter(|copy| Arc::strong_count(copy) == 1).cloned()
    }

    /// A GPU has written all numbers: they are there from then on.
    pub fn written_to(&mut self, copy: Arc<dyn Remote>) {
        let memory = self.host.take();
        let beside = self.beside_mut();
        (beside.copy, beside.current) = (Some(copy), true);
        beside.memory = memory.or(beside.memory.take());
    }
}

impl<R: Real> Beside<R> {
    /// Memory for `len` numbers on the host.
    fn memory(&mut self, len: usize) -> Result<Aligned<R>> {
        self.memory.take().map_or_else(|| Aligned::zeros(len, "a field"), Ok)
    }

    /// The copy's numbers in memory of the host.
    fn fetch(&mut self, len: usize) -> Result<Aligned<R>> {
        let fetched = self.copy.as_ref().filter(|_| self.current).map_or(Ok(Vec::new()), |copy| copy.fetch())?;
        if fetched.len() != len {
            let (expected, found) = (format!("{len} numbers"), fetched.len().to_string());
            return Err(Error::Binding { what: "a field fetched from a GPU".into(), expected, found });
        }
        let mut host = self.memory(len)?;
        host.iter_mut().zip(fetched).for_each(|(to, x)| *to = R::from_f64(x.into()));
        Ok(host)
    }

    /// Keeps the copy as a spare one, unless another field shares it.
    fn make_stale(&mut self) {
        self.current = false;
        self.copy = self.copy.take().filter(|copy| Arc::strong_count(copy) == 1);
    }
}

impl<R: Real> Clone for Numbers<R> {
    /// The host's numbers are copied, a current copy on a GPU is shared: whichever field is written first leaves it to
    /// the other.
    fn clone(&self) -> Self {
        let beside = self.beside();
        let (copy, current) = (beside.copy.clone().filter(|_| beside.current), beside.current);
        Numbers { len: self.len, host: self.host.clone(), beside: Mutex::new(Beside { copy, current, memory: None }) }
    }
}

#[cfg(all(test, feature = "gpu"))]
#[path = "numbers_tests.rs"]
mod tests;
