//! What all φ⁴ theories share: quadratic, hopping and quartic terms with coefficients.

use lattice_autograd::{Linear, OnSites, PerSample, Trace, Uniform, Var};
use lattice_tensor::field::Scalar;

/// `S = Σ_x [ a φ·φ − h Σ_μ φ(x)·φ(x+μ) + λ (φ·φ)² ]` for a field of any number of components.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quartic<'t> {
    /// `a`.
    pub quadratic: Var<'t, Uniform>,
    /// `h`.
    pub hopping: Var<'t, Uniform>,
    /// `λ`, if there is such a term.
    pub quartic: Option<Var<'t, Uniform>>,
}

impl<'t> Quartic<'t> {
    /// `Σ_μ |φ(x+μ) − φ(x)|² + m² φ·φ + λ (φ·φ)²`: no factor ½, `a = 2d + m²`, `h = 2`.
    pub fn no_half(trace: &'t Trace, mass2: f64, lambda: Option<f64>) -> Quartic<'t> {
        Quartic {
            quadratic: trace.coupling("m2", mass2) + 2.0 * trace.lattice().directions() as f64,
            hopping: trace.constant(2.0),
            quartic: lambda.map(|lambda| trace.coupling("lambda", lambda)),
        }
    }

    /// The action.
    pub fn action<K: OnSites<Tangent = K> + Linear>(&self, phi: Var<'t, K>) -> Var<'t, PerSample> {
        // Each link is met from both of its ends.
        self.terms(phi.dot(phi), phi.dot(phi.neighbours()) * (self.hopping * 0.5), 1.0).sum_sites()
    }

    /// See [`Action::site_terms`](super::Action::site_terms).
    pub fn site_terms<K: OnSites<Tangent = K> + Linear>(&self, at: Var<'t, K>, phi: Var<'t, K>) -> Var<'t, Scalar> {
        self.terms(at.dot(at), at.dot(phi.neighbours().on(at.location())) * self.hopping, 1.0)
    }

    /// `2 S₂ + 4 S₄`.
    pub fn virial<K: OnSites<Tangent = K> + Linear>(&self, phi: Var<'t, K>) -> Var<'t, PerSample> {
        self.terms(phi.dot(phi), phi.dot(phi.neighbours()) * (self.hopping * 0.5), 2.0).sum_sites()
    }

    /// `n S₂ + n² S₄`, site by site.
    fn terms(&self, phi2: Var<'t, Scalar>, links: Var<'t, Scalar>, n: f64) -> Var<'t, Scalar> {
        let quadratic = (phi2 * self.quadratic - links) * n;
        match self.quartic {
            Some(lambda) => quadratic + phi2.square() * lambda * (n * n),
            None => quadratic,
        }
    }
}
