//! Instruction sets: what `pulp::Simd` lacks, and the choice made once at start.

#[cfg(target_arch = "x86_64")]
use bytemuck::cast;
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

    /// `if a < b { a } else { b }`, lane by lane.
    #[inline(always)]
    fn min_f32(self, a: Self::f32s, b: Self::f32s) -> Self::f32s {
        self.select_f32s(self.less_than_f32s(a, b), a, b)
    }

    /// `if a < b { a } else { b }`, lane by lane.
    #[inline(always)]
    fn min_f64(self, a: Self::f64s, b: Self::f64s) -> Self::f64s {
        self.select_f64s(self.less_than_f64s(a, b), a, b)
    }

    /// `if b < a { a } else { b }`, lane by lane.
    #[inline(always)]
    fn max_f32(self, a: Self::f32s, b: Self::f32s) -> Self::f32s {
        self.select_f32s(self.less_than_f32s(b, a), a, b)
    }

    /// `if b < a { a } else { b }`, lane by lane.
    #[inline(always)]
    fn max_f64(self, a: Self::f64s, b: Self::f64s) -> Self::f64s {
        self.select_f64s(self.less_than_f64s(b, a), a, b)
    }

    /// `p * 2^n`, rounded once, for `p` in `[1/2, 2]` and whole `n` of magnitude below 160.
    #[inline(always)]
    fn scale_f32(self, p: Self::f32s, n: Self::f32s) -> Self::f32s {
        // Two powers of two, neither outside the normal range: the first product is exact, the second rounds.
        let round = self.splat_f32s(1.5 * 8_388_608.0);
        let half = self.sub_f32s(self.mul_add_f32s(n, self.splat_f32s(0.5), round), round);
        let scaled = self.mul_f32s(p, exp2_f32(self, half));
        self.mul_f32s(scaled, exp2_f32(self, self.sub_f32s(n, half)))
    }

    /// `p * 2^n`, rounded once, for `p` in `[1/2, 2]` and whole `n` of magnitude below 1200.
    #[inline(always)]
    fn scale_f64(self, p: Self::f64s, n: Self::f64s) -> Self::f64s {
        let round = self.splat_f64s(1.5 * 4_503_599_627_370_496.0);
        let half = self.sub_f64s(self.mul_add_f64s(n, self.splat_f64s(0.5), round), round);
        let scaled = self.mul_f64s(p, exp2_f64(self, half));
        self.mul_f64s(scaled, exp2_f64(self, self.sub_f64s(n, half)))
    }

    /// `(m, e)` with `x = m 2^e` and `m` in `[3/4, 3/2)`; `(1, -inf)` or `(-1, -inf)` for zeros, `(1, inf)` for
    /// infinity, at least one of the two NaN for negative numbers and NaN.
    #[inline(always)]
    fn split_f32(self, x: Self::f32s) -> (Self::f32s, Self::f32s) {
        let zero = self.splat_f32s(0.0);
        let tiny = self.less_than_f32s(x, self.splat_f32s(f32::MIN_POSITIVE));
        let normal = self.select_f32s(tiny, self.mul_f32s(x, self.splat_f32s(8_388_608.0)), x);
        let shift =
            self.select_f32s(tiny, self.splat_f32s(8_388_608.0 * 1.5 + 23.0), self.splat_f32s(8_388_608.0 * 1.5));
        let above: Self::u32s = map(
            self.transmute_u32s_f32s(normal),
            #[inline(always)]
            |b: u32| b.wrapping_sub(0x3F40_0000),
        );
        let m = map(
            above,
            #[inline(always)]
            |b: u32| (b & 0x007F_FFFF) + 0x3F40_0000,
        );
        let e = map(
            above,
            #[inline(always)]
            |b: u32| ((b as i32 >> 23) as u32).wrapping_add(0x4B40_0000),
        );
        let e = self.sub_f32s(self.transmute_f32s_u32s(e), shift);
        let e = self.select_f32s(self.less_than_f32s(zero, x), e, self.splat_f32s(f32::NEG_INFINITY));
        let e = self.select_f32s(self.less_than_f32s(x, zero), self.splat_f32s(f32::NAN), e);
        let e = self.select_f32s(self.less_than_f32s(x, self.splat_f32s(f32::INFINITY)), e, x);
        (self.transmute_f32s_u32s(m), e)
    }

    /// As [`Self::split_f32`].
    #[inline(always)]
    fn split_f64(self, x: Self::f64s) -> (Self::f64s, Self::f64s) {
        const UNIT: f64 = 4_503_599_627_370_496.0;
        let zero = self.splat_f64s(0.0);
        let tiny = self.less_than_f64s(x, self.splat_f64s(f64::MIN_POSITIVE));
        let normal = self.select_f64s(tiny, self.mul_f64s(x, self.splat_f64s(UNIT)), x);
        let shift =
            self.select_f64s(tiny, self.splat_f64s(UNIT * 1.5 + 1024.0 + 52.0), self.splat_f64s(UNIT * 1.5 + 1024.0));
        // The exponent is kept non-negative, 1024 too large: AVX2 has no arithmetic shift of 64-bit lanes.
        let above: Self::u64s = map(
            self.transmute_u64s_f64s(normal),
            #[inline(always)]
            |b: u64| b.wrapping_sub(0x3FE8 << 48),
        );
        let m = map(
            above,
            #[inline(always)]
            |b: u64| (b & ((1 << 52) - 1)) + (0x3FE8 << 48),
        );
        let e = map(
            above,
            #[inline(always)]
            |b: u64| (b.wrapping_add(1024 << 52) >> 52) | 0x4338 << 48,
        );
        let e = self.sub_f64s(self.transmute_f64s_u64s(e), shift);
        let e = self.select_f64s(self.less_than_f64s(zero, x), e, self.splat_f64s(f64::NEG_INFINITY));
        let e = self.select_f64s(self.less_than_f64s(x, zero), self.splat_f64s(f64::NAN), e);
        let e = self.select_f64s(self.less_than_f64s(x, self.splat_f64s(f64::INFINITY)), e, x);
        (self.transmute_f64s_u64s(m), e)
    }

    /// The 64-bit product of the lower 32 bits of each lane with `b`.
    #[inline(always)]
    fn mul_words(self, a: Self::u64s, b: u32) -> Self::u64s {
        map(
            a,
            #[inline(always)]
            |a: u64| (a & 0xFFFF_FFFF) * b as u64,
        )
    }

    /// Random words, the lower 32 bits of each lane, as numbers rounded to nearest: lanes `2i` from `even[i]`, lanes
    /// `2i + 1` from `odd[i]`, both shifted right by `SHIFT`.
    #[inline(always)]
    fn words_to_f32<const SHIFT: u32>(self, even: Self::u64s, odd: Self::u64s) -> Self::f32s {
        let odd = map(
            odd,
            #[inline(always)]
            |w: u64| w << 32,
        );
        let words = self.or_u64s(self.and_u64s(even, self.splat_u64s(0xFFFF_FFFF)), odd);
        let mut numbers: Self::f32s = bytemuck::Zeroable::zeroed();
        let lanes = bytemuck::cast_slice_mut::<_, f32>(std::slice::from_mut(&mut numbers));
        for (number, word) in lanes.iter_mut().zip(bytemuck::cast_slice::<_, u32>(std::slice::from_ref(&words))) {
            *number = (word >> SHIFT) as f32;
        }
        numbers
    }

    /// `(w + 1/2) 2^-32` for each random word `w`, rounded to `f32` first and again in the end; never 0, at most 1.
    #[inline(always)]
    fn centred_f32(self, even: Self::u64s, odd: Self::u64s) -> Self::f32s {
        let unit = 1.0 / 4_294_967_296.0;
        self.mul_add_f32s(self.words_to_f32::<0>(even, odd), self.splat_f32s(unit), self.splat_f32s(0.5 * unit))
    }

    /// The first 24 bits of each random word as a fraction in `[0, 1)`.
    #[inline(always)]
    fn unit_f32(self, even: Self::u64s, odd: Self::u64s) -> Self::f32s {
        self.mul_f32s(self.words_to_f32::<8>(even, odd), self.splat_f32s(1.0 / 16_777_216.0))
    }

    /// `(k + 1/2) 2^-52` with the first 52 bits of two random words as `k`; never 0 or 1.
    #[inline(always)]
    fn centred_f64(self, high: Self::u64s, low: Self::u64s) -> Self::f64s {
        let high = map(
            high,
            #[inline(always)]
            |w: u64| ((w & 0xFFFF_FFFF) << 20) | 0x3FF0 << 48,
        );
        let low = map(
            low,
            #[inline(always)]
            |w: u64| (w & 0xFFFF_FFFF) >> 12,
        );
        // From [1, 2), exactly.
        self.sub_f64s(self.transmute_f64s_u64s(self.or_u64s(high, low)), self.splat_f64s(1.0 - 0.5 * f64::EPSILON))
    }

    /// The first 53 bits of two random words as a fraction in `[0, 1)`.
    #[inline(always)]
    fn unit_f64(self, high: Self::u64s, low: Self::u64s) -> Self::f64s {
        // In 2^20 the last bit counts 2^-32, in 1/2 it counts 2^-53; each step is exact.
        let high = map(
            high,
            #[inline(always)]
            |w: u64| (w & 0xFFFF_FFFF) | 0x4130 << 48,
        );
        let low = map(
            low,
            #[inline(always)]
            |w: u64| ((w & 0xFFFF_FFFF) >> 11) | 0x3FE0 << 48,
        );
        let high = self.sub_f64s(self.transmute_f64s_u64s(high), self.splat_f64s(1_048_576.0));
        self.add_f64s(high, self.sub_f64s(self.transmute_f64s_u64s(low), self.splat_f64s(0.5)))
    }
}

