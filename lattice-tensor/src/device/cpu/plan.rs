//! From a graph to a program: which steps, in which order, in which memory.
//!
//! 1. nodes that no output needs are dropped;
//! 2. pointwise nodes, shifts, channels and sums on the same rows join into chains;
//! 3. every value that outlives its step gets a place in the block's arena, reused when its last reader is done.

use super::args::Kernel;
use super::chain::{Chain, Hops, Instruction, Operand, PerSampleOp, Target};
use super::run::Workspace;
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::lanes::Real;
use crate::lattice::Location;
use crate::layout::{Layout, Twists};
use crate::ops::{Pointwise, Role, Site, Tables};
use crate::spec::{Cost, Spec};
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

/// Where a node's value lies, seen from the program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Home {
    /// In the block's arena.
    Arena { offset: usize, len: usize },
    /// A field argument.
    Argument { field: usize, len: usize },
    /// A field output.
    Output { field: usize, len: usize },
    /// Among the numbers per sample of the block.
    PerSample { index: usize },
    /// In the parameter buffer.
    Weights { offset: usize, len: usize },
    /// Among the uniform numbers.
    Uniform { index: usize },
    /// Among the sums over the batch.
    Sum { offset: usize, len: usize },
}

pub(super) struct Step<R> {
    pub kernel: Box<dyn Kernel<R>>,
    pub inputs: Vec<Home>,
    pub outputs: Vec<Home>,
    pub name: &'static str,
}

/// What one argument or output is, for binding.
#[derive(Clone, Debug)]
pub(super) struct Port {
    pub name: String,
    pub spec: Spec,
    /// Its position among the arguments (outputs) of its kind.
    pub index: usize,
}

/// A planned program for fields of precision `R` in one layout.
pub struct Program<R: Real> {
    pub(super) layout: Layout,
    pub(super) steps: Vec<Step<R>>,
    pub(super) uniform_steps: Vec<(UniformStep, usize)>,
    pub(super) uniforms: Vec<f64>,
    pub(super) arguments: Vec<Port>,
    pub(super) outputs: Vec<Port>,
    /// Numbers of each field argument in one block.
    pub(super) field_arguments: Vec<usize>,
    /// For per-sample arguments: where they go among the numbers per sample.
    pub(super) per_sample_arguments: Vec<Option<usize>>,
    pub(super) per_sample_outputs: Vec<PerSampleOutput>,
    pub(super) mask: Option<usize>,
    pub(super) per_sample_numbers: usize,
    pub(super) arena: usize,
    pub(super) scratch: usize,
    pub(super) sums: usize,
    pub(super) weights: usize,
    pub(super) workspaces: Vec<Mutex<Workspace<R>>>,
    pub(super) slots: Vec<R>,
    pub(super) cost: Cost,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum PerSampleOutput {
    Computed(usize),
    Uniform(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum UniformStep {
    Constant(f64),
    Argument(usize),
    Pointwise(Pointwise, [usize; 3]),
}

/// A step before memory is assigned.
enum Work {
    Chain { domain: Spec, nodes: Vec<NodeId> },
    Kernel(NodeId),
    PerSample(NodeId),
    Copy { from: NodeId, output: usize },
}

/// How many steps back a pointwise node may be joined to a chain: further would only keep values alive.
const REACH: usize = 8;

impl<R: Real> Program<R> {
    /// Plans the computation of `outputs`. Field outputs, per-sample outputs and batch sums are bound in this order
    /// at each run.
    ///
    /// # Errors
    /// If the layout does not fit the program or an op has no kernel.
    pub fn new(graph: &Graph, outputs: &[NodeId], layout: &Layout) -> Result<Program<R>> {
        layout.check_width::<R>()?;
        Planner::new(graph, outputs, layout).plan()
    }

    /// The layout of its fields.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The number of steps a block takes.
    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// The names of the steps, in order.
    pub fn step_names(&self) -> impl Iterator<Item = &'static str> {
        self.steps.iter().map(|s| s.name)
    }

    /// Numbers of the block's arena: the working set of a thread.
    pub fn arena(&self) -> usize {
        self.arena
    }

    /// Sums over the batch that the program returns.
    pub fn sums(&self) -> usize {
        self.sums
    }

    /// Arithmetic and traffic for one sample.
    pub fn cost(&self) -> Cost {
        self.cost
    }
}

impl<R: Real> std::fmt::Debug for Program<R> {
    /// The steps in order, with what each reads and writes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "program of {} steps, arena of {} numbers", self.steps.len(), self.arena)?;
        for (i, step) in self.steps.iter().enumerate() {
            writeln!(f, "  {i}: {:?} = {} {}({:?})", step.outputs, step.name, step.kernel.describe(), step.inputs)?;
        }
        Ok(())
    }
}

struct Planner<'g> {
    graph: &'g Graph,
    outputs: &'g [NodeId],
    layout: &'g Layout,
    live: Vec<bool>,
    /// By how many different nodes a node is read. Nodes that compute the same count as one, so that a value computed
    /// again is rounded like the first.
    uses: Vec<usize>,
    /// Mul nodes that are computed inside the Add or Sub that reads them.
    fused: Vec<bool>,
    work: Vec<Work>,
    /// The step that computes a node.
    step_of: Vec<usize>,
    home: Vec<Option<Home>>,
    uniform_steps: Vec<(UniformStep, usize)>,
    uniforms: usize,
    per_samples: usize,
    twists: Twists,
    tables: Tables,
    /// The step that is being prepared, counted from 1.
    work_step: usize,
}

