//! A program that is ready to run on any device.

use super::gpu::{self, Gpu};
use super::{Bindings, Device, cpu};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::lanes::Real;
use crate::layout::Layout;
use crate::spec::Cost;
use std::sync::Arc;

/// A planned program for fields of precision `R` in one layout.
///
/// It is planned for the processor at once, so that what no device could run is refused early, and for a GPU at the
/// first run there.
pub struct Program<R: Real> {
    processor: cpu::Program<R>,
    graph: Arc<Graph>,
    outputs: Vec<NodeId>,
    gpu: Option<(Gpu, gpu::Plan)>,
}

impl<R: Real> Program<R> {
    /// Plans the computation of `outputs`. Field outputs, per-sample outputs and batch sums are bound in this order
    /// at each run.
    ///
    /// # Errors
    /// If the layout does not fit the program or an op has no kernel.
    pub fn new(graph: &Graph, outputs: &[NodeId], layout: &Layout) -> Result<Program<R>> {
        Ok(Program {
            processor: cpu::Program::new(graph, outputs, layout)?,
            graph: Arc::new(graph.clone()),
            outputs: outputs.to_vec(),
            gpu: None,
        })
    }

    /// Runs the program on a device. The first run on a GPU plans for it; field outputs stay there until they are read.
    ///
    /// # Errors
    /// If an argument or output is missing, or of another type, layout or size than the program needs; if the device is
    /// a GPU and the precision not `f32`; if the GPU fails.
    pub fn run(&mut self, device: &Device, bindings: &mut Bindings<'_, '_, R>) -> Result<()> {
        let Some(gpu) = device.gpu_context() else { return self.processor.run(device.processor(), bindings) };
        self.processor.check(bindings)?;
        let refused = || Error::Precision { device: gpu.name(), found: R::NAME };
        let bindings = R::bindings_in_f32(bindings).ok_or_else(refused)?;
        let plan = match &mut self.gpu {
            Some((planned, plan)) if planned == gpu => plan,
            slot => {
                let plan = gpu::Plan::new(gpu, &self.graph, &self.outputs, self.processor.layout())?;
                &mut slot.insert((gpu.clone(), plan)).1
            }
        };
        plan.run(bindings)
    }

    /// The layout of its fields.
    pub fn layout(&self) -> &Layout {
        self.processor.layout()
    }

    /// The number of steps a block takes on the processor.
    pub fn steps(&self) -> usize {
        self.processor.steps()
    }

    /// The names of the steps, in order.
    pub fn step_names(&self) -> impl Iterator<Item = &'static str> {
        self.processor.step_names()
    }

    /// Numbers of a block's arena: the working set of a thread.
    pub fn arena(&self) -> usize {
        self.processor.arena()
    }

    /// Sums over the batch that the program returns.
    pub fn sums(&self) -> usize {
        self.processor.sums()
    }

    /// Arithmetic and traffic for one sample.
    pub fn cost(&self) -> Cost {
        self.processor.cost()
    }
}

impl<R: Real> std::fmt::Debug for Program<R> {
    /// The steps on the processor in order, with what each reads and writes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.processor.fmt(f)
    }
}
