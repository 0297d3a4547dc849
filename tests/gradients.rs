//! Composite programs: their values and gradients, recomputation, errors; and that no graph panics.

mod errors;
mod nonsense;

use crate::draw::{Domain, Draw};
use crate::programs::{ARGUMENTS, Recipe, recipes};
use crate::rules;
use lattice_autograd::check::{Host, Value};
use lattice_autograd::reverse;
use lattice_tensor::ops::{Biases, Conv, ConvKernel, Mask, Pointwise, Role, SumSites};
use lattice_tensor::{Device, Fibre, Graph, Lattice, Layout, Location, NodeId, Spec};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same cases in every run; a failing one is printed whole, and smaller.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(20), failure_persistence: None, ..ProptestConfig::default() }
}

/// Small arguments for a recipe.
fn arguments(recipe: &Recipe, samples: usize) -> Vec<Value> {
    let mut draw = Draw::new("recipe", recipe.steps.len());
    let values = ARGUMENTS.iter().map(|&spec| draw.value(spec, &recipe.lattice, samples, Domain::Apart(0)));
    values.map(|v| v.map(|x, _| x / 2.0)).collect()
}

fn run(graph: &Graph, outputs: &[NodeId], values: &[Value], samples: usize) -> Vec<Value> {
    let layout = Layout::samples(graph.lattice(), 8);
    Host::<f64>::new(graph, outputs, &layout).unwrap().run(&Device::cpu(1).unwrap(), values, samples).unwrap()
}

proptest! {
    #![proptest_config(config(400))]

    /// Simplifying, joining and planning change nothing beyond rounding.
    #[test]
    fn values_are_those_of_plain_numbers(recipe in recipes(24)) {
        let samples = 3;
        let values = arguments(&recipe, samples);
        let (written, _, result) = recipe.graph();
        let expected = recipe.compute(&values, samples);
        let expected = expected.numbers();
        let found = run(&written.graph, &[result], &values, samples)[0].numbers();
        for s in 0..samples {
            let expected = expected[s % expected.len()];
            // Sines of large numbers amplify rounding.
            prop_assert!((found[s] - expected).abs() < 1e-7, "sample {s}: {} for {expected}\n{}", found[s], written.graph);
        }
    }

    #[test]
    fn gradients_are_those_of_difference_quotients(recipe in recipes(12)) {
        let samples = 2;
        let values = arguments(&recipe, samples);
        let (mut written, wanted, result) = recipe.graph();
        let checked = rules::check(&mut written.graph, result, &wanted, &values, samples, 1);
        prop_assert!(checked.is_ok(), "{}\n{}", checked.unwrap_err(), written.graph);
    }

    /// Computing inner values again for the backward half changes neither values nor gradients, not by one bit.
    #[test]
    fn recomputed_gradients_have_the_same_bits(recipe in recipes(24), cuts in prop::collection::vec(any::<u8>(), 0..6)) {
        let samples = 3;
        let values = arguments(&recipe, samples);
        let gradients = |cuts: &[u8]| {
            let (mut written, wanted, result) = recipe.graph();
            let mut ends: Vec<usize> = cuts.iter().map(|&c| written.cuts[c as usize % written.cuts.len()]).collect();
            ends.sort_unstable();
            let scopes: Vec<_> = ends.windows(2).map(|w| w[0]..w[1]).collect();
            let (one, two) = (written.graph.constant(1.0), written.graph.push(Mask, &[]).unwrap());
            let mut outputs = vec![result];
            for (seed, wanted) in [(one, &wanted[..3]), (two, &wanted[1..])] {
                let found = reverse::vjp(&mut written.graph, result, seed, wanted, &scopes).unwrap();
                outputs.extend(found.into_iter().flatten());
            }
            (run(&written.graph, &outputs, &values, samples), written.graph)
        };
        let (remembered, _) = gradients(&[]);
        let (recomputed, graph) = gradients(&cuts);
        prop_assert_eq!(remembered.len(), recomputed.len());
        for (i, (a, b)) in remembered.iter().zip(&recomputed).enumerate() {
            prop_assert!(a.same_bits(b), "output {} differs: {:?} and {:?}\n{}", i, a, b, graph);
        }
    }
}

