//! Lanes: the numbers that sit side by side in one SIMD register.
//!
//! A *lane group* is one cache line, [`Real::WIDTH`] numbers: 16 in `f32`, 8 in `f64`. Kernels are written once
//! over [`Lane<S, R>`] and instantiated for each instruction set; a register may hold the whole group (AVX-512) or
//! a part of it (AVX2, NEON), in which case a kernel walks over the parts. Every operation rounds as IEEE 754
//! prescribes and `mul_add` is fused everywhere, so results do not depend on the instruction set.

#[cfg(test)]
mod double;
pub mod group;
mod half;
mod isa;
mod math;
mod real;
pub mod transform;

pub use half::half;
pub use isa::{Isa, Level, Vectorize};
pub use real::Real;

use std::ops::{Add, Div, Mul, Neg, Sub};

/// One register of numbers of precision `R` on the instruction set `S`.
#[derive(Clone, Copy, Debug)]
pub struct Lane<S: Isa, R: Real> {
    simd: S,
    reg: R::Reg<S>,
}

/// A lane-wise truth value.
#[derive(Clone, Copy, Debug)]
pub struct Mask<S: Isa, R: Real> {
    simd: S,
    mask: R::Mask<S>,
}

impl<S: Isa, R: Real> Lane<S, R> {
    /// How many numbers one register holds.
    pub const LEN: usize = size_of::<R::Reg<S>>() / size_of::<R>();
    /// How many registers a lane group takes.
    pub const PARTS: usize = R::WIDTH / Self::LEN;

    /// Wraps a register.
    #[inline(always)]
    pub fn new(simd: S, reg: R::Reg<S>) -> Self {
        Lane { simd, reg }
    }

    /// The raw register.
    #[inline(always)]
    pub fn reg(self) -> R::Reg<S> {
        self.reg
    }

    /// The instruction set.
    #[inline(always)]
    pub fn simd(self) -> S {
        self.simd
    }

    /// The same number in every lane.
    #[inline(always)]
    pub fn splat(simd: S, value: R) -> Self {
        Lane { simd, reg: R::splat(simd, value) }
    }

    /// The same number, given in `f64`, in every lane.
    #[inline(always)]
    pub fn constant(simd: S, value: f64) -> Self {
        Self::splat(simd, R::from_f64(value))
    }

    /// Loads [`Self::LEN`] consecutive numbers.
    ///
    /// # Safety
    /// `from` must be valid for reading that many numbers.
    #[inline(always)]
    pub unsafe fn load(simd: S, from: *const R) -> Self {
        // SAFETY: the caller promises that `from` is readable for one register; unaligned reads are allowed.
        Lane { simd, reg: unsafe { from.cast::<R::Reg<S>>().read_unaligned() } }
    }

    /// Stores [`Self::LEN`] consecutive numbers.
    ///
    /// # Safety
    /// `to` must be valid for writing that many numbers.
    #[inline(always)]
    pub unsafe fn store(self, to: *mut R) {
        // SAFETY: the caller promises that `to` is writable for one register; unaligned writes are allowed.
        unsafe { to.cast::<R::Reg<S>>().write_unaligned(self.reg) }
    }

    /// Loads the register that begins at `from[index]`.
    ///
    /// # Panics
    /// If the slice ends before the register does.
    #[inline(always)]
    pub fn at(simd: S, from: &[R], index: usize) -> Self {
        let lanes = &from[index..][..Self::LEN];
        // SAFETY: `lanes` holds a register.
        unsafe { Self::load(simd, lanes.as_ptr()) }
    }

    /// Stores the register at `to[index]` and after.
    ///
    /// # Panics
    /// If the slice ends before the register does.
    #[inline(always)]
    pub fn put(self, to: &mut [R], index: usize) {
        let lanes = &mut to[index..][..Self::LEN];
        // SAFETY: `lanes` holds a register.
        unsafe { self.store(lanes.as_mut_ptr()) }
    }

    /// Part `part` of the lane group that begins at `from[index]`, lane `l` taken from lane `lanes[l]`.
    ///
    /// # Panics
    /// If the slice ends before the lane group does.
    #[inline(always)]
    pub fn at_permuted(simd: S, from: &[R], index: usize, lanes: &[u32; 16], part: usize) -> Self {
        let row = &from[index..][..R::WIDTH];
        // SAFETY: `row` holds a lane group.
        unsafe { Self::load_permuted(simd, row.as_ptr(), lanes, part) }
    }

    /// Stores [`Self::LEN`] numbers at the beginning of a slice.
    ///
    /// # Panics
    /// If the slice is shorter.
    #[inline(always)]
    pub fn store_slice(self, to: &mut [R]) {
        let to = &mut to[..Self::LEN];
        // SAFETY: the slice holds as many numbers as the register.
        unsafe { self.store(to.as_mut_ptr()) }
    }

    /// Adds each lane to an `f64` of its own, from `sums[index]` on.
    ///
    /// # Panics
    /// If the slice is too short.
    #[inline(always)]
    pub fn add_to_sums(self, sums: &mut [f64], index: usize) {
        let sums = &mut sums[index..][..Self::LEN];
        // SAFETY: the slice holds one number for each lane.
        unsafe { R::add_to_f64(self.simd, self.reg, sums.as_mut_ptr()) }
    }

    /// Loads part `part` of the lane group at `row`, lane `l` of the group taken from lane `from[l]`.
    ///
    /// # Safety
    /// `row` must be valid for reading a whole lane group. Entries of `from` count modulo [`Real::WIDTH`].
    #[inline(always)]
    pub unsafe fn load_permuted(simd: S, row: *const R, from: &[u32; 16], part: usize) -> Self {
        // SAFETY: forwarded to the caller.
        Lane { simd, reg: unsafe { R::load_permuted(simd, row, from, part) } }
    }

