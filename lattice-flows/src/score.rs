//! The program of a step whose configurations stay where they are: the score `∂_θ log q_θ(φ)`.
//!
//! Layers are passed backwards, `z = f⁻¹(φ)` and `log q(φ) = log r(z) + log |det ∂f⁻¹/∂φ|`, so that everything that holds
//! for their forward direction, [`Memory`] included, holds for this one.

use crate::bijection::{Bijection, Flat};
use crate::gradient::{Memory, Passage, Step, layers_of};
use crate::prior::Prior;
use lattice_autograd::{PerSample, Trace, Var};
use lattice_mc::Action;

/// A layer the other way round.
#[derive(Debug)]
struct Backwards<'l, K: Flat>(&'l dyn Bijection<K>);

impl<K: Flat> Bijection<K> for Backwards<'_, K> {
    fn forward<'t>(&self, y: Var<'t, K>) -> (Var<'t, K>, Var<'t, PerSample>) {
        self.0.inverse(y)
    }

    fn inverse<'t>(&self, x: Var<'t, K>) -> (Var<'t, K>, Var<'t, PerSample>) {
        self.0.forward(x)
    }
}

/// Writes the gradient of `Σ weight · log q(φ)` over the batch, and the log-weights `−S − log q`, of given configurations.
pub(crate) fn write<'t, K: Flat>(
    trace: &'t Trace,
    prior: &dyn Prior<K>,
    flow: &dyn Bijection<K>,
    action: &dyn Action<K>,
    phi: Var<'t, K>,
    weight: Var<'t, PerSample>,
    memory: Memory,
) -> Step<'t> {
    let backwards: Vec<Backwards<K>> = layers_of(flow).into_iter().rev().map(Backwards).collect();
    let last = backwards.len() as f64 - 1.0;
    let layers = backwards.iter().map(|layer| layer as &dyn Bijection<K>).collect();
    let passage = Passage::of(layers, phi, None, memory);
    let z = passage.x;
    let log_prior = prior.log_density(z);
    let log_q = log_prior + passage.log_det;
    let weight = trace.mask() * weight;
    let (gradients, mut drift) = passage.backward(trace.gradient(log_prior, z) * weight, Some(weight));
    if let Some(drift) = &mut drift {
        // Layers are counted from the prior's side.
        drift.layer = trace.mask() * last - drift.layer;
    }
    Step { log_weight: -log_q - action.action(phi), gradients, drift }
}
