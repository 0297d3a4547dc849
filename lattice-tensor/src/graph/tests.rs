use super::*;
use crate::lattice::Location;
use crate::ops::{Channel, Pointwise, Shift, Spread, Stack, SumSites};
use crate::spec::Fibre;

const EVEN: Location = Location::Parity(0);
const ODD: Location = Location::Parity(1);

struct Writer(Graph);

impl Writer {
    fn new() -> (Writer, NodeId) {
        let mut graph = Graph::new(&Lattice::periodic([4, 4]).unwrap());
        let phi = graph.argument("phi", Spec::scalar_field()).unwrap();
        (Writer(graph), phi)
    }
    fn op(&mut self, op: impl Op, inputs: &[NodeId]) -> NodeId {
        self.0.push(op, inputs).unwrap()
    }
    fn times(&mut self, x: NodeId, c: f64) -> NodeId {
        let c = self.0.constant(c);
        self.op(Pointwise::Mul, &[x, c])
    }
    fn shift(&mut self, x: NodeId, steps: i32) -> NodeId {
        self.op(Shift { to: Location::All, displacement: vec![steps, 0], from: Location::All }, &[x])
    }
    fn on(&mut self, x: NodeId, from: Location, to: Location) -> NodeId {
        self.op(Shift { to, displacement: vec![0, 0], from }, &[x])
    }
}

#[test]
fn programs_print_as_typed_equations() {
    let (mut w, phi) = Writer::new();
    let even = w.on(phi, Location::All, EVEN);
    let shifted = w.shift(phi, 1);
    let product = w.op(Pointwise::Mul, &[phi, shifted]);
    let half = w.times(product, 0.5);
    let beta = w.0.argument("beta", Spec::PerSample).unwrap();
    w.0.argument("w", Spec::Weights { offset: 4, len: 6 }).unwrap();
    let sum = w.op(SumSites, &[half]);
    w.op(Pointwise::Mul, &[sum, beta]);
    let stripe = Location::Stripe { mu: 1, period: 4, offset: 3 };
    w.on(phi, Location::All, stripe);
    w.op(Stack { fibre: Fibre::Channels(2) }, &[even, even]);
    assert_eq!(
        w.0.to_string(),
        r#"program on [4, 4]
  %0: scalar = Argument { index: 0, name: "phi", spec: Field { location: All, fibre: Scalar } }()
  %1: scalar@even = Shift { to: Parity(0), displacement: [0, 0], from: All }(%0)
  %2: scalar = Shift { to: All, displacement: [1, 0], from: All }(%0)
  %3: scalar = Mul(%0, %2)
  %4: uniform = Constant(0.5)()
  %5: scalar = Mul(%3, %4)
  %6: per-sample = Argument { index: 1, name: "beta", spec: PerSample }()
  %7: weights[4..10] = Argument { index: 2, name: "w", spec: Weights { offset: 4, len: 6 } }()
  %8: per-sample = SumSites(%5)
  %9: per-sample = Mul(%8, %6)
  %10: scalar@x1≡3 mod 4 = Shift { to: Stripe { mu: 1, period: 4, offset: 3 }, displacement: [0, 0], from: All }(%0)
  %11: channels[2]@even = Stack { fibre: Channels(2) }(%1, %1)
"#
    );
}

#[test]
fn equal_nodes_are_merged_within_a_generation() {
    let (mut w, phi) = Writer::new();
    let a = w.op(Pointwise::Tanh, &[phi]);
    assert_eq!(w.op(Pointwise::Tanh, &[phi]), a);
    let other = w.0.argument("phi", Spec::scalar_field()).unwrap();
    assert_ne!(other, phi, "arguments are never merged");
    w.0.next_generation();
    let again = w.op(Pointwise::Tanh, &[phi]);
    assert_ne!(again, a, "a recomputed value is not the remembered one");
    assert_eq!(w.0.classes()[again.index()], a.index(), "but computes the same");
    w.0.return_to(0);
    assert_eq!(w.op(Pointwise::Tanh, &[phi]), a);
}

