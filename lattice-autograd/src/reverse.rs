//! The chain rule. This is the one place where it is applied.
//!
//! The sweep visits the nodes from the last to the first. Each node that carries a cotangent hands it to its op's
//! rule, which pushes the nodes that carry the cotangents of the inputs; several cotangents of one node are added.
//! A gradient is thus more program, and can be differentiated again.
//!
//! A node `y = f(x)` hands on `x̄ = (∂f/∂x)(x, y)ᵀ ȳ`. What of `x` and `y` the rule reads must be remembered until then, or be
//! computed again, or is remembered rounded: [`Remembered`].

use lattice_tensor::ops::{AddSums, Adjoint, Pointwise, Role, Spread, Vjp};
use lattice_tensor::{Error, Fibre, Graph, NodeId, Result, Spec};
use std::collections::HashMap;
use std::ops::Range;

/// What the backward half has of the forward half: every value that it reads, but for those of nodes in these ranges.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    /// Computed once more, just before the backward half first reads them. The gradients are the same bits.
    pub recomputed: Vec<Range<usize>>,
    /// Activations, the fields with channels ([`Fibre::Channels`]), are remembered as the nearest `f16`, ties to even:
    /// `x̄ = (∂f/∂x)(half x, half y)ᵀ ȳ`. Nothing else is rounded, neither the forward half nor cotangents, sums and fields
    /// of other kinds, so the gradient has a relative error of the order of `2^-11`.
    pub rounded: Vec<Range<usize>>,
}

/// Pushes the gradient of `output` (times `seed`) with respect to each of `wanted`; `None` where it vanishes. See
/// [`pullback`].
///
/// # Errors
/// If the gradient passes through an op that has none.
pub fn vjp(
    graph: &mut Graph,
    output: NodeId,
    seed: NodeId,
    wanted: &[NodeId],
    recomputed: &[Range<usize>],
) -> Result<Vec<Option<NodeId>>> {
    let remembered = Remembered { recomputed: recomputed.to_vec(), ..Default::default() };
    pullback(graph, &[(output, seed)], wanted, &remembered)
}

/// Pushes the gradient of `Σ ⟨cotangent, output⟩` over pairs of an output and its cotangent, the cotangents held fixed,
/// with respect to each of `wanted`; `None` where it vanishes.
///
/// The wanted nodes are independent variables: the sweep ends at them, whatever they were computed from.
///
/// # Errors
/// If the gradient passes through an op that has none.
pub fn pullback(
    graph: &mut Graph,
    outputs: &[(NodeId, NodeId)],
    wanted: &[NodeId],
    remembered: &Remembered,
) -> Result<Vec<Option<NodeId>>> {
    let last = outputs.iter().map(|(output, _)| output.index()).max().unwrap_or(0);
    // Nothing before the first wanted node depends on one, so the sweep ends there: a force late in a long trajectory
    // costs no more than the first.
    let end = wanted.iter().map(|w| w.index()).min().unwrap_or(0).min(last);
    let depends = depends_on(graph, wanted, end..last + 1);
    let mut cotangents: Vec<Option<NodeId>> = vec![None; depends.len()];
    for &(output, seed) in outputs {
        if let Some(place) = output.index().checked_sub(end) {
            add(graph, &mut cotangents[place], seed)?;
        }
    }
    let start = graph.nodes().len();
    // For each scope that the sweep enters, in this order: the first node of the backward half behind its entrance.
    let mut entered: Vec<(usize, Range<usize>)> = Vec::new();
    for index in (end..=last).rev() {
        let inside = depends[index - end] && !wanted.iter().any(|w| w.index() == index);
        let Some(cotangent) = cotangents[index - end].filter(|_| inside) else { continue };
        if let Some(scope) = remembered.recomputed.iter().find(|r| r.contains(&index))
            && entered.iter().all(|(_, known)| known != scope)
        {
            entered.push((graph.nodes().len(), scope.clone()));
        }
        let node = graph.nodes()[index].clone();
        let id = graph.id(index);
        let cotangent = as_field_if_needed(graph, id, cotangent)?;
        let inputs = node.inputs.iter().map(|&input| remembered.value(graph, input)).collect::<Result<Vec<_>>>()?;
        let at = Adjoint { inputs: &inputs, output: remembered.value(graph, id)?, cotangent };
        let line = node.line;
        let answers = node.op.vjp(graph, &at).map_err(|e| e.at(line))?;
        for (i, (&input, answer)) in node.inputs.iter().zip(together(graph, &node.inputs, answers)?).enumerate() {
            let Some(place) = input.index().checked_sub(end).filter(|&place| depends[place]) else { continue };
            match answer {
                Vjp::Zero => {}
                Vjp::Node(new) => add(graph, &mut cotangents[place], new)?,
                Vjp::NotDifferentiable => {
                    let error = Error::NotDifferentiable { op: node.op.name(), line: String::new(), input: i };
                    return Err(error.at(line));
                }
            }
        }
    }
    let cotangent = |w: &NodeId| cotangents.get(w.index() - end).copied().flatten();
    let finish = |w: &NodeId| finish(graph, *w, cotangent(w));
    let found = wanted.iter().map(finish).collect::<Result<Vec<_>>>()?;
    let outputs: Vec<NodeId> = outputs.iter().map(|(output, _)| *output).collect();
    let again = recompute(graph, &outputs, &found, start, &entered);
    Ok(found.into_iter().map(|id| id.map(|id| again.get(&id).copied().unwrap_or(id))).collect())
}

impl Remembered {
    /// What the backward half reads for the value of a node.
    fn value(&self, graph: &mut Graph, id: NodeId) -> Result<NodeId> {
        if self.rounded.iter().any(|range| range.contains(&id.index())) { round(graph, id) } else { Ok(id) }
    }
}

