//! The program of a training step: samples, their weights, and the gradient of the divergence.

use crate::bijection::{Bijection, Flat, Followed};
use crate::prior::Prior;
use lattice_autograd::{BatchSum, PerSample, Trace, Uniform, Var};
use lattice_mc::Action;
use lattice_tensor::{NodeId, Spec};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How the gradient of the divergence is estimated from samples `φ = f_θ(z)`. Both estimates have the same mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Estimator {
    /// `∂_θ [log r(z) − log |det ∂f_θ| + S(f_θ(z))]`, the whole derivative.
    #[default]
    Reparam,
    /// `⟨∇_φ (log q + S)(φ), ∂_θ f_θ(z)⟩`: without the part of it that has mean zero, the score `∂_θ log q_θ(φ)`. It
    /// vanishes sample by sample where the fit is exact, and its variance falls with the divergence; a step costs a
    /// third more. `∇ log q` follows the samples through the layers, `s' = ∇_y [⟨s, f⁻¹(y)⟩ + log |det ∂f⁻¹/∂y|]` with
    /// `s₀ = ∇ log r(z)` (Vaitl et al. 2207.08219; the recursion: Vaitl et al. 2403.15881).
    Path,
}

/// What the backward half of a step has from the forward half. Gradients agree to rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Memory {
    /// Everything that it reads.
    #[default]
    Keep,
    /// Everything that it reads, the activations of the nets rounded to `f16`: half of their memory, where a device stores
    /// such values in 16 bits. Samples and weights are those of [`Memory::Keep`]; the gradient is
    /// `∂_θ` with the derivatives of the nets at rounded activations, a relative error of the order of `2^-11`.
    Half,
    /// The field between layers; what is inside a layer is computed again. Half a field for each coupling.
    Recompute,
    /// The sample alone: each layer's input is found from its output by the inverse. The same memory at any depth; the
    /// inverse's rounding errors are watched ([`crate::Trainer::MOST_DRIFT`]).
    Invert,
}

/// Sums over the batch, and the ranges of the parameters that they belong to; several may belong to one.
pub(crate) type Gradients<'t> = Vec<(Range<usize>, Var<'t, BatchSum>)>;

/// The outputs of a step's program.
pub(crate) struct Step<'t> {
    /// `−S − log q` of each sample.
    pub log_weight: Var<'t, PerSample>,
    /// Gradients of the divergence.
    pub gradients: Gradients<'t>,
    /// What inversion has lost, if there was one.
    pub drift: Option<Drift<'t>>,
}

/// The distance of the fields that inversion finds from those of the forward half.
pub(crate) struct Drift<'t> {
    /// `√(Σ (z' − z)² / V)` of the prior's sample.
    pub of_prior: Var<'t, PerSample>,
    /// The layer whose input `x'` has the largest `|Σ x'² − Σ x²|`.
    pub layer: Var<'t, PerSample>,
}

impl<'t> Step<'t> {
    /// Writes the step; gradients are `scale` times sums over the batch.
    pub fn write<K: Flat>(
        trace: &'t Trace,
        prior: &dyn Prior<K>,
        flow: &dyn Bijection<K>,
        action: &dyn Action<K>,
        scale: Var<'t, Uniform>,
        estimator: Estimator,
        memory: Memory,
    ) -> Step<'t> {
        let layers: Vec<&dyn Bijection<K>> = match flow.layers() {
            [] => vec![flow],
            layers => layers.iter().map(AsRef::as_ref).collect(),
        };
        let z = prior.sample(trace, "train.prior");
        let log_prior = prior.log_density(z);
        let follow = estimator == Estimator::Path;
        let (mut x, mut log_det) = (z, trace.mask() * 0.0);
        let mut score = trace.gradient(log_prior, z);
        let mut squares = Vec::new();
        for layer in &layers {
            let advance = || {
                if follow {
                    return layer.follow(x, score);
                }
                let (y, log_det) = layer.forward(x);
                Followed { y, log_det, score }
            };
            squares.push(x.square().sum_sites());
            let Followed { y, log_det: more, score: next } = match memory {
                Memory::Keep | Memory::Invert => advance(),
                Memory::Half => trace.remember_half(advance),
                Memory::Recompute => trace.recompute(advance),
            };
            (x, log_det, score) = (y, log_det + more, next);
        }
        let weight = trace.mask() * scale;
        let sample = Variables::of(x);
        let energy = action.action(sample.whole);
        let log_weight = log_det - log_prior - energy;
        let force = sample.pull(&[(energy.id(), trace.constant(1.0).id())]).0;
        let (at_sample, at_log_det) = match estimator {
            Estimator::Reparam => (force * weight, Some(-weight)),
            Estimator::Path => ((score + force) * weight, None),
        };
        if memory == Memory::Invert {
            return trace.apart(|| {
                let (gradients, drift) = sweep(&layers, [x, z], at_sample, at_log_det, &squares);
                Step { log_weight, gradients, drift: Some(drift) }
            });
        }
        let outputs: Vec<(NodeId, NodeId)> =
            std::iter::once((x.id(), at_sample.id())).chain(at_log_det.map(|seed| (log_det.id(), seed.id()))).collect();
        let weights = trace.weight_nodes();
        let gradients = with_ranges(trace, &weights, trace.pullback(&outputs, &weights));
        Step { log_weight, gradients, drift: None }
    }
}

