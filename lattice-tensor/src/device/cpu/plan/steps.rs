//! From work to steps: kernels prepared, chains written as instructions on rows.

use super::super::args::Kernel;
use super::super::chain::{Chain, Hops, Instruction, Operand, PerSampleOp, Target};
use super::{Home, Planner, Step, Work};
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::lanes::Real;
use crate::lattice::Location;
use crate::ops::{Role, Site};
use crate::spec::Spec;
use std::collections::HashMap;

impl Planner<'_> {
    pub(super) fn step<R: Real>(&mut self, work: &Work) -> Result<Step<R>> {
        let threads = self.threads(work);
        match work {
            Work::Chain { domain, nodes } => self.chain(*domain, nodes, threads),
            Work::PerSample(id) => {
                let node = self.graph.node(*id);
                let Role::Pointwise(kind) = node.op.role() else {
                    return Err(Error::op(node.op.name(), "a pointwise op", node.spec));
                };
                let inputs = node.inputs.iter().map(|&i| self.home(i)).collect::<Result<_>>()?;
                Ok(Step {
                    kernel: Box::new(PerSampleOp(kind)),
                    inputs,
                    outputs: vec![self.home(*id)?],
                    name: "numbers",
                    threads,
                })
            }
            Work::Kernel(id) => {
                let node = self.graph.node(*id);
                let specs: Vec<Spec> = node.inputs.iter().map(|&i| self.spec(i)).collect();
                let site = Site { layout: self.layout, inputs: &specs, output: node.spec, tables: &self.tables };
                let kernel = prepare::<R>(node.op.as_ref(), &site).map_err(|e| e.at(node.line))?;
                let inputs = node.inputs.iter().map(|&i| self.home(i)).collect::<Result<_>>()?;
                Ok(Step { kernel, inputs, outputs: vec![self.home(*id)?], name: node.op.name(), threads })
            }
            Work::Copy { from, output } => {
                let rows = self.rows(self.spec(*from))?;
                let operand = Operand::Input { input: 0, offset: 0, stride: 1 };
                let chain = Chain {
                    rows,
                    instructions: vec![Instruction::Copy { from: operand, to: Target::Output(0) }],
                    strips: 0,
                    spreads: Vec::new(),
                    sums: Vec::new(),
                    nodes: 1,
                };
                let len = rows * R::WIDTH;
                let (inputs, outputs) = (vec![self.home(*from)?], vec![Home::Output { field: *output, len }]);
                Ok(Step { kernel: chain_kernel(chain)?, inputs, outputs, name: "copy", threads })
            }
        }
    }

    fn home(&self, id: NodeId) -> Result<Home> {
        self.home[id.index()].ok_or_else(|| {
            let node = self.graph.node(id);
            Error::op(node.op.name(), "a value that has a place", node.spec).at(node.line)
        })
    }

    fn hops(&mut self, input: usize, to: Location, from: Location, displacement: &[i32], domain: Spec) -> Result<Hops> {
        let table = self.layout.hops(to, from, displacement, &mut self.twists)?;
        let plain = table.iter().map(|h| h.filter(|h| h.twist == 0).map(|h| h.row)).collect();
        let components = match domain {
            Spec::Field { fibre, .. } => fibre.components(),
            _ => 1,
        };
        Ok(Hops { input, components, table, twists: Vec::new(), plain })
    }

    fn chain<R: Real>(&mut self, domain: Spec, nodes: &[NodeId], threads: usize) -> Result<Step<R>> {
        let mut inputs: Vec<Home> = Vec::new();
        let mut outputs: Vec<Home> = Vec::new();
        let mut spreads: Vec<usize> = Vec::new();
        let mut sums = Vec::new();
        let mut instructions = Vec::new();
        let mut values: HashMap<NodeId, Operand> = HashMap::new();
        // Strip buffers are handed out and taken back as values die inside the chain.
        let mut last: HashMap<NodeId, usize> = HashMap::new();
        for (k, &id) in nodes.iter().enumerate() {
            for input in self.operands(id) {
                last.insert(input, k);
            }
        }
        let mut free: Vec<usize> = Vec::new();
        let mut strips = 0;
        let input_of = |inputs: &mut Vec<Home>, home: Home| {
            inputs.iter().position(|h| *h == home).unwrap_or_else(|| {
                inputs.push(home);
                inputs.len() - 1
            })
        };
        let here = self.work_step;
        for (k, &id) in nodes.iter().enumerate() {
            let node = self.graph.node(id);
            let role = node.op.role();
            // A value that is computed again here is loaded after all if it has a place.
            if self.step_of[id.index()] != here && self.home[id.index()].is_some() {
                continue;
            }
            // Or left out, if every reader computes it again.
            let is_read = || nodes[k + 1..].iter().any(|&later| self.operands(later).contains(&id));
            if self.home[id.index()].is_none() && !is_read() {
                continue;
            }
            let mut operands = Vec::new();
            for input in self.operands(id) {
                if matches!(role, Role::Shift(_) | Role::Neighbours(_) | Role::Channel(_)) {
                    break;
                }
                let operand = match values.get(&input) {
                    Some(&operand) => operand,
                    None => {
                        let number = input_of(&mut inputs, self.home(input)?);
                        let operand = match self.spec(input) {
                            Spec::Field { .. } => Operand::Input { input: number, offset: 0, stride: 1 },
                            _ => {
                                let known = spreads.iter().position(|&s| s == number);
                                Operand::Spread(known.unwrap_or_else(|| {
                                    spreads.push(number);
                                    spreads.len() - 1
                                }))
                            }
                        };
                        values.insert(input, operand);
                        operand
                    }
                };
                operands.push(operand);
            }
            for input in self.operands(id) {
                if let (Some(&Operand::Strip(strip)), Some(&until)) = (values.get(&input), last.get(&input))
                    && until == k
                    && !free.contains(&strip)
                {
                    free.push(strip);
                }
            }
            if let (Role::SumSites, [from]) = (&role, operands.as_slice()) {
                outputs.push(self.home(id)?);
                sums.push(outputs.len() - 1);
                instructions.push(Instruction::Sum { from: *from, output: outputs.len() - 1 });
                continue;
            }
            // A channel that stays inside the chain is read where it lies.
            if let (Role::Channel(c), None) = (&role, self.home[id.index()]) {
                let number = input_of(&mut inputs, self.home(node.inputs[0])?);
                let Spec::Field { fibre, .. } = self.spec(node.inputs[0]) else { continue };
                values.insert(id, Operand::Input { input: number, offset: *c, stride: fibre.components() });
                continue;
            }
            let to = match self.home[id.index()] {
                Some(home) => {
                    outputs.push(home);
                    values.insert(id, Operand::Output(outputs.len() - 1));
                    Target::Output(outputs.len() - 1)
                }
                None => {
                    let strip = free.pop().unwrap_or_else(|| {
                        strips += 1;
                        strips - 1
                    });
                    values.insert(id, Operand::Strip(strip));
                    Target::Strip(strip)
                }
            };
            instructions.push(match role {
                Role::Pointwise(kind) => {
                    let kind = self.products.multiply_add(self.graph, id).map_or(kind, |(_, _, fused)| fused);
                    let filler = operands[0];
                    let operand = |i: usize| operands.get(i).copied().unwrap_or(filler);
                    Instruction::Pointwise { kind, operands: [operand(0), operand(1), operand(2)], to }
                }
                Role::Spread => Instruction::Copy { from: operands[0], to },
                Role::Channel(c) => {
                    let input = input_of(&mut inputs, self.home(node.inputs[0])?);
                    let stride = match self.spec(node.inputs[0]) {
                        Spec::Field { fibre, .. } => fibre.components(),
                        _ => 1,
                    };
                    Instruction::Copy { from: Operand::Input { input, offset: c, stride }, to }
                }
                Role::Shift(shift) => {
                    let input = input_of(&mut inputs, self.home(node.inputs[0])?);
                    Instruction::Load { hops: self.hops(input, shift.to, shift.from, &shift.displacement, domain)?, to }
                }
                Role::Neighbours(sum) => {
                    let input = input_of(&mut inputs, self.home(node.inputs[0])?);
                    let directions = self.layout.lattice().directions();
                    let mut hops = Vec::new();
                    for (mu, step) in (0..directions).flat_map(|mu| [(mu, 1), (mu, -1)]) {
                        let mut displacement = vec![0; directions];
                        displacement[mu] = step;
                        hops.push(self.hops(input, sum.to, sum.from, &displacement, domain)?);
                    }
                    Instruction::SumLoads { hops, to }
                }
                other => {
                    return Err(Error::op(node.op.name(), "an op that fits into a chain", other).at(node.line));
                }
            });
        }
        for instruction in &mut instructions {
            let hops = match instruction {
                Instruction::Load { hops, .. } => std::slice::from_mut(hops),
                Instruction::SumLoads { hops, .. } => hops.as_mut_slice(),
                _ => continue,
            };
            hops.iter_mut().for_each(|h| h.twists = self.twists.list.clone());
        }
        let nodes = self.layout.nodes();
        let chain = Chain { rows: self.rows(domain)?, instructions, strips, spreads, sums, nodes };
        Ok(Step { kernel: chain_kernel(chain)?, inputs, outputs, name: "chain", threads })
    }
}

/// The kernel of an op in the right precision.
fn prepare<R: Real>(op: &dyn crate::ops::AnyOp, site: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
    match R::NAME {
        "f32" => same_precision(op.kernel_f32(site)?),
        _ => same_precision(op.kernel_f64(site)?),
    }
}

/// The kernel of a chain in the right precision, compiled in this crate.
fn chain_kernel<R: Real>(chain: Chain) -> Result<Box<dyn Kernel<R>>> {
    match R::NAME {
        "f32" => same_precision(chain.in_f32()),
        _ => same_precision(chain.in_f64()),
    }
}

/// The kernel, if it is of this precision: `R` is `f32` or `f64`.
fn same_precision<P: Real, R: Real>(kernel: Box<dyn Kernel<P>>) -> Result<Box<dyn Kernel<R>>> {
    let kernel: Box<dyn std::any::Any> = Box::new(kernel);
    match kernel.downcast::<Box<dyn Kernel<R>>>() {
        Ok(kernel) => Ok(*kernel),
        Err(_) => Err(Error::op("kernel", P::NAME, R::NAME)),
    }
}
