//! Monotone maps of one number: of the circle onto itself, of an interval onto itself.
//!
//! A map knows its value, the logarithm of its derivative and the derivative of that, its inverse, and how value and
//! logarithm depend on its parameters. The parameters of a row begin at the slice that is handed in, `[parameter][lane]`.

mod moebius;
mod spline;

pub use moebius::Moebius;
pub use spline::Spline;

use super::{Isa, Lane, Real};

/// `y`, `ln dy/dx`, and the derivative of the latter with respect to `x`.
pub(crate) type Mapped<S, R> = [Lane<S, R>; 3];

/// A family of monotone maps.
pub(crate) trait Map: Copy + Send + Sync + 'static {
    /// How many parameters choose one of the family.
    fn parameters(&self) -> usize;

    /// Forward or, for the inverse, backward.
    fn map<S: Isa, R: Real>(&self, x: Lane<S, R>, p: Row<'_, R>, inverse: bool, work: &mut Work<S, R>) -> Mapped<S, R>;

    /// `a ∂y/∂p + b ∂(ln dy/dx)/∂p` for every parameter `p`, at `x`, handed to `store`.
    fn tangent<S: Isa, R: Real>(
        &self,
        x: Lane<S, R>,
        p: Row<'_, R>,
        cotangent: [Lane<S, R>; 2],
        work: &mut Work<S, R>,
        store: impl FnMut(usize, Lane<S, R>),
    );
}

/// Registers that a map may keep numbers in: two for each of the most bins that a spline may have.
pub(crate) type Work<S, R> = [Lane<S, R>; 2 * Spline::MAX_BINS];

/// The parameters of one row, of which one part is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a, R> {
    pub numbers: &'a [R],
    pub part: usize,
}

impl<R: Real> Row<'_, R> {
    /// Parameter `i`.
    #[inline(always)]
    pub fn at<S: Isa>(self, simd: S, i: usize) -> Lane<S, R> {
        Lane::at(simd, self.numbers, i * R::WIDTH + self.part * Lane::<S, R>::LEN)
    }
}

/// The angle that is added, if there is a parameter for it.
#[inline(always)]
fn offset<S: Isa, R: Real>(x: Lane<S, R>, p: Row<'_, R>, at: Option<usize>) -> Lane<S, R> {
    match at {
        Some(i) => p.at(x.simd(), i),
        None => Lane::constant(x.simd(), 0.0),
    }
}

/// An angle as `u + turns` with `u` in `[−π, π]` and `turns` a multiple of `2π`.
#[inline(always)]
fn unwound<S: Isa, R: Real>(x: Lane<S, R>) -> (Lane<S, R>, Lane<S, R>) {
    let u = x.wrapped();
    (u, x - u)
}
