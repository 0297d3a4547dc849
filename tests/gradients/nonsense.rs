//! Whatever is asked for, the answer is a result or an error, never a panic.

use super::config;
use lattice_autograd::reverse;
use lattice_tensor::field::FieldData;
use lattice_tensor::ops::{
    AddSums, AnyOp, Argument, Biases, Channel, Constant, Conv, ConvInputGrad, ConvKernel, ConvWeightGrad, Mask,
    Pointwise, Shift, Spread, Stack, SumSites,
};
use lattice_tensor::{
    Bindings, Boundary, Device, Fibre, Graph, Lattice, Layout, Location, NodeId, Program, Real, Spec,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use std::panic::Location as Line;
use std::sync::Arc;

fn locations() -> impl Strategy<Value = Location> {
    let stripe = (0..4_u8, 0..5_u16, 0..5_u16).prop_map(|(mu, period, offset)| Location::Stripe { mu, period, offset });
    prop_oneof![4 => Just(Location::All), 3 => (0..4_u8).prop_map(Location::Parity), 2 => stripe]
}

fn fibres() -> impl Strategy<Value = Fibre> {
    prop_oneof![
        4 => Just(Fibre::Scalar),
        2 => Just(Fibre::Complex),
        3 => (0..4_usize).prop_map(Fibre::Channels),
        1 => Just(Fibre::Channels(usize::MAX)),
    ]
}

fn specs() -> impl Strategy<Value = Spec> {
    let field = (locations(), fibres()).prop_map(|(location, fibre)| Spec::Field { location, fibre });
    let len = prop_oneof![4 => 0..60_usize, 1 => Just(usize::MAX)];
    prop_oneof![
        8 => field,
        2 => Just(Spec::PerSample),
        2 => Just(Spec::Uniform),
        2 => (0..9_usize, len.clone()).prop_map(|(offset, len)| Spec::Weights { offset, len }),
        1 => len.prop_map(|len| Spec::BatchSum { len }),
    ]
}

fn kernels() -> impl Strategy<Value = ConvKernel> {
    let extents = prop::collection::vec(prop_oneof![8 => 0..5_usize, 1 => Just(usize::MAX)], 1..3);
    let channels = || prop_oneof![8 => 0..4_usize, 1 => Just(usize::MAX)];
    let biases = select(vec![Biases::Added, Biases::Skipped, Biases::Absent]);
    (extents, locations(), locations(), channels(), channels(), biases).prop_map(
        |(extents, from, to, inputs, outputs, biases)| ConvKernel { extents, from, to, inputs, outputs, biases },
    )
}

fn ops() -> impl Strategy<Value = Arc<dyn AnyOp>> {
    fn shared(op: impl AnyOp + 'static) -> Arc<dyn AnyOp> {
        Arc::new(op)
    }
    let far = || prop_oneof![8 => -5..6_i32, 1 => Just(i32::MIN), 1 => Just(i32::MAX)];
    let shift = (locations(), prop::collection::vec(far(), 0..4), locations());
    prop_oneof![
        8 => select(Pointwise::ALL).prop_map(shared),
        4 => shift.prop_map(|(to, displacement, from)| shared(Shift { to, displacement, from })),
        2 => (0..4_usize).prop_map(|i| shared(Channel(i))),
        2 => fibres().prop_map(|fibre| shared(Stack { fibre })),
        2 => specs().prop_map(|spec| shared(Spread { spec })),
        3 => Just(shared(SumSites)),
        1 => Just(shared(Mask)),
        1 => Just(shared(AddSums)),
        1 => (0..9_usize, specs()).prop_map(|(index, spec)| shared(Argument { index, name: "x".into(), spec })),
        1 => select(vec![0.0, -0.0, 1.0, f64::NAN, f64::INFINITY]).prop_map(|x| shared(Constant(x))),
        2 => kernels().prop_map(|k| shared(Conv(k))),
        1 => kernels().prop_map(|k| shared(ConvInputGrad(k))),
        1 => kernels().prop_map(|k| shared(ConvWeightGrad(k))),
    ]
}

/// An op and which of the nodes so far it is applied to.
type Push = (Arc<dyn AnyOp>, Vec<Index>);

#[derive(Clone, Debug)]
struct Nonsense {
    extents: Vec<usize>,
    twist: f64,
    arguments: Vec<Spec>,
    pushes: Vec<Push>,
    wanted: Vec<Index>,
    outputs: Vec<Index>,
    inner: Vec<usize>,
    width: usize,
    /// How many of the data are left away.
    missing: usize,
    samples: usize,
}

fn nonsense() -> impl Strategy<Value = Nonsense> {
    let push = (ops(), prop::collection::vec(any::<Index>(), 0..4));
    let indices = |n| prop::collection::vec(any::<Index>(), n);
    (
        prop::collection::vec(prop_oneof![1 => 0..2_usize, 6 => 2..6_usize, 3 => Just(4)], 1..4),
        select(vec![0.0, 0.0, 0.0, std::f64::consts::PI, 1.0, f64::NAN]),
        prop::collection::vec(specs(), 0..5),
        prop::collection::vec(push, 0..30),
        (indices(0..3), indices(0..5)),
        prop::collection::vec(prop_oneof![6 => 1..3_usize, 1 => 0..5_usize, 1 => Just(usize::MAX)], 1..4),
        prop_oneof![6 => Just(8_usize), 3 => Just(16), 1 => 0..40_usize],
        (prop_oneof![3 => Just(0_usize), 1 => 0..5_usize], 0..20_usize),
    )
        .prop_map(|(extents, twist, arguments, pushes, (wanted, outputs), inner, width, (missing, samples))| {
            Nonsense { extents, twist, arguments, pushes, wanted, outputs, inner, width, missing, samples }
        })
}

/// Plans and runs, with as good data as can be made; `None` where something was refused.
fn attempt<R: Real>(graph: &Graph, outputs: &[NodeId], layout: &Layout, n: &Nonsense) -> Option<()> {
    let mut program = Program::<R>::new(graph, outputs, layout).ok()?;
    let layout = Arc::new(layout.clone());
    let field = |spec: Spec| match spec {
        Spec::Field { location, fibre } => FieldData::<R>::zeros(&layout, location, fibre, n.samples).ok(),
        _ => None,
    };
    let specs: Vec<Spec> = graph.arguments().iter().map(|&a| graph.spec(a)).collect();
    let mut fields: Vec<FieldData<R>> = specs.iter().filter_map(|&s| field(s)).collect();
    fields.truncate(fields.len().saturating_sub(n.missing));
    let numbers = vec![1.0; n.samples.saturating_sub(n.missing)];
    let mut results: Vec<FieldData<R>> = outputs.iter().filter_map(|&o| field(graph.spec(o))).collect();
    let mut out = vec![vec![0.0; n.samples]; outputs.len()];
    let weights = vec![R::default(); 70_usize.saturating_sub(10 * n.missing)];
    program
        .run(
            &Device::cpu(1).ok()?,
            &mut Bindings {
                samples: n.samples,
                fields: &fields.iter().collect::<Vec<_>>(),
                per_sample: &vec![&numbers[..]; specs.len()],
                uniforms: &vec![0.5; specs.len().saturating_sub(n.missing)],
                weights: &weights,
                out_fields: &mut results.iter_mut().collect::<Vec<_>>(),
                out_per_sample: &mut out.iter_mut().map(|x| &mut x[..]).collect::<Vec<_>>(),
                out_sums: &mut vec![0.0; program.sums()],
                ..Default::default()
            },
        )
        .ok()
}

fn build(n: &Nonsense) -> Option<()> {
    let mut lattice = Lattice::periodic(&n.extents).ok()?;
    if n.twist != 0.0 {
        let boundary =
            if n.twist == std::f64::consts::PI { Boundary::ANTIPERIODIC } else { Boundary::twisted(n.twist) };
        lattice = lattice.with_boundary(n.extents.len() - 1, boundary).ok()?;
    }
    let mut graph = Graph::new(&lattice);
    let mut nodes = vec![graph.constant(2.0)];
    for (i, &spec) in n.arguments.iter().enumerate() {
        nodes.extend(graph.argument(&format!("x{i}"), spec));
    }
    for (op, inputs) in &n.pushes {
        let inputs: Vec<NodeId> = inputs.iter().map(|i| *i.get(&nodes)).collect();
        nodes.extend(graph.push_any(op.clone(), &inputs, Line::caller()));
    }
    let mut outputs: Vec<NodeId> = n.outputs.iter().map(|i| *i.get(&nodes)).collect();
    let wanted: Vec<NodeId> = n.wanted.iter().map(|i| *i.get(&nodes)).collect();
    if let (Some(&of), Some(seed)) = (outputs.first(), nodes.first())
        && let Ok(found) = reverse::vjp(&mut graph, of, *seed, &wanted, &[])
    {
        outputs.extend(found.into_iter().flatten());
    }
    for node in graph.nodes() {
        let inputs: Vec<Spec> = node.inputs.iter().map(|&i| graph.spec(i)).collect();
        let _ = node.op.cost(&lattice, &inputs, &node.spec);
    }
    assert!(!graph.to_string().is_empty(), "graphs can be printed");
    let huge = Fibre::Channels(usize::MAX);
    assert!(
        FieldData::<f64>::zeros(&Arc::new(Layout::samples(&lattice, 8)), Location::All, huge, n.samples + 1).is_err()
    );
    let samples = Layout::samples(&lattice, n.width);
    let split = Layout::split(&lattice, &n.inner, n.width);
    for layout in [Some(samples), split.ok()].into_iter().flatten() {
        attempt::<f64>(&graph, &outputs, &layout, n);
        attempt::<f32>(&graph, &outputs, &layout, n);
    }
    Some(())
}

proptest! {
    #![proptest_config(config(10_000))]

    #[test]
    fn nothing_panics(n in nonsense()) {
        build(&n);
    }
}

/// Random graphs are mostly refused; these are made of ops that fit, and most of them run.
#[test]
fn not_everything_is_refused() {
    let mut runner = proptest::test_runner::TestRunner::new(config(1));
    let mut ran = 0;
    for _ in 0..200 {
        let mut n = nonsense().new_tree(&mut runner).unwrap().current();
        n.extents = vec![4, 4];
        (n.twist, n.width, n.missing) = (0.0, 8, 0);
        n.arguments.retain(|&spec| !matches!(spec, Spec::BatchSum { .. }));
        let lattice = Lattice::periodic([4, 4]).unwrap();
        let mut graph = Graph::new(&lattice);
        let mut nodes = vec![graph.constant(2.0)];
        for &spec in &n.arguments {
            nodes.extend(graph.argument("x", spec));
        }
        for (op, inputs) in &n.pushes {
            let inputs: Vec<NodeId> = inputs.iter().map(|i| *i.get(&nodes)).collect();
            nodes.extend(graph.push_any(op.clone(), &inputs, Line::caller()));
        }
        nodes.retain(|&id| !matches!(graph.spec(id), Spec::Weights { .. }));
        ran += attempt::<f64>(&graph, &nodes, &Layout::samples(&lattice, 8), &n).is_some() as usize;
    }
    assert!(ran > 50, "only {ran} of 200 programs ran");
}
