//! Products that a sum or difference swallows: `a · b + c` and `c − a · b` become one instruction where the product is
//! needed nowhere else. Every device does the same, so that they round alike.

use crate::graph::{Graph, NodeId};
use crate::ops::{Pointwise, Role};
use crate::spec::Spec;
use std::collections::HashSet;

/// Which products are swallowed.
#[derive(Clone, Debug)]
pub(super) struct Products {
    /// By how many different nodes a node is read. Nodes that compute the same count as one, so that a value computed
    /// again is rounded like the first.
    uses: Vec<usize>,
    fused: Vec<bool>,
}

impl Products {
    pub fn new(graph: &Graph, outputs: &[NodeId], live: &[bool]) -> Products {
        let n = graph.nodes().len();
        let classes = graph.classes();
        let mut readers = HashSet::new();
        for (i, node) in graph.nodes().iter().enumerate().filter(|(i, _)| live[*i]) {
            for (slot, input) in node.inputs.iter().enumerate() {
                readers.insert((classes[input.index()], Some(classes[i]), slot));
            }
        }
        readers.extend(outputs.iter().enumerate().map(|(k, o)| (classes[o.index()], None, k)));
        let mut count = vec![0; n];
        readers.into_iter().for_each(|(class, ..)| count[class] += 1);
        let uses = classes.into_iter().map(|class| count[class]).collect();
        let mut products = Products { uses, fused: vec![false; n] };
        for i in (0..n).filter(|&i| live[i]) {
            if let Some((product, _, _)) = products.multiply_add(graph, graph.id(i)) {
                products.fused[product.index()] = true;
            }
        }
        products
    }

    /// Whether the node is computed inside the Add or Sub that reads it.
    pub fn is_fused(&self, id: NodeId) -> bool {
        self.fused[id.index()]
    }

    /// The product that a sum or difference swallows, the other operand, and the fused op.
    pub fn multiply_add(&self, graph: &Graph, id: NodeId) -> Option<(NodeId, NodeId, Pointwise)> {
        let node = graph.node(id);
        let product = |x: NodeId| {
            let node_x = graph.node(x);
            matches!(node_x.op.role(), Role::Pointwise(Pointwise::Mul))
                && self.uses[x.index()] == 1
                && node_x.spec == node.spec
                && matches!(node.spec, Spec::Field { .. })
        };
        match (node.op.role(), node.inputs.as_slice()) {
            (Role::Pointwise(Pointwise::Add), &[a, b]) if product(b) => Some((b, a, Pointwise::MulAdd)),
            (Role::Pointwise(Pointwise::Add), &[a, b]) if product(a) => Some((a, b, Pointwise::MulAdd)),
            (Role::Pointwise(Pointwise::Sub), &[a, b]) if product(b) => Some((b, a, Pointwise::MulSub)),
            _ => None,
        }
    }

    /// The operands that a node reads directly, through swallowed products.
    pub fn operands(&self, graph: &Graph, id: NodeId) -> Vec<NodeId> {
        match self.multiply_add(graph, id) {
            Some((product, other, _)) => {
                let mut inputs = graph.node(product).inputs.clone();
                inputs.push(other);
                inputs
            }
            None => graph.node(id).inputs.clone(),
        }
    }
}
