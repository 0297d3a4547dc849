//! The groups in plain numbers: products against complex matrices; functions against an oracle of 100 bits.

#![allow(clippy::print_stdout, reason = "tests say how close they came to their bounds")]

mod exp;
mod log;
mod oracle;
mod updates;

use super::*;
use crate::lanes::{Level, Vectorize};
use crate::random::{Draw, Stream, uniform_f64_at};

/// An `n` by `n` complex matrix in `f64`.
pub(super) type Dense = Vec<Vec<(f64, f64)>>;

pub(super) fn times(a: &Dense, b: &Dense) -> Dense {
    let n = a.len();
    let sum = |i: usize, j: usize| {
        (0..n).fold((0.0, 0.0), |s, k| {
            let ((ar, ai), (br, bi)) = (a[i][k], b[k][j]);
            (s.0 + ar * br - ai * bi, s.1 + ar * bi + ai * br)
        })
    };
    (0..n).map(|i| (0..n).map(|j| sum(i, j)).collect()).collect()
}

pub(super) fn dagger(a: &Dense) -> Dense {
    let n = a.len();
    (0..n).map(|i| (0..n).map(|j| (a[j][i].0, -a[j][i].1)).collect()).collect()
}

/// Generators by their definition.
pub(super) fn generators(group: GroupName) -> Vec<Dense> {
    let zero = |n: usize| vec![vec![(0.0, 0.0); n]; n];
    if group == GroupName::U1 {
        return vec![vec![vec![(1.0, 0.0)]]];
    }
    let n = group.rank();
    let mut list = Vec::new();
    let pair = |i: usize, j: usize| {
        let (mut a, mut b) = (zero(n), zero(n));
        a[i][j] = (0.5, 0.0);
        a[j][i] = (0.5, 0.0);
        b[i][j] = (0.0, -0.5);
        b[j][i] = (0.0, 0.5);
        [a, b]
    };
    let mut third = zero(n);
    third[0][0].0 = 0.5;
    third[1][1].0 = -0.5;
    list.extend(pair(0, 1));
    list.push(third);
    if n == 3 {
        list.extend(pair(0, 2));
        list.extend(pair(1, 2));
        let mut eighth = zero(3);
        let c = 0.5 / 3.0_f64.sqrt();
        (eighth[0][0].0, eighth[1][1].0, eighth[2][2].0) = (c, c, -2.0 * c);
        list.push(eighth);
    }
    list
}

/// The matrix of stored numbers.
pub(super) fn dense(group: GroupName, m: &[f64]) -> Dense {
    match group {
        GroupName::U1 => vec![vec![(m[0], m[1])]],
        GroupName::SU2 => vec![vec![(m[0], m[3]), (m[2], m[1])], vec![(-m[2], m[1]), (m[0], -m[3])]],
        GroupName::SU3 => (0..3).map(|i| (0..3).map(|j| (m[6 * i + 2 * j], m[6 * i + 2 * j + 1])).collect()).collect(),
    }
}

/// `Σ i ω_a T_a`
pub(super) fn algebra(group: GroupName, omega: &[f64]) -> Dense {
    let n = group.rank();
    let mut x = vec![vec![(0.0, 0.0); n]; n];
    for (w, t) in omega.iter().zip(generators(group)) {
        for (x, t) in x.iter_mut().flatten().zip(t.into_iter().flatten()) {
            x.0 -= w * t.1;
            x.1 += w * t.0;
        }
    }
    x
}

/// Runs a function of arrays on lanes: `inputs[i]` holds the numbers of one array for each lane, `[lane][number]`.
struct OnLanes<'a, R, F> {
    inputs: &'a [Vec<R>],
    outputs: usize,
    f: F,
}

pub(super) trait LaneFunction<R: Real> {
    fn call<S: Isa>(&self, simd: S, inputs: &[Vec<Lane<S, R>>]) -> Vec<Lane<S, R>>;
}

