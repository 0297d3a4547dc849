//! The exponential of SU(3), the bracket of its algebra, and the derivative of the one by series of the other.

use super::super::{Group, Isa, Lane, Real, SU3, any, largest_length, scale};
use super::{Complex, THIRD_ROOT, at, fma, mul, twice};

/// `ω` halved until `|ω| ≤ reach`, and how often, lane by lane; not a number beyond [`largest_length`].
struct Halved<S: Isa, R: Real> {
    omega: [Lane<S, R>; 8],
    times: Lane<S, R>,
    /// The most of any lane.
    most: usize,
}

#[inline(always)]
fn halved<S: Isa, R: Real>(omega: &[Lane<S, R>; 8], reach: f64) -> Halved<S, R> {
    let simd = omega[0].simd();
    let (zero, one) = (Lane::constant(simd, 0.0), Lane::constant(simd, 1.0));
    let mut square = zero;
    for &w in omega {
        square = w.mul_add(w, square);
    }
    let reach2 = Lane::constant(simd, reach * reach);
    if !any(reach2.lt(square)) {
        // Lanes that are not a number stay so.
        return Halved { omega: *omega, times: zero, most: 0 };
    }
    let largest2 = Lane::constant(simd, largest_length::<R>() * largest_length::<R>());
    let mut rest = Lane::select(square.lt(largest2), square, zero);
    let (quarter, half) = (Lane::constant(simd, 0.25), Lane::constant(simd, 0.5));
    let mut by = Lane::select(square.lt(largest2), one, Lane::constant(simd, f64::NAN));
    let (mut times, mut most) = (zero, 0);
    while any(reach2.lt(rest)) {
        let large = reach2.lt(rest);
        times = times + Lane::select(large, one, zero);
        by = Lane::select(large, by * half, by);
        rest = Lane::select(large, rest * quarter, rest);
        most += 1;
    }
    Halved { omega: scale(by, omega), times, most }
}

/// The exponential of `X = i Q`, `Q = Σ ω_a T_a`, as `f₀ + f₁ X + f₂ X²`: by `Q³ = s Q + q` with `s = ½ tr Q²`, `q = det Q`
/// every power of `X` is such a sum, so Taylor's series is one of complex numbers (Horner). It converges to rounding for
/// `|ω| ≤ 1`, where eigenvalues of `Q` are at most `1/√3`; longer ones are halved first, and `f` squared as often: entire
/// functions of `s` and `q`, with no case for equal eigenvalues. (The coefficients as functions: Morningstar, Peardon,
/// PRD 69, 054501 (2004).)
#[inline(always)]
pub(super) fn exp<S: Isa, R: Real>(omega: &[Lane<S, R>; 8]) -> [Lane<S, R>; 18] {
    let small = halved(omega, REACH);
    let simd = omega[0].simd();
    let (zero, one, half) = (Lane::constant(simd, 0.0), Lane::constant(simd, 1.0), Lane::constant(simd, 0.5));
    let x = SU3::embed(&small.omega);
    let x2 = SU3::multiply(&x, &x);
    // tr X² = −2 s; det X = −i q, from the trace of the cube, tr X³ = −3 i q.
    let s = -(SU3::re_trace(&x2) * half);
    let mut cube = zero;
    for i in 0..3 {
        for k in 0..3 {
            let (a, b) = (at(&x2, i, k), at(&x, k, i));
            cube = a[1].mul_add(b[0], a[0].mul_add(b[1], cube));
        }
    }
    let q = -(cube * Lane::constant(simd, 1.0 / 3.0));
    // X³ = −s X − i q.
    let terms = if R::WIDTH == 16 { 8 } else { 15 };
    let mut f = [[one, zero], [zero, zero], [zero, zero]];
    for n in (1..=terms).rev() {
        let c = Lane::constant(simd, 1.0 / f64::from(n));
        // 1 + X f / n: f₀' = 1 − i q f₂/n, f₁' = (f₀ − s f₂)/n, f₂' = f₁/n
        let (qc, [re2, im2]) = (q * c, f[2]);
        f = [
            [im2.mul_add(qc, one), -(re2 * qc)],
            [(-s).mul_add(re2, f[0][0]) * c, (-s).mul_add(im2, f[0][1]) * c],
            [f[1][0] * c, f[1][1] * c],
        ];
    }
    let mut left = small.times;
    for _ in 0..small.most {
        let more = zero.lt(left);
        let g = squared(f, s, q);
        for (f, g) in f.iter_mut().zip(g) {
            for (f, g) in f.iter_mut().zip(g) {
                *f = Lane::select(more, g, *f);
            }
        }
        left = left - one;
    }
    let mut u = [zero; 18];
    for c in 0..9 {
        let (x, x2) = ([x[2 * c], x[2 * c + 1]], [x2[2 * c], x2[2 * c + 1]]);
        let start = if c % 4 == 0 { f[0] } else { [zero, zero] };
        let z = fma(f[2], x2, fma(f[1], x, start));
        u[2 * c] = z[0];
        u[2 * c + 1] = z[1];
    }
    u
}

