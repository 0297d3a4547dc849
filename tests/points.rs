//! Flows of points on tori and spheres: invertible, with the right Jacobian, exact.

use crate::maps::{How, check_jacobian_and_score, distance, image};
use lattice_fields::prelude::*;
use lattice_flows::angles::{Order, Transform, UniformSphere, coordinates_of, embedded, unit_vector};
use lattice_flows::{Shape, check};
use lattice_mc::action::compact::{SphereMixture, TorusMixture};
use lattice_tensor::{Field, FieldData, NodeId};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::f64::consts::{PI, TAU};
use std::sync::Arc;

fn transforms() -> impl Strategy<Value = Transform> {
    prop_oneof![Just(Transform::Ncp), Just(Transform::Moebius), Just(Transform::Spline)]
}

/// A flow far from its start, and how many of its coordinates are heights.
fn flows() -> impl Strategy<Value = (Flow<Channels>, usize)> {
    let hidden = prop::collection::vec(1usize..6, 0..3);
    let extents = prop_oneof![Just(vec![1usize]), Just(vec![1]), Just(vec![3]), Just(vec![2, 2])];
    (extents, any::<bool>(), 1usize..5, 1usize..3, transforms(), 1usize..6, hidden, any::<bool>(), 1u64..1000).prop_map(
        |(extents, sphere, dimension, layers, transform, mixtures, hidden, coupling, seed)| {
            let lattice = Lattice::periodic(&extents).unwrap();
            let order = if coupling { Order::Coupling } else { Order::Autoregressive };
            let flow = match sphere {
                true => {
                    SphereFlow { dimension, layers, transform, mixtures, bins: mixtures, hidden, seed }.flow(&lattice)
                }
                false => TorusFlow { dimension, order, layers, transform, mixtures, hidden, seed }.flow(&lattice),
            };
            let mut flow = flow.unwrap();
            flow.parameters.values_mut().iter_mut().enumerate().for_each(|(i, p)| *p += 0.3 * (i as f64 * 1.7).sin());
            (flow, if sphere { dimension - 1 } else { 0 })
        },
    )
}

/// Coordinates from a seed: the first so many on each site are heights.
fn point(flow: &Flow<Channels>, heights: usize, seed: u64) -> Vec<f64> {
    let channels = match flow.architecture {
        lattice_flows::angles::Architecture::Torus(ref torus) => torus.dimension,
        lattice_flows::angles::Architecture::Sphere(ref sphere) => sphere.dimension,
        ref other => panic!("{other:?}"),
    };
    let number = |k: usize| ((k as f64 + 1.3) * 12.9898 + seed as f64 * 0.37).sin() * 43758.5453;
    let scale = |k: usize| if k % channels < heights { 0.99 } else { PI };
    let all = 0..flow.lattice.volume() * channels;
    all.map(|k| scale(k) * (2.0 * (number(k) - number(k).floor()) - 1.0)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, rng_seed: RngSeed::Fixed(2), ..ProptestConfig::default() })]

    #[test]
    fn flows_of_points_are_invertible((flow, heights) in flows(), seed in 1u64..1000) {
        let x = point(&flow, heights, seed);
        let there = image(&flow, &flow.parameters, &flow.lattice, How::Forward, std::slice::from_ref(&x));
        let back = image(&flow, &flow.parameters, &flow.lattice, How::Inverse, &there.fields);
        prop_assert!(distance(&back.fields[0], &x) < 1e-9, "{}", distance(&back.fields[0], &x));
        prop_assert!((back.log_det[0] + there.log_det[0]).abs() < 1e-8);
    }

    #[test]
    fn maps_of_points_have_the_right_jacobian_and_score((flow, heights) in flows(), seed in 1u64..1000) {
        let x = point(&flow, heights, seed);
        let layer = &flow.layers()[seed as usize % flow.layers().len()];
        check_jacobian_and_score(&**layer, &flow.parameters, &flow.lattice, &x)?;
    }
}

