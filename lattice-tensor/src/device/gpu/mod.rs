//! A GPU.

use super::Bindings;
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::layout::Layout;

/// A GPU that has been opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    name: String,
}

impl Gpu {
    /// Opens the GPU whose name contains `name`, or the best.
    ///
    /// # Errors
    /// If there is none, or it cannot be opened.
    pub fn open(name: Option<&str>) -> Result<Gpu> {
        Err(Error::Device { asked: name.unwrap_or("gpu").into(), reason: "not yet".into() })
    }

    /// Its name and driver.
    pub fn name(&self) -> String {
        self.name.clone()
    }
}

/// A program planned for a GPU.
#[derive(Debug)]
pub struct Plan;

impl Plan {
    /// Plans the computation of `outputs`.
    ///
    /// # Errors
    /// If the program does not fit the GPU.
    pub fn new(gpu: &Gpu, _graph: &Graph, _outputs: &[NodeId], _layout: &Layout) -> Result<Plan> {
        Err(Error::Device { asked: gpu.name(), reason: "not yet".into() })
    }

    /// Runs the program.
    ///
    /// # Errors
    /// If the GPU fails.
    pub fn run(&mut self, _bindings: &mut Bindings<'_, '_, f32>) -> Result<()> {
        Ok(())
    }
}
