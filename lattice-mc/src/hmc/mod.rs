//! Hybrid Monte Carlo.

mod integrators;

pub use integrators::Integrator;

use crate::update::{Update, Updated};
use crate::{Action, Manifold};
use lattice_autograd::Var;

/// Hybrid Monte Carlo (Duane, Kennedy, Pendleton, Roweth 1987).
///
/// With momenta `π ~ N(0, 1)` of the [tangent space](Manifold) and `H = ½ Σ π² + S(φ)`, Hamilton's equations are integrated for the time `length` and
/// the end is accepted with probability `min(1, e^{−ΔH})`, decided in `f64`. A trajectory, accept included, is one
/// program. A `ΔH` that is not a number is recorded as 10⁶ and rejected.
#[derive(Clone, Debug, PartialEq)]
pub struct Hmc {
    /// How Hamilton's equations are integrated.
    pub integrator: Integrator,
    /// The length of a trajectory.
    pub length: f64,
    /// Integrator steps in a trajectory.
    pub steps: usize,
    /// Whether the number of steps is tuned during thermalisation.
    pub auto: bool,
    /// Each trajectory of each chain has the length `length · (1 + jitter · (2u − 1))`, `u` uniform. A fixed length is
    /// in resonance with some mode of the field, which then hardly moves (Mackenzie 1989); drawn anew it cannot be.
    pub jitter: f64,
}

impl Hmc {
    /// The usual spread of trajectory lengths.
    pub const JITTER: f64 = 0.25;

    /// Trajectories of a given length, their number of steps tuned during thermalisation.
    pub fn new(integrator: Integrator, length: f64) -> Hmc {
        Hmc { integrator, length, steps: 10, auto: true, jitter: Self::JITTER }
    }

    /// Trajectories with a fixed number of steps.
    pub fn fixed(integrator: Integrator, length: f64, steps: usize) -> Hmc {
        Hmc { integrator, length, steps, auto: false, jitter: Self::JITTER }
    }
}

/// The coupling that says whether trajectories are accepted whatever their energy; see [`Manifold::UNCONDITIONAL`].
pub(crate) const UNCONDITIONAL: &str = "hmc.unconditional";

impl<K: Manifold> Update<K> for Hmc {
    fn trace<'t>(&self, action: &dyn Action<K>, phi: Var<'t, K>) -> Updated<'t, K> {
        let trace = phi.trace();
        let step = trace.coupling("hmc.step", self.length / self.steps as f64);
        let spread = trace.coupling("hmc.jitter", self.jitter);
        let step = ((trace.uniform_draw("hmc.length") * 2.0 - 1.0) * spread + 1.0) * step;
        let pi = trace.normal_as("hmc.momentum", K::momenta(phi.spec()));
        let energy = |phi, pi: Var<'t, K::Tangent>| action.action(phi) + pi.inner(pi) * 0.5;
        let before = energy(phi, pi);
        let kick = |pi, phi, time| action.kick(pi, phi, time);
        let (new_phi, new_pi) = self.integrator.trajectory(kick, phi, pi, step, self.steps);
        let new_phi = K::retract(new_phi);
        let one = trace.mask() * 0.0 + 1.0;
        // An unstable trajectory ends at infinity or nowhere: a violation of 10⁶ stands for that.
        let dh = (energy(new_phi, new_pi) - before).min(one * 1e6);
        let weight = (-dh).exp();
        let mut margin = weight - trace.uniform_draw("hmc.accept");
        if K::UNCONDITIONAL > 0 {
            // 1 in the first trajectories; those that ended nowhere are rejected all the same.
            let free = one * trace.coupling(UNCONDITIONAL, 0.0);
            margin = margin + free.where_positive(1e5 - dh, one * 0.0);
        }
        Updated {
            phi: new_phi.where_positive(margin, phi),
            numbers: vec![
                ("acceptance".into(), one.where_positive(margin, one * 0.0)),
                ("exp_minus_dh".into(), weight),
                ("dh".into(), dh),
            ],
            then: None,
        }
    }

    /// Aims at an acceptance between 0.85 and 0.95: a little above the optimum of cost per independent configuration,
    /// where trajectories are hardly ever unstable and `⟨e^{−ΔH}⟩` is seen to be 1.
    fn tune(&mut self, acceptance: f64) -> bool {
        let before = self.steps;
        if self.auto {
            self.steps = match acceptance {
                a if a < 0.3 => self.steps * 2,
                a if a < 0.85 => self.steps + self.steps.div_ceil(5),
                a if a > 0.95 => (self.steps - self.steps / 6 - usize::from(self.steps < 6)).max(1),
                _ => self.steps,
            }
            .min(1000);
        }
        self.steps != before
    }

    fn tuned(&self) -> Vec<f64> {
        vec![self.steps as f64]
    }

    fn set_tuned(&mut self, tuned: &[f64]) {
        if let &[steps] = tuned {
            self.steps = (steps as usize).max(1);
        }
    }

    fn period(&self) -> usize {
        1
    }

    fn steps(&self) -> usize {
        self.steps
    }

    fn describe(&self) -> String {
        let Hmc { integrator, length, steps, jitter, .. } = self;
        format!("HMC, {}, length {length} (1 ± {jitter}), {steps} steps", integrator.name())
    }
}

#[cfg(test)]
mod gauge_tests;
#[cfg(test)]
mod tests;
