//! Eigenvalues and eigenvectors of SU(3), and what is a function of them: the logarithm and its derivative.

use super::super::{Group, Isa, Lane, Real, SU3};
use super::{Complex, at, conj, fma, mul, product};
use crate::lanes::Mask;
use std::f64::consts::{FRAC_PI_3, PI};

/// Eigenvectors, `vectors[j]` of eigenvalue `j`.
type Vectors<S, R> = [[Complex<S, R>; 3]; 3];

/// Eigenvalues and orthonormal eigenvectors of a Hermitian matrix (of which the upper triangle is read), by Jacobi's
/// rotations in cyclic order: errors are a few units in the last place of the largest eigenvalue, with no case for
/// equal ones (Golub and Van Loan, Matrix Computations, §8.5).
#[inline(always)]
fn jacobi<S: Isa, R: Real>(h: &[Lane<S, R>; 18]) -> ([Lane<S, R>; 3], Vectors<S, R>) {
    let simd = h[0].simd();
    let (zero, one) = (Lane::constant(simd, 0.0), Lane::constant(simd, 1.0));
    // A power of two brings the largest element near 1, so that squares stay in range.
    let mut size = Lane::constant(simd, if R::WIDTH == 16 { f32::MIN_POSITIVE.into() } else { f64::MIN_POSITIVE });
    for &x in h {
        size = size.max(x.abs());
    }
    let size = Lane::new(simd, R::power_below(simd, size.reg()));
    let mut d = [h[0] / size, h[8] / size, h[16] / size];
    // Elements (0, 1), (0, 2), (1, 2), opposite to index 2, 1, 0.
    let mut off = [[h[10] / size, h[11] / size], [h[4] / size, h[5] / size], [h[2] / size, h[3] / size]];
    let mut v = [[[zero, zero]; 3]; 3];
    for (j, v) in v.iter_mut().enumerate() {
        v[j][0] = one;
    }
    let sweeps = if R::WIDTH == 16 { 4 } else { 5 };
    for _ in 0..sweeps {
        for (p, q, r) in [(0, 1, 2), (0, 2, 1), (1, 2, 0)] {
            let x = off[r];
            let x2 = x[1].mul_add(x[1], x[0] * x[0]);
            let gap = d[q] - d[p];
            // t = tan of the angle times the phase of x, from t² + t gap/|x| = 1, the smaller root.
            let root = (x2 * Lane::constant(simd, 4.0)).mul_add(one, gap * gap).sqrt() + gap.abs();
            let two = Lane::constant(simd, 2.0).copy_sign(gap);
            let by = Lane::select(zero.lt(root), two / root, zero * root);
            let t = [x[0] * by, x[1] * by];
            let cos = one / t[1].mul_add(t[1], t[0].mul_add(t[0], one)).sqrt();
            let sin = [t[0] * cos, t[1] * cos];
            let minus = [-sin[0], sin[1]];
            d[p] = (-by).mul_add(x2, d[p]);
            d[q] = by.mul_add(x2, d[q]);
            off[r] = [zero * root, zero * root];
            // H(r, p) and H(r, q), the stored elements being those of the upper triangle.
            let (rp, rq) = (upper(r, p, off[q]), upper(r, q, off[p]));
            let (to_p, to_q) = turned(rp, rq, cos, sin, minus);
            off[q] = upper(r, p, to_p);
            off[p] = upper(r, q, to_q);
            for i in 0..3 {
                (v[p][i], v[q][i]) = turned(v[p][i], v[q][i], cos, sin, minus);
            }
        }
    }
    ([d[0] * size, d[1] * size, d[2] * size], v)
}

/// Element `(k, l)` from that of the upper triangle, and back.
#[inline(always)]
fn upper<S: Isa, R: Real>(k: usize, l: usize, z: Complex<S, R>) -> Complex<S, R> {
    if k < l { z } else { conj(z) }
}

