//! φ⁴ theory of fields with several components.

use super::{Action, Phi4, quartic::Quartic};
use lattice_autograd::{PerSample, Trace, Uniform, Var};
use lattice_tensor::field::{Channels, Complex, Scalar};
use lattice_tensor::{Fibre, Lattice};

/// `S = Σ_x [ Σ_μ |φ(x+μ) − φ(x)|² + m² φ·φ + λ (φ·φ)² ]` for a real field of `N` components: the O(N) model of
/// finite `λ`. No factor ½, as in [`Phi4`], which it is for `N = 1`. CONVENTIONS.md §3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VectorPhi4 {
    /// `N ≥ 1`.
    pub components: usize,
    /// `m²`, which may be negative.
    pub mass2: f64,
    /// `λ > 0`, or 0 with `m² > 0`.
    pub lambda: f64,
}

/// `S = Σ_x [ Σ_μ |φ(x+μ) − φ(x)|² + m² |φ|² + λ |φ|⁴ ]` for a complex field, with the measure `Π d Re φ d Im φ`: the
/// two components of [`VectorPhi4`] at `N = 2` as one complex number. Boundaries may be twisted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ComplexPhi4 {
    /// `m²`, which may be negative.
    pub mass2: f64,
    /// `λ > 0`, or 0 with `m² > 0`.
    pub lambda: f64,
}

macro_rules! no_half {
    ($kind:ty) => {
        fn action<'t>(&self, phi: Var<'t, $kind>) -> Var<'t, PerSample> {
            Quartic::no_half(phi.trace(), self.mass2, Some(self.lambda)).action(phi)
        }

        fn site_terms<'t>(&self, at: Var<'t, $kind>, phi: Var<'t, $kind>) -> Option<Var<'t, Scalar>> {
            Some(Quartic::no_half(phi.trace(), self.mass2, Some(self.lambda)).site_terms(at, phi))
        }

        fn virial<'t>(&self, phi: Var<'t, $kind>) -> Option<Var<'t, PerSample>> {
            Some(Quartic::no_half(phi.trace(), self.mass2, Some(self.lambda)).virial(phi))
        }

        fn hopping<'t>(&self, trace: &'t Trace) -> Option<Var<'t, Uniform>> {
            Some(trace.constant(2.0))
        }
    };
}

impl Action<Channels> for VectorPhi4 {
    no_half!(Channels);

    fn fibre(&self, _lattice: &Lattice) -> Fibre {
        Fibre::Channels(self.components)
    }

    fn formula(&self) -> String {
        "S = sum_x [ sum_mu |phi(x+mu) - phi(x)|^2 + m2 phi.phi + lambda (phi.phi)^2 ]".into()
    }

    fn couplings(&self) -> Vec<(&'static str, f64)> {
        vec![("components", self.components as f64), ("m2", self.mass2), ("lambda", self.lambda)]
    }

    fn check(&self) -> Result<(), String> {
        if self.components == 0 {
            return Err("components: expected at least 1, found 0".into());
        }
        Phi4 { mass2: self.mass2, lambda: self.lambda }.check()
    }
}

impl Action<Complex> for ComplexPhi4 {
    no_half!(Complex);

    fn formula(&self) -> String {
        "S = sum_x [ sum_mu |phi(x+mu) - phi(x)|^2 + m2 |phi|^2 + lambda |phi|^4 ]".into()
    }

    fn couplings(&self) -> Vec<(&'static str, f64)> {
        vec![("m2", self.mass2), ("lambda", self.lambda)]
    }

    fn check(&self) -> Result<(), String> {
        Phi4 { mass2: self.mass2, lambda: self.lambda }.check()
    }
}

#[cfg(test)]
#[path = "vector_tests.rs"]
mod tests;
