//! Heat baths of one link: draws from `exp(c Re tr(u a))` by rejection, exact for every `c`.
//!
//! Each lane walks through its own attempts and keeps the first that is accepted, so that its numbers do not depend on
//! its neighbours; the loop ends when the last lane has accepted.

use super::{Array, Group, Isa, Lane, MatrixOf, Real, SU2, SU3, U1, any, least_square};

/// Attempts after which the old value is kept. Fewer than 6 in 10 are rejected at any coupling, so that no draw of
/// any run comes near.
pub const MOST_ATTEMPTS: u32 = 1000;

/// `|a|` and `a/|a|`, for groups whose real multiples all their sums are; 0 and 1 where `a` is 0, or so small that its
/// square is.
#[inline(always)]
pub(super) fn direction<G: Group, S: Isa, R: Real>(a: &MatrixOf<G, S, R>) -> (Lane<S, R>, MatrixOf<G, S, R>) {
    let simd = a.as_ref()[0].simd();
    let zero = Lane::constant(simd, 0.0);
    let mut square = zero;
    for &x in a.as_ref() {
        square = x.mul_add(x, square);
    }
    let small = square.lt(Lane::constant(simd, least_square::<R>()));
    let norm = square.sqrt();
    let by = Lane::constant(simd, 1.0) / norm;
    let one = G::one(simd);
    let v = MatrixOf::<G, S, R>::from_fn(
        #[inline(always)]
        |i| Lane::select(small, one.as_ref()[i], a.as_ref()[i] * by),
    );
    (Lane::select(small, zero, norm), v)
}

#[expect(clippy::type_complexity, reason = "three lanes' worth of one thing each")]
/// The strength `|c| |a|` and the direction of `c a`, and a lane that is 1 where the strength is finite, else 0.
#[inline(always)]
fn weight<G: Group, S: Isa, R: Real>(
    a: &MatrixOf<G, S, R>,
    c: Lane<S, R>,
) -> (Lane<S, R>, MatrixOf<G, S, R>, Lane<S, R>) {
    let (norm, v) = direction::<G, S, R>(a);
    let (zero, one) = (Lane::constant(c.simd(), 0.0), Lane::constant(c.simd(), 1.0));
    let sign = one.copy_sign(c);
    let strength = c.abs() * norm;
    let finite = Lane::select(strength.lt(Lane::constant(c.simd(), f64::INFINITY)), one, zero);
    (strength, super::scale(sign, &v), finite)
}

/// `new` where `accepted` is 1, `old` elsewhere.
#[inline(always)]
fn taken<A: Array<Lane<S, R>>, S: Isa, R: Real>(accepted: Lane<S, R>, new: &A, old: &A) -> A {
    let accepted = Lane::constant(accepted.simd(), 0.0).lt(accepted);
    A::from_fn(
        #[inline(always)]
        |i| Lane::select(accepted, new.as_ref()[i], old.as_ref()[i]),
    )
}

/// The density `exp(κ cos θ)` of the angle `θ` of `u v`, `κ = c |a|`: von Mises, by Best and Fisher, Applied Statistics
/// 28, 152 (1979), in a form that is accurate for any `κ`.
///
/// Their proposal is Cauchy's distribution on the circle, `tan(θ/2) = s tan(π (r − ½))`, with
/// `s² = 1/(2κ + √(1 + 4κ²))` in place of their `r = (1 + s²)/(1 − s²)`; with `w = ½ (1 + s²) + κ (1 − cos θ)` it is
/// accepted with probability `w e^{1−w}`. At least 0.66 are.
///
/// Reads two numbers of the blocks 0, 1, …, one a proposal. `κ` is cut at 10¹⁸, where angles are no longer resolved.
#[inline(always)]
pub(super) fn u1<S: Isa, R: Real>(
    old: &[Lane<S, R>; 2],
    a: &[Lane<S, R>; 2],
    c: Lane<S, R>,
    mut source: impl FnMut(u32) -> [Lane<S, R>; 4],
) -> [Lane<S, R>; 2] {
    let simd = c.simd();
    let (zero, half, one) = (Lane::constant(simd, 0.0), Lane::constant(simd, 0.5), Lane::constant(simd, 1.0));
    let (kappa, v, finite) = weight::<U1, S, R>(a, c);
    let twice = kappa.min(Lane::constant(simd, 1e18));
    let twice = twice + twice;
    let s2 = one / (twice + twice.mul_add(twice, one).sqrt());
    let s = s2.sqrt();
    let start = half.mul_add(s2, half);
    let mut open = finite;
    let mut w = U1::one(simd);
    for attempt in 0..MOST_ATTEMPTS {
        if !any(zero.lt(open)) {
            break;
        }
        let r = source(attempt);
        let (y, x) = (r[0] * half).sin_cos_turns();
        let y = y * s;
        let (x2, y2) = (x * x, y * y);
        let by = one / (x2 + y2);
        let exponent = (twice * y2).mul_add(by, start);
        let accept = Lane::select(r[1].lt(exponent * (one - exponent).exp()), open, zero);
        let xy = x * y;
        w = taken(accept, &[(x2 - y2) * by, (xy + xy) * by], &w);
        open = open - accept;
    }
    taken(finite - open, &U1::multiply_adjoint(&w, &v), old)
}