impl<R: Real, F: LaneFunction<R>> Vectorize for OnLanes<'_, R, F> {
    type Output = Vec<R>;
    #[inline(always)]
    fn run<S: Isa>(self, simd: S) -> Vec<R> {
        let mut out = vec![R::default(); self.outputs * R::WIDTH];
        for part in 0..Lane::<S, R>::PARTS {
            let load = |x: &Vec<R>| {
                let count = x.len() / R::WIDTH;
                (0..count).map(|c| Lane::at(simd, x, c * R::WIDTH + part * Lane::<S, R>::LEN)).collect()
            };
            let inputs: Vec<Vec<Lane<S, R>>> = self.inputs.iter().map(load).collect();
            for (c, lane) in self.f.call(simd, &inputs).into_iter().enumerate() {
                lane.put(&mut out, c * R::WIDTH + part * Lane::<S, R>::LEN);
            }
        }
        out
    }
}

/// `f` of one set of inputs, the same in every lane, checked to be the same on every instruction set.
pub(super) fn on_lanes<R: Real>(f: &impl LaneFunction<R>, inputs: &[&[f64]], outputs: usize) -> Vec<f64> {
    let spread: Vec<Vec<R>> =
        inputs.iter().map(|x| x.iter().flat_map(|&x| vec![R::from_f64(x); R::WIDTH]).collect()).collect();
    let mut first: Option<Vec<R>> = None;
    for level in Level::all() {
        let found = level.run(OnLanes { inputs: &spread, outputs, f: Shared(f) });
        let expected = first.get_or_insert_with(|| found.clone());
        // Which NaN comes out is not promised.
        let bits = |x: &R| if x.to_f64().is_nan() { None } else { Some(x.to_f64().to_bits()) };
        let same = found.iter().zip(&*expected).all(|(a, b)| bits(a) == bits(b));
        assert!(same, "{} differs", level.name());
    }
    first.unwrap().chunks_exact(R::WIDTH).map(|row| row[0].to_f64()).collect()
}

/// Each case in a lane of its own, beside the others, has the bits that it has alone.
pub(super) fn assert_lanes_alone<R: Real>(f: &impl LaneFunction<R>, cases: &[Vec<Vec<f64>>], outputs: usize) {
    for group in cases.chunks_exact(R::WIDTH) {
        let inputs: Vec<Vec<R>> = (0..group[0].len())
            .map(|i| {
                let numbers = group[0][i].len();
                (0..numbers).flat_map(|c| group.iter().map(move |case| R::from_f64(case[i][c]))).collect()
            })
            .collect();
        let found = Level::best().run(OnLanes { inputs: &inputs, outputs, f: Shared(f) });
        for (l, case) in group.iter().enumerate() {
            let alone = on_lanes::<R>(f, &case.iter().map(|x| &x[..]).collect::<Vec<_>>(), outputs);
            for (row, alone) in found.chunks_exact(R::WIDTH).zip(alone) {
                let together = row[l].to_f64();
                assert!(
                    together.to_bits() == alone.to_bits() || (together.is_nan() && alone.is_nan()),
                    "lane {l}: {case:?}"
                );
            }
        }
    }
}

struct Shared<'a, F>(&'a F);
impl<R: Real, F: LaneFunction<R>> LaneFunction<R> for Shared<'_, F> {
    #[inline(always)]
    fn call<S: Isa>(&self, simd: S, inputs: &[Vec<Lane<S, R>>]) -> Vec<Lane<S, R>> {
        self.0.call(simd, inputs)
    }
}

/// Uniform numbers in (−1, 1).
pub(super) fn draws(name: &str, count: usize) -> Vec<f64> {
    let draw = Draw { key: Stream::named(name).key(7), step: 0 };
    (0..count).map(|i| 2.0 * uniform_f64_at(draw, 0, i as u64) - 1.0).collect()
}

pub(super) fn array<A: Array<L>, L: Copy>(from: &[L]) -> A {
    A::from_fn(|i| from[i])
}

pub(super) fn distance(a: &Dense, b: &Dense) -> f64 {
    let both = a.iter().flatten().zip(b.iter().flatten());
    both.map(|(a, b)| (a.0 - b.0).abs().max((a.1 - b.1).abs())).fold(0.0, f64::max)
}

pub(super) fn unit(n: usize) -> Dense {
    (0..n).map(|i| (0..n).map(|j| (f64::from(u8::from(i == j)), 0.0)).collect()).collect()
}

