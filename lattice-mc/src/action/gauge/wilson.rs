//! Wilson's action.

use super::{casimir, finite, has_planes, trace_of};
use crate::Action;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::Lattice;
use lattice_tensor::field::{Links, Momenta};
use lattice_tensor::group::Group;
use lattice_tensor::ops::Loops;

/// Whether the constant is part of the action. It changes `log Z` and the action density, nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// `−β Σ Re tr P/N`: what `log Z` and free energies refer to, with the Haar measure normalised to 1.
    #[default]
    Bare,
    /// `β Σ (1 − Re tr P/N)`, which is 0 where all links are 1.
    Full,
}

/// Wilson's action (Phys. Rev. D 10 (1974) 2445), `S = −β Σ_P Re tr P/N` or `β Σ_P (1 − Re tr P/N)` over all plaquettes
/// `P_μν(x) = U_μ(x) U_ν(x+μ) U_μ(x+ν)† U_ν(x)†`, `μ < ν`; for U(1) `Re tr P = cos P`.
///
/// ```
/// use lattice_mc::{Action, action::Wilson};
/// use lattice_tensor::{field::Links, group::{SU3, U1}};
/// let wilson = Wilson::new(6.0);
/// assert_eq!(Action::<Links<SU3>>::formula(&wilson), "S = -beta sum_P Re tr P/3");
/// assert_eq!(Action::<Links<U1>>::formula(&wilson), "S = -beta sum_P cos P");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wilson {
    /// `β`, any finite number.
    pub beta: f64,
    /// With or without the constant.
    pub form: Form,
}

impl Wilson {
    /// The bare form.
    pub fn new(beta: f64) -> Self {
        Wilson { beta, form: Form::Bare }
    }

    /// The form that is 0 where all links are 1.
    pub fn full(beta: f64) -> Self {
        Wilson { beta, form: Form::Full }
    }
}

impl<G: Group> Action<Links<G>> for Wilson {
    fn action<'t>(&self, u: Var<'t, Links<G>>) -> Var<'t, PerSample> {
        let beta = u.trace().coupling("beta", self.beta);
        // Small terms are summed, whatever the form: their rounding is smaller too.
        let terms = (1.0 - u.plaquettes()).sum_sites();
        match self.form {
            Form::Full => terms * beta,
            Form::Bare => (terms - plaquettes(&u.trace().lattice())) * beta,
        }
    }

    fn kick<'t>(
        &self,
        momenta: Var<'t, Momenta<G>>,
        u: Var<'t, Links<G>>,
        time: Var<'t, PerSample>,
    ) -> Var<'t, Momenta<G>> {
        momenta.kick(u, time * u.trace().coupling("beta", self.beta) * (1.0 / G::N as f64))
    }

    fn loops(&self) -> Option<(f64, Loops)> {
        Some((self.beta, Loops::WILSON))
    }

    fn laplacian<'t>(&self, u: Var<'t, Links<G>>) -> Option<Var<'t, PerSample>> {
        let beta = u.trace().coupling("beta", self.beta);
        // Each of the four links of a plaquette is met once.
        let once = u.trace().lattice().extents().iter().all(|&extent| extent > 1);
        once.then(|| u.plaquettes().sum_sites() * beta * (4.0 * casimir(G::NAME)))
    }

    fn formula(&self) -> String {
        let trace = trace_of(G::NAME, "P");
        match self.form {
            Form::Full => format!("S = beta sum_P (1 - {trace})"),
            Form::Bare => format!("S = -beta sum_P {trace}"),
        }
    }

    fn couplings(&self) -> Vec<(&'static str, f64)> {
        vec![("beta", self.beta)]
    }

    fn check(&self) -> Result<(), String> {
        finite(&[("beta", self.beta)])
    }

    fn fits(&self, lattice: &Lattice) -> Result<(), String> {
        has_planes(lattice)
    }
}

/// How many plaquettes there are.
pub(super) fn plaquettes(lattice: &Lattice) -> f64 {
    (lattice.volume() * super::planes(lattice.directions()).count()) as f64
}
