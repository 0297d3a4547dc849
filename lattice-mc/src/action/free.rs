//! The free scalar field, in the same convention as [`Phi4`](super::Phi4).

use super::{Action, Phi4, quartic::Quartic};
use lattice_autograd::{PerSample, Trace, Uniform, Var};
use lattice_tensor::field::Scalar;

/// `S = Σ_x [ Σ_μ (φ(x+μ) − φ(x))² + m² φ² ]` with `m² > 0`; everything about it is known (`exact::free`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Free {
    /// `m² > 0`.
    pub mass2: f64,
}

impl Free {
    fn terms<'t>(&self, phi: Var<'t, Scalar>) -> Quartic<'t> {
        Quartic::no_half(phi.trace(), self.mass2, None)
    }
}

impl Action for Free {
    fn action<'t>(&self, phi: Var<'t, Scalar>) -> Var<'t, PerSample> {
        self.terms(phi).action(phi)
    }

    fn site_terms<'t>(&self, at: Var<'t, Scalar>, phi: Var<'t, Scalar>) -> Option<Var<'t, Scalar>> {
        Some(self.terms(phi).site_terms(at, phi))
    }

    fn virial<'t>(&self, phi: Var<'t, Scalar>) -> Option<Var<'t, PerSample>> {
        Some(self.terms(phi).virial(phi))
    }

    fn hopping<'t>(&self, trace: &'t Trace) -> Option<Var<'t, Uniform>> {
        Some(trace.constant(2.0))
    }

    fn formula(&self) -> String {
        "S = sum_x [ sum_mu (phi(x+mu) - phi(x))^2 + m2 phi^2 ]".into()
    }

    fn couplings(&self) -> Vec<(&'static str, f64)> {
        vec![("m2", self.mass2)]
    }

    fn check(&self) -> Result<(), String> {
        Phi4 { mass2: self.mass2, lambda: 0.0 }.check()
    }
}
