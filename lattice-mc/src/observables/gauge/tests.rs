use super::*;
use crate::action::gauge::brute::{Brute, adjoint, product, trace as trace_of};
use crate::action::{Rectangles, Wilson};
use crate::manifold::at_rest;
use crate::testing::{Ran, evaluate};
use lattice_autograd::{Trace, links};
use lattice_tensor::field::{Algebra, Element, Field};
use lattice_tensor::group::{SU2, SU3};
use lattice_tensor::{Device, Fibre, FieldData, Lattice, Layout, Location, Spec};
use proptest::prelude::*;
use std::f64::consts::{PI, TAU};
use std::sync::Arc;

/// Extents of 1, 2 and 3, odd and unequal.
fn extents() -> impl Strategy<Value = Vec<usize>> {
    let small = prop::sample::select(vec![1_usize, 2, 3, 4, 5]);
    prop::collection::vec(small, 2..=4).prop_filter("small", |e| e.iter().product::<usize>() <= 60)
}

fn numbers<'t>(list: &[Observable<'t>]) -> Vec<lattice_tensor::NodeId> {
    list.iter().map(|(_, value)| value.id()).collect()
}

/// `Ω(x) U_μ(x) Ω(x+μ)†` with random `Ω`, and `Ω`.
fn transformed<'t, G: Group>(u: Var<'t, Links<G>>) -> (Var<'t, Links<G>>, Var<'t, Element<G>>) {
    let fibre = Fibre::Algebra { group: G::NAME, count: 1 };
    let spec = Spec::Field { location: Location::All, fibre };
    let omega = (u.trace().normal_as::<Algebra<G>>("gauge", spec) * 3.0).exp();
    let directions = u.trace().lattice().directions();
    let turned = |mu| (omega * u.link(mu)).times_adjoint(omega.shift(mu, 1));
    (links(&(0..directions).map(turned).collect::<Vec<_>>()), omega)
}

