//! SU(2): quaternions `a₀ + i Σ a_k σ_k` of length 1, `T_k = σ_k/2`.

use super::{AlgebraOf, Array, Group, Isa, Lane, MatrixOf, Real, heat_bath, overrelax};
use crate::group::GroupName;

/// The group SU(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SU2;

impl Group for SU2 {
    const NAME: GroupName = GroupName::SU2;
    const N: usize = 2;
    const MATRIX: usize = 4;
    const ALGEBRA: usize = 3;
    type Matrix<L: Copy> = [L; 4];
    type Algebra<L: Copy> = [L; 3];
    type Phases<L: Copy> = [L; 2];

    #[inline(always)]
    fn one<S: Isa, R: Real>(simd: S) -> MatrixOf<Self, S, R> {
        let zero = Lane::constant(simd, 0.0);
        [Lane::constant(simd, 1.0), zero, zero, zero]
    }

    /// `(a₀ + i a·σ)(b₀ + i b·σ) = a₀b₀ − a·b + i (a₀ b + b₀ a − a × b)·σ`
    #[inline(always)]
    fn multiply<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>, b: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        let scalar = (-a[3]).mul_add(b[3], (-a[2]).mul_add(b[2], (-a[1]).mul_add(b[1], a[0] * b[0])));
        let mut c = [scalar; 4];
        for (k, l, m) in [(1, 2, 3), (2, 3, 1), (3, 1, 2)] {
            c[k] = a[m].mul_add(b[l], (-a[l]).mul_add(b[m], a[k].mul_add(b[0], a[0] * b[k])));
        }
        c
    }

    #[inline(always)]
    fn adjoint<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        [a[0], -a[1], -a[2], -a[3]]
    }

    #[inline(always)]
    fn re_trace<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>) -> Lane<S, R> {
        a[0] + a[0]
    }

    /// 0: real multiples of SU(2) matrices have real traces.
    #[inline(always)]
    fn im_trace<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>) -> Lane<S, R> {
        Lane::constant(a[0].simd(), 0.0)
    }

    #[inline(always)]
    fn moments<S: Isa, R: Real>(m: &MatrixOf<Self, S, R>) -> AlgebraOf<Self, S, R> {
        [m[1], m[2], m[3]]
    }

    #[inline(always)]
    fn embed<S: Isa, R: Real>(omega: &AlgebraOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        let half = Lane::constant(omega[0].simd(), 0.5);
        [Lane::constant(omega[0].simd(), 0.0), omega[0] * half, omega[1] * half, omega[2] * half]
    }

    /// `cos(|ω|/2) + i sin(|ω|/2) ω·σ/|ω|`
    #[inline(always)]
    fn exp<S: Isa, R: Real>(omega: &AlgebraOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        let simd = omega[0].simd();
        let half = Lane::constant(simd, 0.5);
        let length2 = omega[2].mul_add(omega[2], omega[1].mul_add(omega[1], omega[0] * omega[0]));
        let angle = length2.sqrt() * half;
        let (sin, cos) = angle.sin_cos();
        let ratio = over(sin, angle) * half;
        [cos, omega[0] * ratio, omega[1] * ratio, omega[2] * ratio]
    }

    #[inline(always)]
    fn reunitarise<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        let norm = u[3].mul_add(u[3], u[2].mul_add(u[2], u[1].mul_add(u[1], u[0] * u[0]))).sqrt();
        [u[0] / norm, u[1] / norm, u[2] / norm, u[3] / norm]
    }

    /// `−a × b`
    #[inline(always)]
    fn bracket<S: Isa, R: Real>(a: &AlgebraOf<Self, S, R>, b: &AlgebraOf<Self, S, R>) -> AlgebraOf<Self, S, R> {
        cross(b, a)
    }

    /// With `n = ω/|ω|`, `x = |ω|/2` and `−ad_X g = ω × g`: `h cos x g + h sin x n × g + (1 − h cos x) (n·g) n`, where
    /// `h = sin x / x`.
    #[inline(always)]
    fn tangent_of_exp<S: Isa, R: Real>(
        omega: &AlgebraOf<Self, S, R>,
        g: &AlgebraOf<Self, S, R>,
    ) -> AlgebraOf<Self, S, R> {
        let (x, n) = half_length(omega);
        let (sin, cos) = x.sin_cos();
        let h = over(sin, x);
        along(&n, g, h * cos, h * sin)
    }

    /// `2 atan2(|a|, a₀) a/|a|`; `−1` is the exponential of `2π` times the third generator.
    #[inline(always)]
    fn log<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>) -> AlgebraOf<Self, S, R> {
        let (sin, mut n) = length(&[u[1], u[2], u[3]]);
        let half = sin.atan2(u[0]);
        let zero = Lane::constant(sin.simd(), 0.0);
        // Without a direction: none is needed at 1, and −1 takes the third.
        let somewhere = zero.lt(n[0].abs() + n[1].abs() + n[2].abs());
        n[2] = Lane::select(somewhere, n[2], Lane::select(u[0].lt(zero), Lane::constant(sin.simd(), 1.0), n[2]));
        let angle = half + half;
        [angle * n[0], angle * n[1], angle * n[2]]
    }

    /// `x cot x g − x n × g + (1 − x cot x) (n·g) n`, with `n` and `x` as for the exponential.
    #[inline(always)]
    fn tangent_of_log<S: Isa, R: Real>(
        omega: &AlgebraOf<Self, S, R>,
        g: &AlgebraOf<Self, S, R>,
    ) -> AlgebraOf<Self, S, R> {
        let (x, n) = half_length(omega);
        let (sin, cos) = x.sin_cos();
        along(&n, g, cos / over(sin, x), -x)
    }

    #[inline(always)]
    fn eigenphases<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>) -> [Lane<S, R>; 2] {
        let angle = length(&[u[1], u[2], u[3]]).0.atan2(u[0]);
        [angle, -angle]
    }

    /// `½ (c₀ − c₁)` times the direction of the rotation.
    #[inline(always)]
    fn tangent_of_eigenphases<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>, c: &[Lane<S, R>; 2]) -> AlgebraOf<Self, S, R> {
        let (_, n) = length(&[u[1], u[2], u[3]]);
        let by = (c[0] - c[1]) * Lane::constant(c[0].simd(), 0.5);
        [n[0] * by, n[1] * by, n[2] * by]
    }

    #[inline(always)]
    fn heat_bath<S: Isa, R: Real>(
        u: &MatrixOf<Self, S, R>,
        a: &MatrixOf<Self, S, R>,
        c: Lane<S, R>,
        source: impl FnMut(u32) -> [Lane<S, R>; 4],
    ) -> MatrixOf<Self, S, R> {
        heat_bath::su2(u, a, c, source)
    }

    #[inline(always)]
    fn overrelax<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>, a: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        overrelax::reflected::<Self, S, R>(u, a)
    }
}

