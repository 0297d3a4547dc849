//! The two precisions, `f32` and `f64`, as lanes.

use super::Isa;
use super::isa::{exp2_f32, exp2_f64, map};
use crate::device::Bindings;
use std::fmt::{Debug, Display};

/// A floating-point precision that lanes can hold: `f32` or `f64`.
///
/// Conversions from `f64` round to nearest. The register operations mirror `pulp::Simd` with the precision taken out
/// of the name.
pub trait Real: bytemuck::Pod + Default + PartialOrd + Debug + Display + Send + Sync + 'static {
    /// Numbers in a lane group, one cache line of 64 bytes.
    const WIDTH: usize;
    /// `"f32"` or `"f64"`.
    const NAME: &'static str;
    /// A register of the instruction set `S`.
    type Reg<S: Isa>: bytemuck::Pod + Debug + Send + Sync;
    /// A lane-wise truth value of the instruction set `S`.
    type Mask<S: Isa>: Copy + Debug;
    /// The unsigned integer of the same size.
    type Bits: bytemuck::Pod;

    /// Rounds to this precision.
    fn from_f64(x: f64) -> Self;
    /// Widens, exactly.
    fn to_f64(self) -> f64;
    /// The same data as those of an `f32` program, which they are if this is `f32`.
    fn bindings_in_f32<'b, 'a, 'f>(bindings: &'b mut Bindings<'a, 'f, Self>) -> Option<&'b mut Bindings<'a, 'f, f32>>;
    /// The same number in every lane.
    fn splat<S: Isa>(simd: S, x: Self) -> Self::Reg<S>;
    /// Lane-wise sum.
    fn add<S: Isa>(simd: S, a: Self::Reg<S>, b: Self::Reg<S>) -> Self::Reg<S>;
    /// Lane-wise difference.
    fn sub<S: Isa>(simd: S, a: Self::Reg<S>, b: Self::Reg<S>) -> Self::Reg<S>;
    /// Lane-wise product.
    fn mul<S: Isa>(simd: S, a: Self::Reg<S>, b: Self::Reg<S>) -> Self::Reg<S>;
    /// Lane-wise quotient.
    fn div<S: Isa>(simd: S, a: Self::Reg<S>, b: Self::Reg<S>) -> Self::Reg<S>;
    /// Lane-wise `a * b + c` with one rounding.
    fn mul_add<S: Isa>(simd: S, a: Self::Reg<S>, b: Self::Reg<S>, c: Self::Reg<S>) -> Self::Reg<S>;
    /// Lane-wise negation.
    fn neg<S: Isa>(simd: S, a: Self::Reg<S>) -> Self::Reg<S>;
    /// Lane-wise absolute value.
    fn abs<S: Isa>(simd: S, a: Self::Reg<S>) -> Self::Reg<S>;
    /// Lane-wise square root.
    fn sqrt<S: Isa>(simd: S, a: Self::Reg<S>) -> Self::Reg<S>;
    /// Lane-wise `a < b`.
    fn lt<S: Isa>(simd: S, a: Self::Reg<S>, b: Self::Reg<S>) -> Self::Mask<S>;
    /// Lane-wise choice.
    fn select<S: Isa>(simd: S, mask: Self::Mask<S>, yes: Self::Reg<S>, no: Self::Reg<S>) -> Self::Reg<S>;
    /// Applies a function to the bits of each lane.
    fn map_bits<S: Isa>(a: Self::Reg<S>, f: impl Fn(Self::Bits) -> Self::Bits) -> Self::Reg<S>;
    /// Lane-wise `if a < b { a } else { b }`.
    fn min<S: Isa>(simd: S, a: Self::Reg<S>, b: Self::Reg<S>) -> Self::Reg<S>;
    /// Lane-wise `if b < a { a } else { b }`.
    fn max<S: Isa>(simd: S, a: Self::Reg<S>, b: Self::Reg<S>) -> Self::Reg<S>;
    /// Lane-wise `p * 2^n` with one rounding, for `p` in `[1/2, 2]` and whole `n` a little beyond the exponents.
    fn scale<S: Isa>(simd: S, p: Self::Reg<S>, n: Self::Reg<S>) -> Self::Reg<S>;
    /// Lane-wise `2^n` for whole `n` whose power is a normal number.
    fn exp2<S: Isa>(simd: S, n: Self::Reg<S>) -> Self::Reg<S>;
    /// Lane-wise `(m, e)` with `x = m 2^e` and `m` in `[3/4, 3/2)`; see [`Isa::split_f32`] for zeros and the like.
    fn split<S: Isa>(simd: S, x: Self::Reg<S>) -> (Self::Reg<S>, Self::Reg<S>);
    /// The largest power of two that is not above `a >= 0`: 0 for 0 and subnormal numbers, infinity for infinity and NaN.
    fn power_below<S: Isa>(simd: S, a: Self::Reg<S>) -> Self::Reg<S>;
    /// The magnitude of `a` with the sign of `sign`.
    fn copy_sign<S: Isa>(simd: S, a: Self::Reg<S>, sign: Self::Reg<S>) -> Self::Reg<S>;
    /// Turns the vector `(c, s)` by as many quarter turns as the lowest bits of `turns` say, modulo 4.
    fn turn<S: Isa>(simd: S, turns: Self::Reg<S>, s: Self::Reg<S>, c: Self::Reg<S>) -> (Self::Reg<S>, Self::Reg<S>);
    /// Uniform numbers in `(0, 1]` from random words, the lower halves of `a` and `b`, for what is singular at 0. A
    /// number takes one word in `f32`, of `a` in even lanes and `b` in odd ones, and a word of each in `f64`.
    fn centred<S: Isa>(simd: S, a: S::u64s, b: S::u64s) -> Self::Reg<S>;
    /// Uniform numbers in `[0, 1)`, multiples of `2^-24` in `f32` and `2^-53` in `f64`, from words as above.
    fn unit<S: Isa>(simd: S, a: S::u64s, b: S::u64s) -> Self::Reg<S>;
    /// Loads part `part` of a lane group, lanes permuted.
    ///
    /// # Safety
    /// `row` must be readable for a lane group.
    unsafe fn load_permuted<S: Isa>(simd: S, row: *const Self, from: &[u32; 16], part: usize) -> Self::Reg<S>;
    /// Adds the lanes of `a` to `f64` sums, lane by lane; `sums` holds as many numbers as the register.
    ///
    /// # Safety
    /// `sums` must be valid for reading and writing one `f64` per lane of the register.
    unsafe fn add_to_f64<S: Isa>(simd: S, a: Self::Reg<S>, sums: *mut f64);
}

