//! Links: points of a group for each site and direction.

use super::{Manifold, Start};
use crate::Action;
use crate::observables::{Observable, Quantity, gauge};
use lattice_autograd::{PerSample, Trace, Var};
use lattice_tensor::field::{Links, Momenta};
use lattice_tensor::group::Group;
use lattice_tensor::ops::Spread;
use lattice_tensor::{Fibre, Lattice, Spec};

impl<G: Group> Manifold for Links<G> {
    const UNCONDITIONAL: u64 = 20;

    fn drift<'t>(u: Var<'t, Self>, momenta: Var<'t, Momenta<G>>, time: Var<'t, PerSample>) -> Var<'t, Self> {
        u.drift(momenta, time)
    }

    fn momenta(u: Spec) -> Spec {
        match u {
            Spec::Field { location, fibre: Fibre::Matrix { group, count } } => {
                Spec::Field { location, fibre: Fibre::Algebra { group, count } }
            }
            other => other,
        }
    }

    fn retract<'t>(u: Var<'t, Self>) -> Var<'t, Self> {
        u.reunitarised()
    }

    fn start<'t>(trace: &'t Trace, _spec: Spec, start: Start) -> Var<'t, Self> {
        match start {
            Start::Cold => trace.unit_links(),
            Start::Hot => trace.haar_links("start"),
        }
    }

    fn observables<'t>(action: &dyn Action<Self>, u: Var<'t, Self>) -> Vec<Observable<'t>> {
        gauge::standard(action, u)
    }

    fn quantities(lattice: &Lattice) -> Vec<Quantity> {
        gauge::quantities(lattice)
    }
}

/// Momenta that are 0.
pub(crate) fn at_rest<'t, G: Group>(u: Var<'t, Links<G>>) -> Var<'t, Momenta<G>> {
    u.trace().apply(Spread { spec: Links::<G>::momenta(u.spec()) }, &[u.trace().constant(0.0).id()])
}
