//! The spaces that fields move in: flat ones, and group manifolds.

mod links;

pub(crate) use links::at_rest;

use crate::Action;
use crate::observables::{self, Observable, Quantity};
use lattice_autograd::{Linear, OnSites, PerSample, Trace, Var};
use lattice_tensor::field::{Channels, Complex, Scalar};
use lattice_tensor::{Lattice, Spec};

/// What chains begin with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Start {
    /// Near a classical minimum: `φ = 0` with normal fluctuations of width 0.1; all links 1.
    #[default]
    Cold,
    /// Disordered: normal fluctuations of width 1; links drawn with the Haar measure.
    Hot,
}

/// What sits on a site as a point of a manifold: how it moves with momenta of its tangent space, where chains of it
/// begin, and what is measured on it.
pub trait Manifold: OnSites<Tangent: OnSites + Linear> {
    /// The field after moving for a time with constant momenta: `φ + time · π`; `e^{i time π_a T_a} U` in a group.
    fn drift<'t>(phi: Var<'t, Self>, momenta: Var<'t, Self::Tangent>, time: Var<'t, PerSample>) -> Var<'t, Self>;

    /// The type of the momenta of a field of a given type.
    fn momenta(phi: Spec) -> Spec;

    /// The field put back on the manifold from which rounding takes it.
    fn retract<'t>(phi: Var<'t, Self>) -> Var<'t, Self> {
        phi
    }

    /// A field for chains to begin with, of a given type.
    fn start<'t>(trace: &'t Trace, spec: Spec, start: Start) -> Var<'t, Self>;

    /// HMC accepts so many trajectories at the beginning whatever their energy: those that fall from links of 1 or come from
    /// disorder gain or lose far more than is kept later, and a run would stay where it began.
    const UNCONDITIONAL: u64 = 0;

    /// The sub-lattice period in each direction that the observables need, for the choice of a layout.
    fn periods(lattice: &Lattice) -> Vec<usize> {
        vec![1; lattice.directions()]
    }

    /// What is measured on every configuration.
    fn observables<'t>(action: &dyn Action<Self>, phi: Var<'t, Self>) -> Vec<Observable<'t>>;

    /// What follows from the means of the observables.
    fn quantities(lattice: &Lattice) -> Vec<Quantity>;
}

/// Fields that are added: the space is flat, and its own tangent space.
macro_rules! flat {
    ($($kind:ty),*) => {$(
        impl Manifold for $kind {
            fn drift<'t>(phi: Var<'t, Self>, momenta: Var<'t, Self>, time: Var<'t, PerSample>) -> Var<'t, Self> {
                phi + momenta * time
            }

            fn momenta(phi: Spec) -> Spec {
                phi
            }

            fn start<'t>(trace: &'t Trace, spec: Spec, start: Start) -> Var<'t, Self> {
                let noise = trace.normal_as::<Self>("start", spec);
                match start {
                    Start::Cold => noise * 0.1,
                    Start::Hot => noise,
                }
            }

            /// The correlator is taken on a line across direction 0, which must lie in one virtual node.
            fn periods(lattice: &Lattice) -> Vec<usize> {
                let mut periods = vec![1; lattice.directions()];
                if lattice.directions() > 1 {
                    periods[0] = lattice.extents()[0];
                }
                periods
            }

            fn observables<'t>(action: &dyn Action<Self>, phi: Var<'t, Self>) -> Vec<Observable<'t>> {
                observables::standard(action, phi)
            }

            fn quantities(lattice: &Lattice) -> Vec<Quantity> {
                observables::quantities(lattice)
            }
        }
    )*};
}
flat!(Scalar, Complex, Channels);
