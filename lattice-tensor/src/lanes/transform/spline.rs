//! Rational-quadratic splines.

use super::{Map, Mapped, Row, Work, offset, unwound};
use crate::lanes::{Isa, Lane, Real};
use std::f64::consts::PI;

/// A rational-quadratic spline of `bins` bins: of the circle onto itself with `π` fixed and one slope there, or of
/// `[−1, 1]` onto itself.
///
/// Parameters: of every bin the logarithm of its width, then of its height, up to a common constant; then the slopes at the
/// knots from the left end on, the last of which is the first on the circle. A slope is `MIN_SLOPE + softplus(r + c)`, `c` such
/// that parameters of 0 are the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spline {
    /// How many bins.
    pub bins: usize,
    /// Whether it is one of the circle.
    pub circular: bool,
    /// Whether an angle is added, the last parameter; on the circle.
    pub offset: bool,
}

/// The bin that holds a point.
struct Bin<S: Isa, R: Real> {
    number: Lane<S, R>,
    left: Lane<S, R>,
    bottom: Lane<S, R>,
    width: Lane<S, R>,
    height: Lane<S, R>,
    /// Slopes at its ends, before they are made positive.
    slopes: [Lane<S, R>; 2],
}

/// Powers of the place `z` in a bin, and of `1 − z`.
struct Place<S: Isa, R: Real> {
    z: Lane<S, R>,
    rest: Lane<S, R>,
    product: Lane<S, R>,
    /// `height/width`
    steep: Lane<S, R>,
    /// `d₀ + d₁ − 2 height/width`
    bend: Lane<S, R>,
    /// The denominator.
    den: Lane<S, R>,
    /// `d₁ z² + 2 s z (1 − z) + d₀ (1 − z)²`, the numerator of the derivative but for `s²`.
    over: Lane<S, R>,
}

impl Spline {
    /// The most bins.
    pub const MAX_BINS: usize = 64;
    /// The least share of a bin in width and in height.
    pub const MIN_SHARE: f64 = 1e-3;
    /// The least slope at a knot.
    pub const MIN_SLOPE: f64 = 1e-3;

    /// `c` with `softplus(c) = 1 − MIN_SLOPE`.
    const UNIT_SLOPE: f64 = 0.539_742_417_236_952_2;

    /// Half of the length of the whole.
    #[inline(always)]
    fn half(self) -> f64 {
        if self.circular { PI } else { 1.0 }
    }

    /// Writes `e^{r − max}` of the widths and of the heights; returns what makes lengths of them.
    #[inline(always)]
    fn shares<S: Isa, R: Real>(&self, simd: S, p: Row<'_, R>, work: &mut Work<S, R>) -> [Lane<S, R>; 2] {
        let mut scales = [Lane::constant(simd, 0.0); 2];
        for (kind, scale) in scales.iter_mut().enumerate() {
            let first = kind * self.bins;
            let mut most = p.at(simd, first);
            for j in 1..self.bins {
                most = most.max(p.at(simd, first + j));
            }
            let mut sum = Lane::constant(simd, 0.0);
            for j in 0..self.bins {
                let share = (p.at(simd, first + j) - most).exp();
                work[kind * Self::MAX_BINS + j] = share;
                sum = sum + share;
            }
            let free = 2.0 * self.half() * (1.0 - self.bins as f64 * Self::MIN_SHARE);
            *scale = Lane::constant(simd, free) / sum;
        }
        scales
    }

    /// The parameter of the slope at a knot.
    #[inline(always)]
    fn raw_slope<S: Isa, R: Real>(&self, simd: S, p: Row<'_, R>, knot: usize) -> Lane<S, R> {
        p.at(simd, 2 * self.bins + if self.circular && knot == self.bins { 0 } else { knot })
    }

