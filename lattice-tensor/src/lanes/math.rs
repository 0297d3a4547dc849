//! Elementary functions on lanes.
//!
//! Each reduces its argument exactly, evaluates one minimax polynomial and puts the exponent or sign
//! back, without branch or table. The same operations in the same order run on every instruction set, so results are
//! equal bit for bit everywhere (which NaN comes out is the one exception). Errors are in units in the last place of
//! the exact result, as the tests check them; where angles grow too large for the reduction, results are NaN.
//!
//! The reductions are those of Cody and Waite, *Software Manual for the Elementary Functions*, 1980.

use super::{Isa, Lane, Real};
use std::f64::consts::{FRAC_1_PI, FRAC_2_PI, FRAC_PI_2, LN_2, LOG2_E, PI};

/// `(exp r - 1 - r) / r^2` on `|r| < ln(2)/2`.
const EXP_F32: [f64; 5] =
    [0.4999999813133331, 0.16666542667288525, 0.04166720449448271, 0.008366648649443685, 0.0013882462859762371];
const EXP_F64: [f64; 11] = [
    0.5,
    0.16666666666666677,
    0.041666666666666505,
    0.008333333333321513,
    0.001388888888896344,
    0.0001984126988648037,
    2.4801587171127223e-05,
    2.755724380128305e-06,
    2.755740324043293e-07,
    2.5109196080246058e-08,
    2.08753330236216e-09,
];
/// `(ln(1 + f) - f + f^2/2) / f^3` on `-1/4 < f < 1/2`.
const LN_F32: [f64; 8] = [
    0.33333449099810003,
    -0.25000095797307836,
    0.19990861692007195,
    -0.16647314009725092,
    0.14478392736364054,
    -0.13161176073679112,
    0.10462997578622425,
    -0.04507469522360562,
];
const LN_F64: [f64; 20] = [
    0.3333333333333327,
    -0.2500000000000191,
    0.2000000000003207,
    -0.16666666666195198,
    0.142857142800934,
    -0.12500000038494208,
    0.1111111158252248,
    -0.09999998827267925,
    0.09090887931916967,
    -0.08333329758003284,
    0.07692821691781643,
    -0.07143926210447837,
    0.06660701837414185,
    -0.062247227916097464,
    0.058919277084651764,
    -0.05778327484378555,
    0.05659369191625933,
    -0.047212886436467906,
    0.026592815187977174,
    -0.007087650154425206,
];
/// `(sin r - r) / r^3` in `r^2`, on `|r| < pi/4`.
const SIN_F32: [f64; 3] = [-0.16666653864307612, 0.008332113061191219, -0.00019508742458106826];
const SIN_F64: [f64; 6] = [
    -0.16666666666666627,
    0.00833333333332094,
    -0.00019841269828618763,
    2.7557313275989696e-06,
    -2.50506924679591e-08,
    1.5892961187647158e-10,
];
/// `(cos r - 1 + r^2/2) / r^4` in `r^2`, on `|r| < pi/4`.
const COS_F32: [f64; 3] = [0.041666645655612004, -0.0013887306167827194, 2.443121765374481e-05];
const COS_F64: [f64; 6] = [
    0.04166666666666659,
    -0.0013888888888872598,
    2.4801587288491735e-05,
    -2.7557314056471515e-07,
    2.0875681864901776e-09,
    -1.135744788532356e-11,
];
/// `sin(pi d / 2) / d` in `d^2`, on `|d| < 1/2`.
const SIN_TURN_F32: [f64; 4] = [1.570796321709426, -0.6459634602420248, 0.07968003281565063, -0.004601657941446874];
const SIN_TURN_F64: [f64; 7] = [
    FRAC_PI_2,
    -0.6459640975062443,
    0.07969262624603957,
    -0.004681754132282577,
    0.00016044115029284088,
    -3.5986417585215646e-06,
    5.633721534719764e-08,
];
/// `(cos(pi d / 2) - 1) / d^2` in `d^2`, on `|d| < 1/2`.
const COS_TURN_F32: [f64; 4] = [-1.2337005433542227, 0.25366924404968055, -0.020860288655003976, 0.0009040219856874499];
const COS_TURN_F64: [f64; 7] = [
    -1.2337005501361697,
    0.2536695079010469,
    -0.02086348076331544,
    0.0009192602742249996,
    -2.5202036991318344e-05,
    4.710615651011308e-07,
    -6.321891655740317e-09,
];
/// `(atan t - t) / t^3` in `t^2`, on `0 <= t <= 1`.
const ATAN_F32: [f64; 10] = [
    -0.33333326900696775,
    0.1999967116348973,
    -0.14279833519834784,
    0.11058226316698617,
    -0.08811099859306704,
    0.0674161391061757,
    -0.044690149267039854,
    0.022540024007507917,
    -0.007318022948429952,
    0.001113800810603888,
];
const ATAN_F64: [f64; 21] = [
    -0.33333333333333287,
    0.19999999999990445,
    -0.1428571428503653,
    0.11111111086444751,
    -0.09090908547212785,
    0.07692299711306033,
    -0.06666583719083985,
    0.058817161324381424,
    -0.05259433694455477,
    0.04744925803039853,
    -0.042863901103763334,
    0.0382100476856372,
    -0.03278540320381759,
    0.02615163635741594,
    -0.018614172636175014,
    0.011317634827851059,
    -0.005612381655310065,
    0.002151587392116917,
    -0.0005928936722242004,
    0.00010387210045340232,
    -8.65423570761604e-06,
];