/// `(c p − s* q, s p + c q)`
#[inline(always)]
fn turned<S: Isa, R: Real>(
    p: Complex<S, R>,
    q: Complex<S, R>,
    c: Lane<S, R>,
    s: Complex<S, R>,
    minus: Complex<S, R>,
) -> (Complex<S, R>, Complex<S, R>) {
    (fma(minus, q, [p[0] * c, p[1] * c]), fma(s, p, [q[0] * c, q[1] * c]))
}

/// Exchanges eigenvalues `i` and `j` where the first eigenvalue is less.
#[inline(always)]
fn ordered<S: Isa, R: Real>(d: &mut [Lane<S, R>; 3], v: &mut Vectors<S, R>, i: usize, j: usize) {
    let less = d[i].lt(d[j]);
    (d[i], d[j]) = (Lane::select(less, d[j], d[i]), Lane::select(less, d[i], d[j]));
    for k in 0..3 {
        for part in 0..2 {
            let (a, b) = (v[i][k][part], v[j][k][part]);
            v[i][k][part] = Lane::select(less, b, a);
            v[j][k][part] = Lane::select(less, a, b);
        }
    }
}

/// `cos` and `sin` of `k π/3`, and `k`: the turns of which the best keeps −1 away from all eigenvalues.
const TURNS: [(f64, f64, f64); 6] = [
    (0.0, 1.0, 0.0),
    (1.0, 0.5, HALF_ROOT),
    (-1.0, 0.5, -HALF_ROOT),
    (2.0, -0.5, HALF_ROOT),
    (-2.0, -0.5, -HALF_ROOT),
    (3.0, -1.0, 0.0),
];
/// `√3/2`
const HALF_ROOT: f64 = 0.866_025_403_784_438_6;

/// Eigenphases in the order and on the branch of [`Group::eigenphases`], with eigenvectors.
///
/// Some gap between neighbouring eigenvalues on the circle is at least 2π/3, so one of six turns `z = e^{−ikπ/3}` takes
/// it to −1 with all eigenvalues at least π/6 away: the one with the largest `|det(1 + z u)|`, which is a polynomial of
/// the trace. Cayley's transform `i (1 − zu)(1 + zu)⁻¹` is then a Hermitian matrix of moderate size, with eigenvalues
/// `tan(θ/2)` and the same eigenvectors; Jacobi's rotations know no degeneracies.
#[inline(always)]
pub(super) fn eigen<S: Isa, R: Real>(u: &[Lane<S, R>; 18]) -> ([Lane<S, R>; 3], Vectors<S, R>) {
    let simd = u[0].simd();
    let zero = Lane::constant(simd, 0.0);
    let trace = [SU3::re_trace(u), SU3::im_trace(u)];
    let (mut best, mut k, mut z) = (zero, zero, [Lane::constant(simd, 1.0), zero]);
    for (turn, cos, sin) in TURNS {
        // 1 + z t + z² t* + z³ = z^{3/2} 2 Re(z^{−3/2} + z^{−1/2} t), t the trace.
        let (c, s) = (Lane::constant(simd, cos), Lane::constant(simd, -sin));
        let (half, third) = (turn * FRAC_PI_3 / 2.0, turn * FRAC_PI_3 * 1.5);
        let size = Lane::constant(simd, half.cos())
            .mul_add(trace[0], Lane::constant(simd, -half.sin()).mul_add(trace[1], Lane::constant(simd, third.cos())));
        let better = best.lt(size.abs());
        best = Lane::select(better, size.abs(), best);
        k = Lane::select(better, Lane::constant(simd, turn), k);
        z = [Lane::select(better, c, z[0]), Lane::select(better, s, z[1])];
    }
    let (mut d, mut v) = jacobi(&cayley(u, z));
    for tangent in &mut d {
        let half = tangent.atan();
        *tangent = half + half;
    }
    ordered(&mut d, &mut v, 0, 1);
    ordered(&mut d, &mut v, 1, 2);
    ordered(&mut d, &mut v, 0, 1);
    // The sum is a multiple of 2π: a full turn of the largest or the least takes it nearer to 0, and turns the order
    // round. Counted in π/3.
    let mut turns = [k; 3];
    let (pi, six) = (Lane::constant(simd, PI), Lane::constant(simd, 6.0));
    for _ in 0..3 {
        let sum = angle(d[0], turns[0]) + angle(d[1], turns[1]) + angle(d[2], turns[2]);
        let above = pi.lt(sum);
        let below = sum.lt(-pi);
        let (d0, v0, n0) = (d, v, turns);
        for j in 0..3 {
            let (next, last) = ((j + 1) % 3, (j + 2) % 3);
            let (down, up) = (if j == 2 { six } else { zero }, if j == 0 { six } else { zero });
            d[j] = pick(above, below, d0[j], d0[next], d0[last]);
            turns[j] = pick(above, below, n0[j], n0[next] - down, n0[last] + up);
            for i in 0..3 {
                for part in 0..2 {
                    v[j][i][part] = pick(above, below, v0[j][i][part], v0[next][i][part], v0[last][i][part]);
                }
            }
        }
    }
    ([angle(d[0], turns[0]), angle(d[1], turns[1]), angle(d[2], turns[2])], v)
}

