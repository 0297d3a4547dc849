//! Arithmetic of the gauge groups on lanes: every lane holds a matrix of its own.
//!
//! A matrix is an array of registers in the order of CONVENTIONS.md §10: U(1) `re, im`; SU(2) the quaternion
//! `a₀ + i Σ a_k σ_k`; SU(3) nine complex numbers row by row. Sums and products of all of these stay in the set, so the
//! same functions serve links, staples and their gradients.

pub mod heat_bath;
mod overrelax;
mod su2;
mod su3;
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
    /// [`Self::N`] registers.
    type Phases<L: Copy>: Array<L>;

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
    /// `exp(i Σ ω_a T_a)`; not a number from `|ω| = 2²⁰` (`f32`) or `2⁴⁰` (`f64`) on, give or take a factor 2. Its error is
    /// at most `c (1 + |ω|)` units in the last place of 1, `c` as CONVENTIONS.md §10 has it.
    fn exp<S: Isa, R: Real>(omega: &AlgebraOf<Self, S, R>) -> MatrixOf<Self, S, R>;
    /// The coefficients `y_c = −f_abc a_a b_b` of `[X_a, X_b] = i Σ y_c T_c`, with `[T_a, T_b] = i f_abc T_c`.
    fn bracket<S: Isa, R: Real>(a: &AlgebraOf<Self, S, R>, b: &AlgebraOf<Self, S, R>) -> AlgebraOf<Self, S, R>;
    /// `dexp_{−X} g = Σ_k (−ad_X)^k g / (k+1)!` with `X = i Σ ω_a T_a`: as `d exp(X) = (dexp_X dX) exp(X)`, this
    /// transpose takes derivatives `∂_a` along the group to those by the coefficients `ω_a`. NaN where `exp` is.
    fn tangent_of_exp<S: Isa, R: Real>(
        omega: &AlgebraOf<Self, S, R>,
        g: &AlgebraOf<Self, S, R>,
    ) -> AlgebraOf<Self, S, R>;
    /// The coefficients `ω` of shortest length with `exp(i Σ ω_a T_a) = u`: those whose [`Self::eigenphases`] are those
    /// of `u`.
    ///
    /// Smooth but where the largest and the least eigenphase differ by 2π (at −1 in U(1) and SU(2), and where two
    /// eigenvalues of SU(3) meet that came from opposite ends); there it is one of the shortest.
    fn log<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>) -> AlgebraOf<Self, S, R>;
    /// `(dexp_{−X})⁻¹ g`, the inverse of [`Self::tangent_of_exp`]: takes derivatives by the coefficients `ω = log u` to
    /// those along the group at `u`. Infinite or not a number where eigenphases of `ω` differ by 2π.
    fn tangent_of_log<S: Isa, R: Real>(
        omega: &AlgebraOf<Self, S, R>,
        g: &AlgebraOf<Self, S, R>,
    ) -> AlgebraOf<Self, S, R>;
    /// The phases `θ_j` of the eigenvalues `e^{iθ_j}`, the largest first. U(1): the angle in `[−π, π]`. SU(N): their sum
    /// is 0 and the largest exceeds the least by at most 2π, which names them uniquely (the alcove of the algebra); SU(2):
    /// `θ, −θ` with `0 ≤ θ ≤ π`.
    fn eigenphases<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>) -> Self::Phases<Lane<S, R>>;
    /// `Σ_j c_j ∂_a θ_j = Σ_j c_j v_j† T_a v_j` with the eigenvectors `v_j` of `u`: the transpose of the eigenphases'
    /// derivative along the group. Where phases are equal, that of some basis of the eigenvectors, or 0 in SU(2).
    fn tangent_of_eigenphases<S: Isa, R: Real>(
        u: &MatrixOf<Self, S, R>,
        c: &Self::Phases<Lane<S, R>>,
    ) -> AlgebraOf<Self, S, R>;
    /// The group element along the rows: a unit modulus, quaternion or Gram–Schmidt.
    fn reunitarise<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R>;
    /// The transpose of the derivative of [`Self::reunitarise`] at `m`, applied to `g`, both as stored numbers.
    #[inline(always)]
    fn tangent_of_reunitarise<S: Isa, R: Real>(
        m: &MatrixOf<Self, S, R>,
        g: &MatrixOf<Self, S, R>,
    ) -> MatrixOf<Self, S, R> {
        let zero = Lane::constant(m.as_ref()[0].simd(), 0.0);
        let (mut square, mut along) = (zero, zero);
        for i in 0..Self::MATRIX {
            let (m, g) = (m.as_ref()[i], g.as_ref()[i]);
            square = m.mul_add(m, square);
            along = m.mul_add(g, along);
        }
        let along = -(along / square);
        let by = Lane::constant(zero.simd(), 1.0) / square.sqrt();
        Self::Matrix::<Lane<S, R>>::from_fn(
            #[inline(always)]
            |i| along.mul_add(m.as_ref()[i], g.as_ref()[i]) * by,
        )
    }
    /// The unitary factor `m (m†m)^{−1/2}` of the polar decomposition, the nearest unitary matrix to `m`; in SU(3) times
    /// the principal value of `det^{−1/3}`. Not a number where `m` is singular.
    #[inline(always)]
    fn nearest<S: Isa, R: Real>(m: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        Self::reunitarise(m)
    }
    /// An element of Haar's measure from independent standard normal numbers: their matrix, reunitarised. (Gaussian
    /// rows are as likely after any rotation; Mezzadri, Notices AMS 54, 592 (2007).) SU(3) reads the first 12 alone.
    #[inline(always)]
    fn haar<S: Isa, R: Real>(normals: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R> {
        let simd = normals.as_ref()[0].simd();
        // Normal numbers of one pair are both 0 once in 2²⁵ pairs in f32; what is drawn then is of no consequence.
        let (zero, one) = (Lane::constant(simd, 0.0), Lane::constant(simd, 1.0));
        let mut sizes = zero;
        for x in normals.as_ref() {
            sizes = sizes + x.abs();
        }
        let mut normals = *normals;
        let first = &mut normals.as_mut()[0];
        *first = Lane::select(zero.lt(sizes), *first, one);
        Self::reunitarise(&normals)
    }
    /// A draw from the density `∝ exp(c Re tr(u a))` by Haar's measure, for a matrix `a` (the sum of staples, or any
    /// other) and a number `c`, whichever `u` was. `source(block)` is the block's four independent uniform numbers in
    /// `[0, 1]`; blocks count from 0 and stay below 2¹². Where `a` or `c` is not finite, `u` is kept.
    ///
    /// U(1): Best and Fisher; SU(2): Kennedy and Pendleton; SU(3): Cabibbo and Marinari, the subgroups of rows
    /// (0, 1), (0, 2), (1, 2) in turn, which leaves the density as it is but remembers `u`. See [`heat_bath`].
    fn heat_bath<S: Isa, R: Real>(
        u: &MatrixOf<Self, S, R>,
        a: &MatrixOf<Self, S, R>,
        c: Lane<S, R>,
        source: impl FnMut(u32) -> [Lane<S, R>; 4],
    ) -> MatrixOf<Self, S, R>;
    /// A `u'` far from `u` with the same `Re tr(u a)`, up to rounding; the map preserves Haar's measure. U(1), SU(2):
    /// `u' = v† u† v†` with `v = a/|a|`, which is its own inverse; SU(3): so in the three subgroups of [`Self::heat_bath`]
    /// in turn. Where `a = 0`, `v = 1`.
    fn overrelax<S: Isa, R: Real>(u: &MatrixOf<Self, S, R>, a: &MatrixOf<Self, S, R>) -> MatrixOf<Self, S, R>;
}

/// Whether a mask holds in some lane.
#[inline(always)]
fn any<S: Isa, R: Real>(mask: super::Mask<S, R>) -> bool {
    let (one, zero) = (Lane::constant(mask.simd, 1.0), Lane::constant(mask.simd, 0.0));
    let lanes = Lane::select(mask, one, zero).reg();
    let mut found = false;
    for &x in bytemuck::cast_slice::<_, R>(std::slice::from_ref(&lanes)) {
        found |= x != R::default();
    }
    found
}

/// The square of a length below which a matrix has no direction: its inverse is in range, and no sum of staples comes
/// near.
#[inline(always)]
fn least_square<R: Real>() -> f64 {
    if R::WIDTH == 16 { 1e-30 } else { 1e-280 }
}

/// Beyond this length of `ω` exponentials are not a number, as sine and cosine are.
#[inline(always)]
fn largest_length<R: Real>() -> f64 {
    if R::WIDTH == 16 { 1_048_576.0 } else { 1_099_511_627_776.0 }
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
