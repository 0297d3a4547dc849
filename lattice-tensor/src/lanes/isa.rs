//! Instruction sets: what `pulp::Simd` lacks, and the choice made once at start.

use pulp::{Scalar512b, Simd};

/// An instruction set that kernels are instantiated for.
///
/// Adds to `pulp::Simd` the few operations that lattice kernels need besides: lane permutes and sums in `f64`.
pub trait Isa: Simd {
    /// Loads part `part` of the 16 numbers at `row`, lane `l` of the group taken from `row[from[l]]`.
    ///
    /// # Safety
    /// `row` must be readable for 16 numbers. Entries of `from` count modulo 16.
    #[inline(always)]
    unsafe fn load_permuted_f32(self, row: *const f32, from: &[u32; 16], part: usize) -> Self::f32s {
        let mut reg: Self::f32s = bytemuck::Zeroable::zeroed();
        let lanes: &mut [f32] = bytemuck::cast_slice_mut(std::slice::from_mut(&mut reg));
        let start = part * lanes.len();
        for (lane, &source) in lanes.iter_mut().zip(&from[start..]) {
            // SAFETY: the caller promises 16 readable numbers.
            *lane = unsafe { *row.add(source as usize % 16) };
        }
        reg
    }

    /// As [`Self::load_permuted_f32`] for the 8 numbers of a group of `f64`.
    ///
    /// # Safety
    /// `row` must be readable for 8 numbers. Entries of `from` count modulo 8.
    #[inline(always)]
    unsafe fn load_permuted_f64(self, row: *const f64, from: &[u32; 16], part: usize) -> Self::f64s {
        let mut reg: Self::f64s = bytemuck::Zeroable::zeroed();
        let lanes: &mut [f64] = bytemuck::cast_slice_mut(std::slice::from_mut(&mut reg));
        let start = part * lanes.len();
        for (lane, &source) in lanes.iter_mut().zip(&from[start..]) {
            // SAFETY: the caller promises 8 readable numbers.
            *lane = unsafe { *row.add(source as usize % 8) };
        }
        reg
    }

    /// `sums[l] += a[l]` in `f64`.
    ///
    /// # Safety
    /// `sums` must be valid for one `f64` per lane of `a`.
    #[inline(always)]
    unsafe fn add_f32_to_f64(self, a: Self::f32s, sums: *mut f64) {
        for (l, &x) in bytemuck::cast_slice::<_, f32>(std::slice::from_ref(&a)).iter().enumerate() {
            // SAFETY: `l` is below the number of lanes, which the caller promises `sums` to hold.
            unsafe { *sums.add(l) += x as f64 }
        }
    }

    /// `sums[l] += a[l]`.
    ///
    /// # Safety
    /// `sums` must be valid for one `f64` per lane of `a`.
    #[inline(always)]
    unsafe fn add_f64_to_f64(self, a: Self::f64s, sums: *mut f64) {
        let sums = sums.cast::<Self::f64s>();
        // SAFETY: the caller promises `sums` to hold a register; unaligned access is allowed.
        unsafe { sums.write_unaligned(self.add_f64s(sums.read_unaligned(), a)) }
    }
}

impl Isa for Scalar512b {}

#[cfg(target_arch = "x86_64")]
impl Isa for pulp::x86::V3 {}

#[cfg(target_arch = "aarch64")]
impl Isa for pulp::aarch64::Neon {}

#[cfg(target_arch = "x86_64")]
impl Isa for pulp::x86::V4 {
    #[inline(always)]
    unsafe fn load_permuted_f32(self, row: *const f32, from: &[u32; 16], _part: usize) -> Self::f32s {
        // SAFETY: the caller promises 16 readable numbers; the register holds the whole group.
        let values: pulp::f32x16 = unsafe { row.cast::<pulp::f32x16>().read_unaligned() };
        let index: pulp::u32x16 = bytemuck::cast(*from);
        // SAFETY: `pulp::f32x16`, `pulp::u32x16` and the 512-bit registers are plain data of the same size.
        unsafe {
            std::mem::transmute(
                self.avx512f._mm512_permutexvar_ps(std::mem::transmute(index), std::mem::transmute(values)),
            )
        }
    }

