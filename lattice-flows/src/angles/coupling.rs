//! A gauge-equivariant coupling of U(1) links.

use super::features::{FeatureNet, seen};
use super::loops::angle_of;
use super::pattern::Pattern;
use crate::bijection::{Bijection, Followed};
use lattice_autograd::{Family, Mapped, PerSample, Var};
use lattice_tensor::field::{Channels, Scalar};
use lattice_tensor::ops::Step;
use lattice_tensor::{Grid, Location, NodeId};

/// Each active link is turned so that the angle `P` of its loop becomes `h(P)`, `h` a monotone map of the circle whose parameters
/// a net makes of frozen loops: `θ' = θ + h(P) − P` (Kanwar et al. 2003.06413). The field has one channel for the links of each
/// direction. Loops do not change under gauge transformations, so `f(g·U) = g·f(U)`, and `log |det| = Σ ln h'(P)` over the active
/// links.
#[derive(Clone, Debug)]
pub struct LoopCoupling {
    pattern: Pattern,
    family: Family,
    net: FeatureNet,
    fold: f64,
}

/// What a coupling does to its active links.
struct Change<'t> {
    /// `h(P) − P`
    by: Var<'t, Scalar>,
    log_slope: Var<'t, Scalar>,
    /// `d ln h' / dP`
    curvature: Var<'t, Scalar>,
}

impl LoopCoupling {
    /// A coupling; the net has as many outputs as the family has parameters.
    pub fn new(pattern: Pattern, family: Family, net: FeatureNet) -> LoopCoupling {
        LoopCoupling { pattern, family, net, fold: 1.0 }
    }

    /// With the map `x ↦ h(m x)/m` in the place of `h`, `m = fold`: it repeats itself `m` times around the circle, so that a
    /// density gets `m` peaks at once, which no mixture of projections makes of one.
    #[must_use]
    pub fn folded(self, fold: u32) -> LoopCoupling {
        LoopCoupling { fold: f64::from(fold.max(1)), ..self }
    }

    fn active(&self) -> Location {
        self.pattern.active.location()
    }

    /// The change of the active links `own`, or what undoes it. Of the other links only frozen ones are read.
    fn change<'t>(&self, own: Var<'t, Scalar>, links: &[Var<'t, Scalar>], inverse: bool) -> Change<'t> {
        let (trace, to) = (own.trace(), self.active());
        let loop_angle = angle_of(links, &self.pattern.closed, Some(own), to).unwrap_or(own);
        let features = self.pattern.features.iter();
        let centre = self.pattern.centre.as_ref();
        let angle = |(at, path): &(Grid, Vec<Step>)| angle_of(links, path, None, at.location());
        let angles: Vec<_> = features.filter_map(angle).map(|angle| seen(angle, centre.is_some())).collect();
        let parameters = self.net.forward(&angles, trace.spread(trace.constant(1.0), to));
        let centre = centre.and_then(|c| Some(angle_of(links, &c.span, None, to)?.wrap() * c.fraction));
        let u = centre.map_or(loop_angle, |centre| loop_angle - centre);
        let folded = u * self.fold;
        let Mapped { y, log_slope, curvature } = match inverse {
            false => folded.mapped(self.family, parameters),
            true => folded.mapped_back(self.family, parameters),
        };
        Change { by: (y - folded) * (1.0 / self.fold), log_slope, curvature: curvature * self.fold }
    }

    fn apply<'t>(&self, x: Var<'t, Channels>, inverse: bool) -> (Var<'t, Channels>, Var<'t, PerSample>) {
        let mut links = x.parts();
        let own = links[self.pattern.mu].on(self.active());
        let Change { by, log_slope, .. } = self.change(own, &links, inverse);
        links[self.pattern.mu] = links[self.pattern.mu] + ((own + by).wrap() - own).on(Location::All);
        (x.with_parts(&links), log_slope.sum_sites())
    }
}

impl Bijection<Channels> for LoopCoupling {
    fn forward<'t>(&self, x: Var<'t, Channels>) -> (Var<'t, Channels>, Var<'t, PerSample>) {
        self.apply(x, false)
    }

    fn inverse<'t>(&self, y: Var<'t, Channels>) -> (Var<'t, Channels>, Var<'t, PerSample>) {
        self.apply(y, true)
    }

    /// The Jacobian is `h'` for an active link and 1 for a frozen one, with `∂by/∂(frozen)` beside: with the scores `s_a`, `s_f`,
    /// `w = (s_a − ∂ ln h'/∂θ_a) / h'` is the active links' score behind the layer, and `s_f − ∂_f [Σ ln h' + ⟨w, by⟩]` the
    /// frozen ones'. No inverse is needed.
    fn follow<'t>(&self, x: Var<'t, Channels>, score: Var<'t, Channels>) -> Followed<'t, Channels> {
        let trace = x.trace();
        let (mu, active) = (self.pattern.mu, self.active());
        let (mut links, mut scores) = (x.parts(), score.parts());
        let own = links[mu].on(active);
        let frozen: Vec<Var<'t, Scalar>> = links.iter().map(|link| link.variable()).collect();
        let Change { by, log_slope, curvature } = self.change(own.variable(), &frozen, false);
        let log_det = log_slope.sum_sites();
        let before = scores[mu].on(active);
        let own_score = (before - curvature) * (-log_slope).exp();
        let wanted: Vec<NodeId> = frozen.iter().map(|link| link.id()).collect();
        let outputs = [(log_det.id(), trace.constant(1.0).id()), (by.id(), own_score.id())];
        for (score, found) in scores.iter_mut().zip(trace.pullback(&outputs, &wanted)) {
            if let Some(id) = found {
                *score = *score - trace.var::<Scalar>(id);
            }
        }
        scores[mu] = scores[mu] + (own_score - before).on(Location::All);
        links[mu] = links[mu] + ((own + by).wrap() - own).on(Location::All);
        Followed { y: x.with_parts(&links), log_det, score: score.with_parts(&scores) }
    }
}