/// `∇_y log q(y)` behind a layer, from `score = ∇_x log q(x)` before it.
pub(crate) fn next_score<'t, K: Flat>(
    layer: &(impl Bijection<K> + ?Sized),
    y: Var<'t, K>,
    score: Var<'t, K>,
) -> Var<'t, K> {
    let y = Variables::of(y);
    let (x, log_det) = layer.inverse(y.whole);
    y.pull(&[(x.id(), score.id()), (log_det.id(), score.trace().constant(1.0).id())]).0
}

/// The backward half that has nothing but the sample: from the last layer to the first, inputs by inversion, the layer
/// once more on them, its gradient.
fn sweep<'t, K: Flat>(
    layers: &[&dyn Bijection<K>],
    [mut x, z]: [Var<'t, K>; 2],
    mut cotangent: Var<'t, K>,
    at_log_det: Option<Var<'t, PerSample>>,
    squares: &[Var<'t, PerSample>],
) -> (Gradients<'t>, Drift<'t>) {
    let trace = z.trace();
    let (mut worst, mut at) = (trace.mask() * 0.0, trace.mask() * 0.0);
    let mut gradients = Vec::new();
    for (i, layer) in layers.iter().enumerate().rev() {
        let input = Variables::of(layer.inverse(Variables::of(x).whole).0);
        let (y, log_det) = layer.forward(input.whole);
        let outputs: Vec<(NodeId, NodeId)> =
            std::iter::once((y.id(), cotangent.id())).chain(at_log_det.map(|seed| (log_det.id(), seed.id()))).collect();
        let own = input.pull(&outputs);
        gradients.extend(own.1);
        (x, cotangent) = (input.whole, own.0);
        let off = (x.square().sum_sites() - squares[i]).abs();
        at = (trace.mask() * i as f64).where_positive(off - worst, at);
        worst = off.where_positive(off - worst, worst);
    }
    let volume = trace.lattice().volume() as f64;
    let of_prior = ((x - z).square().sum_sites() * (1.0 / volume)).sqrt();
    (gradients, Drift { of_prior, layer: at })
}

/// A field as independent variables, [`Flat::parts_of`] it: couplings then compute their nets once for their map and its
/// inverse.
pub(crate) struct Variables<'t, K: Flat> {
    pub whole: Var<'t, K>,
    parts: Vec<Var<'t, K>>,
}

impl<'t, K: Flat> Variables<'t, K> {
    pub fn of(x: Var<'t, K>) -> Variables<'t, K> {
        let parts: Vec<Var<'t, K>> = K::parts_of(x).into_iter().map(Var::variable).collect();
        let whole = parts.iter().map(|part| part.on(x.location())).reduce(|a, b| a + b).unwrap_or(x);
        Variables { whole, parts }
    }

    /// Gradients of `Σ ⟨cotangent, output⟩` with respect to the field and to all weights.
    fn pull(&self, outputs: &[(NodeId, NodeId)]) -> (Var<'t, K>, Gradients<'t>) {
        let trace = self.whole.trace();
        let weights = trace.weight_nodes();
        let wanted: Vec<NodeId> = self.parts.iter().map(|part| part.id()).chain(weights.iter().copied()).collect();
        let mut found = trace.pullback(outputs, &wanted);
        let of_weights = found.split_off(self.parts.len());
        let parts = found.into_iter().flatten().map(|id| trace.var::<K>(id).on(self.whole.location()));
        let whole = parts.reduce(|a, b| a + b).unwrap_or(self.whole * 0.0);
        (whole, with_ranges(trace, &weights, of_weights))
    }
}

/// Gradients that do not vanish, with the ranges of their parameters.
fn with_ranges<'t>(trace: &'t Trace, weights: &[NodeId], found: Vec<Option<NodeId>>) -> Gradients<'t> {
    let range = |id: NodeId| match trace.graph().spec(id) {
        Spec::Weights { offset, len } => Some(offset..offset + len),
        _ => None,
    };
    weights.iter().zip(found).filter_map(|(&id, gradient)| Some((range(id)?, trace.var(gradient?)))).collect()
}
