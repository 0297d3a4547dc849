//! Scalar φ⁴ theory in the convention without halves.

use super::{Action, quartic::Quartic};
use lattice_autograd::{PerSample, Trace, Uniform, Var};
use lattice_tensor::field::Scalar;

/// `S = Σ_x [ Σ_μ (φ(x+μ) − φ(x))² + m² φ² + λ φ⁴ ]`, any number of directions; no factor ½ anywhere
/// (Albergo, Kanwar, Shanahan 1904.12072; tutorial 2101.08176). CONVENTIONS.md §3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phi4 {
    /// `m²`, which may be negative.
    pub mass2: f64,
    /// `λ > 0`.
    pub lambda: f64,
}

impl Action for Phi4 {
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
        "S = sum_x [ sum_mu (phi(x+mu) - phi(x))^2 + m2 phi^2 + lambda phi^4 ]".into()
    }

    fn couplings(&self) -> Vec<(&'static str, f64)> {
        vec![("m2", self.mass2), ("lambda", self.lambda)]
    }

    fn check(&self) -> Result<(), String> {
        let Phi4 { mass2, lambda } = *self;
        if !mass2.is_finite() || !lambda.is_finite() {
            return Err(format!("couplings: expected finite numbers, found m2 = {mass2}, lambda = {lambda}"));
        }
        if lambda < 0.0 {
            return Err(format!(
                "lambda: expected a number >= 0 (the weight exp(-S) must be integrable), found {lambda}"
            ));
        }
        if lambda == 0.0 && mass2 <= 0.0 {
            return Err(format!(
                "m2: expected a number > 0 when lambda = 0 (the Gaussian must be integrable), found {mass2}"
            ));
        }
        Ok(())
    }
}

impl Phi4 {
    fn terms<'t>(&self, phi: Var<'t, Scalar>) -> Quartic<'t> {
        Quartic::no_half(phi.trace(), self.mass2, Some(self.lambda))
    }
}