/// Applies `f` to each lane of a register seen as an array; the loop has a compile-time count and vectorises.
#[inline(always)]
pub(super) fn map<V: bytemuck::Pod, B: bytemuck::Pod>(mut reg: V, f: impl Fn(B) -> B) -> V {
    for lane in bytemuck::cast_slice_mut::<V, B>(std::slice::from_mut(&mut reg)) {
        *lane = f(*lane);
    }
    reg
}

/// `2^n` for whole `n` in `[-126, 127]`: adding moves `n + 127` into the low bits, the shift makes it the exponent.
#[inline(always)]
pub(super) fn exp2_f32<S: Isa>(simd: S, n: S::f32s) -> S::f32s {
    let low = simd.add_f32s(n, simd.splat_f32s(1.5 * 8_388_608.0 + 127.0));
    simd.transmute_f32s_u32s(map(
        simd.transmute_u32s_f32s(low),
        #[inline(always)]
        |b: u32| b << 23,
    ))
}

/// `2^n` for whole `n` in `[-1022, 1023]`.
#[inline(always)]
pub(super) fn exp2_f64<S: Isa>(simd: S, n: S::f64s) -> S::f64s {
    let low = simd.add_f64s(n, simd.splat_f64s(1.5 * 4_503_599_627_370_496.0 + 1023.0));
    simd.transmute_f64s_u64s(map(
        simd.transmute_u64s_f64s(low),
        #[inline(always)]
        |b: u64| b << 52,
    ))
}

