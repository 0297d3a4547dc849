//! Haar's measure, heat baths and overrelaxation: moments of what is drawn.

use super::*;
use std::f64::consts::TAU;

lane_functions! {
    Overrelaxed<G>(_simd, x) {
        let (u, a): (MatrixOf<G, S, R>, MatrixOf<G, S, R>) = (array(&x[0]), array(&x[1]));
        let v = G::overrelax(&u, &a);
        let mut out = v.as_ref().to_vec();
        out.extend(G::overrelax(&v, &a).as_ref());
        out.extend([G::re_trace(&G::multiply(&u, &a)), G::re_trace(&G::multiply(&v, &a))]);
        out
    }
}

/// Uniform numbers in (0, 1] of a lane, a draw and a block.
fn uniform(lane: usize, draw: u64, block: u32, i: usize) -> f64 {
    let draw = Draw { key: Stream::named("blocks").key(11), step: draw };
    1.0 - uniform_f64_at(draw, lane as u64, u64::from(block) * 4 + i as u64)
}

/// Draws one heat bath in every lane, lane `l` from the stream of lane `l + first`.
struct Bath<'a, G, R> {
    u: &'a [R],
    a: &'a [R],
    c: &'a [R],
    draw: u64,
    first: usize,
    group: std::marker::PhantomData<G>,
}

impl<G: Group, R: Real> Vectorize for Bath<'_, G, R> {
    type Output = Vec<R>;
    #[inline(always)]
    fn run<S: Isa>(self, simd: S) -> Vec<R> {
        let mut out = vec![R::default(); G::MATRIX * R::WIDTH];
        for part in 0..Lane::<S, R>::PARTS {
            let (u, a): (MatrixOf<G, S, R>, MatrixOf<G, S, R>) = (load(simd, self.u, part), load(simd, self.a, part));
            let c = Lane::at(simd, self.c, part * Lane::<S, R>::LEN);
            let source = |block: u32| -> [Lane<S, R>; 4] {
                std::array::from_fn(|i| {
                    let lane =
                        |l: usize| R::from_f64(uniform(self.first + part * Lane::<S, R>::LEN + l, self.draw, block, i));
                    let numbers: Vec<R> = (0..Lane::<S, R>::LEN).map(lane).collect();
                    Lane::at(simd, &numbers, 0)
                })
            };
            store(&G::heat_bath(&u, &a, c, source), &mut out, part);
        }
        out
    }
}

/// Component-wise numbers of lanes, `[component][lane]`.
fn spread<R: Real>(numbers: impl Fn(usize) -> Vec<f64>) -> Vec<R> {
    let lanes: Vec<Vec<f64>> = (0..R::WIDTH).map(numbers).collect();
    (0..lanes[0].len()).flat_map(|i| lanes.iter().map(move |lane| R::from_f64(lane[i]))).collect()
}

fn lane<R: Real>(numbers: &[R], l: usize) -> Vec<f64> {
    numbers.chunks_exact(R::WIDTH).map(|row| row[l].to_f64()).collect()
}

fn bath<G: Group, R: Real>(level: Level, u: &[R], a: &[R], c: &[R], draw: u64, first: usize) -> Vec<R> {
    level.run(Bath::<G, R> { u, a, c, draw, first, group: Default::default() })
}

/// Mean and error of a list.
fn mean(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (mean, (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n / (n - 1.0)).sqrt())
}

#[track_caller]
fn assert_mean(what: &str, x: &[f64], expected: f64) {
    let (mean, error) = mean(x);
    assert!((mean - expected).abs() < 4.5 * error.max(1e-7), "{what}: {mean} ± {error}, expected {expected}");
}

/// `I_n(x) e^{−x}` by its integral, `(1/π) ∫ cos(nφ) e^{x(cos φ − 1)} dφ`: the trapezoidal rule is exact to rounding.
fn bessel(n: i32, x: f64) -> f64 {
    let points = 4096;
    let value = |i: i32| {
        let phi = TAU * f64::from(i) / f64::from(points);
        (f64::from(n) * phi).cos() * (x * (phi.cos() - 1.0)).exp()
    };
    (0..points).map(value).sum::<f64>() / f64::from(points)
}

