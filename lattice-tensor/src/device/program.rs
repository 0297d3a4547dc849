//! A program that is ready to run on any device.

use super::gpu::{self, Gpu};
use super::{AdamConstants, Bindings, DescentState, Device, Rate, cpu};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::lanes::Real;
use crate::layout::Layout;
use crate::spec::Cost;
use std::ops::Range;
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
        self.plan(gpu)?.run(in_f32(gpu, bindings)?)
    }

    /// The program planned for a GPU.
    fn plan(&mut self, gpu: &Gpu) -> Result<&mut gpu::Plan> {
        if self.gpu.as_ref().is_none_or(|(planned, _)| planned != gpu) {
            let plan = gpu::Plan::new(gpu, &self.graph, &self.outputs, self.processor.layout())?;
            self.gpu = Some((gpu.clone(), plan));
        }
        self.gpu.as_mut().map(|(_, plan)| plan).ok_or_else(no_gpu)
    }

    /// Hands parameters and Adam's moments to a GPU, where [`Program::descend`] moves them. `ranges` say to which
    /// parameters the program's sums over the batch belong, one after the other; several may belong to one.
    ///
    /// # Errors
    /// If the device is the processor, the numbers do not fit together, or the GPU fails.
    pub fn start_descent(
        &mut self,
        device: &Device,
        state: &DescentState,
        ranges: &[Range<usize>],
        constants: AdamConstants,
    ) -> Result<()> {
        self.plan(device.gpu_context().ok_or_else(no_gpu)?)?.start_descent(state, ranges, constants)
    }

    /// Runs the program on a GPU and moves the parameters of the descent along the sums over the batch, in one
    /// submission; the bindings' weights are not looked at, and sums not returned. Returns the norm of the gradient
    /// before it was clipped; if that or a sum over the lattice is not finite, the parameters stay.
    ///
    /// # Errors
    /// As [`Program::run`]; if no descent has been started there, or there are no samples.
    pub fn descend(&mut self, device: &Device, bindings: &mut Bindings<'_, '_, R>, rate: Rate) -> Result<f64> {
        let gpu = device.gpu_context().ok_or_else(no_gpu)?;
        self.processor.check(bindings)?;
        self.plan(gpu)?.descend(in_f32(gpu, bindings)?, rate)
    }

    /// Brings the state of the descent from the GPU.
    ///
    /// # Errors
    /// If none has been started, or the GPU fails.
    pub fn descent_state(&self) -> Result<DescentState> {
        self.gpu.as_ref().ok_or_else(no_gpu)?.1.descent_state()
    }

    /// What the program does on the GPU that it has last run on, if it has.
    #[cfg(feature = "gpu")]
    pub fn on_gpu(&self) -> Option<&gpu::Plan> {
        self.gpu.as_ref().map(|(_, plan)| plan)
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

/// The data of a run in the precision of GPUs.
fn in_f32<'b, 'a, 'f, R: Real>(
    gpu: &Gpu,
    bindings: &'b mut Bindings<'a, 'f, R>,
) -> Result<&'b mut Bindings<'a, 'f, f32>> {
    R::bindings_in_f32(bindings).ok_or_else(|| Error::Precision { device: gpu.name(), found: R::NAME })
}

fn no_gpu() -> Error {
    Error::op("adam", "a descent on a GPU", "the processor")
}

impl<R: Real> std::fmt::Debug for Program<R> {
    /// The steps on the processor in order, with what each reads and writes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.processor.fmt(f)
    }
}