macro_rules! real {
    ($r:ident, $width:expr, $bits:ident, $reg:ident, $mask:ident, $permuted:ident, $widen:ident,
     $splat:ident $add:ident $sub:ident $mul:ident $div:ident $fma:ident $neg:ident $abs:ident $sqrt:ident $lt:ident $select:ident
     $min:ident $max:ident $scale:ident $exp2:ident $split:ident $and:ident $xor:ident $centred:ident $unit:ident,
     $in_f32:expr) => {
        impl Real for $r {
            const WIDTH: usize = $width;
            const NAME: &'static str = stringify!($r);
            type Reg<S: Isa> = S::$reg;
            type Mask<S: Isa> = S::$mask;
            type Bits = $bits;
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $r
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            fn bindings_in_f32<'b, 'a, 'f>(
                bindings: &'b mut Bindings<'a, 'f, $r>,
            ) -> Option<&'b mut Bindings<'a, 'f, f32>> {
                $in_f32(bindings)
            }
            #[inline(always)]
            fn splat<S: Isa>(simd: S, x: Self) -> S::$reg {
                simd.$splat(x)
            }
            #[inline(always)]
            fn add<S: Isa>(simd: S, a: S::$reg, b: S::$reg) -> S::$reg {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn sub<S: Isa>(simd: S, a: S::$reg, b: S::$reg) -> S::$reg {
                simd.$sub(a, b)
            }
            #[inline(always)]
            fn mul<S: Isa>(simd: S, a: S::$reg, b: S::$reg) -> S::$reg {
                simd.$mul(a, b)
            }
            #[inline(always)]
            fn div<S: Isa>(simd: S, a: S::$reg, b: S::$reg) -> S::$reg {
                simd.$div(a, b)
            }
            #[inline(always)]
            fn mul_add<S: Isa>(simd: S, a: S::$reg, b: S::$reg, c: S::$reg) -> S::$reg {
                simd.$fma(a, b, c)
            }
            #[inline(always)]
            fn neg<S: Isa>(simd: S, a: S::$reg) -> S::$reg {
                simd.$neg(a)
            }
            #[inline(always)]
            fn abs<S: Isa>(simd: S, a: S::$reg) -> S::$reg {
                simd.$abs(a)
            }
            #[inline(always)]
            fn sqrt<S: Isa>(simd: S, a: S::$reg) -> S::$reg {
                simd.$sqrt(a)
            }
            #[inline(always)]
            fn lt<S: Isa>(simd: S, a: S::$reg, b: S::$reg) -> S::$mask {
                simd.$lt(a, b)
            }
            #[inline(always)]
            fn select<S: Isa>(simd: S, mask: S::$mask, yes: S::$reg, no: S::$reg) -> S::$reg {
                simd.$select(mask, yes, no)
            }
            #[inline(always)]
            fn map_bits<S: Isa>(a: S::$reg, f: impl Fn($bits) -> $bits) -> S::$reg {
                map(a, f)
            }
            #[inline(always)]
            fn min<S: Isa>(simd: S, a: S::$reg, b: S::$reg) -> S::$reg {
                simd.$min(a, b)
            }
            #[inline(always)]
            fn max<S: Isa>(simd: S, a: S::$reg, b: S::$reg) -> S::$reg {
                simd.$max(a, b)
            }
            #[inline(always)]
            fn scale<S: Isa>(simd: S, p: S::$reg, n: S::$reg) -> S::$reg {
                simd.$scale(p, n)
            }
            #[inline(always)]
            fn exp2<S: Isa>(simd: S, n: S::$reg) -> S::$reg {
                $exp2(simd, n)
            }
            #[inline(always)]
            fn split<S: Isa>(simd: S, x: S::$reg) -> (S::$reg, S::$reg) {
                simd.$split(x)
            }
            #[inline(always)]
            fn power_below<S: Isa>(simd: S, a: S::$reg) -> S::$reg {
                // The bits of infinity are those of the exponent.
                simd.$and(a, simd.$splat($r::INFINITY))
            }
            #[inline(always)]
            fn copy_sign<S: Isa>(simd: S, a: S::$reg, sign: S::$reg) -> S::$reg {
                simd.$xor(simd.$abs(a), simd.$and(sign, simd.$splat(-0.0)))
            }
            #[inline(always)]
            fn turn<S: Isa>(simd: S, turns: S::$reg, s: S::$reg, c: S::$reg) -> (S::$reg, S::$reg) {
                const SIGN: $bits = 1 << ($bits::BITS - 1);
                // Odd: exchange the two. Sine changes its sign at 2 and 3, cosine at 1 and 2.
                let odd = map(
                    turns,
                    #[inline(always)]
                    |k: $bits| (k & 1).wrapping_neg(),
                );
                let sign_s = map(
                    turns,
                    #[inline(always)]
                    |k: $bits| (k << ($bits::BITS - 2)) & SIGN,
                );
                let sign_c = map(
                    turns,
                    #[inline(always)]
                    |k: $bits| (k.wrapping_add(1) << ($bits::BITS - 2)) & SIGN,
                );
                let change = simd.$and(simd.$xor(s, c), odd);
                (simd.$xor(simd.$xor(s, change), sign_s), simd.$xor(simd.$xor(c, change), sign_c))
            }
            #[inline(always)]
            fn centred<S: Isa>(simd: S, a: S::u64s, b: S::u64s) -> S::$reg {
                simd.$centred(a, b)
            }
            #[inline(always)]
            fn unit<S: Isa>(simd: S, a: S::u64s, b: S::u64s) -> S::$reg {
                simd.$unit(a, b)
            }
            #[inline(always)]
            unsafe fn load_permuted<S: Isa>(simd: S, row: *const Self, from: &[u32; 16], part: usize) -> S::$reg {
                // SAFETY: forwarded to the caller.
                unsafe { simd.$permuted(row, from, part) }
            }
            #[inline(always)]
            unsafe fn add_to_f64<S: Isa>(simd: S, a: S::$reg, sums: *mut f64) {
                // SAFETY: forwarded to the caller.
                unsafe { simd.$widen(a, sums) }
            }
        }
    };
}
real!(f32, 16, u32, f32s, m32s, load_permuted_f32, add_f32_to_f64,
    splat_f32s add_f32s sub_f32s mul_f32s div_f32s mul_add_f32s neg_f32s abs_f32s sqrt_f32s less_than_f32s select_f32s
    min_f32 max_f32 scale_f32 exp2_f32 split_f32 and_f32s xor_f32s centred_f32 unit_f32, Some);
real!(f64, 8, u64, f64s, m64s, load_permuted_f64, add_f64_to_f64,
    splat_f64s add_f64s sub_f64s mul_f64s div_f64s mul_add_f64s neg_f64s abs_f64s sqrt_f64s less_than_f64s select_f64s
    min_f64 max_f64 scale_f64 exp2_f64 split_f64 and_f64s xor_f64s centred_f64 unit_f64, |_| None);
