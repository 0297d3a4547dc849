//! SU(3): nine complex numbers row by row, `T_a = λ_a/2` with Gell-Mann's matrices.

mod exp;
mod nearest;
mod rows;
mod spectrum;

use super::{AlgebraOf, Array, Group, Isa, Lane, MatrixOf, Real, heat_bath, overrelax, scale};
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

/// `a*`
#[inline(always)]
fn conj<S: Isa, R: Real>(a: Complex<S, R>) -> Complex<S, R> {
    [a[0], -a[1]]
}

/// `2 z`
#[inline(always)]
fn twice<S: Isa, R: Real>(z: Complex<S, R>) -> Complex<S, R> {
    [z[0] + z[0], z[1] + z[1]]
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
    type Phases<L: Copy> = [L; 3];

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
        exp::exp(omega)
    }

    #[inline(always)]
    fn bracket<S: Isa, R: Real>(a: &AlgebraOf<Self, S, R>, b: &AlgebraOf<Self, S, R>) -> AlgebraOf<Self, S, R> {
        exp::bracket(a, b)
    }

    #[inline(always)]
    fn tangent_of_exp<S: Isa, R: Real>(
        omega: &AlgebraOf<Self, S, R>,
        g: &AlgebraOf<Self, S, R>,
    ) -> AlgebraOf<Self, S, R> {
        exp::tangent_of_exp(omega, g)
    }

    #[inline(always)]
    fn log<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>) -> AlgebraOf<Self, S, R> {
        spectrum::log(u)
    }

    #[inline(always)]
    fn tangent_of_log<S: Isa, R: Real>(
        omega: &AlgebraOf<Self, S, R>,
        g: &AlgebraOf<Self, S, R>,
    ) -> AlgebraOf<Self, S, R> {
        spectrum::tangent_of_log(omega, g)
    }

    #[inline(always)]
    fn eigenphases<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>) -> [Lane<S, R>; 3] {
        spectrum::eigen(u).0
    }

    #[inline(always)]
    fn nearest<S: Isa, R: Real>(m: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        nearest::nearest(m)
    }

    #[inline(always)]
    fn heat_bath<S: Isa, R: Real>(
        u: &MatrixOf<Self, S, R>,
        a: &MatrixOf<Self, S, R>,
        c: Lane<S, R>,
        source: impl FnMut(u32) -> [Lane<S, R>; 4],
    ) -> MatrixOf<Self, S, R> {
        heat_bath::su3(u, a, c, source)
    }

    #[inline(always)]
    fn overrelax<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>, a: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        overrelax::su3(u, a)
    }

    #[inline(always)]
    fn tangent_of_eigenphases<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>, c: &[Lane<S, R>; 3]) -> AlgebraOf<Self, S, R> {
        SU3::moments(&spectrum::assembled(c, &spectrum::eigen(u).1))
    }

    #[inline(always)]
    fn reunitarise<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        rows::reunitarise(u)
    }

    #[inline(always)]
    fn tangent_of_reunitarise<S: Isa, R: Real>(
        m: &MatrixOf<Self, S, R>,
        g: &MatrixOf<Self, S, R>,
    ) -> MatrixOf<Self, S, R> {
        rows::tangent_of_reunitarise(m, g)
    }
}

/// The imaginary parts of half the sum of elements `(i, j)` and `(j, i)`, the real part of half their difference:
/// `Im tr T m` for the generators `½` of a pair, as `tr λ₂ m = i (m₁₂ − m₂₁)`.
#[inline(always)]
fn pair<S: Isa, R: Real>(m: &[Lane<S, R>; 18], half: Lane<S, R>, i: usize, j: usize) -> Complex<S, R> {
    let (upper, lower) = (at(m, i, j), at(m, j, i));
    [half * (upper[1] + lower[1]), half * (upper[0] - lower[0])]
}
