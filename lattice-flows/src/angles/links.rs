//! A theory of U(1) links, written for their angles.

use lattice_autograd::var::stack;
use lattice_autograd::{PerSample, Var};
use lattice_mc::Action;
use lattice_mc::observables::{self, Observable};
use lattice_tensor::field::{Channels, Links, Momenta};
use lattice_tensor::group::{GroupName, U1};
use lattice_tensor::ops::Stack;
use lattice_tensor::{Fibre, Lattice};

/// An action of U(1) links as one of angles, `U_μ(x) = e^{iθ_μ(x)}`, one channel for each direction.
#[derive(Clone, Debug)]
pub struct LinkAngles<A>(pub A);

/// The links of these angles.
pub fn links_of(angles: Var<'_, Channels>) -> Var<'_, Links<U1>> {
    let trace = angles.trace();
    let parts: Vec<_> = angles.parts().into_iter().map(Var::id).collect();
    let fibre = Fibre::Algebra { group: GroupName::U1, count: parts.len() };
    let algebra: Var<'_, Momenta<U1>> = trace.apply(Stack { fibre }, &parts);
    algebra.exp_links()
}

/// The angles of links, in `[−π, π]`.
pub fn angles_of(links: Var<'_, Links<U1>>) -> Var<'_, Channels> {
    let angles = (0..links.trace().lattice().directions()).flat_map(|mu| links.link(mu).eigenphases());
    stack(&angles.collect::<Vec<_>>())
}

impl<A: Action<Links<U1>>> Action<Channels> for LinkAngles<A> {
    fn action<'t>(&self, angles: Var<'t, Channels>) -> Var<'t, PerSample> {
        self.0.action(links_of(angles))
    }

    fn fibre(&self, lattice: &Lattice) -> Fibre {
        Fibre::Channels(lattice.directions())
    }

    fn observables<'t>(&self, angles: Var<'t, Channels>) -> Option<Vec<Observable<'t>>> {
        Some(observables::measured(&self.0, links_of(angles)))
    }

    fn formula(&self) -> String {
        self.0.formula()
    }

    fn couplings(&self) -> Vec<(&'static str, f64)> {
        self.0.couplings()
    }

    fn fits(&self, lattice: &Lattice) -> Result<(), String> {
        self.0.fits(lattice)
    }

    fn check(&self) -> Result<(), String> {
        self.0.check()
    }
}