/// One unit in the last place of 1 in the precision `R`.
pub(super) fn ulp<R: Real>() -> f64 {
    if R::WIDTH == 16 { f32::EPSILON.into() } else { f64::EPSILON }
}

pub(super) fn length(x: &[f64]) -> f64 {
    let most = x.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    if most == 0.0 { 0.0 } else { most * x.iter().map(|x| (x / most).powi(2)).sum::<f64>().sqrt() }
}

/// Functions of lanes for [`on_lanes`].
macro_rules! lane_functions {
    ($($name:ident<$g:ident>($simd:ident, $x:ident) $body:block)*) => {$(
        struct $name<G>(std::marker::PhantomData<G>);
        impl<R: Real, $g: Group> LaneFunction<R> for $name<$g> {
            #[inline(always)]
            fn call<S: Isa>(&self, $simd: S, $x: &[Vec<Lane<S, R>>]) -> Vec<Lane<S, R>> $body
        }
    )*};
}
pub(super) use lane_functions;

lane_functions! {
    Products<G>(_simd, x) {
        let (a, b): (MatrixOf<G, S, R>, MatrixOf<G, S, R>) = (array(&x[0]), array(&x[1]));
        let mut out = G::multiply(&a, &b).as_ref().to_vec();
        out.extend(G::multiply_adjoint(&a, &b).as_ref());
        out.extend(G::adjoint_multiply(&a, &b).as_ref());
        out.extend(G::adjoint(&a).as_ref());
        out.extend([G::re_trace(&a), G::im_trace(&a)]);
        out.extend(G::moments(&a).as_ref());
        out
    }
    Exponential<G>(_simd, x) {
        let omega: AlgebraOf<G, S, R> = array(&x[0]);
        let mut out = G::exp(&omega).as_ref().to_vec();
        out.extend(G::embed(&omega).as_ref());
        out
    }
    Transposed<G>(_simd, x) {
        let (m, g): (MatrixOf<G, S, R>, MatrixOf<G, S, R>) = (array(&x[0]), array(&x[1]));
        G::tangent_of_reunitarise(&m, &g).as_ref().to_vec()
    }
    Nearest<G>(_simd, x) {
        let u: MatrixOf<G, S, R> = array(&x[0]);
        G::nearest(&u).as_ref().to_vec()
    }
    Reunitarised<G>(_simd, x) {
        let u: MatrixOf<G, S, R> = array(&x[0]);
        G::reunitarise(&u).as_ref().to_vec()
    }
}

fn products<G: Group>() {
    let m = G::MATRIX;
    for case in 0..20 {
        let [a, b] = ["a", "b"].map(|name| draws(&format!("{name}{case}"), m));
        let found = on_lanes::<f64>(&Products::<G>(Default::default()), &[&a, &b], 4 * m + 2 + G::ALGEBRA);
        let [da, db] = [&a, &b].map(|x| dense(G::NAME, x));
        let expected = [times(&da, &db), times(&da, &dagger(&db)), times(&dagger(&da), &db), dagger(&da)];
        for (i, expected) in expected.iter().enumerate() {
            let d = distance(&dense(G::NAME, &found[i * m..][..m]), expected);
            assert!(d < 2e-15, "{} product {i}: off by {d:e}", G::NAME);
        }
        let trace = |a: &Dense| (0..G::N).fold((0.0, 0.0), |s, i| (s.0 + a[i][i].0, s.1 + a[i][i].1));
        let (re, im) = trace(&da);
        assert!((found[4 * m] - re).abs() < 1e-15 * 4.0 && (found[4 * m + 1] - im).abs() < 4e-15);
        for (a, t) in generators(G::NAME).iter().enumerate() {
            let d = (found[4 * m + 2 + a] - trace(&times(t, &da)).1).abs();
            assert!(d < 2e-15, "{} moment {a}: off by {d:e}", G::NAME);
        }
    }
}

