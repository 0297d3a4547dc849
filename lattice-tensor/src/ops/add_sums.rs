//! Sum of two sums over the batch, as when one weight is used twice.
//!
//! * in    two batch sums of one length
//! * out   the same
//! * vjp   none: sums over the batch are ends
//! * cost  nothing: both are added into one place
//! * see   `device/cpu/plan.rs`, which joins them

use super::Op;
use crate::error::{Error, Result};
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};

/// The sum of two batch sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddSums;

impl Op for AddSums {
    const NAME: &'static str = "add_sums";
    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [a @ Spec::BatchSum { .. }, b] if a == b => Ok(a),
            _ => Err(Error::op(Self::NAME, "two batch sums of one length", inputs)),
        }
    }
    fn cost(&self, _lattice: &Lattice, _inputs: &[Spec], _output: &Spec) -> Cost {
        Cost::default()
    }
    fn role(&self) -> super::Role {
        super::Role::AddSums
    }
}