/// Numbers for which the two precisions differ: in `f32`, in `f64`.
type Pair = (f64, f64);
/// Added and taken away again, rounds to a whole number: 3/2 of the number whose last bit counts ones.
const WHOLE: Pair = (12_582_912.0, 6_755_399_441_055_744.0);
/// `ln 2` in two parts, the first rounded down so that infinities times either have the same sign.
const LN_2_HIGH: Pair = (0.693_147_122_859_954_8, LN_2);
const LN_2_LOW: Pair = (5.769_999_047_543_285e-8, 2.319_046_813_846_299_6e-17);
/// `pi/2` in three parts.
const QUARTER: [Pair; 3] = [
    (1.570_796_370_506_286_6, FRAC_PI_2),
    (-4.371_138_828_673_793e-8, 6.123_233_995_736_766e-17),
    (-1.715_124_510_005_881_9e-15, -1.497_384_904_859_169_8e-33),
];
/// Where the reduction of angles ends: `2^20` and `2^40`.
const LARGEST_ANGLE: Pair = (1_048_576.0, 1_099_511_627_776.0);

impl<S: Isa, R: Real> Lane<S, R> {
    /// The constant of this precision.
    #[inline(always)]
    fn pick(self, pair: Pair) -> Self {
        Self::constant(self.simd, if R::WIDTH == 16 { pair.0 } else { pair.1 })
    }

    #[inline(always)]
    fn one(self) -> Self {
        Self::constant(self.simd, 1.0)
    }

    /// `sum of coefficients[last - step k] x^(last/step - k)` by Horner's rule.
    #[inline(always)]
    fn nest<const N: usize>(x: Self, coefficients: &[f64; N], last: usize, step: usize) -> Self {
        let mut sum = Self::constant(x.simd, coefficients[last]);
        for &c in coefficients[..last].iter().rev().skip(step - 1).step_by(step) {
            sum = sum.mul_add(x, Self::constant(x.simd, c));
        }
        sum
    }

    /// Horner's rule; for long polynomials one chain for even and one for odd powers, which do not wait for each other.
    #[inline(always)]
    fn horner<const N: usize>(self, coefficients: &[f64; N]) -> Self {
        if N < 8 {
            return Self::nest(self, coefficients, N - 1, 1);
        }
        let square = self * self;
        let (even, odd) = if N % 2 == 1 { (N - 1, N - 2) } else { (N - 2, N - 1) };
        Self::nest(square, coefficients, odd, 2).mul_add(self, Self::nest(square, coefficients, even, 2))
    }

    /// The polynomial in `self` with the coefficients of this precision, the constant one first.
    #[inline(always)]
    fn polynomial<const N: usize, const M: usize>(self, single: &[f64; N], double: &[f64; M]) -> Self {
        if R::WIDTH == 16 { self.horner(single) } else { self.horner(double) }
    }

