//! SU(3): nine complex numbers row by row, `T_a = λ_a/2` with Gell-Mann's matrices.

use super::{AlgebraOf, Array, Group, Isa, Lane, MatrixOf, Real, any, scale};
use crate::group::GroupName;

/// The group SU(3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SU3;

/// Real and imaginary part.
type Complex<S, R> = [Lane<S, R>; 2];

/// Element `(i, j)`.
#[inline(always)]
fn at<S: Isa, R: Real>(m: &[Lane<S, R>; 18], i: usize, j: usize) -> Complex<S, R> {
    [m[6 * i + 2 * j], m[6 * i + 2 * j + 1]]
}

/// `c + a b`
#[inline(always)]
fn fma<S: Isa, R: Real>(a: Complex<S, R>, b: Complex<S, R>, c: Complex<S, R>) -> Complex<S, R> {
    [(-a[1]).mul_add(b[1], a[0].mul_add(b[0], c[0])), a[1].mul_add(b[0], a[0].mul_add(b[1], c[1]))]
}

/// `a b`
#[inline(always)]
fn mul<S: Isa, R: Real>(a: Complex<S, R>, b: Complex<S, R>) -> Complex<S, R> {
    [(-a[1]).mul_add(b[1], a[0] * b[0]), a[1].mul_add(b[0], a[0] * b[1])]
}

/// `Σ_k a(i,k) b(k,j)` for all elements, where `a` and `b` say how they are read.
#[inline(always)]
fn product<S: Isa, R: Real>(
    a: impl Fn(usize, usize) -> Complex<S, R>,
    b: impl Fn(usize, usize) -> Complex<S, R>,
) -> [Lane<S, R>; 18] {
    let zero = Lane::constant(a(0, 0)[0].simd(), 0.0);
    let mut c = [zero; 18];
    for i in 0..3 {
        for j in 0..3 {
            let z = fma(a(i, 2), b(2, j), fma(a(i, 1), b(1, j), mul(a(i, 0), b(0, j))));
            c[6 * i + 2 * j] = z[0];
            c[6 * i + 2 * j + 1] = z[1];
        }
    }
    c
}

/// `1/√3` and `1/(2√3)`.
const THIRD_ROOT: f64 = 0.577_350_269_189_625_8;

impl Group for SU3 {
    const NAME: GroupName = GroupName::SU3;
    const N: usize = 3;
    const MATRIX: usize = 18;
    const ALGEBRA: usize = 8;
    type Matrix<L: Copy> = [L; 18];
    type Algebra<L: Copy> = [L; 8];

    #[inline(always)]
    fn one<S: Isa, R: Real>(simd: S) -> MatrixOf<Self, S, R> {
        <[Lane<S, R>; 18]>::from_fn(
            #[inline(always)]
            |c| Lane::constant(simd, if c % 8 == 0 { 1.0 } else { 0.0 }),
        )
    }

    #[inline(always)]
    fn multiply<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>, b: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        product(
            #[inline(always)]
            |i, k| at(a, i, k),
            #[inline(always)]
            |k, j| at(b, k, j),
        )
    }

    #[inline(always)]
    fn multiply_adjoint<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>, b: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        product(
            #[inline(always)]
            |i, k| at(a, i, k),
            #[inline(always)]
            |k, j| {
                let [re, im] = at(b, j, k);
                [re, -im]
            },
        )
    }

    #[inline(always)]
    fn adjoint_multiply<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>, b: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        product(
            #[inline(always)]
            |i, k| {
                let [re, im] = at(a, k, i);
                [re, -im]
            },
            #[inline(always)]
            |k, j| at(b, k, j),
        )
    }

    #[inline(always)]
    fn adjoint<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        <[Lane<S, R>; 18]>::from_fn(
            #[inline(always)]
            |c| {
                let [re, im] = at(a, c / 2 % 3, c / 6);
                if c % 2 == 0 { re } else { -im }
            },
        )
    }

    #[inline(always)]
    fn re_trace<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>) -> Lane<S, R> {
        a[0] + a[8] + a[16]
    }

    #[inline(always)]
    fn im_trace<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>) -> Lane<S, R> {
        a[1] + a[9] + a[17]
    }

    #[inline(always)]
    fn moments<S: Isa, R: Real>(m: &MatrixOf<Self, S, R>) -> AlgebraOf<Self, S, R> {
        let simd = m[0].simd();
        let half = Lane::constant(simd, 0.5);
        let [m12, m13, m23] = [pair(m, half, 0, 1), pair(m, half, 0, 2), pair(m, half, 1, 2)];
        let (a, b, c) = (m[1], m[9], m[17]);
        [
            m12[0],
            m12[1],
            half * (a - b),
            m13[0],
            m13[1],
            m23[0],
            m23[1],
            Lane::constant(simd, 0.5 * THIRD_ROOT) * ((a + b) - (c + c)),
        ]
    }

    #[inline(always)]
    fn embed<S: Isa, R: Real>(w: &AlgebraOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        let simd = w[0].simd();
        let (zero, half) = (Lane::constant(simd, 0.0), Lane::constant(simd, 0.5));
        let [w1, w2, w3, w4, w5, w6, w7, _] = scale(half, w);
        let w8 = w[7] * Lane::constant(simd, 0.5 * THIRD_ROOT);
        [
            zero,
            w3 + w8,
            w2,
            w1,
            w5,
            w4, //
            -w2,
            w1,
            zero,
            w8 - w3,
            w7,
            w6, //
            -w5,
            w4,
            -w7,
            w6,
            zero,
            -(w8 + w8),
        ]
    }

    #[inline(always)]
    fn exp<S: Isa, R: Real>(omega: &AlgebraOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        exp(omega)
    }

    /// The first row normalised, the second made orthogonal to it, the third their conjugate cross product.
    #[inline(always)]
    fn reunitarise<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        let a = normalised([at(u, 0, 0), at(u, 0, 1), at(u, 0, 2)]);
        let b = [at(u, 1, 0), at(u, 1, 1), at(u, 1, 2)];
        // ⟨a, b⟩ = Σ a* b
        let zero = Lane::constant(u[0].simd(), 0.0);
        let mut minus = [zero, zero];
        for j in 0..3 {
            minus = fma([-a[j][0], a[j][1]], b[j], minus);
        }
        let b = normalised([fma(minus, a[0], b[0]), fma(minus, a[1], b[1]), fma(minus, a[2], b[2])]);
        let mut out = [zero; 18];
        for j in 0..3 {
            let (k, l) = ((j + 1) % 3, (j + 2) % 3);
            let cross = fma([-a[l][0], -a[l][1]], b[k], mul(a[k], b[l]));
            for (i, z) in [a[j], b[j], [cross[0], -cross[1]]].into_iter().enumerate() {
                out[6 * i + 2 * j] = z[0];
                out[6 * i + 2 * j + 1] = z[1];
            }
        }
        out
    }
}