/// A batch that does not fill its last row: what the spare lanes hold must not reach sums over the batch, even where a
/// function has a pole at zero.
#[test]
fn padding_does_not_reach_sums_over_the_batch() {
    let lattice = Lattice::periodic([2, 2]).unwrap();
    let mut graph = Graph::new(&lattice);
    let phi = graph.argument("phi", Spec::scalar_field()).unwrap();
    let kernel = ConvKernel {
        extents: vec![1, 1],
        from: Location::All,
        to: Location::All,
        inputs: 1,
        outputs: 1,
        biases: Biases::Added,
    };
    let w = graph.argument("w", Spec::Weights { offset: 0, len: 2 }).unwrap();
    let inverse = graph.push(Pointwise::Recip, &[phi]).unwrap();
    let y = graph.push(Conv(kernel), &[inverse, w]).unwrap();
    let y = graph.push(Pointwise::Recip, &[y]).unwrap();
    let sum = graph.push(SumSites, &[y]).unwrap();
    let values = [Value::Field(vec![vec![2.0; 4]; 3]), Value::Weights(vec![1.0, 0.5])];
    rules::check(&mut graph, sum, &[phi, w], &values, 3, 1).unwrap();
    // y = 1/(w/φ + b) = 1: by the weight −1/φ = −1/2 on each of 12 sites, by the bias −1.
    let mask = graph.push(Mask, &[]).unwrap();
    let found = reverse::vjp(&mut graph, sum, mask, &[w], &[]).unwrap();
    assert_eq!(run(&graph, &[found[0].unwrap()], &values, 3), [Value::Sums(vec![-6.0, -12.0])]);
}

/// The gradient of a hidden field with one channel is a field with one channel.
#[test]
fn nets_may_have_one_hidden_channel() {
    let lattice = Lattice::periodic([3, 4]).unwrap();
    let mut graph = Graph::new(&lattice);
    let phi = graph.argument("phi", Spec::scalar_field()).unwrap();
    let kernel = |extents| ConvKernel {
        extents,
        from: Location::All,
        to: Location::All,
        inputs: 1,
        outputs: 1,
        biases: Biases::Added,
    };
    let w = [0, 4].map(|offset| graph.argument("w", Spec::Weights { offset, len: 4 }).unwrap());
    let hidden = graph.push(Conv(kernel(vec![3, 1])), &[phi, w[0]]).unwrap();
    let hidden = graph.push(Pointwise::Tanh, &[hidden]).unwrap();
    assert_eq!(graph.spec(hidden), Spec::Field { location: Location::All, fibre: Fibre::Channels(1) });
    let y = graph.push(Conv(kernel(vec![1, 3])), &[hidden, w[1]]).unwrap();
    let y = graph.push(Pointwise::Tanh, &[y]).unwrap();
    let sum = graph.push(SumSites, &[y]).unwrap();
    let mut draw = Draw::new("one channel", 0);
    let mut number = |spec| draw.value(spec, &lattice, 5, Domain::Apart(0));
    let values = [Spec::scalar_field(), graph.spec(w[0]), graph.spec(w[1])].map(&mut number);
    rules::check(&mut graph, sum, &[phi, w[0], w[1]], &values, 5, 1).unwrap();
}

/// Masks made before and after a recomputation are the same numbers.
#[test]
fn every_mask_is_filled() {
    let lattice = Lattice::periodic([2]).unwrap();
    let mut graph = Graph::new(&lattice);
    let before = graph.push(Mask, &[]).unwrap();
    graph.next_generation();
    let after = graph.push(Mask, &[]).unwrap();
    let ones = Value::PerSample(vec![1.0; 3]);
    assert_eq!(run(&graph, &[before, after], &[], 3), [ones.clone(), ones]);
}

