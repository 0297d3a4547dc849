//! Numbers rounded to the nearest that 16 bits hold.
//!
//! A sum of two positive numbers is rounded to the spacing of the larger one. With `P` the power of two at or below `|x|`
//! and a significand of `p` bits, the numbers between `2^{p-11} P` and `2^{p-10} P` are `2^{-10} P` apart, as those of
//! `f16` between `P` and `2 P` are: adding `2^{p-11} P` to `|x|` and taking it away again rounds once, ties to even, since
//! what is added is an even number of spacings. Below `2^{-14}` the spacing of `f16` no longer shrinks, and `P` is
//! `2^{-14}` there.

use super::{Isa, Lane, Real};

/// The largest `f16`.
const LARGEST: f64 = 65_504.0;
/// The smallest `f16` of full precision, `2^{-14}`.
const SMALLEST: f64 = 1.0 / 16_384.0;
/// `2^{p-11}` in `f32` and `f64`.
const SPACING: (f64, f64) = (8_192.0, 4_398_046_511_104.0);

impl<S: Isa, R: Real> Lane<S, R> {
    /// The nearest `f16`, ties to even: multiples of `2^-24` below `2^-14`, at most 65504 in magnitude, NaN for NaN.
    #[inline(always)]
    pub fn half(self) -> Self {
        // NaN passes, as the second argument.
        let size = Self::constant(self.simd, LARGEST).min(self.abs());
        let power = Lane { simd: self.simd, reg: R::power_below(self.simd, size.reg) };
        let power = Self::constant(self.simd, SMALLEST).max(power);
        let shift = power * Self::constant(self.simd, if R::WIDTH == 16 { SPACING.0 } else { SPACING.1 });
        ((size + shift) - shift).copy_sign(self)
    }
}

/// As [`Lane::half`], for one number.
pub fn half(x: f64) -> f64 {
    let size = if LARGEST < x.abs() { LARGEST } else { x.abs() };
    let power = f64::from_bits(size.to_bits() & f64::INFINITY.to_bits());
    let shift = SPACING.1 * if power < SMALLEST { SMALLEST } else { power };
    ((size + shift) - shift).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Level, Vectorize};
    use crate::random::{Draw, Stream, uniform_f64_at};
    use half::f16;

    struct Round<'a, R>(&'a [R]);

    impl<R: Real> Vectorize for Round<'_, R> {
        type Output = Vec<R>;
        #[inline(always)]
        fn run<S: Isa>(self, simd: S) -> Vec<R> {
            let mut to = vec![R::default(); self.0.len()];
            for at in (0..to.len()).step_by(Lane::<S, R>::LEN) {
                Lane::<S, R>::at(simd, self.0, at).half().put(&mut to, at);
            }
            to
        }
    }

    /// All finite `f16` from 0 up, which are exact in `f64`.
    fn numbers() -> Vec<f64> {
        (0..f16::INFINITY.to_bits()).map(|bits| f16::from_bits(bits).to_f64()).collect()
    }

    /// The definition: the closer of the two neighbours, of two as close the one whose last bit is 0.
    fn nearest(numbers: &[f64], x: f64) -> f64 {
        let above = numbers.partition_point(|&y| y < x.abs());
        let Some(&high) = numbers.get(above) else { return LARGEST.copysign(x) };
        let Some(&low) = above.checked_sub(1).and_then(|below| numbers.get(below)) else { return high.copysign(x) };
        // Exact: both have eleven bits.
        let middle = (low + high) / 2.0;
        let up = x.abs() > middle || (x.abs() == middle && above % 2 == 0);
        (if up { high } else { low }).copysign(x)
    }

    /// Numbers, their midpoints and what lies beside both, in either precision; the ends; any bits.
    fn hard(next: impl Fn(f64, i64) -> f64, bits: impl Fn(u64) -> f64) -> Vec<f64> {
        let numbers = numbers();
        let middles = numbers.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0);
        let beside = |x: f64| [next(x, -1), x, next(x, 1)];
        let mut hard: Vec<f64> = middles.chain(numbers.iter().copied()).flat_map(beside).collect();
        hard.extend([65_519.0, 65_520.0, 65_536.0, 1e30, f64::INFINITY, 1e-40, 5e-324, f64::MAX]);
        let draw = Draw { key: Stream::named("half").key(1), step: 0 };
        hard.extend((0..200_000).map(|i| bits((uniform_f64_at(draw, 0, i) * 2f64.powi(64)) as u64)));
        hard.extend((0..200_000).map(|i| (48.0 * uniform_f64_at(draw, 1, i) - 30.0).exp2()));
        hard.retain(|x| !x.is_nan());
        hard.iter().flat_map(|&x| [x, -x]).collect()
    }

    fn next_f64(x: f64, by: i64) -> f64 {
        if x == 0.0 { by as f64 * f64::from_bits(1) } else { f64::from_bits(x.to_bits().wrapping_add_signed(by)) }
    }

    fn next_f32(x: f64, by: i64) -> f64 {
        let bits = (x as f32).to_bits();
        if x == 0.0 {
            by as f64 * f32::from_bits(1) as f64
        } else {
            f32::from_bits(bits.wrapping_add_signed(by as i32)) as f64
        }
    }

    fn check<R: Real>(x: &[f64]) {
        let numbers = numbers();
        let mut x: Vec<R> = x.iter().map(|&x| R::from_f64(x)).collect();
        x.resize(x.len().next_multiple_of(R::WIDTH), R::default());
        for level in Level::all() {
            for (x, found) in x.iter().zip(level.run(Round(&x))) {
                let (x, found) = (x.to_f64(), found.to_f64());
                let expected = nearest(&numbers, x);
                assert_eq!(found.to_bits(), expected.to_bits(), "{} {}: {x:e} to {found:e}", R::NAME, level.name());
                assert_eq!(half(x).to_bits(), expected.to_bits(), "{x:e}");
            }
        }
    }

    #[test]
    fn every_number_midpoint_and_neighbour_goes_to_the_nearest() {
        let x = hard(next_f32, |bits| f32::from_bits((bits >> 32) as u32) as f64);
        check::<f32>(&x);
        // The other implementation; it goes to infinity where ours ends.
        for &x in x.iter().filter(|x| x.abs() < 65_520.0) {
            assert_eq!(half(x as f32 as f64), f16::from_f32(x as f32).to_f64(), "{x:e}");
        }
    }

    #[test]
    fn double_precision_is_rounded_once() {
        let x = hard(next_f64, f64::from_bits);
        check::<f64>(&x);
        // 2^-12 + 2^-40 above 1 is past the midpoint; by way of f32 it would be on it, and fall.
        let just_above = 1.0 + 2f64.powi(-11) + 2f64.powi(-40);
        assert_eq!(half(just_above), 1.0 + 2f64.powi(-10));
        assert_eq!(half(just_above as f32 as f64), 1.0);
    }

    #[test]
    fn what_is_no_number_stays_none() {
        fn check<R: Real>() {
            let x = vec![R::from_f64(f64::NAN); R::WIDTH];
            for level in Level::all() {
                assert!(level.run(Round(&x)).iter().all(|y| y.to_f64().is_nan()), "{} {}", R::NAME, level.name());
            }
        }
        check::<f32>();
        check::<f64>();
        assert!(half(f64::NAN).is_nan());
    }
}
