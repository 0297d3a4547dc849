//! U(1): complex numbers of modulus 1, `T = 1`.

use super::{AlgebraOf, Group, Isa, Lane, MatrixOf, Real, heat_bath, overrelax};
use crate::group::GroupName;

/// The group U(1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct U1;

impl Group for U1 {
    const NAME: GroupName = GroupName::U1;
    const N: usize = 1;
    const MATRIX: usize = 2;
    const ALGEBRA: usize = 1;
    type Matrix<L: Copy> = [L; 2];
    type Algebra<L: Copy> = [L; 1];
    type Phases<L: Copy> = [L; 1];

    #[inline(always)]
    fn one<S: Isa, R: Real>(simd: S) -> MatrixOf<Self, S, R> {
        [Lane::constant(simd, 1.0), Lane::constant(simd, 0.0)]
    }

    #[inline(always)]
    fn multiply<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>, b: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        [(-a[1]).mul_add(b[1], a[0] * b[0]), a[1].mul_add(b[0], a[0] * b[1])]
    }

    #[inline(always)]
    fn adjoint<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        [a[0], -a[1]]
    }

    #[inline(always)]
    fn re_trace<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>) -> Lane<S, R> {
        a[0]
    }

    #[inline(always)]
    fn im_trace<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>) -> Lane<S, R> {
        a[1]
    }

    #[inline(always)]
    fn moments<S: Isa, R: Real>(m: &MatrixOf<Self, S, R>) -> AlgebraOf<Self, S, R> {
        [m[1]]
    }

    #[inline(always)]
    fn embed<S: Isa, R: Real>(omega: &AlgebraOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        [Lane::constant(omega[0].simd(), 0.0), omega[0]]
    }

    #[inline(always)]
    fn exp<S: Isa, R: Real>(omega: &AlgebraOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        let (sin, cos) = omega[0].sin_cos();
        [cos, sin]
    }

    #[inline(always)]
    fn reunitarise<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        let norm = u[1].mul_add(u[1], u[0] * u[0]).sqrt();
        [u[0] / norm, u[1] / norm]
    }

    /// 0: the group is Abelian.
    #[inline(always)]
    fn bracket<S: Isa, R: Real>(a: &AlgebraOf<Self, S, R>, _: &AlgebraOf<Self, S, R>) -> AlgebraOf<Self, S, R> {
        [Lane::constant(a[0].simd(), 0.0)]
    }

    /// `g`
    #[inline(always)]
    fn tangent_of_exp<S: Isa, R: Real>(_: &AlgebraOf<Self, S, R>, g: &AlgebraOf<Self, S, R>) -> AlgebraOf<Self, S, R> {
        *g
    }

    #[inline(always)]
    fn log<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>) -> AlgebraOf<Self, S, R> {
        [u[1].atan2(u[0])]
    }

    /// `g`
    #[inline(always)]
    fn tangent_of_log<S: Isa, R: Real>(_: &AlgebraOf<Self, S, R>, g: &AlgebraOf<Self, S, R>) -> AlgebraOf<Self, S, R> {
        *g
    }

    #[inline(always)]
    fn eigenphases<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>) -> [Lane<S, R>; 1] {
        Self::log(u)
    }

    #[inline(always)]
    fn tangent_of_eigenphases<S: Isa, R: Real>(_: &MatrixOf<Self, S, R>, c: &[Lane<S, R>; 1]) -> AlgebraOf<Self, S, R> {
        *c
    }

    #[inline(always)]
    fn heat_bath<S: Isa, R: Real>(
        u: &MatrixOf<Self, S, R>,
        a: &MatrixOf<Self, S, R>,
        c: Lane<S, R>,
        source: impl FnMut(u32) -> [Lane<S, R>; 4],
    ) -> MatrixOf<Self, S, R> {
        heat_bath::u1(u, a, c, source)
    }

    #[inline(always)]
    fn overrelax<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>, a: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        overrelax::reflected::<Self, S, R>(u, a)
    }
}
