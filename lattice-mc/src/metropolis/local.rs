//! Local Metropolis on a checkerboard.

use crate::update::{Update, Updated};
use crate::{Action, Manifold};
use lattice_autograd::Var;
use lattice_tensor::Location;

/// One sweep: every site of one parity, then of the other, is offered `φ(x) + width · (2u − 1)` and takes it with
/// probability `min(1, e^{−ΔS_x})`; all components of a site move together. Needs [`Action::site_terms`], couplings between nearest neighbours only, and even
/// extents.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalMetropolis {
    /// The largest step offered; tuned during thermalisation.
    pub width: f64,
}

impl Default for LocalMetropolis {
    fn default() -> Self {
        LocalMetropolis { width: 1.0 }
    }
}

impl<K: Manifold> Update<K> for LocalMetropolis {
    fn trace<'t>(&self, action: &dyn Action<K>, phi: Var<'t, K>) -> Updated<'t, K> {
        let trace = phi.trace();
        let width = trace.coupling("metropolis.width", self.width);
        let volume = trace.lattice().volume() as f64;
        let mut phi = phi;
        let mut accepted = trace.mask() * 0.0;
        for (p, (steps, decisions)) in
            [("metropolis.step.even", "metropolis.accept.even"), ("metropolis.step.odd", "metropolis.accept.odd")]
                .into_iter()
                .enumerate()
        {
            let here = Location::Parity(p as u8);
            let old = phi.on(here);
            let noise: Var<'t, K> = trace.uniform_as(steps, old.spec());
            let steps = noise.parts().into_iter().map(|u| (u * 2.0 - 1.0) * width);
            let new = old.with_parts(&old.parts().into_iter().zip(steps).map(|(x, step)| x + step).collect::<Vec<_>>());
            let (Some(before), Some(after)) = (action.site_terms(old, phi), action.site_terms(new, phi)) else {
                return Updated { phi, numbers: Vec::new(), then: None };
            };
            let margin = (before - after).exp() - trace.uniform_noise(decisions, here);
            let one = trace.spread(trace.constant(1.0), here);
            accepted = accepted + one.where_positive(margin, one * 0.0).sum_sites();
            let kept = phi.on(Location::Parity(1 - p as u8)).parts();
            let taken = new.parts().into_iter().zip(old.parts()).map(|(new, old)| new.where_positive(margin, old));
            let parts = taken.zip(kept).map(|(taken, kept)| taken.on(Location::All) + kept.on(Location::All));
            phi = phi.with_parts(&parts.collect::<Vec<_>>());
        }
        Updated { phi, numbers: vec![("acceptance".into(), accepted * (1.0 / volume))], then: None }
    }

    /// Aims at half of the steps being accepted.
    fn tune(&mut self, acceptance: f64) -> bool {
        if (0.45..=0.55).contains(&acceptance) {
            return false;
        }
        self.width *= (0.5 + acceptance).clamp(0.5, 1.5);
        true
    }

    fn tuned(&self) -> Vec<f64> {
        vec![self.width]
    }

    fn set_tuned(&mut self, tuned: &[f64]) {
        if let &[width] = tuned {
            self.width = width;
        }
    }

    fn period(&self) -> usize {
        2
    }

    fn describe(&self) -> String {
        format!("local Metropolis, checkerboard, steps up to {:.4}", self.width)
    }
}
