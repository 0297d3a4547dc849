//! One link under the weight `exp(c Re tr(U A))`: heat bath and overrelaxation, group by group.
//!
//! Lanes that have accepted are frozen, so that a lane's link does not depend on its neighbours' luck. After [`ATTEMPTS`]
//! rejections the old link stays, with a probability below 10⁻¹² whatever the weight.

use crate::group::{Array, Group, SU2, SU3, U1};
use crate::lanes::group::{MatrixOf, any};
use crate::lanes::{Isa, Lane, Real};
use std::f64::consts::{FRAC_PI_2, PI};

/// Offers of a rejection method, each with a turn of the random stream.
const ATTEMPTS: u32 = 63;
/// Turns that a subgroup has.
const TURNS: u32 = 64;

/// Four uniform numbers for each turn.
pub(super) trait Source<S: Isa, R: Real>: Copy {
    fn four(self, simd: S, turn: u32) -> [Lane<S, R>; 4];
}

/// Groups whose links can be updated one by one.
pub(super) trait LocalLink: Group {
    /// A link drawn from `exp(c Re tr(U A))`.
    fn heat_bath<S: Isa, R: Real>(
        old: &MatrixOf<Self, S, R>,
        staples: &MatrixOf<Self, S, R>,
        c: Lane<S, R>,
        source: impl Source<S, R>,
    ) -> MatrixOf<Self, S, R>;

