//! One update of a Markov chain, as a program.

use crate::Action;
use crate::observables::Observable;
use lattice_autograd::Var;
use lattice_tensor::field::Scalar;
use std::fmt::Debug;

/// A Markov chain update that leaves `e^{−S}` invariant.
pub trait Update: Debug + Send + Sync {
    /// Writes the update as a program: the new field, and what it has to say besides. A number named `acceptance`
    /// must be among them.
    fn trace<'t>(&self, action: &dyn Action, phi: Var<'t, Scalar>) -> Updated<'t>;

    /// Changes the update after some thermalisation updates with this mean acceptance. Returns whether it did.
    fn tune(&mut self, acceptance: f64) -> bool;

    /// The sub-lattice period in every direction that the update needs, for the choice of a layout.
    fn period(&self) -> usize;

    /// Integrator steps in one update, 1 where that has no meaning.
    fn steps(&self) -> usize {
        1
    }

    /// Name and settings, for reports.
    fn describe(&self) -> String {
        format!("{self:?}")
    }
}

/// What an update returns.
#[derive(Debug)]
pub struct Updated<'t> {
    /// The new field.
    pub phi: Var<'t, Scalar>,
    /// Numbers per sample, such as `acceptance` and `exp_minus_dh`.
    pub numbers: Vec<Observable<'t>>,
}
