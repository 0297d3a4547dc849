//! Where values lie: arguments, outputs and sums where they are bound, everything else in the block's arena, each
//! range reused when the last reader of its value is done.

use super::{Home, PerSampleOutput, Planner, Port, Work};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::lanes::Real;
use crate::ops::Role;
use crate::spec::Spec;

impl Planner<'_> {
    pub(super) fn new_per_sample(&mut self) -> usize {
        self.per_samples += 1;
        self.per_samples - 1
    }

    pub(super) fn place_arguments<R: Real>(&mut self) -> Result<(Vec<Port>, Vec<Option<usize>>)> {
        let (mut fields, mut numbers, mut uniforms) = (0, 0, 0);
        let mut ports = Vec::new();
        let mut per_sample = Vec::new();
        for &id in self.graph.arguments() {
            let spec = self.spec(id);
            let count = |n: &mut usize| {
                *n += 1;
                *n - 1
            };
            let index = match spec {
                Spec::Field { .. } => {
                    let field = count(&mut fields);
                    let len = self.rows(spec)? * R::WIDTH;
                    self.home[id.index()] = Some(Home::Argument { field, len });
                    field
                }
                Spec::PerSample => {
                    let used = self.live[id.index()].then(|| self.new_per_sample());
                    self.home[id.index()] = used.map(|index| Home::PerSample { index });
                    per_sample.push(used);
                    count(&mut numbers)
                }
                Spec::Uniform => count(&mut uniforms),
                Spec::Weights { offset, len } => {
                    self.home[id.index()] = Some(Home::Weights { offset, len });
                    0
                }
                Spec::BatchSum { .. } => {
                    return Err(Error::op("argument", "a field, numbers or weights", spec));
                }
            };
            ports.push(Port { name: argument_name(self.graph, id), spec, index });
        }
        Ok((ports, per_sample))
    }

    pub(super) fn place_outputs<R: Real>(&mut self) -> Result<(Vec<Port>, Vec<PerSampleOutput>)> {
        let mut ports = Vec::new();
        let mut per_sample = Vec::new();
        let mut fields = 0;
        for (k, &id) in self.outputs.iter().enumerate() {
            let spec = self.spec(id);
            let name = format!("output {k}");
            match spec {
                Spec::Field { .. } => {
                    let len = self.rows(spec)? * R::WIDTH;
                    if self.home[id.index()].is_none() {
                        self.home[id.index()] = Some(Home::Output { field: fields, len });
                    } else {
                        self.work.push(Work::Copy { from: id, output: fields });
                    }
                    ports.push(Port { name, spec, index: fields });
                    fields += 1;
                }
                Spec::PerSample | Spec::Uniform => {
                    per_sample.push(match self.home[id.index()] {
                        Some(Home::Uniform { index }) => PerSampleOutput::Uniform(index),
                        Some(Home::PerSample { index }) => PerSampleOutput::Computed(index),
                        _ => return Err(Error::op("output", "a number that is computed", id)),
                    });
                    ports.push(Port { name, spec, index: per_sample.len() - 1 });
                }
                Spec::BatchSum { .. } => ports.push(Port { name, spec, index: 0 }),
                Spec::Weights { .. } => return Err(Error::op("output", "a field, numbers or sums", spec)),
            }
        }
        Ok((ports, per_sample))
    }

    /// Sums over the batch are added up where the outputs want them; a sum of sums adds into one place.
    pub(super) fn place_sums(&mut self) -> Result<usize> {
        let mut offset = 0;
        for &id in self.outputs {
            if let Spec::BatchSum { len } = self.spec(id) {
                let home = Home::Sum { offset, len };
                let mut pending = vec![id];
                while let Some(id) = pending.pop() {
                    let node = self.graph.node(id);
                    if node.op.role() == Role::AddSums {
                        pending.extend(&node.inputs);
                    } else if self.home[id.index()].replace(home).is_some() {
                        return Err(Error::op(node.op.name(), "a sum over the batch that is used once", node.spec)
                            .at(node.line));
                    }
                }
                offset += len;
            }
        }
        Ok(offset)
    }

    /// Whether a chain node's value is read outside its chain, or inside through a shift or channel.
    fn outlives(&self) -> Vec<bool> {
        let mut outlives = vec![false; self.graph.nodes().len()];
        for work in &self.work {
            match work {
                Work::Chain { nodes, .. } => {
                    for (k, &id) in nodes.iter().enumerate() {
                        let role = self.graph.node(id).op.role();
                        let from_memory = matches!(role, Role::Shift(_) | Role::Neighbours(_) | Role::Channel(_));
                        for input in self.operands(id) {
                            if from_memory || !nodes[..k].contains(&input) {
                                outlives[input.index()] = true;
                            }
                        }
                    }
                }
                Work::Kernel(id) | Work::PerSample(id) => {
                    self.graph.node(*id).inputs.iter().for_each(|i| outlives[i.index()] = true);
                }
                Work::Copy { from, .. } => outlives[from.index()] = true,
            }
        }
        self.outputs.iter().for_each(|o| outlives[o.index()] = true);
        outlives
    }

    /// Assigns arena ranges by lifetime, first fit. Returns the size of the arena.
    pub(super) fn place_values<R: Real>(&mut self) -> Result<usize> {
        let outlives = self.outlives();
        let mut last_use = vec![0; self.graph.nodes().len()];
        for (s, work) in self.work.iter().enumerate() {
            let inputs: Vec<NodeId> = match work {
                Work::Chain { nodes, .. } => nodes.iter().flat_map(|&id| self.operands(id)).collect(),
                Work::Kernel(id) | Work::PerSample(id) => self.graph.node(*id).inputs.clone(),
                Work::Copy { from, .. } => vec![*from],
            };
            for input in inputs {
                last_use[input.index()] = s + 1;
            }
        }
        self.share_with_outputs(&last_use, &outlives);
        let mut taken: Vec<(usize, usize, usize)> = Vec::new(); // offset, len, free after this step
        let mut arena = 0;
        for s in 1..=self.work.len() {
            let computed: Vec<NodeId> = match &self.work[s - 1] {
                Work::Chain { nodes, .. } => nodes.clone(),
                Work::Kernel(id) => vec![*id],
                Work::PerSample(_) | Work::Copy { .. } => continue,
            };
            taken.retain(|&(_, _, until)| until >= s);
            for id in computed {
                let spec = self.spec(id);
                if !matches!(spec, Spec::Field { .. }) || self.home[id.index()].is_some() || !outlives[id.index()] {
                    continue;
                }
                let len = self.rows(spec)? * R::WIDTH;
                // In the memory of an input that nobody reads after this.
                if let Some(input) = self.overwritten(id, s, &last_use)
                    && let Some(Home::Arena { offset, len: size }) = self.home[input.index()]
                    && size == len
                    && let Some(range) = taken.iter_mut().find(|range| range.0 == offset)
                {
                    range.2 = last_use[id.index()].max(s);
                    self.home[id.index()] = Some(Home::Arena { offset, len });
                    continue;
                }
                taken.sort_unstable();
                let mut offset = 0;
                for &(at, size, _) in &taken {
                    if offset + len <= at {
                        break;
                    }
                    offset = offset.max(at + size);
                }
                arena = arena.max(offset + len);
                self.home[id.index()] = Some(Home::Arena { offset, len });
                taken.push((offset, len, last_use[id.index()].max(s)));
            }
        }
        Ok(arena)
    }
}