    /// The magnitude of `self` with the sign of `sign`.
    #[inline(always)]
    pub fn copy_sign(self, sign: Self) -> Self {
        Lane { simd: self.simd, reg: R::copy_sign(self.simd, self.reg, sign.reg) }
    }

    /// `1/x`, by division: correctly rounded.
    #[inline(always)]
    pub fn recip(self) -> Self {
        self.one() / self
    }

    /// `(n, r)` with `x = n ln 2 + r`, `n` whole and `|r| <= ln(2)/2`, for `x` within a few of the exponent range.
    #[inline(always)]
    fn reduce_exp(self) -> (Self, Self) {
        let whole = self.pick(WHOLE);
        let n = self.mul_add(Self::constant(self.simd, LOG2_E), whole) - whole;
        let r = n.mul_add(-self.pick(LN_2_HIGH), self);
        (n, n.mul_add(-self.pick(LN_2_LOW), r))
    }

    /// `exp x`. Overflows to infinity and underflows gradually, through subnormal numbers, to 0.
    /// Within 1 ulp in both precisions.
    #[inline(always)]
    pub fn exp(self) -> Self {
        // Beyond these the result is infinity or zero; NaN passes, as the second argument.
        let x = self.pick((89.0, 710.0)).min(self);
        let x = self.pick((-104.0, -746.0)).max(x);
        let (n, r) = x.reduce_exp();
        let p = r.polynomial(&EXP_F32, &EXP_F64).mul_add(r, self.one()).mul_add(r, self.one());
        Lane { simd: self.simd, reg: R::scale(self.simd, p.reg, n.reg) }
    }

    /// Natural logarithm: `-inf` at zeros, NaN below, right for subnormal numbers. Within 1 ulp in both
    /// precisions.
    #[inline(always)]
    pub fn ln(self) -> Self {
        let (m, e) = R::split(self.simd, self.reg);
        let (m, e) = (Lane { simd: self.simd, reg: m }, Lane { simd: self.simd, reg: e });
        let f = m - self.one();
        let square = f * f;
        let cubic = f * f.polynomial(&LN_F32, &LN_F64);
        let tail = cubic.mul_add(square, e * self.pick(LN_2_LOW));
        let tail = square.mul_add(Self::constant(self.simd, -0.5), tail);
        e.mul_add(self.pick(LN_2_HIGH), f + tail)
    }

    /// Hyperbolic tangent: relatively accurate near 0, exactly `±1` far out. Within 2.6 ulp in both precisions.
    #[inline(always)]
    pub fn tanh(self) -> Self {
        // With E = exp(-2|x|) - 1, tanh |x| = -E / (2 + E); nothing cancels.
        let size = self.abs();
        let x = -self.pick((40.0, 80.0)).min(size + size);
        let (n, r) = x.reduce_exp();
        let p = r.polynomial(&EXP_F32, &EXP_F64).mul_add(r * r, r);
        let power = Lane { simd: self.simd, reg: R::exp2(self.simd, n.reg) };
        let e = power.mul_add(p, power - self.one());
        (e / (e + Self::constant(self.simd, 2.0))).copy_sign(self)
    }

    /// `1 / (1 + exp(-x))`, 0 where `exp(-x)` overflows. Within 2.5 ulp in both precisions.
    #[inline(always)]
    pub fn sigmoid(self) -> Self {
        (self.one() + (-self).exp()).recip()
    }

    /// `(sin x, cos x)`, within 1.7 ulp in both precisions, near the zeros too. NaN from `|x| = 2^20` on
    /// in `f32` and from `2^40` in `f64`, infinities included.
    #[inline(always)]
    pub fn sin_cos(self) -> (Self, Self) {
        let inside = self.abs().lt(self.pick(LARGEST_ANGLE));
        let x = Self::select(inside, self, Self::constant(self.simd, f64::NAN));
        let whole = self.pick(WHOLE);
        let turns = x.mul_add(Self::constant(self.simd, FRAC_2_PI), whole);
        let n = whole - turns;
        let r = n.mul_add(self.pick(QUARTER[0]), x);
        let r = n.mul_add(self.pick(QUARTER[1]), r);
        let r = n.mul_add(self.pick(QUARTER[2]), r);
        let square = r * r;
        let sin = square.polynomial(&SIN_F32, &SIN_F64).mul_add(square * r, r);
        let cos = square.mul_add(Self::constant(self.simd, -0.5), self.one());
        let cos = square.polynomial(&COS_F32, &COS_F64).mul_add(square * square, cos);
        Self::turn(turns, sin, cos)
    }

