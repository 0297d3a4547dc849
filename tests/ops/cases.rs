//! The list: for every op, how random cases of it are drawn and what they should give.
//!
//! A new op in `lattice-tensor/src/ops/` needs an entry in [`LIST`] and a function that draws a [`Case`] of it.

use crate::draw::{Domain, Draw, Phases};
use crate::reference::{self, Answer};
use lattice_autograd::check::Value;
use lattice_tensor::ops::{
    AddSums, AnyOp, Biases, Channel, Constant, Conv, ConvInputGrad, ConvKernel, ConvWeightGrad, Mask, Neighbours, Op,
    Pointwise, Shift, Spread, Stack, SumSites, Wave,
};
use lattice_tensor::{Fibre, Graph, Lattice, Location, NodeId, Result, Spec};
use std::panic::Location as Line;
use std::sync::Arc;

/// One op on arguments.
pub struct Case {
    pub op: Arc<dyn AnyOp>,
    pub lattice: Lattice,
    pub samples: usize,
    pub arguments: Vec<(Spec, Domain)>,
    /// Makes the op's inputs from the arguments, where those cannot be arguments themselves.
    pub prelude: Option<Prelude>,
    /// The part of the output that has a gradient, where that is not all of it.
    pub coda: Option<fn(&mut Graph, NodeId) -> Result<NodeId>>,
    pub reference: Reference,
    /// Whether translated inputs give a translated output, boundary phases considered.
    pub covariant: bool,
    /// Whether the op promises to read or write memory.
    pub moves_data: bool,
    /// Whether the op is a step function whose rule hands on the cotangent as it is, not the derivative.
    pub straight_through: bool,
}

pub type Prelude = Box<dyn Fn(&mut Graph, &[NodeId]) -> Result<Vec<NodeId>>>;
pub type Reference = Box<dyn Fn(&[Value]) -> Answer>;

/// Draws a case; the number counts the cases of the op.
pub type Drawn = fn(&mut Draw, usize) -> Case;

/// Every op: its name, how many cases, and how one is drawn.
pub const LIST: &[(&str, usize, Drawn)] = &[
    (AddSums::NAME, 6, add_sums),
    (Channel::NAME, 12, channel),
    (Constant::NAME, 2, constant),
    (Conv::NAME, 30, conv),
    (ConvInputGrad::NAME, 30, conv_input_grad),
    (ConvWeightGrad::NAME, 30, conv_weight_grad),
    (Mask::NAME, 4, mask),
    (Neighbours::NAME, 40, neighbours),
    ("pointwise", 6 * Pointwise::ALL.len(), pointwise),
    (Shift::NAME, 60, shift),
    (Spread::NAME, 16, spread),
    (Stack::NAME, 12, stack),
    (SumSites::NAME, 24, sum_sites),
    (Wave::NAME, 16, wave),
];

impl Case {
    pub(super) fn new(op: impl Op, lattice: &Lattice, samples: usize, specs: &[Spec], reference: Reference) -> Case {
        Case {
            op: Arc::new(op),
            lattice: lattice.clone(),
            samples,
            arguments: specs.iter().enumerate().map(|(i, &s)| (s, Domain::Apart(i % 3))).collect(),
            prelude: None,
            coda: None,
            reference,
            covariant: periodic(lattice),
            moves_data: true,
            straight_through: false,
        }
    }

    /// Pushes the arguments and the op; returns the arguments and the output.
    pub fn push(&self, graph: &mut Graph) -> Result<(Vec<NodeId>, NodeId)> {
        let declare = |(i, (spec, _)): (usize, &(Spec, Domain))| graph.argument(&format!("x{i}"), *spec);
        let arguments = self.arguments.iter().enumerate().map(declare).collect::<Result<Vec<_>>>()?;
        let inputs = match &self.prelude {
            Some(prelude) => prelude(graph, &arguments)?,
            None => arguments.clone(),
        };
        Ok((arguments, graph.push_any(self.op.clone(), &inputs, Line::caller())?))
    }

    /// The sub-lattices that a layout must leave whole.
    pub fn locations(&self, graph: &Graph) -> Vec<Location> {
        let location = |spec| match spec {
            Spec::Field { location, .. } => location,
            _ => Location::All,
        };
        graph.nodes().iter().map(|node| location(node.spec)).collect()
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let specs: Vec<String> = self.arguments.iter().map(|(spec, _)| spec.to_string()).collect();
        write!(f, "{:?}({}) on {:?}, {} samples", self.op, specs.join(", "), self.lattice, self.samples)
    }
}

