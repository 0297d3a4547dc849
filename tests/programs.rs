//! Random programs of many ops. The same recipe is written into a graph and computed on plain numbers.

use crate::reference;
use lattice_autograd::check::Value;
use lattice_tensor::ops::{Channel, Pointwise, Shift, Spread, Stack, SumSites};
use lattice_tensor::{Boundary, Fibre, Graph, Lattice, Location, NodeId, Spec};
use proptest::prelude::*;

/// One step: which op, and on which of the values so far.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    kind: u8,
    a: u8,
    b: u8,
    c: u8,
}

/// A lattice and the steps of a program on it.
#[derive(Clone, Debug)]
pub struct Recipe {
    pub lattice: Lattice,
    pub steps: Vec<Step>,
}

/// Recipes of up to `most` steps.
pub fn recipes(most: usize) -> impl Strategy<Value = Recipe> {
    let extents = prop::sample::select(vec![vec![4], vec![3, 2], vec![2, 4], vec![4, 4], vec![2, 2, 2], vec![1, 5]]);
    let lattice = (extents, any::<bool>()).prop_map(|(extents, antiperiodic)| {
        let boundary = if antiperiodic { Boundary::ANTIPERIODIC } else { Boundary::PERIODIC };
        Lattice::periodic(extents).and_then(|l| l.with_boundary(0, boundary)).unwrap()
    });
    let step = (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>()).prop_map(|(kind, a, b, c)| Step { kind, a, b, c });
    (lattice, prop::collection::vec(step, 1..most)).prop_map(|(lattice, steps)| Recipe { lattice, steps })
}

/// The arguments of a program from a recipe.
pub const ARGUMENTS: [Spec; 4] = [SCALAR, SCALAR, Spec::PerSample, Spec::Uniform];
const SCALAR: Spec = Spec::Field { location: Location::All, fibre: Fibre::Scalar };

/// What a recipe is written in.
pub trait Algebra {
    type Item: Clone;
    fn pointwise(&mut self, kind: Pointwise, inputs: &[Self::Item]) -> Self::Item;
    fn constant(&mut self, value: f64) -> Self::Item;
    fn shift(&mut self, shift: &Shift, x: &Self::Item) -> Self::Item;
    fn sum_sites(&mut self, x: &Self::Item) -> Self::Item;
    fn spread(&mut self, x: &Self::Item) -> Self::Item;
    /// Channel `i` of fields side by side.
    fn stacked(&mut self, parts: &[Self::Item], i: usize) -> Self::Item;
    /// The sum of two stacks, taken apart again.
    fn sum_of_stacks(&mut self, a: &[Self::Item], b: &[Self::Item], i: usize) -> Self::Item;
    /// Called between steps.
    fn mark(&mut self) {}
}

impl Recipe {
    /// Runs the steps on the arguments; returns a number per sample that depends on the last values.
    pub fn write<A: Algebra>(&self, algebra: &mut A, arguments: &[A::Item]) -> A::Item {
        use Pointwise::{Add, Cos, LeakyRelu, Mul, MulAdd, MulSub, Neg, Sigmoid, Sin, Sub, Tanh};
        let even = self.lattice.extents().iter().all(|l| l % 2 == 0);
        let none = vec![0; self.lattice.directions()];
        let mut fields = arguments[..2].to_vec();
        let mut numbers = arguments[2..].to_vec();
        for &Step { kind, a, b, c } in &self.steps {
            algebra.mark();
            let pick = |list: &[A::Item], i: u8| list[list.len() - 1 - i as usize % list.len().min(6)].clone();
            let (x, y, z) = (pick(&fields, a), pick(&fields, b), pick(&fields, c));
            let (m, n) = (pick(&numbers, a), pick(&numbers, b));
            let number = [0.0, 1.0, -1.0, 2.0, 0.5, -0.25, 0.75][c as usize % 7];
            let binary = [Add, Sub, Mul][c as usize % 3];
            let field = match kind % 20 {
                0 | 1 => algebra.pointwise(binary, &[x, y]),
                2 => algebra.pointwise([MulAdd, MulSub][c as usize % 2], &[x, y, z]),
                3 => algebra.pointwise([Tanh, Sin, Cos, Sigmoid, Neg][c as usize % 5], &[x]),
                4 => {
                    let product = algebra.pointwise(Mul, &[x, y]);
                    algebra.pointwise([Add, Sub][a as usize % 2], &[z, product])
                }
                5 => algebra.pointwise(binary, &[x, m]),
                6 => algebra.pointwise(binary, &[m, x]),
                7 | 8 => {
                    let number = algebra.constant(number);
                    algebra.pointwise(binary, &[x, number])
                }
                9 => {
                    let number = algebra.constant(number);
                    algebra.pointwise([Mul, Sub, Add][a as usize % 3], &[number, x])
                }
                10 | 11 => {
                    let displacement = none.iter().enumerate().map(|(mu, _)| (b >> (2 * mu)) as i32 % 4 - 1).collect();
                    algebra.shift(&Shift { to: Location::All, displacement, from: Location::All }, &x)
                }
                12 | 13 if even => {
                    // x on one checkerboard and y on the other (or on the same), put together
                    let part = |algebra: &mut A, x: &A::Item, parity: u8| {
                        let at = Location::Parity(parity);
                        let part = algebra.shift(&Shift { to: at, displacement: none.clone(), from: Location::All }, x);
                        let part = algebra.pointwise(Tanh, &[part]);
                        algebra.shift(&Shift { to: Location::All, displacement: none.clone(), from: at }, &part)
                    };
                    let (x, y) = (part(algebra, &x, a % 2), part(algebra, &y, b % 2));
                    algebra.pointwise(Add, &[x, y])
                }
                14 => algebra.stacked(&[x, y, z], a as usize % 3),
                15 => algebra.sum_of_stacks(&[x.clone(), y.clone()], &[z, x], b as usize % 2),
                16 => algebra.spread(&m),
                17 => {
                    // bounded below by its slope: smooth where the draw is, since sigmoids are positive
                    let positive = algebra.pointwise(Sigmoid, &[x]);
                    let slope = algebra.constant(0.1);
                    algebra.pointwise(LeakyRelu, &[positive, slope])
                }
                18 => {
                    let small = algebra.pointwise(Tanh, &[x]);
                    let sum = algebra.sum_sites(&small);
                    let scale = algebra.constant(1.0 / self.lattice.volume() as f64);
                    numbers.push(algebra.pointwise(Mul, &[sum, scale]));
                    continue;
                }
                _ => {
                    let number = algebra.pointwise(binary, &[m, n]);
                    numbers.push(algebra.pointwise([Tanh, Sin, Neg][a as usize % 3], &[number]));
                    continue;
                }
            };
            fields.push(field);
        }
        algebra.mark();
        let last = |list: &[A::Item]| list[list.len().saturating_sub(3)..].to_vec();
        let mut result = algebra.constant(0.0);
        for field in last(&fields) {
            let bounded = algebra.pointwise(Sin, &[field]);
            let sum = algebra.sum_sites(&bounded);
            result = algebra.pointwise(Add, &[result, sum]);
        }
        for number in last(&numbers) {
            result = algebra.pointwise(Add, &[result, number]);
        }
        result
    }

