//! Overrelaxation of one link: as far as possible from where it was, at the same weight.

use super::heat_bath::{direction, in_subgroups};
use super::{Group, Isa, Lane, MatrixOf, Real, SU2};

/// `v† u† v†` with `v = a/|a|`, for the groups whose real multiples a sum of matrices is: `u' v = (u v)†` has the same
/// real trace.
#[inline(always)]
pub(super) fn reflected<G: Group, S: Isa, R: Real>(u: &MatrixOf<G, S, R>, a: &MatrixOf<G, S, R>) -> MatrixOf<G, S, R> {
    let (_, v) = direction::<G, S, R>(a);
    G::adjoint(&G::multiply(&G::multiply(&v, u), &v))
}

/// Reflections in the subgroups of rows (0, 1), (0, 2), (1, 2) in turn: from 1 to `v† v†`, `v` being the subgroup's part
/// of `u a` (Creutz, PRD 36, 515; Brown and Woch, PRL 58, 2394 (1987)).
#[inline(always)]
pub(super) fn su3<S: Isa, R: Real>(u: &[Lane<S, R>; 18], a: &[Lane<S, R>; 18]) -> [Lane<S, R>; 18] {
    in_subgroups(
        u,
        a,
        #[inline(always)]
        |_, part| {
            let (_, v) = direction::<SU2, S, R>(part);
            SU2::adjoint(&SU2::multiply(&v, &v))
        },
    )
}
