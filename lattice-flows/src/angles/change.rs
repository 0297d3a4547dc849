//! What couplings of angles have in common: one channel is changed, on a sub-lattice, by monotone maps whose parameters
//! depend on what is not changed.

use crate::bijection::Followed;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::{Channels, Scalar};
use lattice_tensor::{Location, NodeId};

/// The changed numbers.
pub(super) struct Change<'t> {
    /// `h(x)`
    pub y: Var<'t, Scalar>,
    /// `ln h'`
    pub log_slope: Var<'t, Scalar>,
    /// `d ln h' / dx`
    pub curvature: Var<'t, Scalar>,
}

/// A channel, and the sub-lattice on which it is changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub channel: usize,
    pub active: Location,
}

impl Place {
    /// The field behind a change, `change(own, all)` of the numbers that are changed and all channels, of which it reads what
    /// is frozen alone; with `log |det|`.
    pub fn apply<'t>(
        self,
        x: Var<'t, Channels>,
        change: impl FnOnce(Var<'t, Scalar>, &[Var<'t, Scalar>]) -> Change<'t>,
    ) -> (Var<'t, Channels>, Var<'t, PerSample>) {
        let mut parts = x.parts();
        let own = parts[self.channel].on(self.active);
        let Change { y, log_slope, .. } = change(own, &parts);
        self.put(&mut parts, own, y);
        (x.with_parts(&parts), log_slope.sum_sites())
    }

    /// The same with the score. The Jacobian is `h'` for an active number and 1 for a frozen one, with `∂h/∂(frozen)` beside: with the
    /// scores `s_a`, `s_f`, `w = (s_a − ∂ ln h'/∂x_a) / h'` is the active numbers' score behind the layer, and
    /// `s_f − ∂_f [Σ ln h' + ⟨w, h⟩]` the frozen ones'. No inverse is needed.
    pub fn follow<'t>(
        self,
        x: Var<'t, Channels>,
        score: Var<'t, Channels>,
        change: impl FnOnce(Var<'t, Scalar>, &[Var<'t, Scalar>]) -> Change<'t>,
    ) -> Followed<'t, Channels> {
        let trace = x.trace();
        let (mut parts, mut scores) = (x.parts(), score.parts());
        let own = parts[self.channel].on(self.active);
        let frozen: Vec<Var<'t, Scalar>> = parts.iter().map(|part| part.variable()).collect();
        let Change { y, log_slope, curvature } = change(own.variable(), &frozen);
        let log_det = log_slope.sum_sites();
        let before = scores[self.channel].on(self.active);
        let own_score = (before - curvature) * (-log_slope).exp();
        let wanted: Vec<NodeId> = frozen.iter().map(|part| part.id()).collect();
        let outputs = [(log_det.id(), trace.constant(1.0).id()), (y.id(), own_score.id())];
        for (score, found) in scores.iter_mut().zip(trace.pullback(&outputs, &wanted)) {
            if let Some(id) = found {
                *score = *score - trace.var::<Scalar>(id);
            }
        }
        self.put(&mut scores, before, own_score);
        self.put(&mut parts, own, y);
        Followed { y: x.with_parts(&parts), log_det, score: score.with_parts(&scores) }
    }

    /// Puts `new` in the place of `old`.
    fn put<'t>(self, parts: &mut [Var<'t, Scalar>], old: Var<'t, Scalar>, new: Var<'t, Scalar>) {
        let part = &mut parts[self.channel];
        *part = if self.active == Location::All { new } else { *part + (new - old).on(Location::All) };
    }
}
