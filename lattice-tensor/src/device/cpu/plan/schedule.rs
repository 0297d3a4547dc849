//! Which step computes a node: uniform numbers first, kernels one by one, pointwise nodes joined into chains.

use super::{Home, Planner, UniformStep, Work};
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::ops::{Pointwise, Role};
use crate::spec::Spec;

/// How many steps back a pointwise node may be joined to a chain: further would only keep values alive.
const REACH: usize = 8;

impl Planner<'_> {
    /// The operands that a chain node reads directly, through swallowed products.
    pub(super) fn operands(&self, id: NodeId) -> Vec<NodeId> {
        self.products.operands(self.graph, id)
    }

    /// Puts every live node into a step. Returns the place of the mask, if it is used.
    pub(super) fn schedule(&mut self) -> Result<Option<usize>> {
        let mut mask = None;
        for i in 0..self.graph.nodes().len() {
            let id = NodeId(i as u32);
            if !self.live[i] || self.products.is_fused(id) {
                continue;
            }
            let node = self.graph.node(id);
            let role = node.op.role();
            match (&role, node.spec) {
                (Role::Argument, Spec::Uniform) => {
                    let declared = self.graph.arguments().iter().position(|&a| a == id);
                    let undeclared = || Error::op("argument", "one declared by the graph", &node.op).at(node.line);
                    self.uniform(id, UniformStep::Argument(declared.ok_or_else(undeclared)?));
                }
                (Role::Argument, _) => {}
                (Role::Constant(value), _) => self.uniform(id, UniformStep::Constant(*value)),
                (Role::Mask, _) => {
                    let index = mask.unwrap_or_else(|| self.new_per_sample());
                    self.home[i] = Some(Home::PerSample { index });
                    mask = Some(index);
                }
                (Role::Pointwise(kind), Spec::Uniform) => {
                    let mut places = [0; 3];
                    for (place, &input) in places.iter_mut().zip(&node.inputs) {
                        if let Some(Home::Uniform { index }) = self.home[input.index()] {
                            *place = index;
                        }
                    }
                    self.uniform(id, UniformStep::Pointwise(*kind, places));
                }
                (Role::Pointwise(_), Spec::PerSample) => {
                    self.step_of[i] = self.work.len() + 1;
                    self.work.push(Work::PerSample(id));
                    let index = self.new_per_sample();
                    self.home[i] = Some(Home::PerSample { index });
                }
                (Role::Kernel, _) => {
                    self.step_of[i] = self.work.len() + 1;
                    self.work.push(Work::Kernel(id));
                    if node.spec == Spec::PerSample {
                        let index = self.new_per_sample();
                        self.home[i] = Some(Home::PerSample { index });
                    }
                }
                (Role::AddSums, _) => {}
                (_, Spec::BatchSum { .. }) => {
                    return Err(
                        Error::op(node.op.name(), "sums over the batch only as outputs", node.spec).at(node.line)
                    );
                }
                _ => self.join_chain(id, &role),
            }
        }
        Ok(mask)
    }

    fn uniform(&mut self, id: NodeId, step: UniformStep) {
        let index = self.uniforms;
        self.uniforms += 1;
        self.uniform_steps.push((step, index));
        self.home[id.index()] = Some(Home::Uniform { index });
    }

    fn join_chain(&mut self, id: NodeId, role: &Role) {
        let node = self.graph.node(id);
        let domain = match role {
            Role::SumSites => self.spec(node.inputs[0]),
            _ => node.spec,
        };
        // The earliest step (1-based) this node can be part of.
        let direct = matches!(role, Role::Pointwise(_) | Role::SumSites);
        let mut earliest = 1;
        for input in self.operands(id) {
            let step = self.step_of[input.index()];
            let in_chain = step > 0
                && matches!(&self.work[step - 1], Work::Chain { domain: d, nodes } if *d == domain && nodes.contains(&input))
                && matches!(self.spec(input), Spec::Field { .. });
            earliest = earliest.max(if direct && in_chain { step } else { step + 1 });
        }
        let last = self.work.len();
        let reach = earliest.max((last + 1).saturating_sub(REACH));
        let found = (reach..=last).rev().find(|&step| match &self.work[step - 1] {
            Work::Chain { domain: d, .. } => *d == domain,
            _ => false,
        });
        let step = found.unwrap_or_else(|| {
            self.work.push(Work::Chain { domain, nodes: Vec::new() });
            self.work.len()
        });
        let again: Vec<NodeId> =
            self.operands(id).into_iter().filter(|&o| direct && self.is_cheaper_again(o, step)).collect();
        if let Work::Chain { nodes, .. } = &mut self.work[step - 1] {
            for operand in again {
                if !nodes.contains(&operand) {
                    nodes.push(operand);
                }
            }
            nodes.push(id);
        }
        self.step_of[id.index()] = step;
        if node.spec == Spec::PerSample {
            let index = self.new_per_sample();
            self.home[id.index()] = Some(Home::PerSample { index });
        }
    }

    /// Whether a value from an earlier chain had better be computed once more than stored and loaded: one arithmetic
    /// instruction on one field, which is loaded instead.
    fn is_cheaper_again(&self, id: NodeId, step: usize) -> bool {
        let node = self.graph.node(id);
        let arithmetic = matches!(
            node.op.role(),
            Role::Pointwise(Pointwise::Mul | Pointwise::Add | Pointwise::Sub | Pointwise::Neg)
        );
        let mut fields: Vec<NodeId> =
            node.inputs.iter().copied().filter(|&i| matches!(self.spec(i), Spec::Field { .. })).collect();
        fields.dedup();
        let from = self.step_of[id.index()];
        arithmetic
            && matches!(node.spec, Spec::Field { .. })
            && from != 0
            && from != step
            && !self.products.is_fused(id)
            && self.products.multiply_add(self.graph, id).is_none()
            && fields.len() == 1
            && !self.products.is_fused(fields[0])
            && self.step_of[fields[0].index()] < step
    }
}
