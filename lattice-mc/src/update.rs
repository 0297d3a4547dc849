//! One update of a Markov chain, as a program.

use crate::observables::Observable;
use crate::stage::Stage;
use crate::{Action, Manifold};
use lattice_autograd::{PerSample, Var};
use lattice_tensor::Lattice;
use lattice_tensor::field::Scalar;
use std::fmt::Debug;
use std::sync::Arc;

/// A Markov chain update that leaves `e^{−S}` invariant, for fields with `K` on each site.
pub trait Update<K: Manifold = Scalar>: Debug + Send + Sync {
    /// Writes the update as a program: the new field, and what it has to say besides. A number named `acceptance`
    /// must be among them.
    fn trace<'t>(&self, action: &dyn Action<K>, phi: Var<'t, K>) -> Updated<'t, K>;

    /// Changes the update after some thermalisation updates with this mean acceptance. Returns whether it did.
    fn tune(&mut self, acceptance: f64) -> bool;

    /// What tuning has found, for a run that is to be taken up again.
    fn tuned(&self) -> Vec<f64> {
        Vec::new()
    }

    /// Takes up what [`Update::tuned`] gave.
    fn set_tuned(&mut self, tuned: &[f64]) {
        let _ = tuned;
    }

    /// The sub-lattice period in every direction that the update needs, for the choice of a layout.
    fn period(&self) -> usize;

    /// The same direction by direction, for an action on a lattice.
    fn periods(&self, action: &dyn Action<K>, lattice: &Lattice) -> Vec<usize> {
        let _ = action;
        vec![self.period(); lattice.directions()]
    }

    /// Integrator steps or sweeps in one update, 1 where that has no meaning.
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
pub struct Updated<'t, K: Manifold = Scalar> {
    /// The new field.
    pub phi: Var<'t, K>,
    /// Numbers per sample, such as `acceptance` and `exp_minus_dh`.
    pub numbers: Vec<Observable<'t>>,
    /// What is still to be done, configuration by configuration, after the program.
    pub then: Option<Then<'t>>,
}

/// The part of an update that is no program: work whose course differs from one configuration to the next.
#[derive(Debug)]
pub struct Then<'t> {
    /// The work.
    pub stage: Arc<dyn Stage>,
    /// The numbers per sample that it reads.
    pub inputs: Vec<Var<'t, PerSample>>,
}