    /// Width and height of a bin.
    #[inline(always)]
    fn length<S: Isa, R: Real>(&self, j: usize, [wide, high]: [Lane<S, R>; 2], work: &Work<S, R>) -> [Lane<S, R>; 2] {
        let least = Lane::constant(wide.simd(), 2.0 * self.half() * Self::MIN_SHARE);
        [work[j].mul_add(wide, least), work[Self::MAX_BINS + j].mul_add(high, least)]
    }

    /// The bin that holds `x`, found among the widths or, for the inverse, the heights.
    #[inline(always)]
    fn bin<S: Isa, R: Real>(
        &self,
        x: Lane<S, R>,
        p: Row<'_, R>,
        scales: [Lane<S, R>; 2],
        inverse: bool,
        work: &Work<S, R>,
    ) -> Bin<S, R> {
        let simd = x.simd();
        let start = Lane::constant(simd, -self.half());
        let [width, height] = self.length(0, scales, work);
        let slopes = [self.raw_slope(simd, p, 0), self.raw_slope(simd, p, 1)];
        let mut bin = Bin { number: Lane::constant(simd, 0.0), left: start, bottom: start, width, height, slopes };
        let (mut left, mut bottom) = (start + width, start + height);
        for j in 1..self.bins {
            let [width, height] = self.length(j, scales, work);
            let before = x.lt(if inverse { bottom } else { left });
            let slopes = [self.raw_slope(simd, p, j), self.raw_slope(simd, p, j + 1)];
            bin = Bin {
                number: Lane::select(before, bin.number, Lane::constant(simd, j as f64)),
                left: Lane::select(before, bin.left, left),
                bottom: Lane::select(before, bin.bottom, bottom),
                width: Lane::select(before, bin.width, width),
                height: Lane::select(before, bin.height, height),
                slopes: [
                    Lane::select(before, bin.slopes[0], slopes[0]),
                    Lane::select(before, bin.slopes[1], slopes[1]),
                ],
            };
            (left, bottom) = (left + width, bottom + height);
        }
        bin
    }

    /// The cotangents of the lengths of all bins, of widths or heights, from those of the beginning and the length of the bin
    /// that holds the point: lengths are shares, those before it move its beginning, and all are divided by their sum.
    #[inline(always)]
    fn lengths<S: Isa, R: Real>(
        &self,
        kind: usize,
        [start, own, bin]: [Lane<S, R>; 3],
        [to_start, to_own]: [Lane<S, R>; 2],
        scale: Lane<S, R>,
        work: &Work<S, R>,
        store: &mut impl FnMut(usize, Lane<S, R>),
    ) {
        let simd = start.simd();
        let least = 2.0 * self.half() * Self::MIN_SHARE;
        let free = 2.0 * self.half() * (1.0 - self.bins as f64 * Self::MIN_SHARE);
        let least = Lane::constant(simd, least);
        // Σ_j share_j · cotangent_j: shares before the bin, its own.
        let before = start + Lane::constant(simd, self.half()) - bin * least;
        let mean = to_start.mul_add(before, to_own * (own - least)) / Lane::constant(simd, free);
        for j in 0..self.bins {
            let number = Lane::constant(simd, j as f64);
            let from_here = Lane::select(bin.lt(number), Lane::constant(simd, 0.0), to_own);
            let cotangent = Lane::select(number.lt(bin), to_start, from_here);
            let share = work[kind * Self::MAX_BINS + j] * scale;
            store(kind * self.bins + j, share * (cotangent - mean));
        }
    }

    /// A slope, and its derivative with respect to the parameter.
    #[inline(always)]
    fn slope<S: Isa, R: Real>(raw: Lane<S, R>) -> [Lane<S, R>; 2] {
        let simd = raw.simd();
        let (zero, one) = (Lane::constant(simd, 0.0), Lane::constant(simd, 1.0));
        let r = raw + Lane::constant(simd, Self::UNIT_SLOPE);
        let e = (-r.abs()).exp();
        let positive = zero.lt(r);
        let soft = Lane::select(positive, r, zero) + (one + e).ln();
        let rate = Lane::select(positive, one, e) / (one + e);
        [soft + Lane::constant(simd, Self::MIN_SLOPE), rate]
    }

