//! From a graph to dispatches: what the host computes, what a workgroup does between two barriers, which of that makes
//! one kernel, and where values lie.
//!
//! 1. `stages`: numbers per sample and uniform numbers are the host's, in `f64`; fields are the device's. Where a field
//!    depends on a sum over the lattice, the program is cut into stages with the host between them;
//! 2. `schedule`: pointwise nodes and what they load join into chains; a chain or another kernel's items are a *step*;
//! 3. `segments`: steps that one workgroup can do for its sample one after the other make a *dispatch*; repeated parts
//!    of a program are cut alike, so that they share a kernel;
//! 4. `place`: values that leave their dispatch lie in the arena, others near, in the workgroup's memory.
//!
//! `text` writes the kernels.

mod place;
mod schedule;
mod segments;
mod stages;

use super::text::{self, Kernel};
use crate::device::products::Products;
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::layout::Layout;
use crate::ops::{Form, Role, Shader, Site, Tables};
use crate::spec::{Cost, Spec};
use std::collections::HashMap;

pub(super) use place::NEAR;
pub(super) use schedule::Job;
pub(super) use segments::{OPERANDS, Segment};
pub(super) use stages::{HostStep, HostWork};

/// The most sites of a lattice that one workgroup takes whole; larger ones are cut into chunks, one step a dispatch.
const WHOLE: usize = 1024;
/// Numbers in a chunk of a step.
pub(super) const CHUNK: usize = 1024;
/// Samples in a group, over which the gradients of weights are summed in one go.
pub(super) const GROUP: usize = 64;
/// Turns of loops that an invocation may do in one dispatch: some drivers end loops after 65,535, without a word.
pub(super) const TURNS: usize = 50_000;

/// Where the value of a field node lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// In the arena, from this number on.
    Arena(usize),
    /// In the arena of numbers with 16 bits, which holds values that are rounded to them without loss.
    Half(usize),
    /// In the workgroup's memory.
    Near(usize),
    /// A field argument, where it is bound.
    In(usize),
    /// A field output, where it is bound.
    Out(usize),
}

/// What a workgroup does between two barriers.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// Pointwise nodes on one sub-lattice with their loads and sums.
    Chain { domain: Spec, nodes: Vec<NodeId> },
    /// A kernel's items.
    Items(NodeId),
    /// A field argument into the arena.
    Fetch { argument: usize, node: NodeId },
    /// A value to where an output is bound.
    Deliver { node: NodeId, output: usize },
}

/// Convolutions whose weight gradients one dispatch computes.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    pub kernel: Kernel,
    pub tiles: usize,
    pub operands: Vec<u32>,
    pub jobs: usize,
    pub cost: Cost,
}

/// One kernel run over the samples of a pass.
#[derive(Clone, Debug)]
pub(super) struct Dispatch {
    pub kernel: Kernel,
    pub operands: Vec<u32>,
    /// Workgroups for each sample.
    pub chunks: usize,
    pub field_in: Option<usize>,
    pub field_out: Option<usize>,
    /// What it does, for reports.
    pub steps: Vec<&'static str>,
    pub cost: Cost,
}

/// The device's part between two visits to the host.
#[derive(Clone, Debug, Default)]
pub(super) struct Stage {
    pub dispatches: Vec<Dispatch>,
    pub groups: Vec<Groups>,
}

/// What an argument or output is, for binding.
#[derive(Clone, Debug)]
pub(super) struct Port {
    /// Numbers of a field for each sample.
    pub len: usize,
}

/// A program for a GPU: no device has been asked for anything yet.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub host: Vec<HostStep>,
    pub stages: Vec<Stage>,
    /// The uniform numbers that kernels read, as numbers of host steps, in their order in `given`.
    pub uniforms: Vec<usize>,
    /// Random streams, whose keys follow.
    pub streams: Vec<String>,
    /// Numbers per sample that kernels read.
    pub slots: Vec<usize>,
    /// Sums over the lattice.
    pub sums: usize,
    pub tables: Vec<u32>,
    /// Where each packed weight comes from.
    pub packed: Vec<u32>,
    pub weights: usize,
    /// Numbers of the arena for each sample, and of the arena of halves.
    pub stride: usize,
    pub halves: usize,
    /// Sums over the batch, and for each the partial sums that it adds up.
    pub batch_sums: Vec<Vec<u32>>,
    /// Partial sums of a group.
    pub partials: usize,
    pub field_arguments: Vec<Port>,
    pub field_outputs: Vec<Port>,
    /// Host steps whose values are the per-sample outputs.
    pub numbers_out: Vec<usize>,
}