/// A coupling that is a number per sample gives each lane what a program with that one coupling gives.
#[test]
fn couplings_of_their_own_in_every_lane() {
    use lattice_autograd::Trace;
    use lattice_tensor::{Bindings, Device, Lattice, Layout, ScalarField};
    let lattice = Lattice::periodic([2, 3]).unwrap();
    let layout = std::sync::Arc::new(Layout::samples(&lattice, 8));
    let write = |trace: &Trace| {
        let phi = trace.scalar_field("phi");
        let (mass, lambda) = (trace.coupling("mass", 0.7), trace.coupling("lambda", 0.1));
        let action = (phi.square() * (mass * 0.5) + phi.powi(4) * lambda).sum_sites();
        [action.id(), trace.derivative(action, lambda).id()]
    };
    let mut phi = ScalarField::<f64>::zeros(&layout, 3).unwrap();
    for s in 0..3 {
        let values: Vec<f64> = (0..6).map(|x| (0.3 * x as f64 - 0.5 * s as f64).sin()).collect();
        phi.set_sample(s, &values).unwrap();
    }
    let run = |trace: &Trace, uniforms: &[f64], per_sample: &[&[f64]]| {
        let (mut action, mut slope) = ([0.0; 3], [0.0; 3]);
        let mut program = trace.program::<f64>(&write(trace), &layout).unwrap();
        let mut bindings = Bindings {
            samples: 3,
            fields: &[&phi],
            uniforms,
            per_sample,
            out_per_sample: &mut [&mut action, &mut slope],
            ..Default::default()
        };
        program.run(&Device::cpu(1).unwrap(), &mut bindings).unwrap();
        (action, slope)
    };
    let lambdas = [0.1, 0.4, 2.5];
    let together = Trace::with_per_sample(&lattice, &["lambda"]);
    let (actions, slopes) = run(&together, &[0.7], &[&lambdas]);
    assert_eq!(together.per_sample_couplings(), [("lambda".to_string(), 0.1)]);
    for (s, lambda) in lambdas.into_iter().enumerate() {
        let (action, slope) = run(&Trace::new(&lattice), &[0.7, lambda], &[]);
        assert_eq!((actions[s], slopes[s]), (action[s], slope[s]));
    }
}

/// Several outputs with cotangents of their own, and variables that are themselves computed from one another.
#[test]
fn a_pullback_ends_at_its_variables() {
    use lattice_autograd::Trace;
    let lattice = Lattice::periodic([4]).unwrap();
    let trace = Trace::new(&lattice);
    let x = trace.scalar_field("x").variable();
    let y = (x.square()).variable();
    let (sum, product) = ((x + y).sum_sites(), x * y);
    let (two, at) = (trace.constant(2.0), x * 3.0);
    // 2 Σ (x + y) + ⟨3x, x y⟩ with 3x held fixed and y a variable: by x 2 + 3 x y, by y 2 + 3 x².
    let found = trace.pullback(&[(sum.id(), two.id()), (product.id(), at.id())], &[x.id(), y.id()]);
    let values = [Value::Field(vec![vec![0.5, -1.0, 2.0, 0.0]; 2])];
    let outputs: Vec<NodeId> = found.into_iter().flatten().collect();
    let by_x: Vec<f64> = [0.5, -1.0, 2.0, 0.0].iter().map(|x: &f64| 2.0 + 3.0 * x.powi(3)).collect();
    let by_y: Vec<f64> = [0.5, -1.0, 2.0, 0.0].iter().map(|x: &f64| 2.0 + 3.0 * x * x).collect();
    let expected = [Value::Field(vec![by_x; 2]), Value::Field(vec![by_y; 2])];
    assert_eq!(run(&trace.graph(), &outputs, &values, 2), expected);
    assert_eq!(x.variable().id(), x.id(), "a variable is one");
}

