//! The bracket of the algebra and the derivative of the exponential, for any group.

use super::{AlgebraOf, Array, Group, Isa, Lane, MatrixOf, Real, add, any, scale};

/// The coefficients `y` of `[X_a, X_b] = i Σ y_c T_c`.
#[inline(always)]
pub fn bracket<G: Group, S: Isa, R: Real>(a: &AlgebraOf<G, S, R>, b: &AlgebraOf<G, S, R>) -> AlgebraOf<G, S, R> {
    let simd = a.as_ref()[0].simd();
    let (a, b) = (G::embed(a), G::embed(b));
    // tr (ab − ba) T: the second product is the adjoint of the first, and both have it with opposite signs.
    let moments = G::moments(&G::multiply(&a, &b));
    let other = G::moments(&G::multiply(&b, &a));
    let norm = Lane::constant(simd, 1.0 / G::NAME.generator_norm());
    AlgebraOf::<G, S, R>::from_fn(
        #[inline(always)]
        |i| (moments.as_ref()[i] - other.as_ref()[i]) * norm,
    )
}

/// Coefficients of an element after conjugation, `E ω E†`.
#[inline(always)]
fn conjugated<G: Group, S: Isa, R: Real>(e: &MatrixOf<G, S, R>, omega: &AlgebraOf<G, S, R>) -> AlgebraOf<G, S, R> {
    let norm = Lane::constant(omega.as_ref()[0].simd(), 1.0 / G::NAME.generator_norm());
    scale(norm, &G::moments(&G::multiply_adjoint(&G::multiply(e, &G::embed(omega)), e)))
}

/// `Σ_k (−ad_X)^k g / (k+1)!`: Taylor's series for `|ω| ≤ 1`, beyond that by `φ(2z) = φ(z) (e^z + 1)/2`.
#[inline(always)]
pub fn tangent_of_exp<G: Group, S: Isa, R: Real>(
    omega: &AlgebraOf<G, S, R>,
    g: &AlgebraOf<G, S, R>,
) -> AlgebraOf<G, S, R> {
    if G::ALGEBRA == 1 {
        return *g;
    }
    let simd = omega.as_ref()[0].simd();
    let (zero, one) = (Lane::constant(simd, 0.0), Lane::constant(simd, 1.0));
    let (half, quarter) = (Lane::constant(simd, 0.5), Lane::constant(simd, 0.25));
    let mut rest = zero;
    for &w in omega.as_ref() {
        rest = w.mul_add(w, rest);
    }
    let (mut halvings, mut by) = (zero, one);
    for _ in 0..64 {
        let large = one.lt(rest);
        if !any(large, one, zero) {
            break;
        }
        halvings = halvings + Lane::select(large, one, zero);
        by = Lane::select(large, by * half, by);
        rest = Lane::select(large, rest * quarter, rest);
    }
    let small = scale(-by, omega);
    let (mut term, mut sum) = (*g, *g);
    let terms = if R::NAME == "f32" { 10 } else { 18 };
    for k in 1..terms {
        term = scale(Lane::constant(simd, 1.0 / f64::from(k + 1)), &bracket::<G, S, R>(&small, &term));
        sum = add(&sum, &term);
    }
    let mut e = G::exp(&small);
    let mut left = halvings;
    while any(zero.lt(left), one, zero) {
        let more = zero.lt(left);
        let doubled = scale(half, &add(&sum, &conjugated::<G, S, R>(&e, &sum)));
        sum = AlgebraOf::<G, S, R>::from_fn(
            #[inline(always)]
            |i| Lane::select(more, doubled.as_ref()[i], sum.as_ref()[i]),
        );
        e = G::multiply(&e, &e);
        left = left - one;
    }
    sum
}
