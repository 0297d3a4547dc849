//! Symplectic, reversible integrators of Hamilton's equations `φ̇ = π`, `π̇ = −∂S/∂φ`.

use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::Scalar;

/// An integrator. Both are of second order: `⟨ΔH⟩ ∝ ε⁴`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrator {
    /// One force a step: `e^{εB/2} e^{εA} e^{εB/2}`.
    Leapfrog,
    /// Two forces a step, about ten times the accuracy (Omelyan, Mryglod, Folk 2003; Takaishi, de Forcrand 2006):
    /// `e^{λεB} e^{εA/2} e^{(1−2λ)εB} e^{εA/2} e^{λεB}`.
    Omelyan,
}

/// The `λ` that makes Omelyan's integrator best.
const LAMBDA: f64 = 0.193_183_327_503_783_6;

impl Integrator {
    /// The name, as flags and reports have it.
    pub fn name(self) -> &'static str {
        match self {
            Integrator::Leapfrog => "leapfrog",
            Integrator::Omelyan => "omelyan",
        }
    }

    /// `steps` steps of size `step`, which may differ from sample to sample, from `(φ, π)`; kicks at the ends of neighbouring steps are joined.
    pub fn trajectory<'t>(
        self,
        gradient: impl Fn(Var<'t, Scalar>) -> Var<'t, Scalar>,
        mut phi: Var<'t, Scalar>,
        mut pi: Var<'t, Scalar>,
        step: Var<'t, PerSample>,
        steps: usize,
    ) -> (Var<'t, Scalar>, Var<'t, Scalar>) {
        let kick = |phi, pi: Var<'t, Scalar>, weight: f64| pi - gradient(phi) * (step * weight);
        let drift = |phi: Var<'t, Scalar>, pi: Var<'t, Scalar>, weight: f64| phi + pi * (step * weight);
        match self {
            Integrator::Leapfrog => {
                pi = kick(phi, pi, 0.5);
                for i in 0..steps {
                    phi = drift(phi, pi, 1.0);
                    pi = kick(phi, pi, if i + 1 < steps { 1.0 } else { 0.5 });
                }
            }
            Integrator::Omelyan => {
                pi = kick(phi, pi, LAMBDA);
                for i in 0..steps {
                    phi = drift(phi, pi, 0.5);
                    pi = kick(phi, pi, 1.0 - 2.0 * LAMBDA);
                    phi = drift(phi, pi, 0.5);
                    pi = kick(phi, pi, if i + 1 < steps { 2.0 * LAMBDA } else { LAMBDA });
                }
            }
        }
        (phi, pi)
    }
}
