//! Which step computes a field: pointwise nodes and what they load join into chains, other kernels stand alone.

use super::{Home, OPERANDS, Planner, Port, Work};
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::ops::{Form, Role};
use crate::spec::Spec;

/// How many steps back a node may be joined to a chain.
const REACH: usize = 8;
/// The most nodes in a chain, and the most sums.
const NODES: usize = 48;
pub(super) const SUMS: usize = 8;

/// The gradient of the weights of one convolution.
#[derive(Clone, Debug)]
pub(in super::super) struct Job {
    pub node: NodeId,
    /// Where its sums begin in a group's partial sums.
    pub to: usize,
}

/// The steps of each stage, in order.
pub(super) type Steps = Vec<Vec<Work>>;

impl Planner<'_> {
    pub(super) fn schedule(&mut self) -> Result<(Steps, Vec<Vec<Job>>)> {
        let stages = 1
            + (0..self.live.len())
                .filter(|&i| self.is_device(i))
                .map(|i| self.device_stage(NodeId(i as u32)))
                .max()
                .unwrap_or(0);
        let mut steps: Steps = vec![Vec::new(); stages];
        let mut jobs = vec![Vec::new(); stages];
        let mut step_of = vec![None; self.live.len()];
        for argument in 0..self.field_arguments.len() {
            let node = self.field_arguments[argument].0;
            if self.live[node.index()] && self.home[node.index()].is_none() {
                step_of[node.index()] = Some((0, steps[0].len()));
                steps[0].push(Work::Fetch { argument, node });
            }
        }
        for i in 0..self.live.len() {
            let id = NodeId(i as u32);
            if !self.is_device(i) || self.products.is_fused(id) {
                continue;
            }
            let stage = self.device_stage(id);
            match self.graph.node(id).op.role() {
                Role::Argument | Role::AddSums => {}
                Role::Kernel => match self.shader(id)?.form {
                    Form::Element => self.join(id, &mut steps[stage], stage, &mut step_of)?,
                    Form::Items(_) => {
                        step_of[i] = Some((stage, steps[stage].len()));
                        steps[stage].push(Work::Items(id));
                    }
                    Form::Groups { .. } => jobs[stage].push(Job { node: id, to: 0 }),
                },
                _ => self.join(id, &mut steps[stage], stage, &mut step_of)?,
            }
        }
        Ok((steps, jobs))
    }

    /// Whether the device computes it: fields, and sums over them.
    fn is_device(&self, i: usize) -> bool {
        let id = NodeId(i as u32);
        let device = matches!(self.spec(id), Spec::Field { .. } | Spec::BatchSum { .. }) || self.sum_of[i].is_some();
        self.live[i] && device
    }

    /// The stage of the device in which a node is computed; a sum belongs to the stage before it is known.
    pub(super) fn device_stage(&self, id: NodeId) -> usize {
        self.stage[id.index()] - usize::from(self.sum_of[id.index()].is_some())
    }

    fn join(
        &mut self,
        id: NodeId,
        steps: &mut Vec<Work>,
        stage: usize,
        step_of: &mut [Option<(usize, usize)>],
    ) -> Result<()> {
        let node = self.graph.node(id);
        let sums = matches!(node.op.role(), Role::SumSites);
        let domain = if sums { self.spec(node.inputs[0]) } else { node.spec };
        let element = self.is_element(id)?;
        let mut earliest = 0;
        for input in self.products.operands(self.graph, id) {
            let Some((s, step)) = step_of[input.index()] else { continue };
            if s != stage {
                continue;
            }
            let same = matches!(&steps[step], Work::Chain { domain: d, .. } if *d == domain);
            earliest = earliest.max(if same && !element { step } else { step + 1 });
        }
        let reach = earliest.max((steps.len() + 1).saturating_sub(REACH));
        let is_sum = |n: &NodeId| matches!(self.graph.node(*n).op.role(), Role::SumSites);
        // What a node may take of the operands of a dispatch: its inputs, its place, its tables.
        let words = |n: NodeId| self.graph.node(n).inputs.len() + 3;
        let found = (reach..steps.len()).rev().find(|&step| match &steps[step] {
            Work::Chain { domain: d, nodes } => {
                let full = nodes.len() >= NODES
                    || (sums && nodes.iter().filter(|n| is_sum(n)).count() >= SUMS)
                    || nodes.iter().chain([&id]).map(|&n| words(n)).sum::<usize>() > OPERANDS - 16;
                *d == domain && !full
            }
            _ => false,
        });
        let step = found.unwrap_or_else(|| {
            steps.push(Work::Chain { domain, nodes: Vec::new() });
            steps.len() - 1
        });
        if let Work::Chain { nodes, .. } = &mut steps[step] {
            nodes.push(id);
        }
        step_of[id.index()] = Some((stage, step));
        Ok(())
    }

    /// The field outputs.
    pub(super) fn output_ports(&self) -> Result<Vec<(NodeId, Port)>> {
        let fields = self.outputs.iter().filter(|&&o| matches!(self.spec(o), Spec::Field { .. }));
        fields.map(|&o| Ok((o, Port { len: self.len(self.spec(o))? }))).collect()
    }

    /// One field output is computed where it is bound; several are delivered at the end, as a dispatch binds one, and so
    /// is what lies elsewhere. Returns the nodes that are delivered.
    pub(super) fn deliver(&mut self, mut steps: Steps, outputs: &[(NodeId, Port)]) -> Result<(Steps, Vec<NodeId>)> {
        if let [(id, _)] = outputs
            && self.home[id.index()].is_none()
            && !matches!(self.graph.node(*id).op.role(), Role::Argument)
            && !self.is_summed_over(*id)
        {
            self.home[id.index()] = Some(Home::Out(0));
            return Ok((steps, Vec::new()));
        }
        let last = steps.last_mut().ok_or_else(|| Error::op("program", "at least one stage", "none"))?;
        for (output, &(node, _)) in outputs.iter().enumerate() {
            last.push(Work::Deliver { node, output });
        }
        Ok((steps, outputs.iter().map(|&(node, _)| node).collect()))
    }

    /// Whether the gradient of weights needs it, whose kernel reads the arena alone.
    pub(super) fn is_summed_over(&self, id: NodeId) -> bool {
        let reads = |(i, node): (usize, &crate::graph::Node)| {
            self.live[i] && matches!(node.spec, Spec::BatchSum { .. }) && node.inputs.contains(&id)
        };
        self.graph.nodes().iter().enumerate().any(reads)
    }

    /// Gives each job a range of a group's partial sums. Returns, for each sum over the batch that the program returns,
    /// the partial sums that it adds up, and how many partial sums there are.
    pub(super) fn place_sums(&mut self, jobs: &mut [Vec<Job>]) -> Result<(Vec<Vec<u32>>, usize)> {
        let mut partials = 0;
        let mut begins = std::collections::HashMap::new();
        for job in jobs.iter_mut().flatten() {
            let Form::Groups { sums, .. } = self.shader(job.node)?.form else { continue };
            job.to = partials;
            begins.insert(job.node, partials);
            partials += sums;
        }
        let mut lists = Vec::new();
        for &output in self.outputs {
            let Spec::BatchSum { len } = self.spec(output) else { continue };
            let first = lists.len();
            lists.resize(first + len, Vec::new());
            let mut pending = vec![output];
            while let Some(id) = pending.pop() {
                let node = self.graph.node(id);
                if node.op.role() == Role::AddSums {
                    pending.extend(&node.inputs);
                    continue;
                }
                let begin = begins.get(&id).copied().ok_or_else(|| {
                    Error::op(node.op.name(), "a sum over the batch that a GPU computes", node.spec).at(node.line)
                })?;
                for (k, &weight) in self.shader(id)?.weights.iter().enumerate() {
                    lists[first + weight as usize].push((begin + k) as u32);
                }
            }
        }
        lists.iter_mut().for_each(|list| list.sort_unstable());
        Ok((lists, partials))
    }
}
