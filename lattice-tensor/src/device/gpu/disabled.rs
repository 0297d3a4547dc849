//! No GPU: the crate was built without feature `gpu`.

#[path = "description.rs"]
#[allow(dead_code, reason = "there is nothing to choose from")]
mod description;

pub use description::{AdapterDescription, AdapterKind};

use super::{AdamConstants, Bindings, DescentState, Rate};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::layout::Layout;
use std::convert::Infallible;
use std::ops::Range;

/// A GPU that has been opened; there is no such value in this build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu(Infallible);

impl Gpu {
    /// Refuses.
    ///
    /// # Errors
    /// Always: the crate was built without feature `gpu`.
    pub fn open(name: Option<&str>) -> Result<Gpu> {
        let reason = "this build has no GPU support; build with feature `gpu`".into();
        Err(Error::Device { asked: name.unwrap_or("gpu").into(), reason })
    }

    /// All adapters that programs can run on: none in this build.
    pub fn adapters() -> Vec<AdapterDescription> {
        Vec::new()
    }

    /// Its name.
    pub fn name(&self) -> String {
        match self.0 {}
    }

    /// Name, kind, interface and driver.
    pub fn describe(&self) -> String {
        match self.0 {}
    }
}

/// A program planned for a GPU; there is no such value in this build.
#[derive(Debug)]
pub struct Plan(Infallible);

impl Plan {
    /// Plans the computation of `outputs`.
    ///
    /// # Errors
    /// Never: nothing can call it.
    pub fn new(gpu: &Gpu, _graph: &Graph, _outputs: &[NodeId], _layout: &Layout) -> Result<Plan> {
        match gpu.0 {}
    }

    /// Runs the program.
    ///
    /// # Errors
    /// Never: nothing can call it.
    pub fn run(&mut self, _bindings: &mut Bindings<'_, '_, f32>) -> Result<()> {
        match self.0 {}
    }

    /// Takes over an optimiser.
    ///
    /// # Errors
    /// Never: nothing can call it.
    pub fn start_descent(
        &mut self,
        _state: &DescentState,
        _ranges: &[Range<usize>],
        _constants: AdamConstants,
    ) -> Result<()> {
        match self.0 {}
    }

    /// Runs the program and moves parameters.
    ///
    /// # Errors
    /// Never: nothing can call it.
    pub fn descend(&mut self, _bindings: &mut Bindings<'_, '_, f32>, _rate: Rate) -> Result<f64> {
        match self.0 {}
    }

    /// The state of the training.
    ///
    /// # Errors
    /// Never: nothing can call it.
    pub fn descent_state(&self) -> Result<DescentState> {
        match self.0 {}
    }
}