fn periodic(lattice: &Lattice) -> bool {
    (0..lattice.directions()).all(|mu| lattice.boundary(mu) == lattice_tensor::Boundary::PERIODIC)
}

/// Any fibre; complex numbers wherever the boundaries ask for them.
fn fibre(draw: &mut Draw, lattice: &Lattice) -> Fibre {
    let channels = Fibre::Channels(draw.channels());
    if lattice.is_real() { draw.one_of(&[Fibre::Scalar, Fibre::Complex, channels]) } else { Fibre::Complex }
}

fn pointwise(draw: &mut Draw, number: usize) -> Case {
    let kind = Pointwise::ALL[number % Pointwise::ALL.len()];
    let lattice = draw.lattice(64, Phases::Any);
    let (location, fibre) = (draw.location(&lattice), fibre(draw, &lattice));
    let field = Spec::Field { location, fibre };
    let operands = [field, field, field, Spec::PerSample, Spec::Uniform];
    let specs: Vec<Spec> = (0..kind.arity()).map(|_| draw.one_of(&operands)).collect();
    let samples = draw.samples();
    let mut case =
        Case::new(kind, &lattice, samples, &specs, Box::new(move |x| reference::pointwise(kind, x, samples)));
    case.straight_through = kind == Pointwise::Half;
    match kind {
        Pointwise::Ln | Pointwise::Sqrt => case.arguments[0].1 = Domain::Positive,
        Pointwise::Recip => case.arguments[0].1 = Domain::NonZero,
        Pointwise::Wrap => case.arguments[0].1 = Domain::Angle,
        Pointwise::Div => case.arguments[1].1 = Domain::NonZero,
        Pointwise::LeakyRelu => case.arguments[1].1 = Domain::Positive,
        _ => {}
    }
    case
}

fn shift(draw: &mut Draw, number: usize) -> Case {
    let lattice = draw.lattice(96, Phases::Any);
    let from = draw.location(&lattice);
    let far = draw.one_of(&[0, 1, 2, 5]);
    let mut displacement: Vec<i32> =
        lattice.extents().iter().map(|_| draw.below(2 * far + 1) as i32 - far as i32).collect();
    let to = match number % 4 {
        // an ordinary shift
        0 | 1 => displacement.iter().enumerate().fold(from, |at, (mu, &d)| at.shifted(mu, d)),
        // restriction and embedding
        2 => {
            displacement.fill(0);
            let part = draw.location(&lattice);
            draw.one_of(&[Location::All, part])
        }
        _ => draw.location(&lattice),
    };
    let fibre = fibre(draw, &lattice);
    let op = Shift { to, displacement, from };
    let reference = {
        let (op, lattice) = (op.clone(), lattice.clone());
        Box::new(move |x: &[Value]| reference::shift(&lattice, &op, fibre.components(), &x[0]))
    };
    let spec = Spec::Field { location: from, fibre };
    Case { covariant: true, ..Case::new(op, &lattice, draw.samples(), &[spec], reference) }
}

fn neighbours(draw: &mut Draw, number: usize) -> Case {
    let lattice = draw.lattice(96, Phases::Any);
    let (from, other) = (draw.location(&lattice), draw.location(&lattice));
    let to = match (number % 3, from) {
        (0, _) => from,
        (1, Location::Parity(p)) => Location::Parity(1 - p),
        _ => other,
    };
    let fibre = fibre(draw, &lattice);
    let reference = {
        let lattice = lattice.clone();
        Box::new(move |x: &[Value]| {
            let directions = lattice.directions();
            let steps = (0..directions).flat_map(|mu| [(mu, 1), (mu, -1)]);
            let shifts = steps.map(|(mu, step)| {
                let mut displacement = vec![0; directions];
                displacement[mu] = step;
                reference::shift(&lattice, &Shift { to, displacement, from }, fibre.components(), &x[0])
            });
            let add = |a: Value, b: &Value| {
                let b = b.numbers();
                a.map(|x, i| x + b[i])
            };
            let sum = shifts.reduce(|a, b| Answer {
                value: add(a.value, &b.value),
                size: add(a.size, &b.size),
                terms: a.terms + b.terms,
            });
            sum.expect("a direction")
        })
    };
    let spec = Spec::Field { location: from, fibre };
    Case { covariant: true, ..Case::new(Neighbours { to, from }, &lattice, draw.samples(), &[spec], reference) }
}

