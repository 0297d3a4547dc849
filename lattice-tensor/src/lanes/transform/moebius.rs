//! Mixtures of Möbius maps of the circle.

use super::{Map, Mapped, Row, Work, offset, unwound};
use crate::lanes::{Isa, Lane, Real};
use std::f64::consts::PI;

/// The mean of `mixtures` Möbius maps of the circle that keep `π` fixed, each `tan(y/2) = e^s tan(x/2) + b`.
///
/// Parameters: all `s`; then, if there are `shifts`, all `b`, which are 0 otherwise; then, if there are `weights`, the
/// logarithms of the weights of the mean, which are equal otherwise; then, if there is an `offset`, an angle that is added to `y`.
/// Parameters of 0 are the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moebius {
    /// How many maps.
    pub mixtures: usize,
    /// Whether each has a shift `b`; without, they are the non-compact projections.
    pub shifts: bool,
    /// Whether each has a weight in the mean.
    pub weights: bool,
    /// Whether an angle is added.
    pub offset: bool,
}

/// One map at one point `x`, by `N = e^s sin(x/2) + b cos(x/2)` and `q = cos²(x/2) + N²`.
struct At<S: Isa, R: Real> {
    /// `N`
    n: Lane<S, R>,
    /// `1/q`
    over_q: Lane<S, R>,
    /// `dy/dx = e^s / q`
    slope: Lane<S, R>,
    /// `d ln(dy/dx) / dx`
    curvature: Lane<S, R>,
}

/// `sin(x/2)` and `cos(x/2)`.
type Half<S, R> = [Lane<S, R>; 2];

impl Moebius {
    /// Scales and shifts are kept within `e^±LARGEST`, so that squares are numbers.
    pub const LARGEST: f64 = 40.0;
    /// The inverse of a mixture ends where `|f(x) − y|` is at most so many units of the precision (`2^−23` in `f32`, `2^−52` in
    /// `f64`), or where halving the interval that holds `x` no longer changes it.
    pub const TOLERANCE: f64 = 8.0;
    /// The most steps of the search.
    pub const MOST_STEPS: usize = 128;

    #[inline(always)]
    fn scale<S: Isa, R: Real>(&self, simd: S, p: Row<'_, R>, i: usize) -> Lane<S, R> {
        let most = Lane::constant(simd, Self::LARGEST);
        // NaN passes, as the second argument.
        (-most).max(most.min(p.at(simd, i))).exp()
    }

    #[inline(always)]
    fn shift<S: Isa, R: Real>(&self, simd: S, p: Row<'_, R>, i: usize) -> Lane<S, R> {
        if !self.shifts {
            return Lane::constant(simd, 0.0);
        }
        let most = Lane::constant(simd, Self::LARGEST.exp());
        (-most).max(most.min(p.at(simd, self.mixtures + i)))
    }

    /// The largest logarithm of a weight.
    #[inline(always)]
    fn largest<S: Isa, R: Real>(&self, simd: S, p: Row<'_, R>) -> Lane<S, R> {
        if !self.weights {
            return Lane::constant(simd, 0.0);
        }
        let first = self.mixtures * if self.shifts { 2 } else { 1 };
        let mut most = p.at(simd, first);
        for i in 1..self.mixtures {
            most = most.max(p.at(simd, first + i));
        }
        most
    }

    /// A weight, before they are made to sum to 1.
    #[inline(always)]
    fn weight<S: Isa, R: Real>(&self, p: Row<'_, R>, i: usize, largest: Lane<S, R>) -> Lane<S, R> {
        if !self.weights {
            return Lane::constant(largest.simd(), 1.0);
        }
        let first = self.mixtures * if self.shifts { 2 } else { 1 };
        (p.at(largest.simd(), first + i) - largest).exp()
    }

    #[inline(always)]
    fn at<S: Isa, R: Real>([sin, cos]: Half<S, R>, e: Lane<S, R>, b: Lane<S, R>) -> At<S, R> {
        let n = e.mul_add(sin, b * cos);
        let over_q = n.mul_add(n, cos * cos).recip();
        // N (e^s cos − b sin) − sin cos
        let turned = e.mul_add(cos, -(b * sin));
        let curvature = -(n.mul_add(turned, -(sin * cos)) * over_q);
        At { n, over_q, slope: e * over_q, curvature }
    }

    /// The mixture at `u` in `[−π, π]`: value, derivative, and the derivative of that.
    #[inline(always)]
    fn mixed<S: Isa, R: Real>(&self, u: Lane<S, R>, p: Row<'_, R>, largest: Lane<S, R>) -> Mapped<S, R> {
        let simd = u.simd();
        let (sin, cos) = (u * Lane::constant(simd, 0.5)).sin_cos();
        let zero = Lane::constant(simd, 0.0);
        let (mut y, mut slope, mut second, mut norm) = (zero, zero, zero, zero);
        for i in 0..self.mixtures {
            let w = self.weight(p, i, largest);
            let at = Self::at([sin, cos], self.scale(simd, p, i), self.shift(simd, p, i));
            y = w.mul_add(at.n.atan2(cos), y);
            let ws = w * at.slope;
            slope = slope + ws;
            second = ws.mul_add(at.curvature, second);
            norm = norm + w;
        }
        let over = norm.recip();
        [y * (over + over), slope * over, second * over]
    }

