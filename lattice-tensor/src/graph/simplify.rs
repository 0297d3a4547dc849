//! The algebra done while a program is built: constants are folded, neutral elements dropped, and constant factors
//! pulled through linear ops, so that `shift(c·φ)` and `c·shift(φ)` become the same node. No more than that.

use super::{Graph, NodeId};
use crate::error::Result;
use crate::lattice::Location;
use crate::ops::{AnyOp, Neighbours, Op, Pointwise, Role, Shift, Spread, Stack};
use crate::spec::Spec;
use std::panic::Location as Line;
use std::sync::Arc;

/// A simpler node that equals `op(inputs)`, if there is one.
pub(super) fn rewrite(
    graph: &mut Graph,
    op: &dyn AnyOp,
    inputs: &[NodeId],
    line: &'static Line<'static>,
) -> Result<Option<NodeId>> {
    match op.role() {
        Role::Pointwise(kind) => pointwise(graph, kind, inputs, line),
        Role::Shift(shift) => match restrict(graph, &shift, inputs, line)? {
            None => pull_constant_out(graph, op, inputs, line),
            simpler => Ok(simpler),
        },
        // One of the fields that were put side by side: it is read directly.
        Role::Channel(i) if is_stack(graph, inputs[0]) => Ok(graph.node(inputs[0]).inputs.get(i).copied()),
        _ if op.is_linear() => pull_constant_out(graph, op, inputs, line),
        _ => Ok(None),
    }
}