    /// The link `V† U† V†` of equal weight, `V` the direction of `A`; for SU(3) in each of three subgroups.
    fn overrelax<S: Isa, R: Real>(old: &MatrixOf<Self, S, R>, staples: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R>;
}

#[inline(always)]
fn constant<S: Isa, R: Real>(simd: S, x: f64) -> Lane<S, R> {
    Lane::constant(simd, x)
}

/// Length and direction of a stored matrix; the unit matrix for one that vanishes.
#[inline(always)]
fn direction<G: Group, S: Isa, R: Real>(a: &MatrixOf<G, S, R>) -> (Lane<S, R>, MatrixOf<G, S, R>) {
    let simd = a.as_ref()[0].simd();
    let tiny = Lane::constant(simd, 1e-18);
    let mut norm2 = Lane::constant(simd, 0.0);
    for &x in a.as_ref() {
        norm2 = x.mul_add(x, norm2);
    }
    let (norm, one) = (norm2.sqrt(), G::one::<S, R>(simd));
    let vanishes = norm.lt(tiny);
    let unit = MatrixOf::<G, S, R>::from_fn(
        #[inline(always)]
        |i| Lane::select(vanishes, one.as_ref()[i], a.as_ref()[i] / norm.max(tiny)),
    );
    (norm, unit)
}

/// `cos φ` by its distance from 1, under `exp(κ cos φ)`, and the sine: von Mises by Best and Fisher (1979), written in
/// `1 − cos φ` so that large `κ` loses no digits; for small `κ` by rejection from the uniform distribution.
#[inline(always)]
fn von_mises<S: Isa, R: Real>(kappa: Lane<S, R>, source: impl Source<S, R>) -> [Lane<S, R>; 3] {
    let simd = kappa.simd();
    let (zero, one, two) = (constant::<S, R>(simd, 0.0), constant::<S, R>(simd, 1.0), constant::<S, R>(simd, 2.0));
    let small = kappa.lt(constant::<S, R>(simd, 0.5));
    // r − 1 of the wrapped Cauchy envelope, r = s + √(1 + s²) with s = 1/2κ.
    let s = constant::<S, R>(simd, 0.5) / kappa.max(constant::<S, R>(simd, 0.5));
    let rise = s + s * s / (one + (one + s * s).sqrt());
    let (mut gap, mut sine, mut open) = (zero, zero, one);
    for attempt in 0..ATTEMPTS {
        let [u1, u2, u3, _] = source.four(simd, attempt);
        let (sin, cos) = (u1 * constant::<S, R>(simd, FRAC_PI_2)).sin_cos();
        // 1 − z and 1 + z for z = cos π u₁; the uniform angle has these too.
        let (minus, plus) = (two * sin * sin, two * cos * cos);
        let enveloped = rise * minus / (rise + plus);
        let offer = Lane::select(small, minus, enveloped);
        let height = kappa * (rise + enveloped);
        let weight = Lane::select(small, (-(kappa * minus)).exp(), height * (one - height).exp());
        let taken = u2.lt(weight * open);
        let root = (offer * (two - offer).max(zero)).sqrt();
        let signed = Lane::select(u3.lt(constant::<S, R>(simd, 0.5)), root, -root);
        gap = Lane::select(taken, offer, gap);
        sine = Lane::select(taken, signed, sine);
        open = Lane::select(taken, zero, open);
        if !any(zero.lt(open), one, zero) {
            break;
        }
    }
    [gap, sine, open]
}

/// A quaternion of length 1 under `exp(α x₀)` and the Haar measure: Kennedy and Pendleton (1985), for `α < 1` by rejection
/// from the uniform distribution. The last number is 1 where none was accepted.
#[inline(always)]
fn quaternion<S: Isa, R: Real>(alpha: Lane<S, R>, source: impl Source<S, R>, first: u32) -> ([Lane<S, R>; 4], Lane<S, R>) {
    let simd = alpha.simd();
    let (zero, one, two) = (constant::<S, R>(simd, 0.0), constant::<S, R>(simd, 1.0), constant::<S, R>(simd, 2.0));
    let (small, tiny) = (alpha.lt(one), constant::<S, R>(simd, 1e-30));
    let scale = constant::<S, R>(simd, 0.5) / alpha.max(one);
    // λ² = (1 − x₀)/2
    let (mut lambda2, mut open) = (zero, one);
    for attempt in 0..ATTEMPTS - 1 {
        let [u1, u2, u3, u4] = source.four(simd, first + attempt);
        let cos = (u2 * constant::<S, R>(simd, 2.0 * PI)).cos();
        let gamma = -((one - u1).max(tiny).ln() + cos * cos * (one - u3).max(tiny).ln()) * scale;
        let offer = Lane::select(small, u1, gamma);
        // √(1 − x₀²) = 2 λ √(1 − λ²): the envelope of the first method has λ already.
        let rest = (one - offer).max(zero);
        let uniform = two * (offer * rest).sqrt() * (-(two * alpha * offer)).exp();
        let weight = Lane::select(small, uniform, rest.sqrt());
        let taken = u4.lt(weight * open);
        lambda2 = Lane::select(taken, offer, lambda2);
        open = Lane::select(taken, zero, open);
        if !any(zero.lt(open), one, zero) {
            break;
        }
    }
    let [u1, u2, ..] = source.four(simd, first + ATTEMPTS);
    let radius = two * (lambda2 * (one - lambda2)).max(zero).sqrt();
    let z = two * u1 - one;
    let across = radius * (two * u1 * (two - two * u1)).max(zero).sqrt();
    let (sin, cos) = (u2 * constant::<S, R>(simd, 2.0 * PI)).sin_cos();
    ([one - two * lambda2, across * cos, across * sin, radius * z], open)
}

impl LocalLink for U1 {
    #[inline(always)]
    fn heat_bath<S: Isa, R: Real>(
        old: &MatrixOf<Self, S, R>,
        staples: &MatrixOf<Self, S, R>,
        c: Lane<S, R>,
        source: impl Source<S, R>,
    ) -> MatrixOf<Self, S, R> {
        let zero = Lane::constant(c.simd(), 0.0);
        let signed = MatrixOf::<U1, S, R>::from_fn(
            #[inline(always)]
            |i| Lane::select(c.lt(zero), -staples[i], staples[i]),
        );
        let (norm, unit) = direction::<U1, S, R>(&signed);
        let [gap, sine, open] = von_mises(c.abs() * norm, source);
        let drawn = U1::multiply_adjoint(&[Lane::constant(c.simd(), 1.0) - gap, sine], &unit);
        [Lane::select(zero.lt(open), old[0], drawn[0]), Lane::select(zero.lt(open), old[1], drawn[1])]
    }