/// `d + n π/3`
#[inline(always)]
fn angle<S: Isa, R: Real>(d: Lane<S, R>, n: Lane<S, R>) -> Lane<S, R> {
    let simd = d.simd();
    n.mul_add(Lane::constant(simd, FRAC_PI_3), n.mul_add(Lane::constant(simd, third_low::<R>()), d))
}

#[inline(always)]
fn pick<S: Isa, R: Real>(
    above: Mask<S, R>,
    below: Mask<S, R>,
    same: Lane<S, R>,
    next: Lane<S, R>,
    last: Lane<S, R>,
) -> Lane<S, R> {
    Lane::select(above, next, Lane::select(below, last, same))
}

/// What the constant π/3 lacks in this precision.
#[inline(always)]
fn third_low<R: Real>() -> f64 {
    if R::WIDTH == 16 { FRAC_PI_3 - f64::from(FRAC_PI_3 as f32) } else { THIRD_LOW }
}
/// π/3 less its nearest `f64`.
const THIRD_LOW: f64 = 1.148364282799222e-16;

/// The Hermitian part of `i (1 − z u)(1 + z u)⁻¹`; the first factor first, as the product is then relatively accurate
/// near 1.
#[inline(always)]
fn cayley<S: Isa, R: Real>(u: &[Lane<S, R>; 18], z: Complex<S, R>) -> [Lane<S, R>; 18] {
    let simd = u[0].simd();
    let (zero, one, half) = (Lane::constant(simd, 0.0), Lane::constant(simd, 1.0), Lane::constant(simd, 0.5));
    let (mut plus, mut minus) = (*u, *u);
    for c in 0..9 {
        let [re, im] = mul(z, [u[2 * c], u[2 * c + 1]]);
        let unit = if c % 4 == 0 { one } else { zero };
        plus[2 * c] = unit + re;
        plus[2 * c + 1] = im;
        minus[2 * c] = unit - re;
        minus[2 * c + 1] = -im;
    }
    let (adjugate, det) = adjugate(&plus);
    let m = SU3::multiply(&minus, &adjugate);
    // ½ i/det
    let size = half / det[1].mul_add(det[1], det[0] * det[0]);
    let by = [det[1] * size, det[0] * size];
    let mut h = [zero; 18];
    for i in 0..3 {
        for j in i..3 {
            let (a, b) = (mul(by, at(&m, i, j)), conj(mul(by, at(&m, j, i))));
            h[6 * i + 2 * j] = a[0] + b[0];
            h[6 * i + 2 * j + 1] = a[1] + b[1];
        }
    }
    h
}