impl Isa for Scalar512b {}

#[cfg(target_arch = "x86_64")]
impl Isa for pulp::x86::V3 {
    #[inline(always)]
    unsafe fn load_permuted_f32(self, row: *const f32, from: &[u32; 16], part: usize) -> Self::f32s {
        // SAFETY: the caller promises 16 readable numbers, two registers.
        let [low, high]: [pulp::f32x8; 2] = unsafe { row.cast::<[pulp::f32x8; 2]>().read_unaligned() };
        let lanes: [u32; 8] = std::array::from_fn(|l| from[8 * part + l]);
        // The lower three bits choose within both halves, the fourth, as the sign, the half.
        let low = self.avx2._mm256_permutevar8x32_ps(cast(low), cast(lanes));
        let high = self.avx2._mm256_permutevar8x32_ps(cast(high), cast(lanes));
        cast(self.avx._mm256_blendv_ps(low, high, cast(lanes.map(|lane| lane << 28))))
    }

    #[inline(always)]
    unsafe fn load_permuted_f64(self, row: *const f64, from: &[u32; 16], part: usize) -> Self::f64s {
        // SAFETY: the caller promises 8 readable numbers, two registers.
        let [low, high]: [pulp::f64x4; 2] = unsafe { row.cast::<[pulp::f64x4; 2]>().read_unaligned() };
        let lanes: [u64; 4] = std::array::from_fn(|l| from[4 * part + l] as u64);
        // Each number is moved as two words, `2 i` and `2 i + 1`; the fourth bit of the latter chooses the half.
        let words = lanes.map(|lane| lane << 1 | lane << 33 | 1 << 32);
        let low = self.avx2._mm256_permutevar8x32_ps(cast(low), cast(words));
        let high = self.avx2._mm256_permutevar8x32_ps(cast(high), cast(words));
        cast(self.avx._mm256_blendv_pd(cast(low), cast(high), cast(words.map(|word| word << 28))))
    }

    #[inline(always)]
    fn min_f32(self, a: Self::f32s, b: Self::f32s) -> Self::f32s {
        cast(self.avx._mm256_min_ps(cast(a), cast(b)))
    }

    #[inline(always)]
    fn min_f64(self, a: Self::f64s, b: Self::f64s) -> Self::f64s {
        cast(self.avx._mm256_min_pd(cast(a), cast(b)))
    }

    #[inline(always)]
    fn max_f32(self, a: Self::f32s, b: Self::f32s) -> Self::f32s {
        cast(self.avx._mm256_max_ps(cast(a), cast(b)))
    }

