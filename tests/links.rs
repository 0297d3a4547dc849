//! Flows of U(1) links: gauge covariant, invertible, with the right Jacobian, exact.

use crate::maps::{How, check_jacobian_and_score, distance, image};
use lattice_fields::prelude::*;
use lattice_flows::UniformAngles;
use lattice_flows::angles::{Masks, Pattern, Transform};
use lattice_mc::exact::gauge::Torus;
use lattice_tensor::Grid;
use lattice_tensor::group::GroupName;
use lattice_tensor::ops::Step;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::f64::consts::{PI, TAU};

/// A flow whose parameters are far from the start.
fn flow(extents: &[usize], shape: LinkFlow) -> Flow<Channels> {
    let lattice = Lattice::periodic(extents).unwrap();
    let mut flow = shape.flow(&lattice).unwrap();
    flow.parameters.values_mut().iter_mut().enumerate().for_each(|(i, p)| *p += 0.06 * (i as f64 * 1.7).sin());
    flow
}

/// Angles from a seed.
fn angles(lattice: &Lattice, seed: u64) -> Vec<f64> {
    let number = |k: usize| ((k as f64 + 1.3) * 12.9898 + seed as f64 * 0.37).sin() * 43758.5453;
    (0..lattice.volume() * lattice.directions()).map(|k| TAU * (number(k) - number(k).floor()) - PI).collect()
}

/// `θ_μ(x) + α(x) − α(x+μ)`
fn transformed(lattice: &Lattice, theta: &[f64], alpha: &[f64]) -> Vec<f64> {
    let directions = lattice.directions();
    let at = |k: usize| {
        let (x, mu) = (k / directions, k % directions);
        let mut ahead = lattice.coordinates(x);
        ahead[mu] += 1;
        theta[k] + alpha[x] - alpha[lattice.site(&ahead)]
    };
    (0..theta.len()).map(at).collect()
}