/// What is written apart computes the same from nodes of its own.
#[test]
fn parts_written_apart_share_nothing() {
    use lattice_autograd::Trace;
    let lattice = Lattice::periodic([4]).unwrap();
    let trace = Trace::new(&lattice);
    let x = trace.scalar_field("x");
    let here = x.exp();
    let there = trace.apart(|| x.exp());
    assert_ne!(here.id(), there.id());
    assert_eq!(x.exp().id(), here.id());
    let values = [Value::Field(vec![vec![0.5, -1.0, 2.0, 0.0]])];
    let results = run(&trace.graph(), &[here.id(), there.id()], &values, 1);
    assert_eq!(results[0], results[1]);
}

/// `y = Σ w₂ a + w₃` with `a = tanh h`, `h = w₀ x + w₁`: what the backward half reads is rounded, and nothing else is.
#[test]
fn activations_remembered_in_half_are_rounded_in_derivatives_alone() {
    use half::f16;
    use lattice_autograd::Trace;
    let (lattice, w, x) = (Lattice::periodic([4]).unwrap(), [0.7, 0.123, 1.3, -0.4], [0.51, -1.03, 2.17, 0.009]);
    let trace = Trace::new(&lattice);
    let phi = trace.scalar_field("x");
    let weights = [trace.weights("first", 0..2), trace.weights("second", 2..4)];
    let wanted = weights.map(|w| w.id());
    let seed = trace.mask();
    let net = || {
        let a = phi.conv(&[1], Location::All, 1, weights[0]).tanh();
        let y = a.conv(&[1], Location::All, 1, weights[1]).sum_sites();
        (a, y, trace.vjp(y.id(), seed.id(), &wanted))
    };
    let (a, y, inside) = trace.remember_half(net);
    let outside = trace.vjp(y.id(), seed.id(), &wanted);
    let outputs: Vec<NodeId> = [y.id()].into_iter().chain(inside.into_iter().chain(outside).flatten()).collect();
    let values = [Value::Field(vec![x.to_vec()]), Value::Weights(w[..2].to_vec()), Value::Weights(w[2..].to_vec())];
    let found = run(&trace.graph(), &outputs, &values, 1);
    let exact = x.map(|x| (w[0] * x + w[1]).tanh());
    let rounded = exact.map(|a| f16::from_f64(a).to_f64());
    let by_first = |a: [f64; 4]| {
        let terms = a.map(|a| w[2] * (1.0 - a * a));
        Value::Sums(vec![terms.iter().zip(x).map(|(t, x)| t * x).sum(), terms.iter().sum()])
    };
    let by_second = |a: [f64; 4]| Value::Sums(vec![a.iter().sum(), 4.0]);
    let value = Value::PerSample(vec![exact.iter().map(|a| w[2] * a + w[3]).sum()]);
    let expected = [value, by_first(exact), by_second(exact), by_first(rounded), by_second(rounded)];
    for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
        found.within(expected, &expected.map(|_, _| 4.0), 1e-14).unwrap_or_else(|e| panic!("output {i}: {e}"));
    }
    assert!(found[1] != found[3] && found[2] != found[4]);
    // Where the exact value is computed, so that it need not live on.
    let graph = trace.graph();
    let twin = graph.nodes().iter().position(|node| node.inputs == [a.id()]).expect("a reader");
    assert_eq!((twin, graph.node(graph.id(twin)).op.role()), (a.id().index() + 1, Role::Pointwise(Pointwise::Half)));
}

/// A coupling that is drawn in the program is a number of each sample, and no argument.
#[test]
fn couplings_may_be_drawn() {
    use lattice_autograd::Trace;
    let lattice = Lattice::periodic([4]).unwrap();
    let trace = Trace::new(&lattice);
    trace.define("lambda", trace.uniform_draw("lambda") * 2.0 + 1.0);
    let lambda = trace.coupling("lambda", 5.0);
    assert_eq!(lambda.spec(), Spec::PerSample);
    assert!(trace.uniform_values().is_empty() && trace.per_sample_couplings().is_empty());
    let Value::PerSample(drawn) = &run(&trace.graph(), &[lambda.id()], &[], 50)[0] else { panic!("numbers") };
    assert!(drawn.iter().all(|l| (1.0..3.0).contains(l)) && drawn.iter().any(|l| *l != drawn[0]));
}
