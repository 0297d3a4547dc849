//! Cache-line aligned buffers.

use crate::error::{Error, Result};
use bytemuck::Zeroable;
use std::ops::{Deref, DerefMut};

#[derive(Clone, Copy, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A buffer of numbers that begins on a cache line and holds whole cache lines.
#[derive(Clone)]
pub struct Aligned<R> {
    lines: Vec<Line>,
    len: usize,
    of: std::marker::PhantomData<R>,
}

impl<R: bytemuck::Pod> Aligned<R> {
    /// A buffer of zeros.
    ///
    /// # Errors
    /// If there is not enough memory.
    pub fn zeros(len: usize, what: &str) -> Result<Aligned<R>> {
        let bytes = len as u128 * size_of::<R>() as u128;
        let short = || Error::OutOfMemory { what: what.into(), bytes };
        let count = usize::try_from(bytes.div_ceil(64)).map_err(|_| short())?;
        let mut lines = Vec::new();
        lines.try_reserve_exact(count).map_err(|_| short())?;
        lines.resize(count, Line::zeroed());
        Ok(Aligned { lines, len, of: std::marker::PhantomData })
    }
}

impl<R: bytemuck::Pod> Deref for Aligned<R> {
    type Target = [R];
    fn deref(&self) -> &[R] {
        // SAFETY: the lines are initialised, aligned for `R`, and hold at least `len` plain numbers.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<R: bytemuck::Pod> DerefMut for Aligned<R> {
    fn deref_mut(&mut self) -> &mut [R] {
        // SAFETY: as above, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

impl<R: bytemuck::Pod + std::fmt::Debug> std::fmt::Debug for Aligned<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