    #[inline(always)]
    fn place<S: Isa, R: Real>(z: Lane<S, R>, steep: Lane<S, R>, [d0, d1]: [Lane<S, R>; 2]) -> Place<S, R> {
        let rest = Lane::constant(z.simd(), 1.0) - z;
        let product = z * rest;
        let bend = d0 + d1 - (steep + steep);
        let den = bend.mul_add(product, steep);
        let over = d1.mul_add(z * z, (steep + steep).mul_add(product, d0 * (rest * rest)));
        Place { z, rest, product, steep, bend, den, over }
    }

    /// `z` in `[0, 1]`, where rounding leads out of it.
    #[inline(always)]
    fn within<S: Isa, R: Real>(z: Lane<S, R>) -> Lane<S, R> {
        let (zero, one) = (Lane::constant(z.simd(), 0.0), Lane::constant(z.simd(), 1.0));
        zero.max(one.min(z))
    }
}

impl<S: Isa, R: Real> Place<S, R> {
    /// Derivatives with respect to `z` of denominator and numerator.
    #[inline(always)]
    fn rates(&self, [d0, d1]: [Lane<S, R>; 2]) -> [Lane<S, R>; 2] {
        let den = self.bend * (self.rest - self.z);
        let over = d1.mul_add(self.z, self.steep.mul_add(self.rest - self.z, -(d0 * self.rest)));
        [den, over + over]
    }

    /// `d ln(dy/dx) / dz`
    #[inline(always)]
    fn curvature(&self, slopes: [Lane<S, R>; 2]) -> Lane<S, R> {
        let [den, over] = self.rates(slopes);
        over / self.over - (den + den) / self.den
    }

    /// `dy/dx`
    #[inline(always)]
    fn slope(&self) -> Lane<S, R> {
        let ratio = self.steep / self.den;
        ratio * ratio * self.over
    }
}

impl Map for Spline {
    #[inline(always)]
    fn parameters(&self) -> usize {
        3 * self.bins + usize::from(!self.circular) + usize::from(self.offset)
    }

    /// Gregory and Delbourgo, IMA J. Numer. Anal. 2, 123 (1982); the inverse is the root of a quadratic equation, of the two
    /// ways to write it the one without cancellation (Durkan et al. 1906.04032, eqs. 6 to 8).
    #[inline(always)]
    fn map<S: Isa, R: Real>(&self, x: Lane<S, R>, p: Row<'_, R>, inverse: bool, work: &mut Work<S, R>) -> Mapped<S, R> {
        let offset = offset(x, p, self.offset.then(|| self.parameters() - 1));
        let start = if inverse { x - offset } else { x };
        let (u, turns) = if self.circular { unwound(start) } else { (start, Lane::constant(x.simd(), 0.0)) };
        let scales = self.shares(x.simd(), p, work);
        let bin = self.bin(u, p, scales, inverse, work);
        let slopes = [Self::slope(bin.slopes[0])[0], Self::slope(bin.slopes[1])[0]];
        let [d0, d1] = slopes;
        let steep = bin.height / bin.width;
        if !inverse {
            let z = Self::within((u - bin.left) / bin.width);
            let place = Self::place(z, steep, slopes);
            let rise = steep.mul_add(z * z, d0 * place.product);
            let y = (bin.height * rise / place.den) + bin.bottom;
            return [y + turns + offset, place.slope().ln(), place.curvature(slopes) / bin.width];
        }
        let rise = Self::within((u - bin.bottom) / bin.height);
        let bend = d0 + d1 - (steep + steep);
        let a = rise.mul_add(bend, steep - d0);
        let b = d0 - rise * bend;
        let c = -(steep * rise);
        let root = b.mul_add(b, -(Lane::constant(x.simd(), 4.0) * a * c));
        let root = Lane::constant(x.simd(), 0.0).max(root).sqrt();
        let z = Self::within(-(c + c) / (b + root));
        let place = Self::place(z, steep, slopes);
        let slope = place.slope();
        let at = z.mul_add(bin.width, bin.left);
        [at + turns, -slope.ln(), -(place.curvature(slopes) / (bin.width * slope))]
    }