impl<'g> Planner<'g> {
    fn new(graph: &'g Graph, outputs: &'g [NodeId], layout: &'g Layout) -> Planner<'g> {
        let live = graph.live(outputs);
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
        Planner {
            graph,
            outputs,
            layout,
            live,
            uses,
            fused: vec![false; n],
            work: Vec::new(),
            step_of: vec![0; n],
            home: vec![None; n],
            uniform_steps: Vec::new(),
            uniforms: 0,
            per_samples: 0,
            twists: Twists::new(layout),
            tables: Tables::default(),
            work_step: 0,
        }
    }

    fn spec(&self, id: NodeId) -> Spec {
        self.graph.spec(id)
    }

    fn rows(&self, spec: Spec) -> Result<usize> {
        match spec {
            Spec::Field { location, fibre } => Ok(self.layout.rows(location)?.len() * fibre.components()),
            _ => Ok(0),
        }
    }

    fn plan<R: Real>(mut self) -> Result<Program<R>> {
        if self.layout.lattice() != self.graph.lattice() {
            return Err(Error::Binding {
                what: "layout".into(),
                expected: format!("lattice {:?}", self.graph.lattice().extents()),
                found: format!("{:?}", self.layout.lattice().extents()),
            });
        }
        let (arguments, per_sample_arguments) = self.place_arguments::<R>()?;
        self.fuse_multiply_adds();
        let mask = self.schedule()?;
        let (outputs, per_sample_outputs) = self.place_outputs::<R>()?;
        let sums = self.place_sums()?;
        let arena = self.place_values::<R>()?;
        let mut steps = Vec::with_capacity(self.work.len());
        let mut scratch = 0;
        for work in std::mem::take(&mut self.work) {
            self.work_step += 1;
            let step = self.step::<R>(&work)?;
            scratch = scratch.max(step.kernel.scratch());
            steps.push(step);
        }
        let mut cost = Cost::default();
        for (i, node) in self.graph.nodes().iter().enumerate() {
            if self.live[i] {
                let inputs: Vec<Spec> = node.inputs.iter().map(|&x| self.spec(x)).collect();
                cost += node.op.cost(self.graph.lattice(), &inputs, &node.spec);
            }
        }
        let weights = arguments.iter().map(|p: &Port| match p.spec {
            Spec::Weights { offset, len } => offset + len,
            _ => 0,
        });
        let fields = arguments.iter().filter(|p: &&Port| matches!(p.spec, Spec::Field { .. }));
        let field_arguments = fields.map(|p| Ok(self.rows(p.spec)? * R::WIDTH)).collect::<Result<_>>()?;
        Ok(Program {
            weights: weights.max().unwrap_or(0),
            layout: self.layout.clone(),
            steps,
            uniform_steps: self.uniform_steps,
            uniforms: vec![0.0; self.uniforms],
            arguments,
            outputs,
            field_arguments,
            per_sample_arguments,
            per_sample_outputs,
            mask,
            per_sample_numbers: self.per_samples,
            arena,
            scratch,
            sums,
            workspaces: Vec::new(),
            slots: Vec::new(),
            cost,
        })
    }

    fn new_per_sample(&mut self) -> usize {
        self.per_samples += 1;
        self.per_samples - 1
    }

    fn place_arguments<R: Real>(&mut self) -> Result<(Vec<Port>, Vec<Option<usize>>)> {
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

    /// `a · b + c` and `c − a · b` become one instruction where the product is needed nowhere else.
    fn fuse_multiply_adds(&mut self) {
        for (i, node) in self.graph.nodes().iter().enumerate() {
            if let Some((product, _, _)) = self.multiply_add(NodeId(i as u32)).filter(|_| self.live[i]) {
                let _ = node;
                self.fused[product.index()] = true;
            }
        }
    }

    /// The product that a sum or difference swallows, the other operand, and the fused op.
    fn multiply_add(&self, id: NodeId) -> Option<(NodeId, NodeId, Pointwise)> {
        let node = self.graph.node(id);
        let product = |x: NodeId| {
            let node_x = self.graph.node(x);
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

    /// The operands that a chain node reads directly, through fused products.
    fn operands(&self, id: NodeId) -> Vec<NodeId> {
        match self.multiply_add(id) {
            Some((product, other, _)) => {
                let mut inputs = self.graph.node(product).inputs.clone();
                inputs.push(other);
                inputs
            }
            None => self.graph.node(id).inputs.clone(),
        }
    }

    /// Puts every live node into a step. Returns the place of the mask, if it is used.
    fn schedule(&mut self) -> Result<Option<usize>> {
        let mut mask = None;
        for i in 0..self.graph.nodes().len() {
            let id = NodeId(i as u32);
            if !self.live[i] || self.fused[i] {
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
            && !self.fused[id.index()]
            && self.multiply_add(id).is_none()
            && fields.len() == 1
            && !self.fused[fields[0].index()]
            && self.step_of[fields[0].index()] < step
    }

    fn place_outputs<R: Real>(&mut self) -> Result<(Vec<Port>, Vec<PerSampleOutput>)> {
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
    fn place_sums(&mut self) -> Result<usize> {
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
    fn place_values<R: Real>(&mut self) -> Result<usize> {
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

    fn step<R: Real>(&mut self, work: &Work) -> Result<Step<R>> {
        match work {
            Work::Chain { domain, nodes } => self.chain(*domain, nodes),
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
                })
            }
            Work::Kernel(id) => {
                let node = self.graph.node(*id);
                let specs: Vec<Spec> = node.inputs.iter().map(|&i| self.spec(i)).collect();
                let site = Site { layout: self.layout, inputs: &specs, output: node.spec, tables: &self.tables };
                let kernel = prepare::<R>(node.op.as_ref(), &site).map_err(|e| e.at(node.line))?;
                let inputs = node.inputs.iter().map(|&i| self.home(i)).collect::<Result<_>>()?;
                Ok(Step { kernel, inputs, outputs: vec![self.home(*id)?], name: node.op.name() })
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
                Ok(Step { kernel: Box::new(chain), inputs, outputs, name: "copy" })
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

    fn chain<R: Real>(&mut self, domain: Spec, nodes: &[NodeId]) -> Result<Step<R>> {
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
                    let kind = self.multiply_add(id).map_or(kind, |(_, _, fused)| fused);
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
        Ok(Step { kernel: Box::new(chain), inputs, outputs, name: "chain" })
    }
}

fn argument_name(graph: &Graph, id: NodeId) -> String {
    format!("{:?}", graph.node(id).op).split('"').nth(1).unwrap_or("argument").to_string()
}

/// The kernel of the right precision. `R` is `f32` or `f64`, so one of the two boxes is a `Box<dyn Kernel<R>>`.
fn prepare<R: Real>(op: &dyn crate::ops::AnyOp, site: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
    use std::any::Any;
    let kernel: Box<dyn Any> = match R::NAME {
        "f32" => Box::new(op.kernel_f32(site)?),
        _ => Box::new(op.kernel_f64(site)?),
    };
    match kernel.downcast::<Box<dyn Kernel<R>>>() {
        Ok(kernel) => Ok(*kernel),
        Err(_) => Err(Error::op(op.name(), "a kernel of the program's precision", R::NAME)),
    }
}