fn reunitarised<G: Group>() {
    for case in 0..20 {
        let omega = draws(&format!("r{case}"), G::ALGEBRA);
        let found = on_lanes::<f64>(&Exponential::<G>(Default::default()), &[&omega], 2 * G::MATRIX);
        let noise = draws(&format!("n{case}"), G::MATRIX);
        let rough: Vec<f64> = found.iter().zip(&noise).map(|(u, n)| u + 1e-3 * n).collect();
        let u = on_lanes::<f64>(&Reunitarised::<G>(Default::default()), &[&rough], G::MATRIX);
        let u = dense(G::NAME, &u);
        let one = unit(G::N);
        assert!(distance(&times(&u, &dagger(&u)), &one) < 1e-15);
        assert!(distance(&u, &dense(G::NAME, &found[..G::MATRIX])) < 1e-2);
    }
}

#[test]
fn products_are_those_of_complex_matrices() {
    products::<U1>();
    products::<SU2>();
    products::<SU3>();
}

/// The transpose against difference quotients of fourth order.
fn transposed<G: Group>() {
    for case in 0..10 {
        let [m, g, d] = ["m", "g", "d"].map(|name| draws(&format!("{name}{case}"), G::MATRIX));
        let at = |h: f64| {
            let m: Vec<f64> = m.iter().zip(&d).map(|(m, d)| m + h * d).collect();
            let u = on_lanes::<f64>(&Reunitarised::<G>(Default::default()), &[&m], G::MATRIX);
            u.iter().zip(&g).map(|(u, g)| u * g).sum::<f64>()
        };
        let h = 1e-4;
        let quotient = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
        let found = on_lanes::<f64>(&Transposed::<G>(Default::default()), &[&m, &g], G::MATRIX);
        let found: f64 = found.iter().zip(&d).map(|(x, d)| x * d).sum();
        assert!((found - quotient).abs() < 1e-9 * (1.0 + found.abs()), "{}: {found} {quotient}", G::NAME);
    }
}

#[test]
fn the_transpose_of_reunitarising_is_that_of_its_derivative() {
    transposed::<U1>();
    transposed::<SU2>();
    transposed::<SU3>();
}

/// Newton's iteration on a matrix as it comes: unitary, of determinant 1, and what is left of `m` a Hermitian matrix
/// times a phase.
fn nearest<G: Group, R: Real>(bound: f64) {
    for case in 0..60 {
        let size = 10.0_f64.powi(case % 21 - 10);
        let m: Vec<f64> = draws(&format!("m{case}"), G::MATRIX).iter().map(|x| x * size).collect();
        let u = on_lanes::<R>(&Nearest::<G>(Default::default()), &[&m], G::MATRIX);
        let u = dense(G::NAME, &u);
        let d = distance(&times(&u, &dagger(&u)), &unit(G::N)) / ulp::<R>();
        assert!(d < bound, "{} {}: unitary up to {d:.1} ulp", G::NAME, R::NAME);
        let left = times(&dagger(&u), &dense(G::NAME, &m));
        // The determinant of u† m has the phase of det m; each element (i, j) equals its mirror's conjugate times a phase.
        let trace = (0..G::N).fold((0.0, 0.0), |s: (f64, f64), i| (s.0 + left[i][i].0, s.1 + left[i][i].1));
        let norm = trace.0.hypot(trace.1);
        let phase = (trace.0 / norm, -trace.1 / norm);
        let turned: Dense = left
            .iter()
            .map(|row| row.iter().map(|z| (z.0 * phase.0 - z.1 * phase.1, z.0 * phase.1 + z.1 * phase.0)).collect())
            .collect();
        let d = distance(&turned, &dagger(&turned)) / size / ulp::<R>();
        assert!(d < bound, "{} {}: Hermitian up to {d:.1} ulp", G::NAME, R::NAME);
    }
}

#[test]
fn nearest_matrices_are_polar_factors() {
    nearest::<U1, f64>(16.0);
    nearest::<SU2, f32>(16.0);
    nearest::<SU2, f64>(16.0);
    nearest::<SU3, f32>(32.0);
    nearest::<SU3, f64>(32.0);
}

#[test]
fn reunitarised_matrices_are_unitary() {
    reunitarised::<U1>();
    reunitarised::<SU2>();
    reunitarised::<SU3>();
}
