//! What a program is given: arguments, constants, and the mask of the samples that count.
//!
//! * in    nothing
//! * out   as declared; a constant is uniform, the mask per sample
//! * vjp   none: they have no inputs
//! * cost  nothing: they lie where they are bound
//! * see   `Graph::argument`

use super::{Op, Role};
use crate::error::Result;
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};

/// Data bound at each run.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Its position among the arguments.
    pub index: usize,
    /// Its name, for errors.
    pub name: String,
    /// Its type.
    pub spec: Spec,
}

impl Op for Argument {
    const NAME: &'static str = "argument";
    fn infer(&self, _lattice: &Lattice, _inputs: &[Spec]) -> Result<Spec> {
        Ok(self.spec)
    }
    fn cost(&self, _lattice: &Lattice, _inputs: &[Spec], _output: &Spec) -> Cost {
        Cost::default()
    }
    fn role(&self) -> Role {
        Role::Argument
    }
}

/// A number that never changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constant(pub f64);

impl Op for Constant {
    const NAME: &'static str = "constant";
    fn infer(&self, _lattice: &Lattice, _inputs: &[Spec]) -> Result<Spec> {
        Ok(Spec::Uniform)
    }
    fn cost(&self, _lattice: &Lattice, _inputs: &[Spec], _output: &Spec) -> Cost {
        Cost::default()
    }
    fn role(&self) -> Role {
        Role::Constant(self.0)
    }
}

/// Per sample, 1 if the sample belongs to the batch and 0 if it pads the last block. Cotangents that are summed over
/// the batch start from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mask;

impl Op for Mask {
    const NAME: &'static str = "mask";
    fn infer(&self, _lattice: &Lattice, _inputs: &[Spec]) -> Result<Spec> {
        Ok(Spec::PerSample)
    }
    fn cost(&self, _lattice: &Lattice, _inputs: &[Spec], _output: &Spec) -> Cost {
        Cost::default()
    }
    fn role(&self) -> Role {
        Role::Mask
    }
}