/// `y/x` for `y = sin x`, 1 where `x` is less than anything it could change.
#[inline(always)]
fn over<S: Isa, R: Real>(y: Lane<S, R>, x: Lane<S, R>) -> Lane<S, R> {
    let (tiny, one) = (Lane::constant(x.simd(), 1e-18), Lane::constant(x.simd(), 1.0));
    let small = x.lt(tiny);
    Lane::select(small, one, y / Lane::select(small, one, x))
}

/// `a × b`
#[inline(always)]
fn cross<S: Isa, R: Real>(a: &[Lane<S, R>; 3], b: &[Lane<S, R>; 3]) -> [Lane<S, R>; 3] {
    <[Lane<S, R>; 3]>::from_fn(
        #[inline(always)]
        |k| {
            let (l, m) = ((k + 1) % 3, (k + 2) % 3);
            a[l].mul_add(b[m], -(a[m] * b[l]))
        },
    )
}

/// The length of a vector of any size and its direction, or 0 and 0; through a power of two near the largest component.
#[inline(always)]
fn length<S: Isa, R: Real>(v: &[Lane<S, R>; 3]) -> (Lane<S, R>, [Lane<S, R>; 3]) {
    let simd = v[0].simd();
    let least = Lane::constant(simd, if R::WIDTH == 16 { f32::MIN_POSITIVE.into() } else { f64::MIN_POSITIVE });
    let size = v[0].abs().max(v[1].abs()).max(v[2].abs());
    let scale = Lane::new(simd, R::power_below(simd, size.reg())).max(least);
    let w = [v[0] / scale, v[1] / scale, v[2] / scale];
    let length = w[2].mul_add(w[2], w[1].mul_add(w[1], w[0] * w[0])).sqrt();
    let (zero, one) = (Lane::constant(simd, 0.0), Lane::constant(simd, 1.0));
    let by = one / Lane::select(zero.lt(length), length, one);
    (length * scale, [w[0] * by, w[1] * by, w[2] * by])
}

/// `|ω|/2` and the direction of `ω`.
#[inline(always)]
fn half_length<S: Isa, R: Real>(omega: &[Lane<S, R>; 3]) -> (Lane<S, R>, [Lane<S, R>; 3]) {
    let (angle, n) = length(omega);
    (angle * Lane::constant(angle.simd(), 0.5), n)
}

/// `a g + b n × g + (1 − a) (n·g) n`
#[inline(always)]
fn along<S: Isa, R: Real>(n: &[Lane<S, R>; 3], g: &[Lane<S, R>; 3], a: Lane<S, R>, b: Lane<S, R>) -> [Lane<S, R>; 3] {
    let dot = n[2].mul_add(g[2], n[1].mul_add(g[1], n[0] * g[0]));
    let by = (Lane::constant(a.simd(), 1.0) - a) * dot;
    let turned = cross(n, g);
    <[Lane<S, R>; 3]>::from_fn(
        #[inline(always)]
        |k| by.mul_add(n[k], b.mul_add(turned[k], a * g[k])),
    )
}