/// The density `exp(k w₀)` of `w = u v`, `k = 2 c |a|`, `w₀ = 1 − 2λ²`: Kennedy and Pendleton, PLB 156, 393 (1985), where
/// `λ²` is drawn from `√λ² e^{−2kλ²}` and accepted with probability `√(1 − λ²)`; for `k < 0.7` `w₀` is drawn uniformly
/// and accepted with probability `√(1 − w₀²) e^{k(w₀−1)}`. At least 0.4 of the proposals are accepted.
///
/// Reads two numbers of block 0 for the direction, and the blocks 1, 2, …, one a proposal.
#[inline(always)]
pub(super) fn su2<S: Isa, R: Real>(
    old: &[Lane<S, R>; 4],
    a: &[Lane<S, R>; 4],
    c: Lane<S, R>,
    mut source: impl FnMut(u32) -> [Lane<S, R>; 4],
) -> [Lane<S, R>; 4] {
    let simd = c.simd();
    let (zero, one) = (Lane::constant(simd, 0.0), Lane::constant(simd, 1.0));
    let (strength, v, finite) = weight::<SU2, S, R>(a, c);
    // 4 c |a| = 2 k
    let four = Lane::constant(simd, 4.0);
    let twice = strength * four;
    let flat = twice.lt(Lane::constant(simd, 1.4));
    let mut open = finite;
    let mut lambda2 = zero;
    for attempt in 1..=MOST_ATTEMPTS {
        if !any(zero.lt(open)) {
            break;
        }
        let r = source(attempt);
        let cos = r[1].sin_cos_turns().1;
        let gamma = -(cos * cos).mul_add(r[2].ln(), r[0].ln()) / twice;
        let proposal = Lane::select(flat, r[0], gamma);
        let rest = one - proposal;
        let level = (four * proposal) * (-(twice * (proposal + proposal))).exp();
        let level = Lane::select(flat, level * rest, rest);
        let accept = Lane::select((r[3] * r[3]).lt(level), open, zero);
        [lambda2] = taken(accept, &[proposal], &[lambda2]);
        open = open - accept;
    }
    let r = source(0);
    let (sin, cos) = r[1].sin_cos_turns();
    // √(1 − z²) with z = 2 r − 1.
    let two = Lane::constant(simd, 2.0);
    let radius = two * (lambda2 * (one - lambda2)).sqrt();
    let ring = radius * two * (r[0] * (one - r[0])).sqrt();
    let w = [one - (lambda2 + lambda2), ring * cos, ring * sin, radius * (r[0] + r[0] - one)];
    taken(finite - open, &SU2::multiply_adjoint(&w, &v), old)
}

/// Cabibbo and Marinari, PLB 119, 387 (1982): draws in three SU(2) subgroups in turn. Subgroup `i` reads block `b` of
/// its own in `source(3 b + i)`.
#[inline(always)]
pub(super) fn su3<S: Isa, R: Real>(
    u: &[Lane<S, R>; 18],
    a: &[Lane<S, R>; 18],
    c: Lane<S, R>,
    mut source: impl FnMut(u32) -> [Lane<S, R>; 4],
) -> [Lane<S, R>; 18] {
    in_subgroups(
        u,
        a,
        #[inline(always)]
        |i, part| {
            su2(
                &SU2::one(c.simd()),
                part,
                c,
                #[inline(always)]
                |block| source(3 * block + i),
            )
        },
    )
}

/// Multiplies `u` from the left by `g = update(i, q)` in the subgroups of rows (0, 1), (0, 2), (1, 2), `i = 0, 1, 2`,
/// where `Re tr(g u a) = Re tr(g q)` up to what `g` leaves alone: `q` is the quaternion part of the block of `u a`.
#[inline(always)]
pub(super) fn in_subgroups<S: Isa, R: Real>(
    u: &[Lane<S, R>; 18],
    a: &[Lane<S, R>; 18],
    mut update: impl FnMut(u32, &[Lane<S, R>; 4]) -> [Lane<S, R>; 4],
) -> [Lane<S, R>; 18] {
    let half = Lane::constant(u[0].simd(), 0.5);
    let (mut u, mut m) = (*u, SU3::multiply(u, a));
    for (i, (p, q)) in [(0, 1), (0, 2), (1, 2)].into_iter().enumerate() {
        let (pp, pq, qp, qq) = (8 * p, 6 * p + 2 * q, 6 * q + 2 * p, 8 * q);
        let part = [
            half * (m[pp] + m[qq]),
            half * (m[pq + 1] + m[qp + 1]),
            half * (m[pq] - m[qp]),
            half * (m[pp + 1] - m[qq + 1]),
        ];
        let g = update(i as u32, &part);
        rows_times(&g, &mut u, p, q);
        if i < 2 {
            rows_times(&g, &mut m, p, q);
        }
    }
    // A product of matrices that are unitary up to rounding; so that rounding does not add up.
    SU3::reunitarise(&u)
}

/// Multiplies rows `p` and `q` from the left by `(g₀ + i g₃, g₂ + i g₁; −g₂ + i g₁, g₀ − i g₃)`.
#[inline(always)]
fn rows_times<S: Isa, R: Real>(g: &[Lane<S, R>; 4], m: &mut [Lane<S, R>; 18], p: usize, q: usize) {
    for j in 0..3 {
        let (x, y) = (6 * p + 2 * j, 6 * q + 2 * j);
        let (xr, xi, yr, yi) = (m[x], m[x + 1], m[y], m[y + 1]);
        m[x] = (-g[1]).mul_add(yi, g[2].mul_add(yr, (-g[3]).mul_add(xi, g[0] * xr)));
        m[x + 1] = g[1].mul_add(yr, g[2].mul_add(yi, g[3].mul_add(xr, g[0] * xi)));
        m[y] = g[3].mul_add(yi, g[0].mul_add(yr, (-g[1]).mul_add(xi, -(g[2] * xr))));
        m[y + 1] = (-g[3]).mul_add(yr, g[0].mul_add(yi, g[1].mul_add(xr, -(g[2] * xi))));
    }
}