    /// `self * b + c`, rounded once.
    #[inline(always)]
    pub fn mul_add(self, b: Self, c: Self) -> Self {
        Lane { simd: self.simd, reg: R::mul_add(self.simd, self.reg, b.reg, c.reg) }
    }

    /// Absolute value.
    #[inline(always)]
    pub fn abs(self) -> Self {
        Lane { simd: self.simd, reg: R::abs(self.simd, self.reg) }
    }

    /// Square root.
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        Lane { simd: self.simd, reg: R::sqrt(self.simd, self.reg) }
    }

    /// `self < b`, false where either is NaN.
    #[inline(always)]
    pub fn lt(self, b: Self) -> Mask<S, R> {
        Mask { simd: self.simd, mask: <R as Real>::lt(self.simd, self.reg, b.reg) }
    }

    /// `self` where the mask holds, `other` elsewhere.
    #[inline(always)]
    pub fn select(mask: Mask<S, R>, yes: Self, no: Self) -> Self {
        Lane { simd: mask.simd, reg: R::select(mask.simd, mask.mask, yes.reg, no.reg) }
    }

    /// The smaller of two numbers; `other` where `self` is NaN.
    #[inline(always)]
    pub fn min(self, other: Self) -> Self {
        Lane { simd: self.simd, reg: <R as Real>::min(self.simd, self.reg, other.reg) }
    }

    /// The larger of two numbers; `other` where `self` is NaN.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        Lane { simd: self.simd, reg: <R as Real>::max(self.simd, self.reg, other.reg) }
    }

    /// Applies a function to the bit pattern of each lane. Compiles to vector instructions for shifts and logic.
    #[inline(always)]
    pub fn map_bits(self, f: impl Fn(R::Bits) -> R::Bits) -> Self {
        Lane { simd: self.simd, reg: R::map_bits::<S>(self.reg, f) }
    }
}

impl<S: Isa, R: Real> Mask<S, R> {
    /// Whether it holds in any lane.
    #[inline(always)]
    pub fn any(self) -> bool {
        let (one, zero) = (Lane::constant(self.simd, 1.0), Lane::constant(self.simd, 0.0));
        let mut lanes = [R::default(); 16];
        Lane::select(self, one, zero).store_slice(&mut lanes);
        lanes.iter().any(|&x| x != R::default())
    }
}

/// Asks for numbers that will be read soon, for sweeps whose next rows the processor cannot guess. A hint: it changes
/// no value, and does nothing where there is no such instruction.
#[inline(always)]
pub fn prefetch<R: Real>(numbers: &[R]) {
    #[cfg(target_arch = "x86_64")]
    for line in numbers.chunks(R::WIDTH) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint that never faults, part of every x86-64 processor.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = numbers;
}

/// As [`prefetch`], for one line, which goes into the second-level cache only: too early for the first.
#[inline(always)]
pub(crate) fn prefetch_early<R: Real>(at: *const R) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: a hint that never faults, part of every x86-64 processor.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// As [`prefetch`], for one line that will be written: no other core has it any more when that happens.
#[inline(always)]
pub(crate) fn prefetch_to_write<R: Real>(at: *const R) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint that never faults; processors that have no such instruction skip it. The intrinsic would need a feature
    // that the instruction sets here do not name.
    unsafe {
        std::arch::asm!("prefetchw [{}]", in(reg) at, options(nostack, preserves_flags));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<S: Isa, R: Real> $trait for Lane<S, R> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Lane { simd: self.simd, reg: R::$method(self.simd, self.reg, other.reg) }
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl<S: Isa, R: Real> Neg for Lane<S, R> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Lane { simd: self.simd, reg: R::neg(self.simd, self.reg) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Permute<'a, R> {
        from: &'a [R],
        lanes: &'a [u32; 16],
    }

    impl<R: Real> Vectorize for Permute<'_, R> {
        type Output = Vec<R>;

        #[inline(always)]
        fn run<S: Isa>(self, simd: S) -> Vec<R> {
            let mut to = vec![R::default(); R::WIDTH];
            for part in 0..Lane::<S, R>::PARTS {
                Lane::<S, R>::at_permuted(simd, self.from, 0, self.lanes, part).put(&mut to, part * Lane::<S, R>::LEN);
            }
            to
        }
    }

    fn permuted_loads_take_each_lane_from_where_they_are_told<R: Real>() {
        let from: Vec<R> = (0..R::WIDTH).map(|l| R::from_f64(l as f64 + 0.5)).collect();
        for seed in 0..64u32 {
            // Any lanes, also one twice, and numbers beyond the group, which count modulo its width.
            let lanes =
                std::array::from_fn(|l| (seed + 1).wrapping_mul(2_654_435_761u32.wrapping_mul(l as u32 + 1)) >> 7 & 31);
            let expected: Vec<R> = lanes[..R::WIDTH].iter().map(|&l| from[l as usize % R::WIDTH]).collect();
            for level in Level::all() {
                assert_eq!(level.run(Permute { from: &from, lanes: &lanes }), expected, "{} {lanes:?}", level.name());
            }
        }
    }

    #[test]
    fn permuted_loads_f32() {
        permuted_loads_take_each_lane_from_where_they_are_told::<f32>();
    }

    #[test]
    fn permuted_loads_f64() {
        permuted_loads_take_each_lane_from_where_they_are_told::<f64>();
    }
}