/// Numbers for each sample of a program without arguments.
fn numbers(trace: &Trace, outputs: &[NodeId], samples: usize) -> Vec<Vec<f64>> {
    let mut found = vec![vec![0.0; samples]; outputs.len()];
    let mut places: Vec<&mut [f64]> = found.iter_mut().map(Vec::as_mut_slice).collect();
    let mut bindings =
        Bindings { samples, out_per_sample: &mut places, uniforms: &trace.uniform_values(), ..Default::default() };
    let mut program = trace.program::<f64>(outputs, &Layout::samples(&trace.lattice(), 8)).unwrap();
    program.run(&Device::cpu(1).unwrap(), &mut bindings).unwrap();
    found
}

/// Second and fourth moments of `S^D`, and the area: `⟨1/q⟩ = |S^D|` with the density of the coordinates turned into one of the
/// area.
#[test]
fn points_of_the_prior_are_uniform_on_the_sphere() {
    let lattice = Lattice::periodic([1]).unwrap();
    let areas = [TAU, 4.0 * PI, 2.0 * PI * PI, 8.0 / 3.0 * PI * PI, PI.powi(3)];
    for (dimension, area) in (1..=5).zip(areas) {
        let trace = Trace::new(&lattice);
        let prior = UniformSphere { dimension };
        let z = prior.sample(&trace, "prior");
        let x = embedded(z).parts();
        let squares: Vec<_> = x.iter().map(|x| x.square().sum_sites()).collect();
        // The measure of the coordinates, by hand.
        let heights = &z.parts()[..dimension - 1];
        let area_of = |(i, r): (usize, &Var<'_, Scalar>)| {
            let k = (dimension - i) as f64;
            ((1.0 - r.square()).ln() * (0.5 * k - 1.0)).sum_sites().id()
        };
        let mut outputs: Vec<NodeId> = squares.iter().map(|s| s.id()).collect();
        outputs.push(prior.log_density(z).id());
        outputs.extend(heights.iter().enumerate().map(|(i, r)| area_of((i, r))));
        let samples = 40_000;
        let found = numbers(&trace, &outputs, samples);
        let n = (dimension + 1) as f64;
        for square in &found[..dimension + 1] {
            let mean = |power: i32| square.iter().map(|s| s.powi(power)).sum::<f64>() / samples as f64;
            // ⟨x⁴⟩ = 3/(n(n+2)), ⟨x⁸⟩ = 105/(n(n+2)(n+4)(n+6))
            let (second, fourth) = (1.0 / n, 3.0 / (n * (n + 2.0)));
            let eighth = 35.0 * fourth / ((n + 4.0) * (n + 6.0));
            let error = |variance: f64| 4.5 * (variance / samples as f64).sqrt();
            assert!((mean(1) - second).abs() < error(fourth - second * second), "S^{dimension}: <x^2> {}", mean(1));
            assert!((mean(2) - fourth).abs() < error(eighth - fourth * fourth), "S^{dimension}: <x^4> {}", mean(2));
        }
        for s in 0..100 {
            let sum: f64 = found[..dimension + 1].iter().map(|x| x[s]).sum();
            assert!((sum - 1.0).abs() < 1e-12, "S^{dimension}: |x|^2 = {sum}");
            let own: f64 = found[dimension + 2..].iter().map(|x| x[s]).sum();
            let log_density = found[dimension + 1][s];
            assert!((log_density - (own - area.ln())).abs() < 1e-9, "S^{dimension}: {log_density}");
        }
    }
}