fn shapes() -> impl Strategy<Value = (Vec<usize>, LinkFlow)> {
    let transform = prop_oneof![Just(Transform::Ncp), Just(Transform::Moebius), Just(Transform::Spline)];
    let extents = prop_oneof![
        Just(vec![4usize, 4]),
        Just(vec![2, 3]),
        Just(vec![5, 4]),
        Just(vec![6, 2]),
        Just(vec![3, 2, 4]),
        Just(vec![2, 2, 2, 2]),
    ];
    let hidden = prop::collection::vec(1usize..5, 0..3);
    (extents, transform, hidden, any::<bool>(), any::<bool>(), 1usize..4, 1u64..1000).prop_map(
        |(extents, transform, hidden, stripes, rectangles, mixtures, seed)| {
            let masks = if stripes || extents.len() > 2 { Masks::Stripes } else { Masks::Divisions };
            let shape =
                LinkFlow { masks, layers: 5, transform, mixtures, hidden, rectangles, seed, ..Default::default() };
            (extents, shape)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    /// f(g·U) = g·f(U), log |det| unchanged; there and back.
    #[test]
    fn flows_of_links_are_covariant_and_invertible((extents, shape) in shapes(), seed in 1u64..1000) {
        let flow = flow(&extents, shape);
        let lattice = &flow.lattice;
        let theta = angles(lattice, seed);
        let alpha: Vec<f64> = angles(lattice, seed + 1)[..lattice.volume()].to_vec();
        let moved = transformed(lattice, &theta, &alpha);
        let there = image(&flow, &flow.parameters, lattice, How::Forward, &[theta.clone(), moved]);
        let expected = transformed(lattice, &there.fields[0], &alpha);
        prop_assert!(distance(&there.fields[1], &expected) < 1e-9, "{}", distance(&there.fields[1], &expected));
        prop_assert!((there.log_det[0] - there.log_det[1]).abs() < 1e-9);
        let back = image(&flow, &flow.parameters, lattice, How::Inverse, &there.fields);
        prop_assert!(distance(&back.fields[0], &theta) < 1e-9, "{}", distance(&back.fields[0], &theta));
        prop_assert!((back.log_det[0] + there.log_det[0]).abs() < 1e-9);
    }

    /// log |det| against the Jacobian by central differences, layer by layer; and the score that a coupling carries along
    /// against the one by reverse mode through its inverse.
    #[test]
    fn couplings_have_the_right_jacobian_and_score((extents, shape) in shapes(), seed in 1u64..1000) {
        let flow = flow(&extents, shape);
        let lattice = &flow.lattice;
        let theta = angles(lattice, seed);
        let layer = &flow.layers()[seed as usize % flow.layers().len()];
        check_jacobian_and_score(&**layer, &flow.parameters, lattice, &theta)?;
    }

    /// A changed link is in its loop once and in no loop that the net sees, nor is another changed one in its loop.
    #[test]
    fn patterns_freeze_what_they_read(
        extents in prop::collection::vec(2usize..8, 2..5),
        layer in 0usize..40,
        rectangles in any::<bool>(),
    ) {
        let lattice = Lattice::periodic(&extents).unwrap();
        let mut patterns = vec![Pattern::stripe(&lattice, layer, rectangles).unwrap()];
        if extents.len() == 2 {
            patterns.extend(Pattern::divisions(&lattice).unwrap());
        }
        for pattern in patterns {
            let on = |grid: Grid, x: usize| grid.location().contains(&lattice.coordinates(x));
            let links = |start: usize, path: &[Step]| -> Result<Vec<(usize, usize)>, TestCaseError> {
                let mut passed = Vec::new();
                let mut x = lattice.coordinates(start);
                for step in path {
                    let l = lattice.extents()[step.mu];
                    if step.back {
                        x[step.mu] = (x[step.mu] + l - 1) % l;
                    }
                    passed.push((lattice.site(&x), step.mu));
                    if !step.back {
                        x[step.mu] = (x[step.mu] + 1) % l;
                    }
                }
                prop_assert_eq!(lattice.site(&x), start, "the loop is open");
                Ok(passed)
            };
            let is_active = |&(x, mu): &(usize, usize)| mu == pattern.mu && on(pattern.active, x);
            for x in (0..lattice.volume()).filter(|&x| on(pattern.active, x)) {
                let passed = links(x, &pattern.closed)?;
                prop_assert_eq!(passed[0], (x, pattern.mu));
                prop_assert_eq!(passed.iter().filter(|l| is_active(l)).count(), 1, "{:?}", pattern);
                if let Some(centre) = &pattern.centre {
                    prop_assert!(!links(x, &centre.span)?.iter().any(is_active));
                }
            }
            for (at, path) in &pattern.features {
                for x in (0..lattice.volume()).filter(|&x| on(*at, x)) {
                    prop_assert!(!links(x, path)?.iter().any(is_active), "{:?} sees {:?}", pattern, path);
                }
            }
        }
    }
}

/// Divisions of the torus by symmetric maps commute with `θ → −θ`.
#[test]
fn divisions_respect_charge_conjugation() {
    let flow = flow(&[4, 4], LinkFlow::default());
    let theta = angles(&flow.lattice, 5);
    let minus = theta.iter().map(|x| -x).collect();
    let found = image(&flow, &flow.parameters, &flow.lattice, How::Forward, &[theta, minus]);
    let expected: Vec<f64> = found.fields[0].iter().map(|x| -x).collect();
    assert!(distance(&found.fields[1], &expected) < 1e-9);
    assert!((found.log_det[0] - found.log_det[1]).abs() < 1e-9);
}

/// Couplings by stripes commute with translations by their period.
#[test]
fn stripes_respect_translations_by_four() {
    let flow = flow(&[8, 4], LinkFlow { layers: 6, ..LinkFlow::published() });
    let lattice = &flow.lattice;
    let theta = angles(lattice, 5);
    let move_by = |theta: &[f64]| -> Vec<f64> {
        let at = |k: usize| {
            let mut x = lattice.coordinates(k / 2);
            x[0] += 4;
            theta[2 * lattice.site(&x) + k % 2]
        };
        (0..theta.len()).map(at).collect()
    };
    let found = image(&flow, &flow.parameters, lattice, How::Forward, &[theta.clone(), move_by(&theta)]);
    assert!(distance(&found.fields[1], &move_by(&found.fields[0])) < 1e-10);
}

/// Offsets and periods near the end of their range; nonsense is refused, not a panic.
#[test]
fn grids_are_sound_or_refused() {
    let lattice = Lattice::periodic([2, 50_000]).unwrap();
    let wide = Grid::ALL.with(1, 50_000, 49_999, 1).dilated(2).location();
    wide.check(&lattice).unwrap();
    let on: Vec<usize> = (0..50_000).filter(|&x| wide.contains(&[0, x])).collect();
    assert_eq!(on, [0, 1, 49_997, 49_998, 49_999]);
    assert_eq!(wide.volume(&lattice), 10);
    for (period, offset, width) in [(4, 0, 0), (0, 0, 0), (4, 4, 2), (4, 1, 5), (u16::MAX, u16::MAX, u16::MAX - 1)] {
        let text = Grid::ALL.with(0, period, offset, width).location().check(&lattice).unwrap_err().to_string();
        assert!(text.contains("grid"), "{text}");
    }
    assert!(LinkFlow::published().flow(&Lattice::periodic([2, 65_537]).unwrap()).is_err());
}

#[test]
fn lattices_without_plaquettes_are_refused() {
    for extents in [vec![4], vec![1, 4]] {
        let lattice = Lattice::periodic(&extents).unwrap();
        let text = LinkFlow::published().flow(&lattice).unwrap_err().to_string();
        assert!(text.contains("extents of at least 2"), "{text}");
    }
    let lattice = Lattice::periodic([4, 4, 4]).unwrap();
    let text = LinkFlow::default().flow(&lattice).unwrap_err().to_string();
    assert!(text.contains("two dimensions"), "{text}");
}

/// A short training by each estimator, and the exact values from its samples.
#[test]
fn a_short_training_samples_exactly() {
    let (beta, extents) = (2.0, [4, 4]);
    let torus = Torus::new(GroupName::U1, beta, 16).unwrap();
    let (action, device) = (LinkAngles(Wilson::new(beta)), Device::cpu(1).unwrap());
    for estimator in [Estimator::Reparam, Estimator::Path] {
        let lattice = Lattice::periodic(extents).unwrap();
        let mut flow = LinkFlow::default().flow(&lattice).unwrap();
        let training = Training { steps: 400, lr: 1e-2, estimator, ..Default::default() };
        let mut trainer = Trainer::<f32, Channels>::new(&mut flow, &action, training, &device).unwrap();
        (0..400).for_each(|_| assert!(!trainer.step().unwrap().rejected));
        let mut sampler = Sampler::<f32>::new(&flow, &action, 3, 512, &device).unwrap();
        let ensemble = Ensemble::draw(&mut sampler, 20_000, 3, |_| true).unwrap();
        let certificate = Certificate::new(&ensemble.log_weights, Some(torus.log_z())).unwrap();
        assert!(certificate.kl.mean < 0.1, "{estimator:?}: KL {}", certificate.kl);
        assert!(certificate.log_z.pull(torus.log_z()).abs() < 4.0, "{estimator:?}: log Z {}", certificate.log_z);
        let estimates = ensemble.estimates().unwrap();
        let find = |name: &str| estimates.iter().find(|(n, _)| n == name).unwrap().1;
        let charge = torus.charge().unwrap();
        for (name, exact) in [("plaquette", torus.plaquette()), ("charge2", charge.charge2())] {
            assert!(find(name).pull(exact).abs() < 4.0, "{estimator:?}: {name} {} not {exact}", find(name));
        }
    }
}

/// The uniform prior has the density that its measure says.
#[test]
fn the_prior_is_normalised() {
    let lattice = Lattice::periodic([2, 3]).unwrap();
    for (haar, expected) in [(true, 0.0), (false, -12.0 * TAU.ln())] {
        let trace = Trace::new(&lattice);
        let prior = UniformAngles { channels: 2, haar };
        let z = prior.sample(&trace, "prior");
        let density = prior.log_density(z);
        let mut values = [0.0];
        let layout = Layout::samples(&lattice, 8);
        let mut bindings = Bindings { samples: 1, out_per_sample: &mut [&mut values], ..Default::default() };
        trace.program::<f64>(&[density.id()], &layout).unwrap().run(&Device::cpu(1).unwrap(), &mut bindings).unwrap();
        assert!((values[0] - expected).abs() < 1e-12);
    }
}