#[test]
fn constants_meet() {
    let (mut w, phi) = Writer::new();
    let two = w.times(phi, 2.0);
    let six = w.times(phi, 6.0);
    assert_eq!(w.times(two, 3.0), six);
    assert_eq!(w.times(two, 0.5), phi);
    assert_eq!(w.op(Pointwise::Add, &[phi, phi]), two);
    let minus = w.op(Pointwise::Neg, &[phi]);
    assert_eq!(w.times(phi, -1.0), minus);
    assert_eq!(w.op(Pointwise::Neg, &[minus]), phi);
    let half = w.op(Pointwise::Half, &[phi]);
    assert!(half != phi && w.op(Pointwise::Half, &[half]) == half, "rounded once is rounded");
    let four = w.times(phi, 4.0);
    assert_eq!(w.op(Pointwise::Add, &[four, two]), six, "(4 + 2)φ");
    let moved = w.shift(two, 1);
    let shifted = w.shift(phi, 1);
    assert_eq!(moved, w.times(shifted, 2.0), "constants leave linear ops");
    let (a, b) = (w.0.constant(2.0), w.0.constant(0.25));
    let product = w.op(Pointwise::Mul, &[a, b]);
    assert_eq!(w.0.constant_value(product), Some(0.5));
    let zero = w.0.constant(0.0);
    let quotient = w.op(Pointwise::Div, &[a, zero]);
    assert_eq!(w.0.constant_value(quotient), None, "only finite constants are folded");
}

#[test]
fn neutral_elements_are_dropped_only_where_the_type_stays() {
    let (mut w, phi) = Writer::new();
    let (zero, one) = (w.0.constant(0.0), w.0.constant(1.0));
    assert_eq!(w.op(Pointwise::Add, &[phi, zero]), phi);
    assert_eq!(w.op(Pointwise::Add, &[zero, phi]), phi);
    assert_eq!(w.op(Pointwise::Mul, &[one, phi]), phi);
    let ones = w.op(Spread { spec: Spec::scalar_field() }, &[one]);
    let beta = w.0.argument("beta", Spec::PerSample).unwrap();
    let spread = w.op(Pointwise::Mul, &[beta, ones]);
    assert_eq!(w.0.spec(spread), Spec::scalar_field(), "a number times a field of ones is a field");
}

#[test]
fn a_field_taken_apart_and_put_together_is_not_copied() {
    let (mut w, phi) = Writer::new();
    let (even, odd) = (w.on(phi, Location::All, EVEN), w.on(phi, Location::All, ODD));
    let (new, kept) = (w.op(Pointwise::Tanh, &[even]), odd);
    let (a, b) = (w.on(new, EVEN, Location::All), w.on(kept, ODD, Location::All));
    let whole = w.op(Pointwise::Add, &[a, b]);
    assert_eq!(w.on(whole, Location::All, EVEN), new);
    assert_eq!(w.on(whole, Location::All, ODD), kept);
    assert_eq!(w.on(whole, Location::All, Location::All), whole);
}

/// Whatever is pushed, the node that comes back has the type that the op infers.
#[test]
fn simplification_keeps_types() {
    let (mut w, phi) = Writer::new();
    let beta = w.0.argument("beta", Spec::PerSample).unwrap();
    let m = w.0.argument("m", Spec::Uniform).unwrap();
    let numbers = [0.0, 1.0, -1.0, 2.0].map(|c| w.0.constant(c));
    let spread = numbers.map(|c| w.op(Spread { spec: Spec::scalar_field() }, &[c]));
    let minus = [phi, beta, m].map(|x| w.op(Pointwise::Neg, &[x]));
    let twice = [phi, beta, m].map(|x| w.times(x, 2.0));
    let stack = w.op(Stack { fibre: Fibre::Channels(2) }, &[phi, spread[0]]);
    let channel = w.op(Channel(1), &[stack]);
    let all: Vec<NodeId> =
        [vec![phi, beta, m, channel], numbers.into(), spread.into(), minus.into(), twice.into()].concat();
    for kind in [Pointwise::Add, Pointwise::Sub, Pointwise::Mul, Pointwise::Div] {
        for &a in &all {
            for &b in &all {
                let specs = [w.0.spec(a), w.0.spec(b)];
                let expected = Op::infer(&kind, w.0.lattice(), &specs).unwrap();
                let found = w.op(kind, &[a, b]);
                assert_eq!(w.0.spec(found), expected, "{kind:?} of {specs:?}\n{}", w.0);
            }
        }
    }
}