fn channel(draw: &mut Draw, _: usize) -> Case {
    let lattice = draw.lattice(64, Phases::Signs);
    let (location, fibre) = (draw.location(&lattice), fibre(draw, &lattice));
    let (n, c) = (fibre.components(), draw.below(fibre.components()));
    let pick = move |f: &Vec<f64>| f.chunks(n).map(|site| site[c]).collect();
    let reference: Reference = Box::new(move |x| {
        let Value::Field(f) = &x[0] else { panic!("a field") };
        exact(Value::Field(f.iter().map(pick).collect()))
    });
    let samples = draw.samples();
    Case { covariant: true, ..Case::new(Channel(c), &lattice, samples, &[Spec::Field { location, fibre }], reference) }
}

fn stack(draw: &mut Draw, _: usize) -> Case {
    let lattice = draw.lattice(64, Phases::Signs);
    let (location, fibre) = (draw.location(&lattice), fibre(draw, &lattice));
    let samples = draw.samples();
    let reference: Reference = Box::new(move |x| {
        let site = |s: usize, i: usize| {
            x.iter().map(move |part| match part {
                Value::Field(f) => f[s][i],
                other => panic!("{other:?} in a stack"),
            })
        };
        let Value::Field(first) = &x[0] else { panic!("a field") };
        exact(Value::Field((0..samples).map(|s| (0..first[s].len()).flat_map(|i| site(s, i)).collect()).collect()))
    });
    let specs = vec![Spec::Field { location, fibre: Fibre::Scalar }; fibre.components()];
    Case { covariant: true, ..Case::new(Stack { fibre }, &lattice, samples, &specs, reference) }
}

fn spread(draw: &mut Draw, _: usize) -> Case {
    let lattice = draw.lattice(64, Phases::Any);
    let (location, fibre) = (draw.location(&lattice), fibre(draw, &lattice));
    let samples = draw.samples();
    let spec = Spec::Field { location, fibre };
    let n = spec.numbers(&lattice);
    let reference: Reference = Box::new(move |x| {
        let number = |s: usize| match &x[0] {
            Value::PerSample(x) => x[s],
            Value::Uniform(x) => *x,
            other => panic!("{other:?} to spread"),
        };
        exact(Value::Field((0..samples).map(|s| vec![number(s); n]).collect()))
    });
    let number = draw.one_of(&[Spec::PerSample, Spec::Uniform]);
    Case::new(Spread { spec }, &lattice, samples, &[number], reference)
}

fn sum_sites(draw: &mut Draw, _: usize) -> Case {
    let lattice = draw.lattice(128, Phases::Any);
    let (location, fibre) = (draw.location(&lattice), fibre(draw, &lattice));
    let spec = Spec::Field { location, fibre };
    Case::new(SumSites, &lattice, draw.samples(), &[spec], Box::new(|x| reference::sum_sites(&x[0])))
}

/// Multiplied up one site at a time, `e^{ip·x} = Π_μ (e^{ip_μ})^{x_μ}`.
fn wave(draw: &mut Draw, number: usize) -> Case {
    let lattice = draw.lattice(64, Phases::Any);
    let (to, samples) = (draw.location(&lattice), draw.samples());
    let momentum: Vec<i32> = lattice.extents().iter().map(|_| draw.below(21) as i32 - 10).collect();
    let (sine, own, k) = (number % 2 == 1, lattice.clone(), momentum.clone());
    let reference: Reference = Box::new(move |_| {
        let at = |x: &Vec<usize>| {
            let (mut re, mut im) = (1.0, 0.0);
            for (mu, &steps) in x.iter().enumerate() {
                let (sin, cos) = (std::f64::consts::TAU * f64::from(k[mu]) / own.extents()[mu] as f64).sin_cos();
                for _ in 0..steps {
                    (re, im) = (re * cos - im * sin, re * sin + im * cos);
                }
            }
            if sine { im } else { re }
        };
        let y: Vec<f64> = reference::sites(&own, to).iter().map(at).collect();
        let value = Value::Field(vec![y; samples]);
        Answer { size: value.map(|_, _| 4.0), value, terms: 16.0 }
    });
    Case::new(Wave { momentum, sine, to }, &lattice, samples, &[], reference)
}