    #[inline(always)]
    unsafe fn load_permuted_f64(self, row: *const f64, from: &[u32; 16], _part: usize) -> Self::f64s {
        // SAFETY: the caller promises 8 readable numbers; the register holds the whole group.
        let values: pulp::f64x8 = unsafe { row.cast::<pulp::f64x8>().read_unaligned() };
        let index: [u64; 8] = std::array::from_fn(|l| from[l] as u64);
        // SAFETY: `pulp::f64x8`, `[u64; 8]` and the 512-bit registers are plain data of the same size.
        unsafe {
            std::mem::transmute(
                self.avx512f._mm512_permutexvar_pd(std::mem::transmute(index), std::mem::transmute(values)),
            )
        }
    }

    #[inline(always)]
    unsafe fn add_f32_to_f64(self, a: Self::f32s, sums: *mut f64) {
        let halves: [std::arch::x86_64::__m256; 2] = bytemuck::cast(bytemuck::cast::<_, [f32; 16]>(a));
        for (half, values) in halves.into_iter().enumerate() {
            // SAFETY: the caller promises 16 numbers at `sums`; unaligned access is allowed.
            unsafe {
                let to = sums.add(8 * half).cast::<std::arch::x86_64::__m512d>();
                let sum = self.avx512f._mm512_add_pd(to.read_unaligned(), self.avx512f._mm512_cvtps_pd(values));
                to.write_unaligned(sum);
            }
        }
    }
}

/// An instruction set, as a value: chosen once, when a device is opened.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    /// Plain arrays; the reference, and the fallback on unknown processors.
    Portable,
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    V3(pulp::x86::V3),
    /// AVX-512.
    #[cfg(target_arch = "x86_64")]
    V4(pulp::x86::V4),
    /// NEON.
    #[cfg(target_arch = "aarch64")]
    Neon(pulp::aarch64::Neon),
}

impl Level {
    /// The best instruction set of this processor.
    pub fn best() -> Level {
        Self::all().pop().unwrap_or(Level::Portable)
    }

    /// Every instruction set that this processor can run, the widest last.
    pub fn all() -> Vec<Level> {
        #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut, reason = "only x86-64 has more than one"))]
        let mut levels = vec![Level::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(pulp::x86::V3::try_new().map(Level::V3));
            levels.extend(pulp::x86::V4::try_new().map(Level::V4));
        }
        #[cfg(target_arch = "aarch64")]
        levels.extend(pulp::aarch64::Neon::try_new().map(Level::Neon));
        levels
    }

    /// The name, as reports print it.
    pub fn name(self) -> &'static str {
        match self {
            Level::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Level::V3(_) => "avx2+fma",
            #[cfg(target_arch = "x86_64")]
            Level::V4(_) => "avx-512",
            #[cfg(target_arch = "aarch64")]
            Level::Neon(_) => "neon",
        }
    }

    /// Runs a kernel with the instruction set's features switched on.
    #[inline(always)]
    pub fn run<K: Vectorize>(self, kernel: K) -> K::Output {
        match self {
            Level::Portable => kernel.run(Scalar512b),
            #[cfg(target_arch = "x86_64")]
            Level::V3(simd) => simd.vectorize(
                #[inline(always)]
                || kernel.run(simd),
            ),
            #[cfg(target_arch = "x86_64")]
            Level::V4(simd) => simd.vectorize(
                #[inline(always)]
                || kernel.run(simd),
            ),
            #[cfg(target_arch = "aarch64")]
            Level::Neon(simd) => simd.vectorize(
                #[inline(always)]
                || kernel.run(simd),
            ),
        }
    }
}

/// A kernel, written once for every instruction set. Implementations mark `run` as `#[inline(always)]`, and every
/// function and closure in it, or they lose the instruction set's features.
pub trait Vectorize {
    /// What the kernel returns.
    type Output;
    /// The kernel.
    fn run<S: Isa>(self, simd: S) -> Self::Output;
}