    /// Newton's steps towards `f(u) = v`, halving the interval where they leave it. A lane that has arrived is left alone,
    /// so that its result does not depend on its neighbours.
    #[inline(always)]
    fn search<S: Isa, R: Real>(&self, v: Lane<S, R>, p: Row<'_, R>, largest: Lane<S, R>) -> Lane<S, R> {
        let simd = v.simd();
        let unit = if R::WIDTH == 16 { f32::EPSILON as f64 } else { f64::EPSILON };
        let tolerance = Lane::constant(simd, Self::TOLERANCE * unit);
        let half = Lane::constant(simd, 0.5);
        let (mut low, mut high) = (Lane::constant(simd, -PI), Lane::constant(simd, PI));
        let mut u = v;
        for _ in 0..Self::MOST_STEPS {
            let [y, slope, _] = self.mixed(u, p, largest);
            let off = y - v;
            let far = tolerance.lt(off.abs());
            let above = Lane::constant(simd, 0.0).lt(off);
            high = Lane::select(above, u, high);
            low = Lane::select(above, low, u);
            let middle = (low + high) * half;
            let newton = u - off / slope;
            let inside = Lane::select(low.lt(newton), Lane::select(newton.lt(high), newton, middle), middle);
            // An interval of two neighbouring numbers ends the search, too.
            let next = Lane::select(far, inside, u);
            let moved = tolerance.lt((high - low) * half);
            let next = Lane::select(moved, next, u);
            let change = (next - u).abs();
            u = next;
            if !Lane::constant(simd, 0.0).lt(change).any() {
                break;
            }
        }
        u
    }
}

impl Map for Moebius {
    #[inline(always)]
    fn parameters(&self) -> usize {
        self.mixtures * (1 + usize::from(self.shifts) + usize::from(self.weights)) + usize::from(self.offset)
    }

    #[inline(always)]
    fn map<S: Isa, R: Real>(&self, x: Lane<S, R>, p: Row<'_, R>, inverse: bool, _: &mut Work<S, R>) -> Mapped<S, R> {
        let offset = offset(x, p, self.offset.then(|| self.parameters() - 1));
        let (u, turns) = unwound(if inverse { x - offset } else { x });
        let largest = self.largest(x.simd(), p);
        if !inverse {
            let [y, slope, second] = self.mixed(u, p, largest);
            return [y + turns + offset, slope.ln(), second / slope];
        }
        let at = self.search(u, p, largest);
        let [_, slope, second] = self.mixed(at, p, largest);
        // With x = f⁻¹(y): ln dx/dy = −ln f', and its derivative −(f''/f') dx/dy.
        [at + turns, -slope.ln(), -(second / (slope * slope))]
    }

    /// `∂y_i/∂s = slope sin x`, `∂y_i/∂b = 2 cos²(x/2) / q`; of the logarithms `1 − 2 N e^s sin(x/2) / q` and
    /// `−2 N cos(x/2) / q`. A weight `ρ_i` of the mean gives `ρ_i (y_i − y)` and `ρ_i (slope_i / slope − 1)`.
    #[inline(always)]
    fn tangent<S: Isa, R: Real>(
        &self,
        x: Lane<S, R>,
        p: Row<'_, R>,
        [a, b]: [Lane<S, R>; 2],
        _: &mut Work<S, R>,
        mut store: impl FnMut(usize, Lane<S, R>),
    ) {
        let simd = x.simd();
        let (u, _) = unwound(x);
        let largest = self.largest(simd, p);
        let (sin, cos) = (u * Lane::constant(simd, 0.5)).sin_cos();
        let zero = Lane::constant(simd, 0.0);
        let (mut slope, mut norm, mut y) = (zero, zero, zero);
        for i in 0..self.mixtures {
            let w = self.weight(p, i, largest);
            let at = Self::at([sin, cos], self.scale(simd, p, i), self.shift(simd, p, i));
            slope = w.mul_add(at.slope, slope);
            norm = norm + w;
            if self.weights {
                y = w.mul_add(at.n.atan2(cos), y);
            }
        }
        if self.offset {
            store(self.parameters() - 1, a);
        }
        // In units of the weights before they are normed.
        let (a, b) = (a / norm, b / slope);
        let y = y / norm;
        let slope = slope / norm;
        let two_cos = cos + cos;
        for i in 0..self.mixtures {
            let w = self.weight(p, i, largest);
            let (e, shift) = (self.scale(simd, p, i), self.shift(simd, p, i));
            let at = Self::at([sin, cos], e, shift);
            let to_log = b * at.slope;
            let two_n = at.n + at.n;
            let one = Lane::constant(simd, 1.0);
            let of_log = one - two_n * (e * sin) * at.over_q;
            let s = at.slope * (two_cos * sin);
            store(i, w * a.mul_add(s, to_log * of_log));
            if self.shifts {
                let of_y = two_cos * cos * at.over_q;
                let of_log = -(two_n * cos * at.over_q);
                store(self.mixtures + i, w * a.mul_add(of_y, to_log * of_log));
            }
            if self.weights {
                let own = at.n.atan2(cos) - y;
                let first = self.mixtures * if self.shifts { 2 } else { 1 };
                store(first + i, w * a.mul_add(own + own, b * (at.slope - slope)));
            }
        }
    }
}
