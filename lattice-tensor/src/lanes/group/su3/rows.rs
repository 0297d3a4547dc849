//! Gram and Schmidt: matrices beside SU(3) made unitary row by row, and the transpose of that map's derivative.

use super::super::{Isa, Lane, Real};
use super::{Complex, at, conj, fma, mul};

/// A row of a matrix.
type Row<S, R> = [Complex<S, R>; 3];

#[inline(always)]
fn row<S: Isa, R: Real>(m: &[Lane<S, R>; 18], i: usize) -> Row<S, R> {
    [at(m, i, 0), at(m, i, 1), at(m, i, 2)]
}

#[inline(always)]
fn matrix<S: Isa, R: Real>(rows: [Row<S, R>; 3]) -> [Lane<S, R>; 18] {
    let mut m = [rows[0][0][0]; 18];
    for i in 0..3 {
        for j in 0..3 {
            m[6 * i + 2 * j] = rows[i][j][0];
            m[6 * i + 2 * j + 1] = rows[i][j][1];
        }
    }
    m
}

/// `−a`
#[inline(always)]
fn minus<S: Isa, R: Real>(a: Complex<S, R>) -> Complex<S, R> {
    [-a[0], -a[1]]
}

/// `⟨a, b⟩ = Σ a* b`
#[inline(always)]
fn inner<S: Isa, R: Real>(a: &Row<S, R>, b: &Row<S, R>) -> Complex<S, R> {
    fma(conj(a[2]), b[2], fma(conj(a[1]), b[1], mul(conj(a[0]), b[0])))
}

/// `v + c a`
#[inline(always)]
fn plus<S: Isa, R: Real>(v: &Row<S, R>, c: Complex<S, R>, a: &Row<S, R>) -> Row<S, R> {
    [fma(c, a[0], v[0]), fma(c, a[1], v[1]), fma(c, a[2], v[2])]
}

/// `c v` for a real number.
#[inline(always)]
fn times<S: Isa, R: Real>(c: Lane<S, R>, v: &Row<S, R>) -> Row<S, R> {
    [[v[0][0] * c, v[0][1] * c], [v[1][0] * c, v[1][1] * c], [v[2][0] * c, v[2][1] * c]]
}

/// `v/|v|` and `1/|v|`
#[inline(always)]
fn normalised<S: Isa, R: Real>(v: &Row<S, R>) -> (Row<S, R>, Lane<S, R>) {
    let mut square = Lane::constant(v[0][0].simd(), 0.0);
    for z in v {
        square = z[1].mul_add(z[1], z[0].mul_add(z[0], square));
    }
    let by = Lane::constant(square.simd(), 1.0) / square.sqrt();
    (times(by, v), by)
}

/// `conj(a × b)`, the third row.
#[inline(always)]
fn third<S: Isa, R: Real>(a: &Row<S, R>, b: &Row<S, R>) -> Row<S, R> {
    let mut c = *a;
    for j in 0..3 {
        let (k, l) = ((j + 1) % 3, (j + 2) % 3);
        c[j] = conj(fma(minus(a[l]), b[k], mul(a[k], b[l])));
    }
    c
}

/// The first row normalised, the second made orthogonal to it, the third their conjugate cross product.
#[inline(always)]
pub(super) fn reunitarise<S: Isa, R: Real>(u: &[Lane<S, R>; 18]) -> [Lane<S, R>; 18] {
    let (a, _) = normalised(&row(u, 0));
    let second = row(u, 1);
    let (b, _) = normalised(&plus(&second, minus(inner(&a, &second)), &a));
    matrix([a, b, third(&a, &b)])
}

/// The sweep back through [`reunitarise`]; cotangents of complex numbers by `Re Σ z̄* dz`. The third row has none.
#[inline(always)]
pub(super) fn tangent_of_reunitarise<S: Isa, R: Real>(m: &[Lane<S, R>; 18], g: &[Lane<S, R>; 18]) -> [Lane<S, R>; 18] {
    let (a, by_a) = normalised(&row(m, 0));
    let second = row(m, 1);
    let along = inner(&a, &second);
    let (b, by_b) = normalised(&plus(&second, minus(along), &a));
    let (mut to_a, mut to_b, to_c) = (row(g, 0), row(g, 1), row(g, 2));
    // c_j = conj(a_k b_l − a_l b_k)
    for j in 0..3 {
        let (k, l) = ((j + 1) % 3, (j + 2) % 3);
        let c = conj(to_c[j]);
        to_a[k] = fma(c, conj(b[l]), to_a[k]);
        to_a[l] = fma(minus(c), conj(b[k]), to_a[l]);
        to_b[l] = fma(c, conj(a[k]), to_b[l]);
        to_b[k] = fma(minus(c), conj(a[l]), to_b[k]);
    }
    // b = v/|v|, v = m₂ − s a, s = ⟨a, m₂⟩.
    let zero = Lane::constant(by_a.simd(), 0.0);
    let to_v = times(by_b, &plus(&to_b, [-inner(&b, &to_b)[0], zero], &b));
    let to_s = minus(inner(&a, &to_v));
    let to_second = plus(&to_v, to_s, &a);
    let to_a = plus(&plus(&to_a, minus(conj(along)), &to_v), conj(to_s), &second);
    let to_first = times(by_a, &plus(&to_a, [-inner(&a, &to_a)[0], zero], &a));
    matrix([to_first, to_second, [[zero, zero]; 3]])
}