    /// The program, its arguments, its result, and where its nodes were cut by [`Algebra::mark`].
    pub fn graph(&self) -> (Written, Vec<NodeId>, NodeId) {
        let mut written = Written { graph: Graph::new(&self.lattice), cuts: Vec::new() };
        let declare = |(i, &spec): (usize, &Spec)| written.graph.argument(&format!("x{i}"), spec).unwrap();
        let arguments: Vec<NodeId> = ARGUMENTS.iter().enumerate().map(declare).collect();
        let result = self.write(&mut written, &arguments);
        (written, arguments, result)
    }

    /// The result on plain numbers.
    pub fn compute(&self, arguments: &[Value], samples: usize) -> Value {
        self.write(&mut Numbers { lattice: &self.lattice, samples }, arguments)
    }
}

/// A recipe written as a graph.
pub struct Written {
    pub graph: Graph,
    pub cuts: Vec<usize>,
}

impl Algebra for Written {
    type Item = NodeId;
    fn pointwise(&mut self, kind: Pointwise, inputs: &[NodeId]) -> NodeId {
        self.graph.push(kind, inputs).unwrap()
    }
    fn constant(&mut self, value: f64) -> NodeId {
        self.graph.constant(value)
    }
    fn shift(&mut self, shift: &Shift, x: &NodeId) -> NodeId {
        self.graph.push(shift.clone(), &[*x]).unwrap()
    }
    fn sum_sites(&mut self, x: &NodeId) -> NodeId {
        self.graph.push(SumSites, &[*x]).unwrap()
    }
    fn spread(&mut self, x: &NodeId) -> NodeId {
        self.graph.push(Spread { spec: SCALAR }, &[*x]).unwrap()
    }
    fn stacked(&mut self, parts: &[NodeId], i: usize) -> NodeId {
        let stack = self.graph.push(Stack { fibre: Fibre::Channels(parts.len()) }, parts).unwrap();
        self.graph.push(Channel(i), &[stack]).unwrap()
    }
    fn sum_of_stacks(&mut self, a: &[NodeId], b: &[NodeId], i: usize) -> NodeId {
        let [a, b] = [a, b].map(|x| self.graph.push(Stack { fibre: Fibre::Channels(x.len()) }, x).unwrap());
        let sum = self.graph.push(Pointwise::Add, &[a, b]).unwrap();
        self.graph.push(Channel(i), &[sum]).unwrap()
    }
    fn mark(&mut self) {
        self.cuts.push(self.graph.nodes().len());
    }
}

/// A recipe computed on plain numbers.
struct Numbers<'a> {
    lattice: &'a Lattice,
    samples: usize,
}

impl Algebra for Numbers<'_> {
    type Item = Value;
    fn pointwise(&mut self, kind: Pointwise, inputs: &[Value]) -> Value {
        reference::pointwise(kind, inputs, self.samples).value
    }
    fn constant(&mut self, value: f64) -> Value {
        Value::Uniform(value)
    }
    fn shift(&mut self, shift: &Shift, x: &Value) -> Value {
        reference::shift(self.lattice, shift, 1, x).value
    }
    fn sum_sites(&mut self, x: &Value) -> Value {
        reference::sum_sites(x).value
    }
    fn spread(&mut self, x: &Value) -> Value {
        let zeros = Value::Field(vec![vec![0.0; self.lattice.volume()]; self.samples]);
        reference::pointwise(Pointwise::Add, &[zeros, x.clone()], self.samples).value
    }
    fn stacked(&mut self, parts: &[Value], i: usize) -> Value {
        parts[i].clone()
    }
    fn sum_of_stacks(&mut self, a: &[Value], b: &[Value], i: usize) -> Value {
        self.pointwise(Pointwise::Add, &[a[i].clone(), b[i].clone()])
    }
}
