//! From a graph to a program: which steps, in which order, in which memory.
//!
//! 1. nodes that no output needs are dropped;
//! 2. pointwise nodes, shifts, channels and sums on the same rows join into chains;
//! 3. every value that outlives its step gets a place in the block's arena, reused when its last reader is done.
//!
//! The three are `schedule`, `place` and `steps`.

mod place;
mod schedule;
mod steps;

use super::args::Kernel;
use super::memory::Aligned;
use super::run::Workspace;
use crate::device::products::Products;
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::lanes::Real;
use crate::layout::{Layout, Twists};
use crate::ops::{Pointwise, Tables};
use crate::spec::{Cost, Spec};
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
    /// How many threads it is worth handing to.
    pub threads: usize,
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
    /// Scratch memory, one for each thread.
    pub(super) scratches: Vec<Mutex<Aligned<R>>>,
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

/// Operations, or bytes, that a thread has for each hand-over at least: it takes some microseconds, and then its caches miss
/// what another thread has written.
const WORTH_A_THREAD: f64 = 2e5;

struct Planner<'g> {
    graph: &'g Graph,
    outputs: &'g [NodeId],
    layout: &'g Layout,
    live: Vec<bool>,
    products: Products,
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
        let products = Products::new(graph, outputs, &live);
        Planner {
            graph,
            outputs,
            layout,
            live,
            products,
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

    /// How many threads a step of one block is worth handing to.
    fn threads(&self, work: &Work) -> usize {
        let mut cost = Cost::default();
        match work {
            Work::Chain { nodes, .. } => nodes.iter().for_each(|&id| cost += self.graph.cost(id)),
            Work::Kernel(id) | Work::PerSample(id) => cost = self.graph.cost(*id),
            // Each number is read and written.
            Work::Copy { from, .. } => cost.bytes = 8.0 * self.spec(*from).numbers(self.graph.lattice()) as f64,
        }
        (self.layout.samples_per_row() as f64 * cost.flops.max(cost.bytes) / WORTH_A_THREAD) as usize
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
        (0..self.live.len()).filter(|&i| self.live[i]).for_each(|i| cost += self.graph.cost(NodeId(i as u32)));
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
            scratches: Vec::new(),
            slots: Vec::new(),
            cost,
        })
    }
}
