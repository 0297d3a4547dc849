//! Arithmetic of the gauge groups on lanes: every lane holds a matrix of its own.
//!
//! A matrix is an array of registers in the order of CONVENTIONS.md §10: U(1) `re, im`; SU(2) the quaternion
//! `a₀ + i Σ a_k σ_k`; SU(3) nine complex numbers row by row. Sums and products of all of these stay in the set, so the
//! same functions serve links, staples and their gradients.

mod su2;
mod su3;
mod tangent;
mod u1;

pub use su2::SU2;
pub use su3::SU3;
pub use u1::U1;

use super::{Isa, Lane, Real};
use crate::group::GroupName;
use std::fmt::Debug;

/// A fixed number of registers.
pub trait Array<L: Copy>: Copy + AsRef<[L]> + AsMut<[L]> {
    /// The array whose element `i` is `f(i)`.
    fn from_fn(f: impl FnMut(usize) -> L) -> Self;
}

impl<L: Copy, const N: usize> Array<L> for [L; N] {
    #[inline(always)]
    fn from_fn(mut f: impl FnMut(usize) -> L) -> Self {
        // The library's function is not always inlined, and would then lose the instruction set.
        let mut array = [f(0); N];
        for (i, x) in array.iter_mut().enumerate().skip(1) {
            *x = f(i);
        }
        array
    }
}

/// A matrix of the group `G` in every lane.
pub type MatrixOf<G, S, R> = <G as Group>::Matrix<Lane<S, R>>;
/// An element of the algebra of `G` in every lane: the coefficients `ω_a` of `i Σ ω_a T_a`.
pub type AlgebraOf<G, S, R> = <G as Group>::Algebra<Lane<S, R>>;

/// A gauge group. Angles and coefficients are in the normalisation of CONVENTIONS.md §10.
pub trait Group: Copy + Debug + Default + Send + Sync + 'static {
    /// Its name.
    const NAME: GroupName;
    /// Rows of a matrix.
    const N: usize;
    /// Real numbers of a stored matrix.
    const MATRIX: usize;
    /// Generators.
    const ALGEBRA: usize;
    /// [`Self::MATRIX`] registers.
    type Matrix<L: Copy>: Array<L>;
    /// [`Self::ALGEBRA`] registers.
    type Algebra<L: Copy>: Array<L>;

    /// The unit matrix.
    fn one<S: Isa, R: Real>(simd: S) -> MatrixOf<Self, S, R>;
    /// `a b`
    fn multiply<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>, b: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R>;
    /// `a†`
    fn adjoint<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R>;
    /// `a b†`
    #[inline(always)]
    fn multiply_adjoint<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>, b: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        Self::multiply(a, &Self::adjoint(b))
    }
    /// `a† b`
    #[inline(always)]
    fn adjoint_multiply<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>, b: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        Self::multiply(&Self::adjoint(a), b)
    }
    /// `Re tr a`
    fn re_trace<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>) -> Lane<S, R>;
    /// `Im tr a`
    fn im_trace<S: Isa, R: Real>(a: &MatrixOf<Self, S, R>) -> Lane<S, R>;
    /// `Im tr T_a m`, the coefficients of the projection of `m` to the algebra times `tr T_a²`.
    fn moments<S: Isa, R: Real>(m: &MatrixOf<Self, S, R>) -> AlgebraOf<Self, S, R>;
    /// The matrix `i Σ ω_a T_a`.
    fn embed<S: Isa, R: Real>(omega: &AlgebraOf<Self, S, R>) -> MatrixOf<Self, S, R>;
    /// `exp(i Σ ω_a T_a)`, for any coefficients.
    fn exp<S: Isa, R: Real>(omega: &AlgebraOf<Self, S, R>) -> MatrixOf<Self, S, R>;
    /// The coefficients `y` of `[X_a, X_b] = i Σ y_c T_c`.
    #[inline(always)]
    fn bracket<S: Isa, R: Real>(a: &AlgebraOf<Self, S, R>, b: &AlgebraOf<Self, S, R>) -> AlgebraOf<Self, S, R> {
        tangent::bracket::<Self, S, R>(a, b)
    }
    /// The transpose of the exponential's derivative: `Σ_k (−ad_X)^k g / (k+1)!` with `X = i Σ ω_a T_a`.
    #[inline(always)]
    fn tangent_of_exp<S: Isa, R: Real>(
        omega: &AlgebraOf<Self, S, R>,
        g: &AlgebraOf<Self, S, R>,
    ) -> AlgebraOf<Self, S, R> {
        tangent::tangent_of_exp::<Self, S, R>(omega, g)
    }
    /// The nearest group element along the rows: a unit modulus, quaternion or Gram–Schmidt.
    fn reunitarise<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R>;
}

/// Whether a mask holds in some lane.
#[inline(always)]
pub(crate) fn any<S: Isa, R: Real>(mask: super::Mask<S, R>, one: Lane<S, R>, zero: Lane<S, R>) -> bool {
    let lanes = Lane::select(mask, one, zero).reg();
    bytemuck::cast_slice::<_, R>(std::slice::from_ref(&lanes)).iter().any(|&x| x != R::default())
}

/// The sum of two arrays.
#[inline(always)]
pub fn add<S: Isa, R: Real, A: Array<Lane<S, R>>>(a: &A, b: &A) -> A {
    A::from_fn(
        #[inline(always)]
        |i| a.as_ref()[i] + b.as_ref()[i],
    )
}

/// `a + c b`
#[inline(always)]
pub fn add_scaled<S: Isa, R: Real, A: Array<Lane<S, R>>>(a: &A, c: Lane<S, R>, b: &A) -> A {
    A::from_fn(
        #[inline(always)]
        |i| b.as_ref()[i].mul_add(c, a.as_ref()[i]),
    )
}

/// `c a`
#[inline(always)]
pub fn scale<S: Isa, R: Real, A: Array<Lane<S, R>>>(c: Lane<S, R>, a: &A) -> A {
    A::from_fn(
        #[inline(always)]
        |i| a.as_ref()[i] * c,
    )
}

/// Part `part` of the registers that begin at `from[0]`, one lane group after the other.
#[inline(always)]
pub fn load<S: Isa, R: Real, A: Array<Lane<S, R>>>(simd: S, from: &[R], part: usize) -> A {
    A::from_fn(
        #[inline(always)]
        |c| Lane::at(simd, from, c * R::WIDTH + part * Lane::<S, R>::LEN),
    )
}

/// Stores what [`load`] loads.
#[inline(always)]
pub fn store<S: Isa, R: Real, A: Array<Lane<S, R>>>(array: &A, to: &mut [R], part: usize) {
    for (c, &lane) in array.as_ref().iter().enumerate() {
        lane.put(to, c * R::WIDTH + part * Lane::<S, R>::LEN);
    }
}

#[cfg(test)]
mod tests;