    /// `x − 2π n` in `[−π, π]`, `n` whole, for `|x| < 2^20`.
    #[inline(always)]
    pub fn wrapped(self) -> Self {
        let whole = self.pick(WHOLE);
        let n = self.mul_add(Self::constant(self.simd, 0.5 * FRAC_1_PI), whole) - whole;
        let n = n * Self::constant(self.simd, -4.0);
        let x = n.mul_add(self.pick(QUARTER[0]), self);
        let x = n.mul_add(self.pick(QUARTER[1]), x);
        let most = Self::constant(self.simd, PI);
        (-most).max(most.min(x))
    }

    /// `sin x`, the first of [`Self::sin_cos`].
    #[inline(always)]
    pub fn sin(self) -> Self {
        self.sin_cos().0
    }

    /// `cos x`, the second of [`Self::sin_cos`].
    #[inline(always)]
    pub fn cos(self) -> Self {
        self.sin_cos().1
    }

    /// `(sin(2 pi u), cos(2 pi u))` for `|u| < 2^20`; the reduction is exact. Within 1.75 ulp in
    /// both precisions.
    #[inline(always)]
    pub fn sin_cos_turns(self) -> (Self, Self) {
        let (whole, four) = (self.pick(WHOLE), Self::constant(self.simd, 4.0));
        let turns = self.mul_add(four, whole);
        let d = self.mul_add(four, whole - turns);
        let square = d * d;
        let sin = square.polynomial(&SIN_TURN_F32, &SIN_TURN_F64) * d;
        let cos = square.polynomial(&COS_TURN_F32, &COS_TURN_F64).mul_add(square, self.one());
        Self::turn(turns, sin, cos)
    }

    #[inline(always)]
    fn turn(turns: Self, sin: Self, cos: Self) -> (Self, Self) {
        let (s, c) = R::turn(turns.simd, turns.reg, sin.reg, cos.reg);
        (Lane { simd: turns.simd, reg: s }, Lane { simd: turns.simd, reg: c })
    }

    /// `atan x`, within 1.8 ulp in both precisions.
    #[inline(always)]
    pub fn atan(self) -> Self {
        self.atan2(self.one())
    }

    /// The angle of the point `(x, y)`, with `self` as `y`, in `[-pi, pi]`; zeros and infinities as in IEEE 754. Relative
    /// error below `2.4e-7` in `f32`, `4.5e-16` in `f64`.
    #[inline(always)]
    pub fn atan2(self, x: Self) -> Self {
        let (y_size, x_size) = (self.abs(), x.abs());
        let steep = x_size.lt(y_size);
        let less = Self::select(steep, x_size, y_size);
        let more = Self::select(steep, y_size, x_size);
        let t = less / more;
        // 0/0 counts as 0 and inf/inf as 1; NaN fails both tests and stays.
        let t = Self::select(more.lt(self.pick((1.401_298_464_324_817e-45, 5e-324))), less, t);
        let finite = self.pick((f32::MAX as f64, f64::MAX));
        let t = Self::select(finite.lt(less), Self::select(finite.lt(more), self.one(), t), t);
        let square = t * t;
        let angle = square.polynomial(&ATAN_F32, &ATAN_F64).mul_add(square * t, t);
        let quarter = [self.pick(QUARTER[0]), self.pick(QUARTER[1])];
        let angle = Self::select(steep, quarter[0] - (angle - quarter[1]), angle);
        let two = Self::constant(self.simd, 2.0);
        let back = quarter[0].mul_add(two, -(angle - quarter[1] * two));
        let left = self.one().copy_sign(x).lt(Self::constant(self.simd, 0.0));
        Self::select(left, back, angle).copy_sign(self)
    }
}

#[cfg(test)]
mod tests;