/// Draws of `u a/|a|` at a weight: U(1) and SU(2) as `(re, rest…)`.
fn drawn<G: Group, R: Real>(c: f64, a: &[f64], count: usize) -> Vec<Vec<f64>> {
    let one: Vec<f64> = stored_one::<G>();
    let (u, a_lanes, c) = (spread::<R>(|_| one.clone()), spread::<R>(|_| a.to_vec()), spread::<R>(|_| vec![c]));
    let level = Level::best();
    let mut list = Vec::new();
    for draw in 0..count.div_ceil(R::WIDTH) {
        let new = bath::<G, R>(level, &u, &a_lanes, &c, draw as u64, 0);
        list.extend((0..R::WIDTH).map(|l| lane(&new, l)));
    }
    list
}

fn stored_one<G: Group>() -> Vec<f64> {
    (0..G::MATRIX).map(|c| f64::from(u8::from(if G::N == 3 { c % 8 == 0 } else { c == 0 }))).collect()
}

fn product_trace(group: GroupName, u: &[f64], a: &[f64]) -> (f64, f64) {
    let p = times(&dense(group, u), &dense(group, a));
    (0..p.len()).fold((0.0, 0.0), |s, i| (s.0 + p[i][i].0, s.1 + p[i][i].1))
}

fn u1_bath<R: Real>() {
    for (i, kappa) in [0.0, 1e-6, 0.1, 0.7, 2.0, 10.0, 300.0, 1e5].into_iter().enumerate() {
        // c a = κ e^{iα}; for half the cases c < 0.
        let (sign, size) = (if i % 2 == 0 { 1.0 } else { -1.0 }, 2.5);
        let a = [sign * size * 0.6, sign * size * 0.8];
        let draws = drawn::<U1, R>(sign * kappa / size, &a, 8000);
        let angle: Vec<(f64, f64)> = draws.iter().map(|u| product_trace(GroupName::U1, u, &[0.6, 0.8])).collect();
        let cos: Vec<f64> = angle.iter().map(|z| (1.0 - z.0) * kappa.max(1.0)).collect();
        assert_mean("κ (1 − cos)", &cos, (1.0 - bessel(1, kappa) / bessel(0, kappa)) * kappa.max(1.0));
        let sin: Vec<f64> = angle.iter().map(|z| z.1 * kappa.max(1.0).sqrt()).collect();
        assert_mean("sin", &sin, 0.0);
        let double: Vec<f64> = angle.iter().map(|z| z.1 * z.1 * kappa.max(1.0)).collect();
        assert_mean("sin²", &double, 0.5 * (1.0 - bessel(2, kappa) / bessel(0, kappa)) * kappa.max(1.0));
        assert!(draws.iter().all(|u| (u[0].hypot(u[1]) - 1.0).abs() < 4.0 * ulp::<R>()));
    }
}

fn su2_bath<R: Real>() {
    for (i, k) in [0.0, 1e-5, 0.3, 0.69, 0.71, 3.0, 20.0, 1e4].into_iter().enumerate() {
        let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
        let direction = [0.1, 0.7, -0.5, 0.5];
        let a = direction.map(|x| sign * 3.0 * x);
        // k = 2 c |a|
        let draws = drawn::<SU2, R>(sign * k / 6.0, &a, 8000);
        let scale = k.max(1.0);
        let parts = |u: &Vec<f64>| -> Vec<f64> {
            let p = times(&dense(GroupName::SU2, u), &dense(GroupName::SU2, &direction));
            vec![p[0][0].0, p[0][1].1, p[0][1].0, p[0][0].1]
        };
        let w: Vec<Vec<f64>> = draws.iter().map(parts).collect();
        // ⟨w₀⟩ = I₂/I₁, ⟨w₀²⟩ = 1 − 3 I₂/(k I₁).
        let ratio = if k == 0.0 { 0.0 } else { bessel(2, k) / bessel(1, k) };
        let over_k = if k < 1e-3 { 0.25 } else { ratio / k };
        assert_mean("k (1 − w₀)", &w.iter().map(|w| (1.0 - w[0]) * scale).collect::<Vec<_>>(), (1.0 - ratio) * scale);
        let square: Vec<f64> = w.iter().map(|w| (1.0 - w[0] * w[0]) * scale).collect();
        assert_mean("k (1 − w₀²)", &square, 3.0 * over_k * scale);
        for j in 1..4 {
            assert_mean("w_j", &w.iter().map(|w| w[j] * scale.sqrt()).collect::<Vec<_>>(), 0.0);
            let square: Vec<f64> = w.iter().map(|w| w[j] * w[j] * scale).collect();
            assert_mean("k w_j²", &square, over_k * scale);
            assert_mean("w_j w_l", &w.iter().map(|w| w[j] * w[j % 3 + 1] * scale).collect::<Vec<_>>(), 0.0);
        }
        assert!(draws.iter().all(|u| (length(u) - 1.0).abs() < 4.0 * ulp::<R>()));
    }
}