pub(super) struct Planner<'g> {
    pub graph: &'g Graph,
    pub outputs: &'g [NodeId],
    pub layout: &'g Layout,
    pub live: Vec<bool>,
    pub products: Products,
    /// Whether loops' lengths are hidden from the driver's compiler.
    pub opaque: bool,
    /// Whether the device stores numbers with 16 bits.
    pub half_precision: bool,
    pub shaders: HashMap<NodeId, Shader>,
    /// The device stage that computes a field, or the host stage that knows a number.
    pub stage: Vec<usize>,
    pub host: Vec<HostStep>,
    /// The host step of a node.
    pub host_of: Vec<Option<usize>>,
    /// The sum over the lattice that a node is.
    pub sum_of: Vec<Option<usize>>,
    pub home: Vec<Option<Home>>,
    /// Where the sums of chunks lie in the arena, one dispatch's after the other.
    pub chunk_sums: usize,
    pub uniforms: Vec<usize>,
    pub streams: Vec<String>,
    pub slots: Vec<usize>,
    pub tables: Vec<u32>,
    known_tables: HashMap<Vec<u32>, usize>,
    pub packed: Vec<u32>,
    known_packed: HashMap<Vec<u32>, usize>,
    pub field_arguments: Vec<(NodeId, Port)>,
}

impl Planned {
    /// Plans the computation of `outputs`; `opaque` hides the lengths of loops from the driver's compiler,
    /// `half_precision` says whether the device stores numbers with 16 bits.
    pub fn new(graph: &Graph, outputs: &[NodeId], opaque: bool, half_precision: bool) -> Result<Planned> {
        let layout = Layout::samples(graph.lattice(), 1);
        let live = graph.live(outputs);
        let n = graph.nodes().len();
        let products = Products::new(graph, outputs, &live);
        Planner {
            graph,
            outputs,
            layout: &layout,
            live,
            products,
            opaque,
            half_precision,
            shaders: HashMap::new(),
            stage: vec![0; n],
            host: Vec::new(),
            host_of: vec![None; n],
            sum_of: vec![None; n],
            home: vec![None; n],
            chunk_sums: 0,
            uniforms: Vec::new(),
            streams: Vec::new(),
            slots: Vec::new(),
            tables: vec![0],
            known_tables: HashMap::new(),
            packed: Vec::new(),
            known_packed: HashMap::new(),
            field_arguments: Vec::new(),
        }
        .plan()
    }

    /// What field arguments and field outputs are.
    pub fn ports(&self) -> [&[Port]; 2] {
        [&self.field_arguments, &self.field_outputs]
    }

    /// Dispatches of one pass over the samples, all stages.
    pub fn dispatches(&self) -> usize {
        self.stages.iter().map(|stage| stage.dispatches.len() + stage.groups.len()).sum()
    }
}

impl<'g> Planner<'g> {
    pub fn spec(&self, id: NodeId) -> Spec {
        self.graph.spec(id)
    }

    /// Numbers of a field for each sample, rows, and components.
    pub fn shape(&self, spec: Spec) -> Result<(usize, usize)> {
        match spec {
            Spec::Field { location, fibre } => Ok((self.layout.rows(location)?.len(), fibre.components())),
            _ => Ok((0, 0)),
        }
    }

    pub fn len(&self, spec: Spec) -> Result<usize> {
        self.shape(spec).map(|(rows, components)| rows * components)
    }

    /// Invocations in a workgroup: a matter of the lattice alone, as sums depend on it.
    pub fn workgroup(&self) -> usize {
        if self.graph.lattice().volume() <= 256 { 64 } else { 256 }
    }

    pub fn is_whole(&self) -> bool {
        self.graph.lattice().volume() <= WHOLE
    }

    /// The place of a table among all tables; equal ones are kept once.
    pub fn table(&mut self, words: &[u32]) -> u32 {
        if let Some(&at) = self.known_tables.get(words) {
            return at as u32;
        }
        let at = self.tables.len();
        self.tables.extend(words);
        self.known_tables.insert(words.to_vec(), at);
        at as u32
    }