    #[inline(always)]
    fn max_f64(self, a: Self::f64s, b: Self::f64s) -> Self::f64s {
        cast(self.avx._mm256_max_pd(cast(a), cast(b)))
    }

    #[inline(always)]
    fn mul_words(self, a: Self::u64s, b: u32) -> Self::u64s {
        cast(self.avx2._mm256_mul_epu32(cast(a), cast(self.splat_u64s(b as u64))))
    }
}

#[cfg(target_arch = "aarch64")]
impl Isa for pulp::aarch64::Neon {}

#[cfg(target_arch = "x86_64")]
impl Isa for pulp::x86::V4 {
    #[inline(always)]
    unsafe fn load_permuted_f32(self, row: *const f32, from: &[u32; 16], _part: usize) -> Self::f32s {
        // SAFETY: the caller promises 16 readable numbers; the register holds the whole group.
        let values: pulp::f32x16 = unsafe { row.cast::<pulp::f32x16>().read_unaligned() };
        let index: pulp::u32x16 = cast(*from);
        cast(self.avx512f._mm512_permutexvar_ps(cast(index), cast(values)))
    }

    #[inline(always)]
    unsafe fn load_permuted_f64(self, row: *const f64, from: &[u32; 16], _part: usize) -> Self::f64s {
        // SAFETY: the caller promises 8 readable numbers; the register holds the whole group.
        let values: pulp::f64x8 = unsafe { row.cast::<pulp::f64x8>().read_unaligned() };
        let index: [u64; 8] = std::array::from_fn(|l| from[l] as u64);
        cast(self.avx512f._mm512_permutexvar_pd(cast(index), cast(values)))
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

    #[inline(always)]
    fn min_f32(self, a: Self::f32s, b: Self::f32s) -> Self::f32s {
        cast(self.avx512f._mm512_min_ps(cast(a), cast(b)))
    }

    #[inline(always)]
    fn min_f64(self, a: Self::f64s, b: Self::f64s) -> Self::f64s {
        cast(self.avx512f._mm512_min_pd(cast(a), cast(b)))
    }

    #[inline(always)]
    fn max_f32(self, a: Self::f32s, b: Self::f32s) -> Self::f32s {
        cast(self.avx512f._mm512_max_ps(cast(a), cast(b)))
    }

    #[inline(always)]
    fn max_f64(self, a: Self::f64s, b: Self::f64s) -> Self::f64s {
        cast(self.avx512f._mm512_max_pd(cast(a), cast(b)))
    }

    #[inline(always)]
    fn scale_f32(self, p: Self::f32s, n: Self::f32s) -> Self::f32s {
        cast(self.avx512f._mm512_scalef_ps(cast(p), cast(n)))
    }

    #[inline(always)]
    fn split_f32(self, x: Self::f32s) -> (Self::f32s, Self::f32s) {
        use std::arch::x86_64::{_MM_MANT_NORM_P75_1P5, _MM_MANT_SIGN_NAN};
        let m = self.avx512f._mm512_getmant_ps::<_MM_MANT_NORM_P75_1P5, _MM_MANT_SIGN_NAN>(cast(x));
        // `getexp` gives floor(log2 |x|), one too small where `m` is below 1 and itself has the exponent -1.
        let e = self.avx512f._mm512_sub_ps(self.avx512f._mm512_getexp_ps(cast(x)), self.avx512f._mm512_getexp_ps(m));
        (cast(m), cast(e))
    }

    #[inline(always)]
    fn scale_f64(self, p: Self::f64s, n: Self::f64s) -> Self::f64s {
        cast(self.avx512f._mm512_scalef_pd(cast(p), cast(n)))
    }

    #[inline(always)]
    fn split_f64(self, x: Self::f64s) -> (Self::f64s, Self::f64s) {
        use std::arch::x86_64::{_MM_MANT_NORM_P75_1P5, _MM_MANT_SIGN_NAN};
        let m = self.avx512f._mm512_getmant_pd::<_MM_MANT_NORM_P75_1P5, _MM_MANT_SIGN_NAN>(cast(x));
        // `getexp` gives floor(log2 |x|), one too small where `m` is below 1 and itself has the exponent -1.
        let e = self.avx512f._mm512_sub_pd(self.avx512f._mm512_getexp_pd(cast(x)), self.avx512f._mm512_getexp_pd(m));
        (cast(m), cast(e))
    }

    #[inline(always)]
    fn mul_words(self, a: Self::u64s, b: u32) -> Self::u64s {
        cast(self.avx512f._mm512_mul_epu32(cast(a), cast(self.splat_u64s(b as u64))))
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