fn pointwise(
    graph: &mut Graph,
    kind: Pointwise,
    inputs: &[NodeId],
    line: &'static Line<'static>,
) -> Result<Option<NodeId>> {
    let constants: Vec<Option<f64>> = inputs.iter().map(|&i| everywhere(graph, i)).collect();
    if let Some(values) = constants.iter().copied().collect::<Option<Vec<f64>>>() {
        let value = kind.on_f64(&values);
        if !value.is_finite() {
            return Ok(None);
        }
        let constant = graph.constant(value);
        let field = inputs.iter().map(|&i| graph.spec(i)).find(|spec| matches!(spec, Spec::Field { .. }));
        return match field {
            Some(spec) if value == 0.0 => graph.push_any(Arc::new(Spread { spec }), &[constant], line).map(Some),
            // Computed in the precision of the fields.
            Some(_) => Ok(None),
            None => Ok(Some(constant)),
        };
    }
    let push =
        |graph: &mut Graph, kind: Pointwise, inputs: &[NodeId]| graph.push_any(Arc::new(kind), inputs, line).map(Some);
    // A neutral element may be dropped only where that does not change the type of the result.
    let widest = |graph: &Graph, kept: NodeId| inputs.iter().all(|&i| rank(graph.spec(i)) <= rank(graph.spec(kept)));
    match (kind, inputs, constants.as_slice()) {
        (Pointwise::Mul, &[a, b], &[Some(_), None]) => push(graph, Pointwise::Mul, &[b, a]),
        (Pointwise::Mul, &[a, _], &[None, Some(1.0)]) if widest(graph, a) => Ok(Some(a)),
        (Pointwise::Mul, &[a, _], &[None, Some(-1.0)]) => push(graph, Pointwise::Neg, &[a]),
        (Pointwise::Mul, &[a, _], &[None, Some(c)]) => match factor(graph, a) {
            Some((inner, d)) => {
                let product = graph.constant(c * d);
                push(graph, Pointwise::Mul, &[inner, product])
            }
            None => Ok(None),
        },
        // (c·a)·b = c·(a·b), so that constants meet
        (Pointwise::Mul, &[a, b], &[None, None]) => {
            let (fa, fb) = (factor(graph, a), factor(graph, b));
            if fa.is_none() && fb.is_none() {
                return Ok(None);
            }
            let ((a, c), (b, d)) = (fa.unwrap_or((a, 1.0)), fb.unwrap_or((b, 1.0)));
            let Some(product) = push(graph, Pointwise::Mul, &[a, b])? else { return Ok(None) };
            let constant = graph.constant(c * d);
            push(graph, Pointwise::Mul, &[product, constant])
        }
        (Pointwise::Div, &[a, _], &[None, Some(c)]) if (1.0 / c).is_finite() && c.log2().fract() == 0.0 => {
            let inverse = graph.constant(1.0 / c);
            push(graph, Pointwise::Mul, &[a, inverse])
        }
        (Pointwise::Add, &[a, b], &[Some(_), None]) => push(graph, Pointwise::Add, &[b, a]),
        (Pointwise::Add | Pointwise::Sub, &[a, _], &[None, Some(0.0)]) if widest(graph, a) => Ok(Some(a)),
        (Pointwise::Sub, &[_, b], &[Some(0.0), None]) => push(graph, Pointwise::Neg, &[b]),
        (Pointwise::Add, &[a, b], &[None, None]) if a == b => {
            let two = graph.constant(2.0);
            push(graph, Pointwise::Mul, &[a, two])
        }
        (Pointwise::Add, &[a, b], &[None, None]) if is_stack(graph, a) && is_stack(graph, b) => {
            let pairs: Vec<_> = graph.node(a).inputs.iter().copied().zip(graph.node(b).inputs.clone()).collect();
            let stack = graph.node(a).op.clone();
            let parts: Result<Vec<NodeId>> =
                pairs.into_iter().map(|(x, y)| graph.push_any(Arc::new(Pointwise::Add), &[x, y], line)).collect();
            graph.push_any(stack, &parts?, line).map(Some)
        }
        // c·a + d·a = (c + d)·a and c·a + c·b = c·(a + b)
        (Pointwise::Add, &[a, b], &[None, None]) => {
            let (fa, fb) = (factor(graph, a), factor(graph, b));
            let ((x, c), (y, d)) = (fa.unwrap_or((a, 1.0)), fb.unwrap_or((b, 1.0)));
            if x == y {
                let sum = graph.constant(c + d);
                return push(graph, Pointwise::Mul, &[x, sum]);
            }
            if fa.is_some() && fb.is_some() && c == d {
                let Some(sum) = push(graph, Pointwise::Add, &[x, y])? else { return Ok(None) };
                let constant = graph.constant(c);
                return push(graph, Pointwise::Mul, &[sum, constant]);
            }
            match negated(graph, b) {
                Some(b) => push(graph, Pointwise::Sub, &[a, b]),
                None => match negated(graph, a) {
                    Some(a) => push(graph, Pointwise::Sub, &[b, a]),
                    None => Ok(None),
                },
            }
        }
        (Pointwise::Sub, &[a, b], &[None, None]) => match negated(graph, b) {
            Some(b) => push(graph, Pointwise::Add, &[a, b]),
            None => Ok(None),
        },
        (Pointwise::Copy | Pointwise::Half, &[a], _) if graph.node(a).op.role() == Role::Pointwise(kind) => Ok(Some(a)),
        (Pointwise::Neg, &[a], _) => match factor(graph, a) {
            Some((inner, c)) => {
                let constant = graph.constant(-c);
                push(graph, Pointwise::Mul, &[inner, constant])
            }
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// A field put together from its parts on disjoint sub-lattices and taken apart again: the part is read directly. So a
/// coupling may say `x.on(even)` and return whole fields, and nothing is copied between couplings.
fn restrict(
    graph: &mut Graph,
    shift: &Shift,
    inputs: &[NodeId],
    line: &'static Line<'static>,
) -> Result<Option<NodeId>> {
    let &[x] = inputs else { return Ok(None) };
    if shift.displacement.iter().any(|&d| d != 0) {
        return Ok(None);
    }
    let Spec::Field { fibre, .. } = graph.spec(x) else { return Ok(None) };
    if shift.to == shift.from && shift.from == location(graph.spec(x)) {
        return Ok(Some(x));
    }
    let node = graph.node(x).clone();
    match node.op.role() {
        Role::Spread if shift.from == Location::All => {
            let spread = Spread { spec: Spec::Field { location: shift.to, fibre } };
            graph.push_any(Arc::new(spread), &node.inputs, line).map(Some)
        }
        Role::Neighbours(inner) if inner.to == Location::All && shift.from == Location::All => {
            let direct = Neighbours { to: shift.to, from: inner.from };
            graph.push_any(Arc::new(direct), &node.inputs, line).map(Some)
        }
        Role::Shift(inner)
            if inner.from == Location::All && inner.to == Location::All && shift.from == Location::All =>
        {
            let direct = Shift { to: shift.to, displacement: inner.displacement, from: Location::All };
            graph.push_any(Arc::new(direct), &node.inputs, line).map(Some)
        }
        Role::Shift(embedding) if embedding.to == Location::All && embedding.displacement.iter().all(|&d| d == 0) => {
            let inner = node.inputs[0];
            match (embedding.from, shift.to) {
                (a, b) if a == b => Ok(Some(inner)),
                (a, b) if a.is_apart(b) => {
                    let zero = graph.constant(0.0);
                    let spread = Spread { spec: Spec::Field { location: shift.to, fibre } };
                    graph.push_any(Arc::new(spread), &[zero], line).map(Some)
                }
                _ => Ok(None),
            }
        }
        Role::Pointwise(Pointwise::Add) if shift.from == Location::All && shift.to != Location::All => {
            let &[a, b] = node.inputs.as_slice() else { return Ok(None) };
            if !is_sum_of_shifts(graph, a) || !is_sum_of_shifts(graph, b) {
                return Ok(None);
            }
            let a = graph.push_any(Arc::new(shift.clone()), &[a], line)?;
            let b = graph.push_any(Arc::new(shift.clone()), &[b], line)?;
            graph.push_any(Arc::new(Pointwise::Add), &[a, b], line).map(Some)
        }
        _ => Ok(None),
    }
}

fn is_sum_of_shifts(graph: &Graph, id: NodeId) -> bool {
    match graph.node(id).op.role() {
        Role::Shift(shift) => shift.to == Location::All,
        Role::Spread => true,
        Role::Pointwise(Pointwise::Add) => graph.node(id).inputs.iter().all(|&i| is_sum_of_shifts(graph, i)),
        _ => false,
    }
}

fn location(spec: Spec) -> Location {
    match spec {
        Spec::Field { location, .. } => location,
        _ => Location::All,
    }
}

/// `L(c·x) = c·L(x)` for a constant `c`.
fn pull_constant_out(
    graph: &mut Graph,
    op: &dyn AnyOp,
    inputs: &[NodeId],
    line: &'static Line<'static>,
) -> Result<Option<NodeId>> {
    let Some((inner, c)) = inputs.first().and_then(|&x| factor(graph, x)) else { return Ok(None) };
    let mut inputs = inputs.to_vec();
    inputs[0] = inner;
    let plain = graph.push_any(op.shared(), &inputs, line)?;
    let constant = graph.constant(c);
    graph.push_any(Arc::new(Pointwise::Mul), &[plain, constant], line).map(Some)
}

/// A node of the form `c·x`, the type of `x` being that of the node, taken apart; `-x` counts.
fn factor(graph: &Graph, id: NodeId) -> Option<(NodeId, f64)> {
    let node = graph.node(id);
    match node.op.role() {
        Role::Pointwise(Pointwise::Mul) if graph.spec(node.inputs[0]) == node.spec => {
            everywhere(graph, node.inputs[1]).map(|c| (node.inputs[0], c))
        }
        Role::Pointwise(Pointwise::Neg) => Some((node.inputs[0], -1.0)),
        _ => None,
    }
}

/// The constant that a node is, be it a number or a field that is the same everywhere.
pub(super) fn everywhere(graph: &Graph, id: NodeId) -> Option<f64> {
    match graph.node(id).op.role() {
        Role::Spread => graph.constant_value(graph.node(id).inputs[0]),
        _ => graph.constant_value(id),
    }
}

fn is_stack(graph: &Graph, id: NodeId) -> bool {
    graph.node(id).op.name() == <Stack as Op>::NAME
}

fn negated(graph: &Graph, id: NodeId) -> Option<NodeId> {
    match graph.node(id).op.role() {
        Role::Pointwise(Pointwise::Neg) => Some(graph.node(id).inputs[0]),
        _ => None,
    }
}

fn rank(spec: Spec) -> u8 {
    match spec {
        Spec::Uniform => 0,
        Spec::PerSample => 1,
        _ => 2,
    }
}
