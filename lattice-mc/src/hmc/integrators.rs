//! Symplectic, reversible integrators of Hamilton's equations `φ̇ = π`, `π̇ = −∂S/∂φ`, in a group `U̇ = i π_a T_a U`, `π̇_a = −∂_a S`.
//!
//! A step of size `ε` is a product of kicks `e^{b ε B}`: `π ← π − b ε ∂S/∂φ`, and drifts `e^{a ε A}`: `φ ← φ + a ε π`
//! ([`Manifold::drift`]), that reads the same forwards and backwards. An integrator is the table of its `b` and `a`.

use crate::Manifold;
use lattice_autograd::{PerSample, Var};

/// An integrator. One of order `n` has `⟨ΔH⟩ ∝ ε^{2n}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrator {
    /// Order 2, one force a step: `e^{εB/2} e^{εA} e^{εB/2}`.
    Leapfrog,
    /// Order 2, two forces a step, about ten times the accuracy (Omelyan, Mryglod, Folk, Comput. Phys. Commun. 151
    /// (2003) 272; Takaishi, de Forcrand, hep-lat/0505020): `e^{λεB} e^{εA/2} e^{(1−2λ)εB} e^{εA/2} e^{λεB}`.
    Omelyan,
    /// Order 4, five forces a step: the velocity version of smallest error (Omelyan, Mryglod, Folk 2003; "OMF4" in
    /// lattice codes). Pays where the acceptance must be high: large volumes, long trajectories.
    Omelyan4,
}

/// The `λ` that makes Omelyan's integrator of second order best.
const LAMBDA: f64 = 0.193_183_327_503_783_6;

/// The free parameters of the integrator of fourth order: two kicks and two drifts; the others follow from symmetry.
const OMELYAN4_KICKS: [f64; 2] = [0.083_983_152_628_766_93, 0.682_236_533_571_909];
const OMELYAN4_DRIFTS: [f64; 2] = [0.253_978_510_841_059_5, -0.032_302_867_652_699_67];

impl Integrator {
    /// Every integrator.
    pub const ALL: [Integrator; 3] = [Integrator::Leapfrog, Integrator::Omelyan, Integrator::Omelyan4];

    /// The name, as flags and reports have it.
    pub fn name(self) -> &'static str {
        match self {
            Integrator::Leapfrog => "leapfrog",
            Integrator::Omelyan => "omelyan",
            Integrator::Omelyan4 => "omelyan4",
        }
    }

    /// The order `n`: a trajectory of fixed length misses its end by `O(εⁿ)`.
    pub fn order(self) -> u32 {
        match self {
            Integrator::Leapfrog | Integrator::Omelyan => 2,
            Integrator::Omelyan4 => 4,
        }
    }

    /// Forces in a step, those at its two ends counted as one.
    pub fn forces(self) -> usize {
        self.coefficients().1.len()
    }

    /// The kicks of a step and the drifts between them, both in units of `ε`. Each list adds up to 1.
    pub fn coefficients(self) -> (Vec<f64>, Vec<f64>) {
        match self {
            Integrator::Leapfrog => (vec![0.5, 0.5], vec![1.0]),
            Integrator::Omelyan => (vec![LAMBDA, 1.0 - 2.0 * LAMBDA, LAMBDA], vec![0.5, 0.5]),
            Integrator::Omelyan4 => {
                let ([b0, b1], [a0, a1]) = (OMELYAN4_KICKS, OMELYAN4_DRIFTS);
                let (b2, a2) = (0.5 - b0 - b1, 1.0 - 2.0 * (a0 + a1));
                (vec![b0, b1, b2, b2, b1, b0], vec![a0, a1, a2, a1, a0])
            }
        }
    }

    /// `steps` steps of size `step`, which may differ from sample to sample, from `(φ, π)`; kicks at the ends of
    /// neighbouring steps are joined. `kick(π, φ, t)` is `π − t ∂S(φ)`, as [`Action::kick`](crate::Action::kick).
    pub fn trajectory<'t, K: Manifold>(
        self,
        kick: impl Fn(Var<'t, K::Tangent>, Var<'t, K>, Var<'t, PerSample>) -> Var<'t, K::Tangent>,
        mut phi: Var<'t, K>,
        mut pi: Var<'t, K::Tangent>,
        step: Var<'t, PerSample>,
        steps: usize,
    ) -> (Var<'t, K>, Var<'t, K::Tangent>) {
        let (kicks, drifts) = self.coefficients();
        let last = drifts.len();
        let mut pending = kicks[0];
        for _ in 0..steps {
            for (drift, next) in drifts.iter().zip(&kicks[1..]) {
                pi = kick(pi, phi, step * pending);
                phi = K::drift(phi, pi, step * *drift);
                pending = *next;
            }
            pending += kicks[0];
        }
        if steps > 0 {
            pi = kick(pi, phi, step * kicks[last]);
        }
        (phi, pi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One step of the oscillator `H = ½ π² + ½ φ²`.
    fn step(integrator: Integrator, epsilon: f64, (mut phi, mut pi): (f64, f64)) -> (f64, f64) {
        let (kicks, drifts) = integrator.coefficients();
        for (i, kick) in kicks.iter().enumerate() {
            pi -= kick * epsilon * phi;
            phi += drifts.get(i).map_or(0.0, |drift| drift * epsilon * pi);
        }
        (phi, pi)
    }

    #[test]
    fn steps_are_symmetric_and_consistent() {
        for integrator in Integrator::ALL {
            let (kicks, drifts) = integrator.coefficients();
            for list in [&kicks, &drifts] {
                assert!((list.iter().sum::<f64>() - 1.0).abs() < 1e-15, "{integrator:?}");
                assert!(list.iter().eq(list.iter().rev()), "{integrator:?}");
            }
            assert_eq!(kicks.len(), drifts.len() + 1);
        }
    }

    #[test]
    fn an_oscillator_is_followed_to_the_order_of_the_integrator() {
        for integrator in Integrator::ALL {
            let miss = |steps: usize| {
                let end = (0..steps).fold((1.0, 0.0), |at, _| step(integrator, 1.0 / steps as f64, at));
                (end.0 - 1.0_f64.cos()).hypot(end.1 + 1.0_f64.sin())
            };
            let power = (miss(10) / miss(20)).log2();
            assert!((power - integrator.order() as f64).abs() < 0.05, "{integrator:?}: {power}");
        }
    }
}