    #[inline(always)]
    fn overrelax<S: Isa, R: Real>(old: &MatrixOf<Self, S, R>, staples: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        let (_, unit) = direction::<U1, S, R>(staples);
        U1::adjoint(&U1::multiply(&U1::multiply(&unit, old), &unit))
    }
}

/// A quaternion drawn under `exp(c Re tr(g V))`; the unit where none was accepted.
#[inline(always)]
fn drawn<S: Isa, R: Real>(
    v: &MatrixOf<SU2, S, R>,
    c: Lane<S, R>,
    source: impl Source<S, R>,
    first: u32,
    fallback: &MatrixOf<SU2, S, R>,
) -> MatrixOf<SU2, S, R> {
    let simd = c.simd();
    let zero = Lane::constant(simd, 0.0);
    let signed = MatrixOf::<SU2, S, R>::from_fn(
        #[inline(always)]
        |i| Lane::select(c.lt(zero), -v[i], v[i]),
    );
    let (norm, unit) = direction::<SU2, S, R>(&signed);
    let (x, open) = quaternion(Lane::constant(simd, 2.0) * c.abs() * norm, source, first);
    let new = SU2::multiply_adjoint(&x, &unit);
    MatrixOf::<SU2, S, R>::from_fn(
        #[inline(always)]
        |i| Lane::select(zero.lt(open), fallback[i], new[i]),
    )
}

impl LocalLink for SU2 {
    #[inline(always)]
    fn heat_bath<S: Isa, R: Real>(
        old: &MatrixOf<Self, S, R>,
        staples: &MatrixOf<Self, S, R>,
        c: Lane<S, R>,
        source: impl Source<S, R>,
    ) -> MatrixOf<Self, S, R> {
        drawn(staples, c, source, 0, old)
    }

    #[inline(always)]
    fn overrelax<S: Isa, R: Real>(old: &MatrixOf<Self, S, R>, staples: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        let (_, unit) = direction::<SU2, S, R>(staples);
        SU2::adjoint(&SU2::multiply(&SU2::multiply(&unit, old), &unit))
    }
}

/// The pairs of rows that the three subgroups mix.
const SUBGROUPS: [(usize, usize); 3] = [(0, 1), (0, 2), (1, 2)];

/// The quaternion `V` with `Re tr(g W) = Re tr(g V) + const` for `g` in the subgroup of rows `i` and `j`.
#[inline(always)]
fn block<S: Isa, R: Real>(w: &MatrixOf<SU3, S, R>, i: usize, j: usize) -> MatrixOf<SU2, S, R> {
    let half = Lane::constant(w[0].simd(), 0.5);
    let (ii, ij, ji, jj) = (8 * i, 6 * i + 2 * j, 6 * j + 2 * i, 8 * j);
    [
        (w[ii] + w[jj]) * half,
        (w[ij + 1] + w[ji + 1]) * half,
        (w[ij] - w[ji]) * half,
        (w[ii + 1] - w[jj + 1]) * half,
    ]
}

/// Rows `i` and `j` of `m`, mixed by a quaternion from the left.
#[inline(always)]
fn mix<S: Isa, R: Real>(g: &MatrixOf<SU2, S, R>, m: &mut MatrixOf<SU3, S, R>, i: usize, j: usize) {
    for column in 0..3 {
        let (p, q) = (6 * i + 2 * column, 6 * j + 2 * column);
        let [a, b, c, d] = [m[p], m[p + 1], m[q], m[q + 1]];
        // (g₀ + i g₃) x + (g₂ + i g₁) y and (−g₂ + i g₁) x + (g₀ − i g₃) y
        m[p] = g[0] * a - g[3] * b + (g[2] * c - g[1] * d);
        m[p + 1] = g[0] * b + g[3] * a + (g[2] * d + g[1] * c);
        m[q] = g[0] * c + g[3] * d - (g[2] * a + g[1] * b);
        m[q + 1] = g[0] * d - g[3] * c + (g[1] * a - g[2] * b);
    }
}

impl LocalLink for SU3 {
    /// Cabibbo and Marinari (1982).
    #[inline(always)]
    fn heat_bath<S: Isa, R: Real>(
        old: &MatrixOf<Self, S, R>,
        staples: &MatrixOf<Self, S, R>,
        c: Lane<S, R>,
        source: impl Source<S, R>,
    ) -> MatrixOf<Self, S, R> {
        let (mut u, mut w) = (*old, SU3::multiply(old, staples));
        let one = SU2::one::<S, R>(c.simd());
        for (k, (i, j)) in SUBGROUPS.into_iter().enumerate() {
            let g = drawn(&block(&w, i, j), c, source, TURNS * k as u32, &one);
            mix(&g, &mut u, i, j);
            mix(&g, &mut w, i, j);
        }
        SU3::reunitarise(&u)
    }

    #[inline(always)]
    fn overrelax<S: Isa, R: Real>(old: &MatrixOf<Self, S, R>, staples: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        let (mut u, mut w) = (*old, SU3::multiply(old, staples));
        for (i, j) in SUBGROUPS {
            let (_, unit) = direction::<SU2, S, R>(&block(&w, i, j));
            let back = SU2::adjoint(&unit);
            let g = SU2::multiply(&back, &back);
            mix(&g, &mut u, i, j);
            mix(&g, &mut w, i, j);
        }
        SU3::reunitarise(&u)
    }
}