/// There and back between vectors and coordinates, on the host and in a program.
#[test]
fn coordinates_and_vectors_are_each_other() {
    for dimension in 1..=4 {
        let x: Vec<f64> = (0..=dimension).map(|i| (1.3 * i as f64 + 0.4).sin()).collect();
        let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt();
        let coordinates = coordinates_of(&x);
        assert_eq!(coordinates.len(), dimension);
        for (found, x) in unit_vector(&coordinates).iter().zip(&x) {
            assert!((found - x / norm).abs() < 1e-14, "{found} {}", x / norm);
        }
        let lattice = Lattice::periodic([1]).unwrap();
        let trace = Trace::new(&lattice);
        let place = |x: &f64| trace.spread(trace.constant(*x), Location::All);
        let field = lattice_autograd::var::stack(&coordinates.iter().map(place).collect::<Vec<_>>());
        let outputs: Vec<NodeId> = embedded(field).parts().iter().map(|x| x.sum_sites().id()).collect();
        for (found, x) in numbers(&trace, &outputs, 1).iter().zip(&x) {
            assert!((found[0] - x / norm).abs() < 1e-12, "{} {}", found[0], x / norm);
        }
    }
}

/// At the poles coordinates end; action and force stay finite.
#[test]
fn actions_on_spheres_are_finite_at_the_poles() {
    let lattice = Lattice::periodic([1]).unwrap();
    let action = OnSphere(SphereMixture::s3());
    let trace = Trace::new(&lattice);
    let fibre = action.fibre(&lattice);
    let x = trace.field::<Channels>("x", fibre);
    let energy = action.action(x);
    let force = trace.gradient(energy, x);
    let layout = Arc::new(Layout::samples(&lattice, 8));
    let points = [[1.0, 0.3, 0.2], [-1.0, 1.0, -PI], [0.0, -1.0, PI], [1.0, 1.0, 0.0]];
    let zeros = || Field::<Channels, f64>::from_data(FieldData::zeros(&layout, Location::All, fibre, 4).unwrap());
    let (mut input, mut out) = (zeros(), zeros());
    points.iter().enumerate().for_each(|(s, x)| input.set_sample(s, x).unwrap());
    let mut energies = [0.0; 4];
    let mut bindings = Bindings {
        samples: 4,
        fields: &[&input],
        uniforms: &trace.uniform_values(),
        out_fields: &mut [&mut out],
        out_per_sample: &mut [&mut energies],
        ..Default::default()
    };
    let mut program = trace.program::<f64>(&[force.id(), energy.id()], &layout).unwrap();
    program.run(&Device::cpu(1).unwrap(), &mut bindings).unwrap();
    assert!(energies.iter().all(|e| e.is_finite()), "{energies:?}");
    for s in 0..4 {
        let force = out.sample(s).unwrap();
        assert!(force.iter().all(|f| f.is_finite()), "{force:?}");
    }
}

/// A short training by each estimator and each order, and the exact values from its samples.
#[test]
fn short_trainings_sample_exactly() {
    let lattice = Lattice::periodic([1]).unwrap();
    let torus = TorusMixture::multimodal();
    let sphere = SphereMixture { concentration: 2.0, ..SphereMixture::s3() };
    let short = TorusFlow { mixtures: 6, hidden: vec![8], ..TorusFlow::default() };
    let of_sphere = SphereFlow { dimension: 3, mixtures: 8, bins: 8, hidden: vec![8], ..SphereFlow::default() };
    let known = [torus.exact(), torus.exact(), sphere.exact()];
    let coupling = TorusFlow { order: Order::Coupling, layers: 2, ..short.clone() };
    let flows = [short.flow(&lattice), coupling.flow(&lattice), of_sphere.flow(&lattice)];
    let actions: [Box<dyn Action<Channels>>; 3] =
        [Box::new(torus.clone()), Box::new(torus), Box::new(OnSphere(sphere))];
    let device = Device::cpu(1).unwrap();
    for ((flow, action), known) in flows.into_iter().zip(actions).zip(known) {
        let fresh = flow.unwrap();
        for estimator in [Estimator::Reparam, Estimator::Path] {
            let mut flow = fresh.architecture.clone().flow(&lattice).unwrap();
            let training = Training { steps: 400, lr: 1e-2, estimator, ..Default::default() };
            let mut trainer = Trainer::<f32, Channels>::new(&mut flow, &*action, training, &device).unwrap();
            (0..400).for_each(|_| assert!(!trainer.step().unwrap().rejected));
            let mut sampler = Sampler::<f32>::new(&flow, &*action, 3, 512, &device).unwrap();
            let ensemble = Ensemble::draw(&mut sampler, 20_000, 3, |_| true).unwrap();
            let certificate = Certificate::new(&ensemble.log_weights, Some(known.log_z)).unwrap();
            let what = format!("{action:?} by {estimator:?}");
            assert!(certificate.kl.mean < 0.05, "{what}: KL {}", certificate.kl);
            assert!(certificate.log_z.pull(known.log_z).abs() < 4.0, "{what}: log Z {}", certificate.log_z);
            let estimates = ensemble.estimates().unwrap();
            for (name, exact) in &known.means {
                let found = estimates.iter().find(|(n, _)| n == name).unwrap().1;
                assert!(found.pull(*exact).abs() < 4.0, "{what}: {name} {found} not {exact}");
            }
        }
    }
}

