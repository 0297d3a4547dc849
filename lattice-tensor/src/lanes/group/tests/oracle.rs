//! Complex matrices of numbers of 100 bits, and the functions of them that the lanes are held against. Nothing here uses
//! eigenvalues, characteristic polynomials or closed forms.

use super::{Dense, algebra, generators};
use crate::group::GroupName;
use crate::lanes::double::Double;

/// A complex number.
type Exact = (Double, Double);
/// A square matrix.
pub(super) type Matrix = Vec<Vec<Exact>>;

const ZERO: Double = Double(0.0, 0.0);

fn minus(a: Double) -> Double {
    Double(-a.0, -a.1)
}

fn product(a: Exact, b: Exact) -> Exact {
    (a.0.times(b.0).minus(a.1.times(b.1)), a.0.times(b.1).plus(a.1.times(b.0)))
}

pub(super) fn exact(a: &Dense) -> Matrix {
    a.iter().map(|row| row.iter().map(|&(re, im)| (Double(re, 0.0), Double(im, 0.0))).collect()).collect()
}

pub(super) fn times(a: &Matrix, b: &Matrix) -> Matrix {
    let n = a.len();
    let element = |i: usize, j: usize| {
        (0..n).fold((ZERO, ZERO), |sum, k| {
            let z = product(a[i][k], b[k][j]);
            (sum.0.plus(z.0), sum.1.plus(z.1))
        })
    };
    (0..n).map(|i| (0..n).map(|j| element(i, j)).collect()).collect()
}

fn scaled(a: &Matrix, by: f64) -> Matrix {
    let by = Double(by, 0.0);
    a.iter().map(|row| row.iter().map(|z| (z.0.times(by), z.1.times(by))).collect()).collect()
}

/// The exponential by scaling and squaring: Taylor's series of a matrix whose norm is less than 2⁻⁸.
pub(super) fn exp(x: &Matrix) -> Matrix {
    let n = x.len();
    let size: f64 = x.iter().flatten().map(|z| z.0.0.abs() + z.1.0.abs()).fold(0.0, f64::max) * n as f64;
    let halvings = size.log2().ceil().max(-8.0) as i32 + 8;
    let small = scaled(x, 0.5_f64.powi(halvings));
    let unit = |z: Exact, diagonal: bool| if diagonal { (z.0.plus(Double(1.0, 0.0)), z.1) } else { z };
    let with_unit = |m: Matrix| -> Matrix {
        let row = |(i, row): (usize, Vec<Exact>)| row.into_iter().enumerate().map(|(j, z)| unit(z, i == j)).collect();
        m.into_iter().enumerate().map(row).collect()
    };
    let mut sum = with_unit(scaled(x, 0.0));
    for k in (1..=14).rev() {
        let k = Double(f64::from(k), 0.0);
        let term = times(&small, &sum);
        sum = with_unit(term.iter().map(|row| row.iter().map(|z| (z.0.over(k), z.1.over(k))).collect()).collect());
    }
    (0..halvings).fold(sum, |m, _| times(&m, &m))
}

/// `exp(i Σ ω_a T_a)` for the coefficients of `f64` as they are; those of the generators that are no numbers of `f64`
/// are exact to 100 bits.
pub(super) fn group_exp(group: GroupName, omega: &[f64]) -> Matrix {
    exp(&embedded(group, omega))
}

/// `i Σ ω_a T_a`
pub(super) fn embedded(group: GroupName, omega: &[f64]) -> Matrix {
    let mut x = exact(&algebra(group, omega));
    if group == GroupName::SU3 {
        // The diagonal again, as 1/√3 and its sum are rounded there.
        let root = Double(0.577_350_269_189_625_8, -2.8e-17);
        let three = Double(3.0, 0.0);
        // One step of Newton for 1/√3.
        let root = root.plus(root.times(Double(1.0, 0.0).minus(three.times(root.times(root)))).times(Double(0.5, 0.0)));
        let eighth = Double(omega[7] * 0.5, 0.0).times(root);
        let third = Double(omega[2] * 0.5, 0.0);
        x[0][0].1 = eighth.plus(third);
        x[1][1].1 = eighth.minus(third);
        x[2][2].1 = minus(eighth.plus(eighth));
    }
    x
}