#[inline(always)]
fn normalised<S: Isa, R: Real>(v: [Complex<S, R>; 3]) -> [Complex<S, R>; 3] {
    let zero = Lane::constant(v[0][0].simd(), 0.0);
    let mut norm2 = zero;
    for z in v {
        norm2 = z[1].mul_add(z[1], z[0].mul_add(z[0], norm2));
    }
    let by = Lane::constant(zero.simd(), 1.0) / norm2.sqrt();
    [scale(by, &v[0]), scale(by, &v[1]), scale(by, &v[2])]
}

/// The exponential of `i Q`, `Q = Σ ω_a T_a`, as `f₀ + f₁ Q + f₂ Q²`: by `Q³ = s Q + q` with `s = ½ tr Q²`, `q = det Q`
/// every power of `Q` is such a sum, so Taylor's series is one of complex numbers (Horner). It converges to rounding for
/// spectral radii up to 1; larger ones are halved first, and `f` squared as often: entire functions of `s` and `q`, with no
/// case for equal eigenvalues. (The coefficients as functions: Morningstar, Peardon, hep-lat/0311018.)
#[inline(always)]
fn exp<S: Isa, R: Real>(omega: &[Lane<S, R>; 8]) -> [Lane<S, R>; 18] {
    let simd = omega[0].simd();
    let (zero, one) = (Lane::constant(simd, 0.0), Lane::constant(simd, 1.0));
    // s = ½ tr Q² = ¼ Σ ω²; the largest eigenvalue is at most √(4s/3).
    let mut length2 = zero;
    for &w in omega {
        length2 = w.mul_add(w, length2);
    }
    let radius2 = length2 * Lane::constant(simd, 1.0 / 3.0);
    // Halvings, lane by lane, at most as many as the largest finite number needs to be in range.
    let mut halvings = zero;
    let mut scale = one;
    let mut rest = radius2;
    let (quarter, half) = (Lane::constant(simd, 0.25), Lane::constant(simd, 0.5));
    for _ in 0..MOST_HALVINGS {
        let large = one.lt(rest);
        if !any(large, one, zero) {
            break;
        }
        halvings = halvings + Lane::select(large, one, zero);
        scale = Lane::select(large, scale * half, scale);
        rest = Lane::select(large, rest * quarter, rest);
    }
    let w = super::scale(scale, omega);
    // i Q, of which Q is the Hermitian part: Q = −i (iQ).
    let x = SU3::embed(&w);
    let x2 = SU3::multiply(&x, &x);
    // tr (iQ)² = −2 s; det(iQ) = −i q, from the traces of its cube: tr (iQ)³ = −3 i q.
    let s = -(SU3::re_trace(&x2) * half);
    let mut cube = zero;
    for i in 0..3 {
        for k in 0..3 {
            let (a, b) = (at(&x2, i, k), at(&x, k, i));
            cube = a[1].mul_add(b[0], a[0].mul_add(b[1], cube));
        }
    }
    let q = -(cube * Lane::constant(simd, 1.0 / 3.0));
    // In powers of X = iQ: X³ = −s X − i q.
    let terms = if R::NAME == "f32" { 11 } else { 19 };
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
    let mut left = halvings;
    while any(zero.lt(left), one, zero) {
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

/// Beyond this, coefficients have lost all digits.
const MOST_HALVINGS: usize = 64;

/// `2 z`
#[inline(always)]
fn twice<S: Isa, R: Real>(z: Complex<S, R>) -> Complex<S, R> {
    [z[0] + z[0], z[1] + z[1]]
}

/// The imaginary parts of half the sum of elements `(i, j)` and `(j, i)`, the real part of half their difference:
/// `Im tr T m` for the generators `½` of a pair, as `tr λ₂ m = i (m₁₂ − m₂₁)`.
#[inline(always)]
fn pair<S: Isa, R: Real>(m: &[Lane<S, R>; 18], half: Lane<S, R>, i: usize, j: usize) -> Complex<S, R> {
    let (upper, lower) = (at(m, i, j), at(m, j, i));
    [half * (upper[1] + lower[1]), half * (upper[0] - lower[0])]
}

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