fn observables_do_not_see_the_gauge<G: Group>(lattice: &Lattice, seed: u64) -> Result<(), TestCaseError> {
    let trace = Trace::new(lattice);
    let u = trace.haar_links::<G>("u");
    let (v, omega) = transformed(u);
    let actions: [&dyn Action<Links<G>>; 2] = [&Wilson::new(1.3), &Rectangles::iwasaki(0.8)];
    let list = |u| actions.iter().flat_map(|action| standard(*action, u)).collect::<Vec<_>>();
    let smeared = |u| clover_energy(stout(u, 0.1, 2));
    let (before, after) = (list(u), list(v));
    let mut ids = [numbers(&before), numbers(&after)].concat();
    ids.extend([smeared(u).id(), smeared(v).id()]);
    // Forces turn with Ω(x): their matrices become Ω P Ω†.
    let mut fields = Vec::new();
    for action in actions {
        let one = trace.mask() * 0.0 + 1.0;
        let (p, q) = (action.kick(at_rest(u), u, one), action.kick(at_rest(v), v, one));
        for mu in 0..lattice.directions() {
            let turned = (omega.matrix() * p.direction(mu).embed()).times_adjoint(omega.matrix());
            fields.extend([turned.id(), q.direction(mu).embed().id()]);
        }
    }
    let Ran { fields, numbers } = evaluate(&trace, &fields, &ids, 3, seed);
    let names = before.iter().map(|(name, _)| name.as_str());
    for (i, name) in names.enumerate() {
        for (a, b) in numbers[i].iter().zip(&numbers[before.len() + i]) {
            prop_assert!((a - b).abs() < 1e-11 * (1.0 + a.abs()), "{name} on {:?}: {a} {b}", lattice.extents());
        }
    }
    for (a, b) in numbers[2 * before.len()].iter().zip(&numbers[2 * before.len() + 1]) {
        prop_assert!((a - b).abs() < 1e-11 * (1.0 + a.abs()), "smeared: {a} {b}");
    }
    for pair in fields.chunks_exact(2) {
        for (a, b) in pair[0].concat().iter().zip(pair[1].concat()) {
            prop_assert!((a - b).abs() < 1e-11, "force: {a} {b}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(5), ..ProptestConfig::default() })]

    #[test]
    fn observables_are_gauge_invariant_and_forces_covariant(extents in extents(), seed in 0_u64..1 << 40) {
        let lattice = Lattice::periodic(&extents).unwrap();
        observables_do_not_see_the_gauge::<U1>(&lattice, seed)?;
        observables_do_not_see_the_gauge::<SU2>(&lattice, seed)?;
        observables_do_not_see_the_gauge::<SU3>(&lattice, seed)?;
    }
}

fn loops_are_their_definitions<G: Group>() {
    for extents in [&[2, 2][..], &[1, 4], &[5, 8], &[3, 2, 4], &[2, 3, 1, 4]] {
        let lattice = Lattice::periodic(extents).unwrap();
        let (d, volume) = (extents.len(), lattice.volume());
        let trace = Trace::new(&lattice);
        let u = trace.haar_links::<G>("u");
        let mut list = standard(&Wilson::new(1.0), u);
        list.push(("winding".into(), wilson_loop(u, 0, 3, d - 1, 5)));
        let Ran { fields, numbers } = evaluate(&trace, &[u.id()], &numbers(&list), 2, 11);
        for (s, configuration) in fields[0].iter().enumerate() {
            let u = Brute::new(&lattice, G::NAME, configuration);
            let found = |name: &str| list.iter().position(|(n, _)| n == name).map(|i| numbers[i][s]);
            let check = |name: &str, expected: f64| {
                let found = found(name).unwrap_or_else(|| panic!("{name} on {extents:?}"));
                assert!((found - expected).abs() < 1e-12, "{name} on {extents:?}: {found} is not {expected}");
            };
            let loops = |r: usize, t: usize, planes: &[(usize, usize)]| {
                let all = planes.iter().flat_map(|&(mu, nu)| (0..volume).map(move |x| (x, mu, nu)));
                let sum: f64 = all.map(|(x, mu, nu)| u.rectangle(x, (mu, r), (nu, t))).sum();
                sum / (volume * planes.len()) as f64
            };
            let all: Vec<_> = planes(d).collect();
            let (temporal, spatial): (Vec<_>, Vec<_>) = all.iter().partition(|(_, nu)| nu + 1 == d);
            check("plaquette", loops(1, 1, &all));
            check("winding", loops(3, 5, &[(0, d - 1)]));
            if d > 2 {
                check("spatial", loops(1, 1, &spatial));
                check("temporal", loops(1, 1, &temporal));
            }
            for r in 1..=4 {
                for t in 1..=4 {
                    let long: Vec<_> = temporal.iter().copied().filter(|(mu, _)| r <= extents[*mu] / 2).collect();
                    match t <= extents[d - 1] / 2 && !long.is_empty() {
                        true => check(&format!("wilson_{r}x{t}"), loops(r, t, &long)),
                        false => assert_eq!(found(&format!("wilson_{r}x{t}")), None),
                    }
                }
            }
            let line = |x: usize| trace_of(&u.path(x, &vec![(d - 1, 1); extents[d - 1]])).map(|l| l / G::N as f64);
            let total = (0..volume).map(line).fold([0.0; 2], |s, l| [s[0] + l[0], s[1] + l[1]]);
            check("polyakov_abs", total[0].hypot(total[1]) / volume as f64);
            for r in 1..=extents[..d - 1].iter().max().unwrap() / 2 {
                let far: Vec<usize> = (0..d - 1).filter(|&k| r <= extents[k] / 2).collect();
                let product = |x: usize, k: usize| {
                    let there = (0..r).fold(x, |x, _| u.step(x, k, 1));
                    let (a, b) = (line(x), line(there));
                    a[0] * b[0] + a[1] * b[1]
                };
                let sum: f64 =
                    far.iter().flat_map(|&k| (0..volume).map(move |x| (x, k))).map(|(x, k)| product(x, k)).sum();
                check(&format!("polyakov_corr{r}"), sum / (far.len() * volume) as f64);
            }
            if d == 4 {
                check("charge", charge_by_definition(&u, G::NAME));
            }
        }
    }
}

/// `1/(32π²) Σ ε tr F F` with `F = (1/8i) Σ (P − P†)` over the leaves, its trace taken off in SU(N).
fn charge_by_definition(u: &Brute, group: GroupName) -> f64 {
    let strength = |x: usize, mu: usize, nu: usize| {
        let leaves = [
            [(mu, 1), (nu, 1), (mu, -1), (nu, -1)],
            [(nu, 1), (mu, -1), (nu, -1), (mu, 1)],
            [(mu, -1), (nu, -1), (mu, 1), (nu, 1)],
            [(nu, -1), (mu, 1), (nu, 1), (mu, -1)],
        ];
        let n = group.rank();
        let mut f = vec![vec![[0.0; 2]; n]; n];
        for leaf in leaves {
            let p = u.path(x, &leaf);
            let dagger = adjoint(&p);
            for i in 0..n {
                for j in 0..n {
                    // (P − P†)/8i
                    f[i][j][0] += (p[i][j][1] - dagger[i][j][1]) / 8.0;
                    f[i][j][1] -= (p[i][j][0] - dagger[i][j][0]) / 8.0;
                }
            }
        }
        if group != GroupName::U1 {
            let mean = trace_of(&f).map(|t| t / n as f64);
            (0..n).for_each(|i| f[i][i] = [f[i][i][0] - mean[0], f[i][i][1] - mean[1]]);
        }
        f
    };
    let dual = |x: usize, a: (usize, usize), b: (usize, usize)| {
        trace_of(&product(&strength(x, a.0, a.1), &strength(x, b.0, b.1)))[0]
    };
    let density = |x| dual(x, (0, 1), (2, 3)) - dual(x, (0, 2), (1, 3)) + dual(x, (0, 3), (1, 2));
    (0..u.sites()).map(density).sum::<f64>() * 8.0 / (32.0 * PI * PI)
}

#[test]
fn loops_and_charges_are_their_definitions() {
    loops_are_their_definitions::<U1>();
    loops_are_their_definitions::<SU2>();
    loops_are_their_definitions::<SU3>();
}

#[test]
fn charges_of_a_torus_are_integers() {
    for extents in [[1, 1], [2, 2], [3, 5], [1, 6], [8, 8]] {
        let lattice = Lattice::periodic(extents).unwrap();
        let trace = Trace::new(&lattice);
        let u = trace.haar_links::<U1>("u");
        let list = standard(&Wilson::new(1.0), u);
        let Ran { fields, numbers } = evaluate(&trace, &[u.id()], &numbers(&list), 64, 3);
        let of = |name: &str| list.iter().position(|(n, _)| n == name).map(|i| &numbers[i]);
        let mut seen = std::collections::BTreeSet::new();
        for s in 0..64 {
            let u = Brute::new(&lattice, GroupName::U1, &fields[0][s]);
            let angle = |x, mu, nu| {
                let [re, im] = trace_of(&u.path(x, &[(mu, 1), (nu, 1), (mu, -1), (nu, -1)]));
                im.atan2(re)
            };
            let expected = u.sum(angle) / TAU;
            let q = of("charge").unwrap()[s];
            assert!((q - expected).abs() < 1e-12 && (q - q.round()).abs() < 1e-12, "{extents:?}: {q} {expected}");
            assert!((of("charge2").unwrap()[s] - q * q).abs() < 1e-12);
            for k in 0..=4 {
                let Some(p) = of(&format!("p_q{k}")) else { continue };
                let weight = if k == 0 { 1.0 } else { 0.5 };
                assert_eq!(p[s], if q.round().abs() == k as f64 { weight } else { 0.0 });
            }
            seen.insert(q.round() as i64);
        }
        assert!(extents == [1, 1] || seen.len() > 1, "{extents:?}: {seen:?}");
    }
}

/// Links `e^{iθT}` with `T` a diagonal generator.
fn diagonal(group: GroupName, theta: f64) -> Vec<f64> {
    let (half_sin, half_cos) = (0.5 * theta).sin_cos();
    match group {
        GroupName::U1 => vec![theta.cos(), theta.sin()],
        GroupName::SU2 => vec![half_cos, 0.0, 0.0, half_sin],
        GroupName::SU3 => {
            let mut u = vec![0.0; 18];
            (u[0], u[1], u[8], u[9], u[16]) = (half_cos, half_sin, half_cos, -half_sin, 1.0);
            u
        }
    }
}

/// A plane wave of small amplitude in one component of the algebra obeys the heat equation.
fn waves_decay<G: Group>() {
    let (extents, amplitude) = ([8, 3, 2], 1e-3);
    let lattice = Lattice::periodic(extents).unwrap();
    let layout = Arc::new(Layout::samples(&lattice, 8));
    let fibre = Fibre::Matrix { group: G::NAME, count: 3 };
    let p = TAU / 8.0;
    let site = |x: usize| {
        let theta = [0.0, amplitude * (p * (x / 6) as f64).sin(), 0.0];
        theta.into_iter().flat_map(|theta| diagonal(G::NAME, theta)).collect::<Vec<_>>()
    };
    let mut data = FieldData::<f64>::zeros(&layout, Location::All, fibre, 1).unwrap();
    data.set_sample(0, &(0..48).flat_map(site).collect::<Vec<_>>()).unwrap();
    let flow = WilsonFlow { step: 0.025, every: 10, until: 1.0 };
    let fields = Field::from_data(data);
    let device = Device::cpu(1).unwrap();
    let points = GradientFlow::<f64, G>::new(flow, &fields, &device).unwrap().run(&fields).unwrap();
    assert_eq!(points.iter().map(|p| p.time).collect::<Vec<_>>(), flow.times());
    let wave = (2.0 - 2.0 * p.cos()) * amplitude * amplitude / 2.0;
    for point in &points[1..] {
        let t = point.time;
        // E = ½ F², F² on average half of the square of its amplitude.
        let decay = wave / 2.0 * (-2.0 * (2.0 - 2.0 * p.cos()) * t).exp() * t * t;
        assert!((point.plaquette[0] / decay - 1.0).abs() < 1e-5, "{}: {} {decay}", G::NAME, point.plaquette[0]);
        // The clover sees the mean over two sites.
        let clover = decay * (0.5 * p).cos().powi(2);
        assert!((point.clover[0] / clover - 1.0).abs() < 1e-5, "{}: {} {clover}", G::NAME, point.clover[0]);
    }
}

#[test]
fn the_flow_is_the_heat_equation_for_smooth_fields() {
    waves_decay::<U1>();
    waves_decay::<SU2>();
    waves_decay::<SU3>();
}

#[test]
fn the_flow_is_integrated_to_third_order() {
    let lattice = Lattice::periodic([4, 4]).unwrap();
    let trace = Trace::new(&lattice);
    let u = trace.haar_links::<SU3>("u");
    let ends: Vec<_> = [4, 8, 16, 256]
        .into_iter()
        .map(|n| {
            let flow = WilsonFlow { step: 0.4 / n as f64, every: 1, until: 1.0 };
            (0..n).fold(u, |u, _| flow.flowed(u)).id()
        })
        .collect();
    let Ran { fields, .. } = evaluate(&trace, &ends, &[], 1, 2);
    let miss = |i: usize| {
        let squares = fields[i][0].iter().zip(&fields[3][0]).map(|(a, b)| (a - b).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let orders = [(miss(0) / miss(1)).log2(), (miss(1) / miss(2)).log2()];
    assert!((orders[1] - 3.0).abs() < 0.15, "{orders:?}");
}

#[test]
fn smearing_is_a_step_of_the_flow_and_smoothes() {
    let lattice = Lattice::periodic([3, 4, 2]).unwrap();
    let trace = Trace::new(&lattice);
    let u = trace.haar_links::<SU3>("u");
    let plaquette = |u: Var<'_, Links<SU3>>| u.plaquettes().sum_sites().id();
    let (once, often) = (stout(u, 0.05, 1), stout(u, 0.1, 20));
    // iQ = −ρ × the traceless anti-Hermitian part of the plaquettes that begin with the link.
    let Ran { fields, numbers } =
        evaluate(&trace, &[u.id(), stout(u, 1e-4, 1).id()], &[plaquette(u), plaquette(once), plaquette(often)], 1, 4);
    assert!(numbers[0][0] < numbers[1][0] && numbers[1][0] < numbers[2][0], "{numbers:?}");
    let (before, after) =
        (Brute::new(&lattice, GroupName::SU3, &fields[0][0]), Brute::new(&lattice, GroupName::SU3, &fields[1][0]));
    for x in 0..lattice.volume() {
        for mu in 0..3 {
            let mut omega = vec![vec![[0.0; 2]; 3]; 3];
            for nu in (0..3).filter(|&nu| nu != mu) {
                for by in [1, -1] {
                    let p = before.path(x, &[(mu, 1), (nu, by), (mu, -1), (nu, -by)]);
                    (0..9).for_each(|k| (0..2).for_each(|c| omega[k / 3][k % 3][c] += p[k / 3][k % 3][c]));
                }
            }
            let (dagger, link) = (adjoint(&omega), before.path(x, &[(mu, 1)]));
            let mut generator = vec![vec![[0.0; 2]; 3]; 3];
            for k in 0..9 {
                for c in 0..2 {
                    generator[k / 3][k % 3][c] = -0.5e-4 * (omega[k / 3][k % 3][c] - dagger[k / 3][k % 3][c]);
                }
            }
            let mean = trace_of(&generator)[1] / 3.0;
            (0..3).for_each(|i| generator[i][i][1] -= mean);
            let (moved, end) = (product(&generator, &link), after.path(x, &[(mu, 1)]));
            for k in 0..9 {
                for c in 0..2 {
                    let expected = link[k / 3][k % 3][c] + moved[k / 3][k % 3][c];
                    assert!((end[k / 3][k % 3][c] - expected).abs() < 1e-6);
                }
            }
        }
    }
}

#[test]
fn scales_are_where_the_level_is_crossed() {
    let times: Vec<f64> = (0..20).map(|i| 0.05 * f64::from(i)).collect();
    // t²E = t exactly on average: t₀ = 0.3, and t d/dt t²E = t: w₀² = 0.3.
    let series: Vec<Vec<Vec<f64>>> =
        times.iter().map(|t| vec![(0..400).map(|i| t * (1.0 + 0.1 * (f64::from(i) * 1.7).sin())).collect()]).collect();
    let views: Vec<&[Vec<f64>]> = series.iter().map(Vec::as_slice).collect();
    let method = crate::statistics::GammaMethod::default();
    let found = |scale_of| scale(&method, scale_of, &times, &views, LEVEL).unwrap().unwrap();
    let (t0, w0) = (found(Scale::T0), found(Scale::W0));
    assert!(t0.pull(0.3).abs() < 4.0 && t0.error > 0.0 && t0.error < 0.01, "{t0}");
    assert!(w0.pull(0.3_f64.sqrt()).abs() < 4.0 && w0.error < 0.01, "{w0}");
    assert!(scale(&method, Scale::T0, &times, &views, 2.0).unwrap().is_none());
}