/// `|ω|` up to which Taylor's series of [`exp`] serves.
const REACH: f64 = 1.0;

/// `(f₀ + f₁ X + f₂ X²)²` by `X³ = −s X − i q`, `X⁴ = −s X² − i q X`.
#[inline(always)]
fn squared<S: Isa, R: Real>(f: [Complex<S, R>; 3], s: Lane<S, R>, q: Lane<S, R>) -> [Complex<S, R>; 3] {
    let [f0, f1, f2] = f;
    let (cross, square) = (twice(mul(f1, f2)), mul(f2, f2));
    // −i q z = q (Im z − i Re z)
    let (f00, f01) = (mul(f0, f0), twice(mul(f0, f1)));
    let f02 = fma(f1, f1, twice(mul(f0, f2)));
    [
        [q.mul_add(cross[1], f00[0]), (-q).mul_add(cross[0], f00[1])],
        [q.mul_add(square[1], (-s).mul_add(cross[0], f01[0])), (-q).mul_add(square[0], (-s).mul_add(cross[1], f01[1]))],
        [(-s).mul_add(square[0], f02[0]), (-s).mul_add(square[1], f02[1])],
    ]
}

/// The independent `(a, b, c, f_abc)`, counted from 0.
const STRUCTURE: [(usize, usize, usize, f64); 9] = [
    (0, 1, 2, 1.0),
    (0, 3, 6, 0.5),
    (0, 4, 5, -0.5),
    (1, 3, 5, 0.5),
    (1, 4, 6, 0.5),
    (2, 3, 4, 0.5),
    (2, 5, 6, -0.5),
    (3, 4, 7, 1.5 * THIRD_ROOT),
    (5, 6, 7, 1.5 * THIRD_ROOT),
];

/// `−f_abc a_a b_b`
#[inline(always)]
pub(super) fn bracket<S: Isa, R: Real>(a: &[Lane<S, R>; 8], b: &[Lane<S, R>; 8]) -> [Lane<S, R>; 8] {
    let mut y = [Lane::constant(a[0].simd(), 0.0); 8];
    for (k, l, m, f) in STRUCTURE {
        let f = Lane::constant(a[0].simd(), f);
        for (k, l, m) in [(k, l, m), (l, m, k), (m, k, l)] {
            y[m] = a[l].mul_add(b[k], -(a[k] * b[l])).mul_add(f, y[m]);
        }
    }
    y
}

/// `Σ_k (−ad_X)^k g / (k+1)! = φ(−ad_X) g`: the series for `|ω| ≤ 1`, which bounds the eigenvalues of `ad_X`; beyond that
/// by `φ(2z) = ½ (e^z + 1) φ(z)`, where `e^{−ad_X} g` is `g` conjugated by `e^{−X}`.
#[inline(always)]
pub(super) fn tangent_of_exp<S: Isa, R: Real>(omega: &[Lane<S, R>; 8], g: &[Lane<S, R>; 8]) -> [Lane<S, R>; 8] {
    let small = halved(omega, 1.0);
    let simd = omega[0].simd();
    let (zero, one, half) = (Lane::constant(simd, 0.0), Lane::constant(simd, 1.0), Lane::constant(simd, 0.5));
    let minus = scale(-one, &small.omega);
    let terms = if R::WIDTH == 16 { 10 } else { 18 };
    let mut y = *g;
    for k in (2..=terms).rev() {
        let by = Lane::constant(simd, 1.0 / f64::from(k));
        let term = bracket(&minus, &y);
        for c in 0..8 {
            y[c] = term[c].mul_add(by, g[c]);
        }
    }
    if small.most == 0 {
        return y;
    }
    let mut e = exp(&minus);
    let mut left = small.times;
    for _ in 0..small.most {
        let more = zero.lt(left);
        let turned = SU3::moments(&SU3::multiply_adjoint(&SU3::multiply(&e, &SU3::embed(&y)), &e));
        // Twice the moments are the coefficients.
        for c in 0..8 {
            y[c] = Lane::select(more, y[c].mul_add(half, turned[c]), y[c]);
        }
        e = SU3::multiply(&e, &e);
        left = left - one;
    }
    y
}
