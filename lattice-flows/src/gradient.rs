//! The program of a training step: samples, their weights, and the gradient of the divergence.

use crate::bijection::{Bijection, Flat, Followed};
use crate::prior::Prior;
use lattice_autograd::{BatchSum, PerSample, Trace, Uniform, Var};
use lattice_mc::Action;
use lattice_tensor::{NodeId, Spec};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How the gradient of a divergence is estimated from a batch of `N` configurations.
///
/// The first three are of the reverse divergence, `KL(q‖p) = ⟨log q + S⟩_q + log Z`, from samples `φ = f_θ(z)` of the flow, and
/// have the same mean. The last is of the forward one, `KL(p‖q) = −⟨log q + S⟩_p − log Z`, from configurations of the theory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Estimator {
    /// `∂_θ [log r(z) − log |det ∂f_θ| + S(f_θ(z))]`, the whole derivative.
    #[default]
    Reparam,
    /// `⟨∇_φ (log q + S)(φ), ∂_θ f_θ(z)⟩`: without the part of it that has mean zero, the score `∂_θ log q_θ(φ)`. It
    /// vanishes sample by sample where the fit is exact, and its variance falls with the divergence; a step costs a
    /// third more. `∇ log q` follows the samples through the layers, `s' = ∇_y [⟨s, f⁻¹(y)⟩ + log |det ∂f⁻¹/∂y|]` with
    /// `s₀ = ∇ log r(z)` (Roeder, Wu, Duvenaud 1703.09194; flows: Vaitl et al. 2207.08219; the recursion: Vaitl et al.
    /// 2403.15881).
    Path,
    /// `(1/N) Σ_i (r_i − b_i) ∂_θ log q_θ(φ_i)` at fixed `φ_i`, with `r = log q + S` and the baseline `b_i` the mean of `r` over
    /// the other samples of the batch: `r_i − b_i = N/(N−1) (r_i − r̄)`. Asks for no derivative of the action; it too vanishes
    /// sample by sample where the fit is exact. The score is found backwards through the layers, by their inverses. (Williams
    /// 1992; the baseline: Kool, van Hoof, Welling 2019; flows of lattice fields: Białas, Korcyl, Stebel 2202.01314.)
    Reinforce,
    /// `−(1/N) Σ_i ∂_θ log q_θ(φ_i)`, `φ_i` drawn from an ensemble that is given ([`crate::Trainer::on_ensemble`]), each with the
    /// same probability and put back: maximum likelihood. Where the theory goes `q` must follow, so no mode of the ensemble
    /// is left out; what the ensemble lacks is not learnt.
    Forward,
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
    /// Gradients of the divergence, up to its constant.
    pub gradients: Gradients<'t>,
    /// What inversion has lost, if there was one.
    pub drift: Option<Drift<'t>>,
}

/// The distance of the fields that inversion finds from those of the forward half.
pub(crate) struct Drift<'t> {
    /// `√(Σ (z' − z)² / V)` of the field that went in.
    pub of_first: Var<'t, PerSample>,
    /// The layer whose input `x'` has the largest `|Σ x'² − Σ x²|`.
    pub layer: Var<'t, PerSample>,
}

impl<'t> Step<'t> {
    /// Writes the step of an estimator that moves samples along with the parameters; gradients are `scale` times sums over
    /// the batch. For the others see [`crate::score`].
    pub fn write<K: Flat>(
        trace: &'t Trace,
        prior: &dyn Prior<K>,
        flow: &dyn Bijection<K>,
        action: &dyn Action<K>,
        scale: Var<'t, Uniform>,
        follow: bool,
        memory: Memory,
    ) -> Step<'t> {
        let z = prior.sample(trace, SAMPLES);
        let log_prior = prior.log_density(z);
        let passage = Passage::of(layers_of(flow), z, follow.then(|| trace.gradient(log_prior, z)), memory);
        let weight = trace.mask() * scale;
        let sample = Variables::of(passage.x);
        let energy = action.action(sample.whole);
        let log_weight = passage.log_det - log_prior - energy;
        let force = sample.pull(&[(energy.id(), trace.constant(1.0).id())]).0;
        let (at_sample, at_log_det) = match passage.score {
            None => (force * weight, Some(-weight)),
            Some(score) => ((score + force) * weight, None),
        };
        let (gradients, drift) = passage.backward(at_sample, at_log_det);
        Step { log_weight, gradients, drift }
    }
}

/// The stream that samples of a training are drawn from.
pub(crate) const SAMPLES: &str = "train.prior";

/// The maps that a flow applies one after the other.
pub(crate) fn layers_of<K: Flat>(flow: &dyn Bijection<K>) -> Vec<&dyn Bijection<K>> {
    match flow.layers() {
        [] => vec![flow],
        layers => layers.iter().map(AsRef::as_ref).collect(),
    }
}

/// A field on its way through layers, and what their backward half needs.
pub(crate) struct Passage<'t, 'l, K: Flat> {
    layers: Vec<&'l dyn Bijection<K>>,
    /// The field that went in, and what came out.
    from: Var<'t, K>,
    pub x: Var<'t, K>,
    pub log_det: Var<'t, PerSample>,
    /// `∇ log q` of what came out, if that of what went in was known.
    pub score: Option<Var<'t, K>>,
    /// `Σ x²` before each layer.
    squares: Vec<Var<'t, PerSample>>,
    memory: Memory,
}

impl<'t, 'l, K: Flat> Passage<'t, 'l, K> {
    /// Sends a field through the layers.
    pub fn of(
        layers: Vec<&'l dyn Bijection<K>>,
        from: Var<'t, K>,
        mut score: Option<Var<'t, K>>,
        memory: Memory,
    ) -> Passage<'t, 'l, K> {
        let trace = from.trace();
        let (mut x, mut log_det) = (from, trace.mask() * 0.0);
        let mut squares = Vec::new();
        for layer in &layers {
            let advance = || match score {
                Some(score) => {
                    let Followed { y, log_det, score } = layer.follow(x, score);
                    (y, log_det, Some(score))
                }
                None => {
                    let (y, log_det) = layer.forward(x);
                    (y, log_det, None)
                }
            };
            squares.push(x.square().sum_sites());
            let (y, more, next) = match memory {
                Memory::Keep | Memory::Invert => advance(),
                Memory::Half => trace.remember_half(advance),
                Memory::Recompute => trace.recompute(advance),
            };
            (x, log_det, score) = (y, log_det + more, next);
        }
        Passage { layers, from, x, log_det, score, squares, memory }
    }

    /// Gradients of `Σ ⟨at_x, x⟩ + Σ at_log_det · log_det` over the batch with respect to all weights, and what inversion has
    /// lost, if there was one.
    pub fn backward(
        &self,
        at_x: Var<'t, K>,
        at_log_det: Option<Var<'t, PerSample>>,
    ) -> (Gradients<'t>, Option<Drift<'t>>) {
        let trace = self.from.trace();
        if self.memory == Memory::Invert {
            return trace.apart(|| {
                let (gradients, drift) = sweep(&self.layers, [self.x, self.from], at_x, at_log_det, &self.squares);
                (gradients, Some(drift))
            });
        }
        let outputs: Vec<(NodeId, NodeId)> = std::iter::once((self.x.id(), at_x.id()))
            .chain(at_log_det.map(|seed| (self.log_det.id(), seed.id())))
            .collect();
        let weights = trace.weight_nodes();
        (with_ranges(trace, &weights, trace.pullback(&outputs, &weights)), None)
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
    let of_first = ((x - z).square().sum_sites() * (1.0 / volume)).sqrt();
    (gradients, Drift { of_first, layer: at })
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
