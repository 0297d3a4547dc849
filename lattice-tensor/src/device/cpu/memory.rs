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
        large_pages(lines.spare_capacity_mut());
        lines.resize(count, Line::zeroed());
        Ok(Aligned { lines, len, of: std::marker::PhantomData })
    }
}

/// Asks for large pages for buffers of some megabytes, which a sweep over a lattice reads in strides: with small ones every
/// row is a miss of the translation buffer. A hint, before the memory is touched; where it is not understood nothing changes.
fn large_pages(memory: &mut [std::mem::MaybeUninit<Line>]) {
    #[cfg(target_os = "linux")]
    if size_of_val(memory) >= 4 << 20 {
        const PAGE: usize = 4096;
        let start = memory.as_mut_ptr() as usize;
        let (first, end) = (start.next_multiple_of(PAGE), (start + size_of_val(memory)) / PAGE * PAGE);
        // SAFETY: whole pages inside memory that this buffer owns; the advice changes no contents.
        unsafe { libc::madvise(first as *mut libc::c_void, end - first, libc::MADV_HUGEPAGE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
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
