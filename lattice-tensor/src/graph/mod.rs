//! The program: a flat list of typed nodes, each an op applied to earlier nodes.
//!
//! Order of creation is an order of execution. Equal nodes are merged as they are pushed, and pointwise nodes are
//! simplified by a few algebraic identities (`simplify.rs`), so gradient rules may be written plainly.

mod print;
mod simplify;

use crate::error::Result;
use crate::lattice::Lattice;
use crate::ops::{AnyOp, Argument, Constant, Op, Role};
use crate::spec::{Cost, Spec};
use std::collections::HashMap;
use std::panic::Location as Line;
use std::sync::Arc;

/// A node of a [`Graph`]: an index, valid in the graph that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The position in the list of nodes.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An op, what it is applied to, what comes out, and the line of the user's program that made it.
#[derive(Clone, Debug)]
pub struct Node {
    /// The op.
    pub op: Arc<dyn AnyOp>,
    /// Its inputs.
    pub inputs: Vec<NodeId>,
    /// The type of its output.
    pub spec: Spec,
    /// Where the user's program made it.
    pub line: &'static Line<'static>,
    /// Equal nodes of different generations are kept apart: a recomputed value is not the remembered one.
    pub generation: u32,
}

/// A program on the fields of one lattice.
#[derive(Clone, Debug)]
pub struct Graph {
    lattice: Lattice,
    nodes: Vec<Node>,
    known: HashMap<(String, Vec<NodeId>, u32), NodeId>,
    generation: u32,
    generations: u32,
    arguments: Vec<NodeId>,
    names: Vec<String>,
}

impl Graph {
    /// An empty program.
    pub fn new(lattice: &Lattice) -> Graph {
        Graph {
            lattice: lattice.clone(),
            nodes: Vec::new(),
            known: HashMap::new(),
            generation: 0,
            generations: 0,
            arguments: Vec::new(),
            names: Vec::new(),
        }
    }

    /// The lattice.
    pub fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    /// All nodes, in order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node at a position of the list.
    pub fn id(&self, index: usize) -> NodeId {
        NodeId(index as u32)
    }

    /// One node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The type of a node.
    pub fn spec(&self, id: NodeId) -> Spec {
        self.nodes[id.index()].spec
    }

    /// What a node costs.
    pub fn cost(&self, id: NodeId) -> Cost {
        let node = self.node(id);
        let inputs: Vec<Spec> = node.inputs.iter().map(|&x| self.spec(x)).collect();
        node.op.cost(&self.lattice, &inputs, &node.spec)
    }

    /// The arguments, in the order in which they were declared.
    pub fn arguments(&self) -> &[NodeId] {
        &self.arguments
    }

    /// The name under which an argument was declared.
    pub fn argument_name(&self, id: NodeId) -> Option<&str> {
        self.arguments.iter().position(|&a| a == id).map(|i| self.names[i].as_str())
    }

    /// Declares an argument that is bound at each run. Arguments are never merged.
    #[track_caller]
    pub fn argument(&mut self, name: &str, spec: Spec) -> Result<NodeId> {
        let index = self.arguments.len();
        let id = self.push(Argument { index, name: name.into(), spec }, &[])?;
        self.arguments.push(id);
        self.names.push(name.into());
        Ok(id)
    }

    /// A number that never changes.
    #[track_caller]
    pub fn constant(&mut self, value: f64) -> NodeId {
        let op: Arc<dyn AnyOp> = Arc::new(Constant(value));
        self.intern(op, Vec::new(), Spec::Uniform, Line::caller())
    }

    /// The value of a node that is a constant.
    pub fn constant_value(&self, id: NodeId) -> Option<f64> {
        match self.node(id).op.role() {
            Role::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// Whether a node is 0 everywhere, as far as it can be seen without computing.
    pub(crate) fn is_zero(&self, id: NodeId) -> bool {
        simplify::everywhere(self, id) == Some(0.0)
    }

    /// Applies an op: checks, simplifies, merges with an equal node, and appends.
    ///
    /// # Errors
    /// If the op does not take these inputs; the error names the caller's line.
    #[track_caller]
    pub fn push(&mut self, op: impl Op, inputs: &[NodeId]) -> Result<NodeId> {
        self.push_any(Arc::new(op), inputs, Line::caller())
    }

    /// As [`Graph::push`] for an op that is already shared.
    pub fn push_any(&mut self, op: Arc<dyn AnyOp>, inputs: &[NodeId], line: &'static Line<'static>) -> Result<NodeId> {
        let specs: Vec<Spec> = inputs.iter().map(|&i| self.spec(i)).collect();
        let inferred = op.infer(&self.lattice, &specs).and_then(|spec| spec.check(&self.lattice).map(|()| spec));
        let spec = inferred.map_err(|e| e.at(line))?;
        // A constant may be a field: what is left without it must still be one.
        if let Some(simpler) = simplify::rewrite(self, op.as_ref(), inputs, line)?.filter(|&id| self.spec(id) == spec) {
            return Ok(simpler);
        }
        Ok(self.intern(op, inputs.to_vec(), spec, line))
    }

    fn intern(&mut self, op: Arc<dyn AnyOp>, inputs: Vec<NodeId>, spec: Spec, line: &'static Line<'static>) -> NodeId {
        let key = (format!("{op:?}"), inputs.clone(), self.generation);
        if let Some(&id) = self.known.get(&key) {
            return id;
        }
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node { op, inputs, spec, line, generation: self.generation });
        self.known.insert(key, id);
        id
    }

    /// Nodes pushed from now on are not merged with earlier ones, as recomputation needs. Returns the generation that
    /// is left.
    pub fn next_generation(&mut self) -> u32 {
        self.generations += 1;
        std::mem::replace(&mut self.generation, self.generations)
    }

    /// Nodes pushed from now on are merged with those of this generation again; the first is 0.
    pub fn return_to(&mut self, generation: u32) {
        self.generation = generation;
    }

    /// For each node the first one that computes the same, whatever their generations.
    pub fn classes(&self) -> Vec<usize> {
        let mut known = HashMap::new();
        let mut classes: Vec<usize> = Vec::with_capacity(self.nodes.len());
        for (i, node) in self.nodes.iter().enumerate() {
            let inputs: Vec<usize> = node.inputs.iter().map(|input| classes[input.index()]).collect();
            classes.push(*known.entry((format!("{:?}", node.op), inputs)).or_insert(i));
        }
        classes
    }

    /// Repeats a node on other inputs, without merging it with nodes of earlier generations.
    pub fn repeat(&mut self, id: NodeId, inputs: Vec<NodeId>) -> NodeId {
        let Node { op, spec, line, .. } = self.node(id).clone();
        self.intern(op, inputs, spec, line)
    }

    /// Which nodes the given outputs need.
    pub fn live(&self, outputs: &[NodeId]) -> Vec<bool> {
        let mut live = vec![false; self.nodes.len()];
        for output in outputs {
            live[output.index()] = true;
        }
        for i in (0..self.nodes.len()).rev() {
            if live[i] {
                for input in &self.nodes[i].inputs {
                    live[input.index()] = true;
                }
            }
        }
        live
    }
}

#[cfg(test)]
mod tests;