/// A convolution that a plain loop gets through, with its input, output and weights.
fn kernel(draw: &mut Draw) -> (ConvKernel, Lattice, usize, [Spec; 3]) {
    loop {
        let lattice = draw.lattice(64, Phases::Signs);
        let kernel = ConvKernel {
            extents: lattice.extents().iter().map(|_| draw.one_of(&[1, 3, 3, 5, 7])).collect(),
            from: draw.location(&lattice),
            to: draw.location(&lattice),
            inputs: draw.channels(),
            outputs: draw.channels(),
            biases: draw.one_of(&[Biases::Added, Biases::Skipped, Biases::Absent]),
        };
        let samples = draw.samples();
        let pairs = kernel.taps() * kernel.to.volume(&lattice);
        if pairs * kernel.inputs * kernel.outputs * samples < 400_000 && pairs < 4_000 {
            let field = |location, n: usize, scalar: bool| {
                let fibre = if n == 1 && scalar { Fibre::Scalar } else { Fibre::Channels(n) };
                Spec::Field { location, fibre }
            };
            let f = field(kernel.from, kernel.inputs, draw.below(2) == 0);
            let y = field(kernel.to, kernel.outputs, false);
            let w = Spec::Weights { offset: draw.below(9), len: kernel.weights() };
            return (kernel, lattice, samples, [f, y, w]);
        }
    }
}

fn conv(draw: &mut Draw, _: usize) -> Case {
    let (k, lattice, samples, [f, _, w]) = kernel(draw);
    let covariant = periodic(&lattice) || k.biases != Biases::Added;
    let reference = {
        let (k, lattice) = (k.clone(), lattice.clone());
        Box::new(move |x: &[Value]| reference::conv(&lattice, &k, &x[0], &x[1]))
    };
    Case { covariant, ..Case::new(Conv(k), &lattice, samples, &[f, w], reference) }
}

fn conv_input_grad(draw: &mut Draw, _: usize) -> Case {
    let (k, lattice, samples, [_, y, w]) = kernel(draw);
    let reference = {
        let (k, lattice) = (k.clone(), lattice.clone());
        Box::new(move |x: &[Value]| reference::conv_input_grad(&lattice, &k, &x[0], &x[1]))
    };
    Case { covariant: true, ..Case::new(ConvInputGrad(k), &lattice, samples, &[y, w], reference) }
}

fn conv_weight_grad(draw: &mut Draw, _: usize) -> Case {
    let (k, lattice, samples, [f, y, _]) = kernel(draw);
    let covariant = periodic(&lattice) || k.biases != Biases::Added;
    let reference = {
        let (k, lattice) = (k.clone(), lattice.clone());
        Box::new(move |x: &[Value]| reference::conv_weight_grad(&lattice, &k, &x[0], &x[1]))
    };
    let prelude: Prelude = Box::new(|graph, x| Ok(vec![x[0], masked(graph, x[1])?]));
    Case { covariant, prelude: Some(prelude), ..Case::new(ConvWeightGrad(k), &lattice, samples, &[f, y], reference) }
}

/// What sums over the batch are made of must vanish where a row holds no sample.
fn masked(graph: &mut Graph, x: NodeId) -> Result<NodeId> {
    let mask = graph.push(Mask, &[])?;
    graph.push(Pointwise::Mul, &[x, mask])
}

fn add_sums(draw: &mut Draw, _: usize) -> Case {
    let (k, lattice, samples, [f, y, _]) = kernel(draw);
    let reference = {
        let (k, lattice) = (k.clone(), lattice.clone());
        Box::new(move |x: &[Value]| {
            let [a, b] = [0, 1].map(|i| reference::conv_weight_grad(&lattice, &k, &x[i], &x[2]));
            let add = |a: Value, b: Value| a.map(|x, i| x + b.numbers()[i]);
            Answer { value: add(a.value, b.value), size: add(a.size, b.size), terms: a.terms + b.terms }
        })
    };
    let mut case = Case::new(AddSums, &lattice, samples, &[f, f, y], reference);
    case.prelude = Some(Box::new(move |graph, x| {
        let op = ConvWeightGrad(k.clone());
        let y = masked(graph, x[2])?;
        Ok(vec![graph.push(op.clone(), &[x[0], y])?, graph.push(op.clone(), &[x[1], y])?])
    }));
    case.moves_data = false;
    case
}

fn mask(draw: &mut Draw, _: usize) -> Case {
    let (lattice, samples) = (draw.lattice(16, Phases::None), draw.samples());
    let reference: Reference = Box::new(move |_| exact(Value::PerSample(vec![1.0; samples])));
    Case { moves_data: false, ..Case::new(Mask, &lattice, samples, &[], reference) }
}

fn constant(draw: &mut Draw, _: usize) -> Case {
    let (lattice, samples, value) = (draw.lattice(16, Phases::None), draw.samples(), draw.signed());
    let reference: Reference = Box::new(move |_| exact(Value::PerSample(vec![value; samples])));
    Case { moves_data: false, ..Case::new(Constant(value), &lattice, samples, &[], reference) }
}

/// An answer without rounding.
fn exact(value: Value) -> Answer {
    Answer { size: value.map(|x, _| x.abs()), value, terms: 1.0 }
}
