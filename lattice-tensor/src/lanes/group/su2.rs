//! SU(2): quaternions `a₀ + i Σ a_k σ_k` of length 1, `T_k = σ_k/2`.

use super::{AlgebraOf, Group, Isa, Lane, MatrixOf, Real};
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
        // sin(θ)/θ, which is 1 to rounding where the length underflows.
        let tiny = Lane::constant(simd, 1e-18);
        let ratio = Lane::select(angle.lt(tiny), Lane::constant(simd, 1.0), sin / angle.max(tiny)) * half;
        [cos, omega[0] * ratio, omega[1] * ratio, omega[2] * ratio]
    }

    #[inline(always)]
    fn reunitarise<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        let norm = u[3].mul_add(u[3], u[2].mul_add(u[2], u[1].mul_add(u[1], u[0] * u[0]))).sqrt();
        [u[0] / norm, u[1] / norm, u[2] / norm, u[3] / norm]
    }
}
