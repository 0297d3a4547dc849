//! A gauge-equivariant coupling of U(1) links.

use super::change::{Change, Place};
use super::features::{FeatureNet, seen};
use super::loops::angle_of;
use super::pattern::Pattern;
use crate::bijection::{Bijection, Followed};
use lattice_autograd::{Family, Mapped, PerSample, Var};
use lattice_tensor::Grid;
use lattice_tensor::field::{Channels, Scalar};
use lattice_tensor::ops::Step;

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

    fn place(&self) -> Place {
        Place { channel: self.pattern.mu, active: self.pattern.active.location() }
    }

    /// The change of the active links `own`, or what undoes it. Of the other links only frozen ones are read.
    fn change<'t>(&self, own: Var<'t, Scalar>, links: &[Var<'t, Scalar>], inverse: bool) -> Change<'t> {
        let (trace, to) = (own.trace(), self.place().active);
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
        let by = (y - folded) * (1.0 / self.fold);
        Change { y: (own + by).wrap(), log_slope, curvature: curvature * self.fold }
    }
}

impl Bijection<Channels> for LoopCoupling {
    fn forward<'t>(&self, x: Var<'t, Channels>) -> (Var<'t, Channels>, Var<'t, PerSample>) {
        self.place().apply(x, |own, links| self.change(own, links, false))
    }

    fn inverse<'t>(&self, y: Var<'t, Channels>) -> (Var<'t, Channels>, Var<'t, PerSample>) {
        self.place().apply(y, |own, links| self.change(own, links, true))
    }

    fn follow<'t>(&self, x: Var<'t, Channels>, score: Var<'t, Channels>) -> Followed<'t, Channels> {
        self.place().follow(x, score, |own, links| self.change(own, links, false))
    }
}