/// The value of an activation as it is remembered rounded; other values as they are.
pub(crate) fn round(graph: &mut Graph, id: NodeId) -> Result<NodeId> {
    match graph.spec(id) {
        Spec::Field { fibre: Fibre::Channels(_), .. } => graph.push(Pointwise::Half, &[id]),
        _ => Ok(id),
    }
}

/// Adds a cotangent to what a node has got so far.
fn add(graph: &mut Graph, to: &mut Option<NodeId>, new: NodeId) -> Result<()> {
    *to = Some(match *to {
        None => new,
        Some(before) => match graph.spec(new) {
            Spec::BatchSum { .. } => graph.push(AddSums, &[before, new])?,
            _ => graph.push(Pointwise::Add, &[before, new])?,
        },
    });
    Ok(())
}

/// The cotangents of an input that occurs twice, as in `φ · φ`, are added before they meet others: `2 φ ȳ`.
fn together(graph: &mut Graph, inputs: &[NodeId], mut answers: Vec<Vjp>) -> Result<Vec<Vjp>> {
    if let (&[a, b], &[Vjp::Node(x), Vjp::Node(y)]) = (inputs, answers.as_slice())
        && a == b
        && !matches!(graph.spec(x), Spec::BatchSum { .. })
    {
        answers = vec![Vjp::Node(graph.push(Pointwise::Add, &[x, y])?), Vjp::Zero];
    }
    Ok(answers)
}

/// Which nodes of a range, before which there is no wanted node, depend on the wanted ones.
fn depends_on(graph: &Graph, wanted: &[NodeId], range: Range<usize>) -> Vec<bool> {
    let mut depends = vec![false; range.len()];
    wanted.iter().filter(|w| range.contains(&w.index())).for_each(|w| depends[w.index() - range.start] = true);
    for (i, node) in graph.nodes()[range.clone()].iter().enumerate() {
        let on = |input: &NodeId| input.index().checked_sub(range.start).is_some_and(|place| depends[place]);
        depends[i] |= node.inputs.iter().any(on);
    }
    depends
}

/// Rewrites the backward half, pushed from node `start` on, to read repeated nodes where it would read inside a scope
/// that it has entered. Returns what has become of each node.
///
/// Repeating what is already there, rather than pushing it anew, keeps the shape of the gradient and hence its bits.
fn recompute(
    graph: &mut Graph,
    outputs: &[NodeId],
    found: &[Option<NodeId>],
    start: usize,
    entered: &[(usize, Range<usize>)],
) -> HashMap<NodeId, NodeId> {
    let mut again = HashMap::new();
    if entered.is_empty() {
        return again;
    }
    let forward = graph.live(outputs);
    let needed = graph.live(&found.iter().copied().flatten().collect::<Vec<_>>());
    let backward = (0..needed.len()).filter(|&i| needed[i] && !forward[i]);
    // Parts of an earlier backward half may serve this one too.
    let (shared, own): (Vec<usize>, Vec<usize>) = backward.partition(|&i| i < start);
    let mut own = own.into_iter().peekable();
    let mut outside = None;
    for (first, scope) in entered {
        while let Some(index) = own.next_if(|index| index < first) {
            repeat(graph, index, &mut again, false);
        }
        let left = graph.next_generation();
        outside.get_or_insert(left);
        scope.clone().for_each(|index| repeat(graph, index, &mut again, true));
        let shared = shared.iter().filter(|index| !again.contains_key(&graph.id(**index))).copied();
        shared.collect::<Vec<_>>().into_iter().for_each(|index| repeat(graph, index, &mut again, false));
    }
    own.for_each(|index| repeat(graph, index, &mut again, false));
    outside.into_iter().for_each(|generation| graph.return_to(generation));
    again
}

/// Computes a node once more, if that is asked for or one of its inputs has been.
fn repeat(graph: &mut Graph, index: usize, again: &mut HashMap<NodeId, NodeId>, always: bool) {
    let node = graph.nodes()[index].clone();
    let given = matches!(node.op.role(), Role::Argument | Role::Constant(_) | Role::Mask);
    if !given && (always || node.inputs.iter().any(|id| again.contains_key(id))) {
        let inputs = node.inputs.iter().map(|id| again.get(id).copied().unwrap_or(*id)).collect();
        let id = graph.id(index);
        let copy = graph.repeat(id, inputs);
        again.insert(id, copy);
    }
}

/// A cotangent that is the same on every site is kept as a number; only pointwise rules understand that.
fn as_field_if_needed(graph: &mut Graph, id: NodeId, cotangent: NodeId) -> Result<NodeId> {
    let understands = matches!(graph.node(id).op.role(), Role::Pointwise(_) | Role::SumSites | Role::Argument);
    match (graph.spec(id), graph.spec(cotangent)) {
        (spec @ Spec::Field { .. }, Spec::PerSample | Spec::Uniform) if !understands => {
            graph.push(Spread { spec }, &[cotangent])
        }
        _ => Ok(cotangent),
    }
}

/// Gradients of fields are fields, gradients of uniform numbers are numbers per sample.
fn finish(graph: &mut Graph, wanted: NodeId, cotangent: Option<NodeId>) -> Result<Option<NodeId>> {
    let Some(cotangent) = cotangent else { return Ok(None) };
    match (graph.spec(wanted), graph.spec(cotangent)) {
        (spec @ Spec::Field { .. }, Spec::PerSample | Spec::Uniform) => {
            graph.push(Spread { spec }, &[cotangent]).map(Some)
        }
        _ => Ok(Some(cotangent)),
    }
}