/// `φ(K) g = Σ_k K^k g/(k+1)!` as the last column of the exponential of `(K, g; 0, 0)`, with `K = −ad_X` in coefficients.
pub(super) fn tangent_of_exp(group: GroupName, omega: &[f64], g: &[f64]) -> Vec<f64> {
    let n = g.len();
    let x = embedded(group, omega);
    let minus_x = scaled(&x, -1.0);
    let mut k = vec![vec![(ZERO, ZERO); n + 1]; n + 1];
    for (b, t) in generators(group).iter().enumerate() {
        // i T_b; the eighth of SU(3) exactly.
        let mut unit = vec![0.0; n];
        unit[b] = 1.0;
        let t_b = embedded(group, &unit);
        let (ab, ba) = (times(&minus_x, &t_b), times(&t_b, &minus_x));
        for a in 0..n {
            // Coefficient a: −i tr(T_a y)/tr T_a² with y = [−X, i T_b]; i T_a again by `embedded`: tr(−iT_a y i)...
            let mut unit = vec![0.0; n];
            unit[a] = 1.0;
            let t_a = embedded(group, &unit);
            let mut sum = ZERO;
            for (i, row) in t_a.iter().enumerate() {
                for (j, &z) in row.iter().enumerate() {
                    let y = (ab[j][i].0.minus(ba[j][i].0), ab[j][i].1.minus(ba[j][i].1));
                    sum = sum.plus(product(z, y).0);
                }
            }
            // tr (iT_a)(iT_a) = −tr T_a².
            k[a][b].0 = sum.over(Double(if t.len() == 1 { -1.0 } else { -0.5 }, 0.0));
        }
        k[b][n].0 = Double(g[b], 0.0);
    }
    let e = exp(&k);
    (0..n).map(|a| e[a][n].0.0).collect()
}

/// The largest difference of real or imaginary parts.
pub(super) fn distance(a: &Dense, b: &Matrix) -> f64 {
    let part = |a: f64, b: Double| Double(a, 0.0).minus(b).0.abs();
    let both = a.iter().flatten().zip(b.iter().flatten());
    // NaN is far from everything.
    both.map(|(a, b)| part(a.0, b.0) + part(a.1, b.1)).fold(0.0, |most, d| if d <= most { most } else { d })
}

/// The largest difference outside the real parts of the diagonal.
pub(super) fn distance_from_one(a: &Dense, b: &Matrix) -> f64 {
    let part = |a: f64, b: Double| Double(a, 0.0).minus(b).0.abs();
    let mut most: f64 = 0.0;
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        for (j, (a, b)) in a.iter().zip(b).enumerate() {
            most = most.max(part(a.1, b.1)).max(if i == j { 0.0 } else { part(a.0, b.0) });
        }
    }
    most
}

#[test]
fn the_exponential_is_a_one_parameter_group() {
    for (a, b) in [(0.25, 0.5), (11.0, -7.5), (0.5_f64.powi(40), 30.0)] {
        let of = |t: f64| {
            group_exp(
                GroupName::SU3,
                &[0.1, -0.7, 0.4, 1.0, 0.2, -0.3, 0.6, 0.9].map(|w: f64| (w * 64.0).round() / 64.0 * t),
            )
        };
        let (left, right) = (times(&of(a), &of(b)), of(a + b));
        for (x, y) in left.iter().flatten().zip(right.iter().flatten()) {
            assert!(x.0.minus(y.0).0.abs() + x.1.minus(y.1).0.abs() < 1e-26);
        }
    }
}

#[test]
fn the_exponential_of_a_third_generator_is_a_phase() {
    for w in [1e-3, 1.5, 40.0] {
        let (sin, cos) = Double::sin_cos(w / 2.0);
        let u = group_exp(GroupName::SU2, &[0.0, 0.0, w]);
        assert!(u[0][0].0.minus(cos).0.abs() + u[0][0].1.minus(sin).0.abs() < 1e-25);
    }
}