    /// The place of packed weights, in fours.
    pub fn packed(&mut self, from: Vec<u32>) -> u32 {
        if let Some(&at) = self.known_packed.get(&from) {
            return at as u32;
        }
        let at = self.packed.len() / 4;
        self.packed.extend(&from);
        self.known_packed.insert(from, at);
        at as u32
    }

    fn plan(mut self) -> Result<Planned> {
        self.place_arguments()?;
        self.split_stages()?;
        let (steps, mut jobs) = self.schedule()?;
        let (batch_sums, partials) = self.place_sums(&mut jobs)?;
        let outputs = self.output_ports()?;
        let (steps, delivered) = self.deliver(steps, &outputs)?;
        let segments = self.segments(&steps)?;
        let [mut stride, halves] = self.place(&segments, &jobs, &delivered)?;
        if !self.is_whole() {
            self.chunk_sums = stride;
            let chunks = segments.iter().flatten().map(|segment| segment.chunks).max().unwrap_or(1);
            stride += 2 * schedule::SUMS * chunks;
        }
        let mut stages: Vec<Stage> = Vec::new();
        for (segments, jobs) in segments.iter().zip(&jobs) {
            let dispatches = self.dispatches(segments)?;
            let groups = self.groups(jobs, partials)?;
            stages.push(Stage { dispatches, groups });
        }
        let numbers_out = self
            .outputs
            .iter()
            .filter(|&&o| matches!(self.spec(o), Spec::PerSample | Spec::Uniform))
            .map(|&o| self.number(o))
            .collect::<Result<_>>()?;
        let weights = self.graph.arguments().iter().map(|&a| match self.spec(a) {
            Spec::Weights { offset, len } => offset + len,
            _ => 0,
        });
        let weights = weights.max().unwrap_or(0);
        Ok(Planned {
            sums: self.sum_of.iter().flatten().map(|s| s + 1).max().unwrap_or(0),
            host: self.host,
            stages,
            uniforms: self.uniforms,
            streams: self.streams,
            slots: self.slots,
            tables: self.tables,
            packed: self.packed,
            weights,
            stride,
            halves,
            batch_sums,
            partials,
            field_arguments: self.field_arguments.into_iter().map(|(_, port)| port).collect(),
            field_outputs: outputs.into_iter().map(|(_, port)| port).collect(),
            numbers_out,
        })
    }

    /// The host step that knows a number.
    pub fn number(&self, id: NodeId) -> Result<usize> {
        self.host_of[id.index()].ok_or_else(|| {
            let node = self.graph.node(id);
            Error::op(node.op.name(), "a number that the host computes", node.spec).at(node.line)
        })
    }

    /// How an op is computed on a device.
    pub fn shader(&mut self, id: NodeId) -> Result<Shader> {
        if let Some(known) = self.shaders.get(&id) {
            return Ok(known.clone());
        }
        let node = self.graph.node(id);
        let inputs: Vec<Spec> = node.inputs.iter().map(|&i| self.spec(i)).collect();
        let tables = Tables::default();
        let site = Site { layout: self.layout, inputs: &inputs, output: node.spec, tables: &tables };
        let shader = node.op.shader(&site).map_err(|e| e.at(node.line))?;
        let shader = shader.ok_or_else(|| {
            Error::op(node.op.name(), "an op with a WGSL kernel, to run on a GPU", &node.op).at(node.line)
        })?;
        self.shaders.insert(id, shader.clone());
        Ok(shader)
    }

    /// Whether a node is a load in a chain: a value that is read from memory, number by number.
    pub fn is_element(&mut self, id: NodeId) -> Result<bool> {
        match self.graph.node(id).op.role() {
            Role::Shift(_) | Role::Neighbours(_) | Role::Channel(_) => Ok(true),
            Role::Kernel => Ok(self.shader(id)?.form == Form::Element),
            _ => Ok(false),
        }
    }

    fn dispatches(&mut self, segments: &[Segment]) -> Result<Vec<Dispatch>> {
        let mut dispatches = Vec::new();
        for segment in segments {
            dispatches.extend(text::write(self, segment)?);
        }
        Ok(dispatches)
    }
}