impl Planner<'_> {
    /// The input that a value computed in step `s` may overwrite: a field of its type that is read here for the last
    /// time, row by row, and is no argument.
    fn overwritten(&self, id: NodeId, s: usize, last_use: &[usize]) -> Option<NodeId> {
        let node = self.graph.node(id);
        let free = |input: NodeId| {
            self.spec(input) == node.spec
                && last_use[input.index()] == s
                && !matches!(self.graph.node(input).op.role(), Role::Argument)
                && self.step_of[input.index()] != s
        };
        // What no step computes, as arguments, overwrites nothing.
        match self.work.get(s.checked_sub(1)?)? {
            Work::Kernel(_) => {
                let input = *node.inputs.get(node.op.in_place()?)?;
                let once = node.inputs.iter().filter(|&&other| other == input).count() == 1;
                (once && free(input)).then_some(input)
            }
            // The last instruction of a chain that reads the field, and none reads it out of its row.
            Work::Chain { nodes, .. } if matches!(node.op.role(), Role::Pointwise(_)) => {
                let place = nodes.iter().position(|&n| n == id)?;
                let reads = |n: &NodeId, input: NodeId| self.operands(*n).contains(&input);
                let by_row = |n: &NodeId| matches!(self.graph.node(*n).op.role(), Role::Pointwise(_) | Role::SumSites);
                self.operands(id).into_iter().find(|&input| {
                    free(input)
                        && nodes.iter().filter(|n| reads(n, input)).all(by_row)
                        && !nodes[place + 1..].iter().any(|n| reads(n, input))
                })
            }
            _ => None,
        }
    }

    /// Values that end up overwritten by an output live in the output's memory from the start.
    fn share_with_outputs(&mut self, last_use: &[usize], outlives: &[bool]) {
        for &output in self.outputs {
            let Some(home @ Home::Output { .. }) = self.home[output.index()] else { continue };
            let mut id = output;
            while let Some(input) = self.overwritten(id, self.step_of[id.index()], last_use)
                && self.home[input.index()].is_none()
                && outlives[input.index()]
            {
                self.home[input.index()] = Some(home);
                id = input;
            }
        }
    }
}

fn argument_name(graph: &Graph, id: NodeId) -> String {
    format!("{:?}", graph.node(id).op).split('"').nth(1).unwrap_or("argument").to_string()
}