/// The adjugate, whose product with the matrix is the determinant, and that.
#[inline(always)]
pub(super) fn adjugate<S: Isa, R: Real>(m: &[Lane<S, R>; 18]) -> ([Lane<S, R>; 18], Complex<S, R>) {
    let zero = Lane::constant(m[0].simd(), 0.0);
    let mut adjugate = [zero; 18];
    for i in 0..3 {
        for j in 0..3 {
            let (a, b, c, d) = ((i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3);
            let x = at(m, a, d);
            let cofactor = fma([-x[0], -x[1]], at(m, b, c), mul(at(m, a, c), at(m, b, d)));
            adjugate[6 * j + 2 * i] = cofactor[0];
            adjugate[6 * j + 2 * i + 1] = cofactor[1];
        }
    }
    let [first, second, third] = [at(&adjugate, 0, 0), at(&adjugate, 1, 0), at(&adjugate, 2, 0)];
    let det = fma(at(m, 0, 2), third, fma(at(m, 0, 1), second, mul(at(m, 0, 0), first)));
    (adjugate, det)
}

/// `i Σ_j θ_j v_j v_j†`
#[inline(always)]
pub(super) fn assembled<S: Isa, R: Real>(d: &[Lane<S, R>; 3], v: &Vectors<S, R>) -> [Lane<S, R>; 18] {
    let zero = Lane::constant(d[0].simd(), 0.0);
    let mut m = [zero; 18];
    for i in 0..3 {
        for j in 0..3 {
            let mut sum = [zero, zero];
            for k in 0..3 {
                sum = fma([v[k][i][0] * d[k], v[k][i][1] * d[k]], conj(v[k][j]), sum);
            }
            m[6 * i + 2 * j] = -sum[1];
            m[6 * i + 2 * j + 1] = sum[0];
        }
    }
    m
}

#[inline(always)]
pub(super) fn log<S: Isa, R: Real>(u: &[Lane<S, R>; 18]) -> [Lane<S, R>; 8] {
    let (d, v) = eigen(u);
    super::scale(Lane::constant(d[0].simd(), 2.0), &SU3::moments(&assembled(&d, &v)))
}

/// `(dexp_{−X})⁻¹ g`: in the basis of eigenvectors of `Q = Σ ω_a T_a`, element `(i, j)` times `x cot x + i x` with
/// `x = ½ (θ_i − θ_j)`, as there `−ad_X` is `−2ix` and `z/(e^z − 1)` is to be applied.
#[inline(always)]
pub(super) fn tangent_of_log<S: Isa, R: Real>(omega: &[Lane<S, R>; 8], g: &[Lane<S, R>; 8]) -> [Lane<S, R>; 8] {
    let simd = omega[0].simd();
    let (zero, one, half) = (Lane::constant(simd, 0.0), Lane::constant(simd, 1.0), Lane::constant(simd, 0.5));
    let x = SU3::embed(omega);
    let mut h = [zero; 18];
    for c in 0..9 {
        h[2 * c] = x[2 * c + 1];
        h[2 * c + 1] = -x[2 * c];
    }
    let (d, v) = jacobi(&h);
    let g = SU3::embed(g);
    let left = product(
        #[inline(always)]
        |i, k| conj(v[i][k]),
        #[inline(always)]
        |k, j| at(&g, k, j),
    );
    let mut inner = product(
        #[inline(always)]
        |i, k| at(&left, i, k),
        #[inline(always)]
        |k, j| v[j][k],
    );
    for i in 0..3 {
        for j in 0..3 {
            if i != j {
                let x = (d[i] - d[j]) * half;
                let (sin, cos) = x.sin_cos();
                let tiny = x.abs().lt(Lane::constant(simd, 1e-18));
                let cot = Lane::select(tiny, one, x * cos / Lane::select(tiny, one, sin));
                let z = mul([cot, x], at(&inner, i, j));
                inner[6 * i + 2 * j] = z[0];
                inner[6 * i + 2 * j + 1] = z[1];
            }
        }
    }
    let left = product(
        #[inline(always)]
        |i: usize, k: usize| v[k][i],
        #[inline(always)]
        |k, j| at(&inner, k, j),
    );
    let outer = product(
        #[inline(always)]
        |i, k| at(&left, i, k),
        #[inline(always)]
        |k: usize, j: usize| conj(v[k][j]),
    );
    super::scale(Lane::constant(simd, 2.0), &SU3::moments(&outer))
}