/// The kit on a flow of angles: right as it is, and wrong when a coordinate's factor is left out.
#[test]
fn the_kit_checks_flows_of_channels() {
    #[derive(Debug)]
    struct Forgetful<'a>(&'a Flow<Channels>);
    impl Bijection<Channels> for Forgetful<'_> {
        fn forward<'t>(&self, x: Var<'t, Channels>) -> (Var<'t, Channels>, Var<'t, PerSample>) {
            let (y, log_det) = self.0.forward(x);
            (y, log_det + x.channel(1).cos().sum_sites() * 1e-3)
        }
        fn inverse<'t>(&self, y: Var<'t, Channels>) -> (Var<'t, Channels>, Var<'t, PerSample>) {
            self.0.inverse(y)
        }
    }
    let lattice = Lattice::periodic([2]).unwrap();
    for transform in [Transform::Ncp, Transform::Moebius] {
        let shape = TorusFlow { dimension: 3, transform, mixtures: 3, hidden: vec![4], ..TorusFlow::default() };
        let flow = shape.flow(&lattice).unwrap();
        let options =
            || check::Options::from(3).channels(3).translations(1).inputs(|x| 3.0 * x.tanh()).first_gradient_only();
        check::bijection(&flow, &flow.parameters, &lattice, options()).unwrap().assert();
        let report = check::bijection(&Forgetful(&flow), &flow.parameters, &lattice, options()).unwrap();
        let finding = report.find("log det against the full Jacobian").unwrap();
        assert!(!report.passed() && finding.note.contains("2 of 2 sites"), "{finding:?}");
    }
}

#[test]
fn flows_of_nothing_are_refused() {
    let lattice = Lattice::periodic([1]).unwrap();
    let torus = TorusFlow::default();
    for bad in [
        TorusFlow { dimension: 0, ..torus.clone() },
        TorusFlow { layers: 0, ..torus.clone() },
        TorusFlow { mixtures: 0, ..torus.clone() },
        TorusFlow { mixtures: 257, ..torus.clone() },
        TorusFlow { transform: Transform::Spline, mixtures: 65, ..torus.clone() },
        TorusFlow { dimension: usize::MAX, ..torus.clone() },
        TorusFlow { layers: 10_000, hidden: vec![4096, 4096], ..torus.clone() },
        TorusFlow { hidden: vec![0], ..torus },
    ] {
        assert!(bad.flow(&lattice).is_err(), "{bad:?}");
    }
    for bad in [SphereFlow { dimension: 0, ..Default::default() }, SphereFlow { bins: 65, ..Default::default() }] {
        assert!(bad.flow(&lattice).is_err(), "{bad:?}");
    }
}