/// Many updates of one link: `⟨Re tr(u a)⟩` at `a = 1` against `d ln Z/dc` by Weyl's integral over two phases.
fn su3_bath<R: Real>() {
    let one = stored_one::<SU3>();
    for c in [0.2_f64, 1.0, 4.0] {
        let (mut z, mut first, mut second) = (0.0, 0.0, 0.0);
        let points = 200;
        for i in 0..points {
            for j in 0..points {
                let (x, y) = (TAU * f64::from(i) / f64::from(points), TAU * f64::from(j) / f64::from(points));
                let t = [x, y, -x - y];
                let gap = |a: f64, b: f64| 2.0 - 2.0 * (a - b).cos();
                let trace: f64 = t.iter().map(|t| t.cos()).sum();
                let weight = gap(t[0], t[1]) * gap(t[0], t[2]) * gap(t[1], t[2]) * (c * (trace - 3.0)).exp();
                z += weight;
                first += weight * trace;
                second += weight * trace * trace;
            }
        }
        let (a, strength) = (spread::<R>(|_| one.clone()), spread::<R>(|_| vec![c]));
        let mut u = spread::<R>(|_| one.clone());
        let (mut traces, mut squares) = (Vec::new(), Vec::new());
        for sweep in 0..1200 {
            u = bath::<SU3, R>(Level::best(), &u, &a, &strength, sweep, 0);
            if sweep >= 20 && sweep % 4 == 0 {
                for l in 0..R::WIDTH {
                    let trace = product_trace(GroupName::SU3, &lane(&u, l), &one).0;
                    traces.push(trace);
                    squares.push(trace * trace);
                }
            }
        }
        assert_mean("Re tr", &traces, first / z);
        assert_mean("(Re tr)²", &squares, second / z);
    }
}

#[test]
fn heat_baths_draw_from_their_densities() {
    u1_bath::<f32>();
    u1_bath::<f64>();
    su2_bath::<f32>();
    su2_bath::<f64>();
    su3_bath::<f32>();
    su3_bath::<f64>();
}

/// Lanes with weights of their own have the bits that they have in any other place, on any instruction set.
fn lanes_alone<G: Group, R: Real>() {
    let matrix = |l: usize| draws(&format!("a{l}"), G::MATRIX);
    let weights = |l: usize| vec![[0.0, 0.01, 0.4, 1.0, 7.0, 100.0, f64::NAN, -3.0][l % 8]];
    let (u, a, c) = (spread::<R>(|_| stored_one::<G>()), spread::<R>(matrix), spread::<R>(weights));
    let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let all = bath::<G, R>(Level::best(), &u, &a, &c, 3, 0);
    for l in 0..R::WIDTH {
        // Lane l alone in every lane; its stream is that of lane l in lane 0.
        let (a, c) = (spread::<R>(|_| matrix(l)), spread::<R>(|_| weights(l)));
        for level in Level::all() {
            let alone = bath::<G, R>(level, &u, &a, &c, 3, l);
            assert_eq!(bits(&lane(&all, l)), bits(&lane(&alone, 0)), "{} lane {l}", G::NAME);
        }
        if weights(l)[0].is_nan() {
            assert_eq!(lane(&all, l), stored_one::<G>());
        }
    }
}

#[test]
fn draws_do_not_depend_on_other_lanes() {
    lanes_alone::<U1, f32>();
    lanes_alone::<U1, f64>();
    lanes_alone::<SU2, f32>();
    lanes_alone::<SU2, f64>();
    lanes_alone::<SU3, f32>();
    lanes_alone::<SU3, f64>();
}

