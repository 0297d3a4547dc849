//! The polar decomposition of 3 by 3 matrices.

use super::super::{Isa, Lane, Real};
use super::spectrum::adjugate;
use super::{at, conj, mul};

/// Steps of Newton's iteration, enough for every matrix whose determinant is not lost in rounding.
const STEPS: usize = 12;

/// The unitary polar factor by Newton's iteration `m ← ½ (γ m + γ⁻¹ m^{−†})`, `γ = |det m|^{−1/3}` (Higham, Functions of
/// Matrices, §8.6), then a turn by the third root of its determinant.
#[inline(always)]
pub(super) fn nearest<S: Isa, R: Real>(m: &[Lane<S, R>; 18]) -> [Lane<S, R>; 18] {
    let simd = m[0].simd();
    let half = Lane::constant(simd, 0.5);
    // A power of two brings the largest element near 1, so that determinants are in range.
    let mut size = m[0].abs();
    for &x in m {
        size = size.max(x.abs());
    }
    let size = Lane::new(simd, R::power_below(simd, size.reg()));
    let mut m = *m;
    for x in &mut m {
        *x = *x / size;
    }
    let sixth = Lane::constant(simd, -1.0 / 6.0);
    for _ in 0..STEPS {
        let (adjugate, det) = adjugate(&m);
        let det2 = det[1].mul_add(det[1], det[0] * det[0]);
        let gamma = (det2.ln() * sixth).exp();
        // m^{−†} = (adj m)† det/|det|²
        let by = half / (gamma * det2);
        let by = [det[0] * by, det[1] * by];
        let gamma = gamma * half;
        for i in 0..3 {
            for j in 0..3 {
                let z = mul(by, conj(at(&adjugate, j, i)));
                let c = 6 * i + 2 * j;
                m[c] = m[c].mul_add(gamma, z[0]);
                m[c + 1] = m[c + 1].mul_add(gamma, z[1]);
            }
        }
    }
    let (_, det) = adjugate(&m);
    let (sin, cos) = (det[1].atan2(det[0]) * Lane::constant(simd, -1.0 / 3.0)).sin_cos();
    for c in 0..9 {
        [m[2 * c], m[2 * c + 1]] = mul([cos, sin], [m[2 * c], m[2 * c + 1]]);
    }
    m
}