    #[inline(always)]
    fn tangent<S: Isa, R: Real>(
        &self,
        x: Lane<S, R>,
        p: Row<'_, R>,
        [a, b]: [Lane<S, R>; 2],
        work: &mut Work<S, R>,
        mut store: impl FnMut(usize, Lane<S, R>),
    ) {
        let simd = x.simd();
        let u = if self.circular { unwound(x).0 } else { x };
        let scales = self.shares(simd, p, work);
        let bin = self.bin(u, p, scales, false, work);
        let ([d0, rate0], [d1, rate1]) = (Self::slope(bin.slopes[0]), Self::slope(bin.slopes[1]));
        let z = Self::within((u - bin.left) / bin.width);
        let steep = bin.height / bin.width;
        let place = Self::place(z, steep, [d0, d1]);
        let [den_z, over_z] = place.rates([d0, d1]);
        let rise = steep.mul_add(z * z, d0 * place.product);
        // y = bottom + height · rise / den and ln dy/dx = 2 ln steep + ln over − 2 ln den: cotangents of the three.
        let share = rise / place.den;
        let to_rise = a * bin.height / place.den;
        let to_den = -((b + b) / place.den) - to_rise * share;
        let to_over = b / place.over;
        let two = Lane::constant(simd, 2.0);
        let rise_z = two * steep.mul_add(z, d0 * (Lane::constant(simd, 0.5) - z));
        let of_z = to_rise.mul_add(rise_z, to_den.mul_add(den_z, to_over * over_z));
        let of_steep = to_rise.mul_add(
            z * z,
            to_den.mul_add(Lane::constant(simd, 1.0) - two * place.product, to_over * (two * place.product)),
        ) + (b + b) / steep;
        let of_d0 = (to_rise + to_den).mul_add(place.product, to_over * (place.rest * place.rest)) * rate0;
        let of_d1 = to_den.mul_add(place.product, to_over * (z * z)) * rate1;
        // Of the bin's left end and width, of its bottom and height.
        let (to_left, to_bottom) = (-(of_z / bin.width), a);
        let to_width = -((of_z * z + of_steep * steep) / bin.width);
        let to_height = a.mul_add(share, of_steep / bin.width);
        self.lengths(0, [bin.left, bin.width, bin.number], [to_left, to_width], scales[0], work, &mut store);
        self.lengths(1, [bin.bottom, bin.height, bin.number], [to_bottom, to_height], scales[1], work, &mut store);
        if self.offset {
            store(self.parameters() - 1, a);
        }
        let knots = self.bins + usize::from(!self.circular);
        let (zero, half) = (Lane::constant(simd, 0.0), Lane::constant(simd, 0.5));
        let next = bin.number + Lane::constant(simd, 1.0);
        let last = Lane::constant(simd, self.bins as f64 - 0.5);
        let next = if self.circular { Lane::select(next.lt(last), next, zero) } else { next };
        for j in 0..knots {
            let number = Lane::constant(simd, j as f64);
            let first = Lane::select((bin.number - number).abs().lt(half), of_d0, zero);
            let second = Lane::select((next - number).abs().lt(half), of_d1, zero);
            store(2 * self.bins + j, first + second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Spline;

    #[test]
    fn parameters_of_0_give_slopes_of_1() {
        assert!((Spline::MIN_SLOPE + Spline::UNIT_SLOPE.exp().ln_1p() - 1.0).abs() < 1e-15);
    }
}