fn overrelaxed<G: Group, R: Real>() {
    let m = G::MATRIX;
    for case in 0..40 {
        let omega: Vec<f64> = draws(&format!("o{case}"), G::ALGEBRA).iter().map(|w| w * 4.0).collect();
        let u = on_lanes::<R>(&Exponential::<G>(Default::default()), &[&omega], 2 * m)[..m].to_vec();
        let a: Vec<f64> = draws(&format!("s{case}"), m).iter().map(|x| x * 5.0).collect();
        let found = on_lanes::<R>(&Overrelaxed::<G>(Default::default()), &[&u, &a], 2 * m + 2);
        let (v, back) = (&found[..m], &found[m..2 * m]);
        let close = (found[2 * m] - found[2 * m + 1]).abs() / ulp::<R>() / length(&a);
        assert!(close < 8.0, "{}: weights differ by {close} ulp", G::NAME);
        let dense_v = dense(G::NAME, v);
        assert!(distance(&times(&dense_v, &dagger(&dense_v)), &unit(G::N)) < 40.0 * ulp::<R>());
        assert!(distance(&dense_v, &dense(G::NAME, &u)) > 1e-3, "{}: nothing moved", G::NAME);
        if G::N < 3 {
            assert!(distance(&dense(G::NAME, back), &dense(G::NAME, &u)) < 16.0 * ulp::<R>(), "{}", G::NAME);
        }
    }
    // No weight at all.
    let (one, none) = (stored_one::<G>(), vec![0.0; m]);
    let found = on_lanes::<R>(&Overrelaxed::<G>(Default::default()), &[&one, &none], 2 * m + 2);
    assert_eq!(&found[..m], one);
}

#[test]
fn overrelaxation_keeps_the_weight() {
    overrelaxed::<U1, f32>();
    overrelaxed::<U1, f64>();
    overrelaxed::<SU2, f32>();
    overrelaxed::<SU2, f64>();
    overrelaxed::<SU3, f32>();
    overrelaxed::<SU3, f64>();
}

lane_functions! {
    Haar<G>(_simd, x) {
        let normals: MatrixOf<G, S, R> = array(&x[0]);
        G::haar(&normals).as_ref().to_vec()
    }
}

/// Characters: `⟨tr u⟩ = 0`, `⟨|tr u|²⟩ = 1`, `⟨|tr u|⁴⟩ = 2` (1 in U(1)), `⟨(tr u)³⟩ = 1` in SU(3); and elements:
/// `⟨|u_ij|²⟩ = 1/N`.
fn haar<G: Group>() {
    let count = 6000;
    let mut traces = Vec::new();
    let mut elements = Vec::new();
    for case in 0..count {
        let u = draws(&format!("haar{case}"), 2 * G::MATRIX);
        // Box and Muller.
        let normal = |c: usize| (-2.0 * (0.5 - 0.5 * u[2 * c]).ln()).sqrt() * (TAU / 2.0 * u[2 * c + 1]).cos();
        let normals: Vec<f64> = (0..G::MATRIX).map(normal).collect();
        let u = dense(G::NAME, &on_lanes::<f64>(&Haar::<G>(Default::default()), &[&normals], G::MATRIX));
        traces.push((0..G::N).fold((0.0, 0.0), |s: (f64, f64), i| (s.0 + u[i][i].0, s.1 + u[i][i].1)));
        elements.push(u.into_iter().flatten().collect::<Vec<_>>());
    }
    let moment = |f: fn(&(f64, f64)) -> f64| traces.iter().map(f).collect::<Vec<f64>>();
    assert_mean("tr", &moment(|t| t.0), 0.0);
    assert_mean("tr", &moment(|t| t.1), 0.0);
    assert_mean("|tr|²", &moment(|t| t.0 * t.0 + t.1 * t.1), 1.0);
    assert_mean("|tr|⁴", &moment(|t| (t.0 * t.0 + t.1 * t.1).powi(2)), if G::N == 1 { 1.0 } else { 2.0 });
    assert_mean("Re tr³", &moment(|t| t.0.powi(3) - 3.0 * t.0 * t.1 * t.1), if G::N == 3 { 1.0 } else { 0.0 });
    for i in 0..elements[0].len() {
        let sizes: Vec<f64> = elements.iter().map(|u| u[i].0.powi(2) + u[i].1.powi(2)).collect();
        assert_mean("|u_ij|²", &sizes, 1.0 / G::N as f64);
    }
    let none = on_lanes::<f32>(&Haar::<G>(Default::default()), &[&vec![0.0; G::MATRIX]], G::MATRIX);
    assert!(G::N == 3 || none == stored_one::<G>());
}

#[test]
fn normal_numbers_give_the_measure_of_haar() {
    haar::<U1>();
    haar::<SU2>();
    haar::<SU3>();
}
