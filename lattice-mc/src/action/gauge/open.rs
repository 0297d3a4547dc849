//! Open boundary conditions.

use super::{Wilson, finite, has_planes, planes};
use crate::Action;
use lattice_autograd::{PerSample, Trace, Var};
use lattice_tensor::field::{Links, Scalar};
use lattice_tensor::group::Group;
use lattice_tensor::{Lattice, Location};
use std::ops::Range;

/// Wilson's action open in one direction: plaquettes across the boundary have weight 0, those in the two boundary slices
/// weight ½, so that neither changes what the bulk sees (Lüscher, Schaefer, arXiv:1105.4749). In two directions there are
/// none of the latter, and the plaquettes are independent: each has the distribution of a single one.
///
/// Topological charge flows in and out through the boundary; it is no integer and does not freeze. The links across the
/// boundary are in no plaquette and drift freely; no loop with such a link is measured. [`Form`](super::Form) is that of
/// `wilson`, without the absent plaquettes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Open {
    /// The action on plaquettes.
    pub wilson: Wilson,
    /// The direction that is open.
    pub direction: usize,
}

/// 1 on the slices `range` across a direction, 0 on the others. Extents are below 2¹⁶.
pub(crate) fn slices<'t>(trace: &'t Trace, direction: usize, range: Range<usize>) -> Var<'t, Scalar> {
    let period = trace.lattice().extents()[direction] as u16;
    let slice = |offset: usize| {
        let here = Location::Stripe { mu: direction as u8, period, offset: offset as u16 };
        trace.spread(trace.constant(1.0), here).on(Location::All)
    };
    let sum = range.map(slice).reduce(|a, b| a + b);
    sum.unwrap_or_else(|| trace.spread(trace.constant(0.0), Location::All))
}

impl Open {
    /// The weight of each plaquette of a plane.
    fn weight<'t>(&self, trace: &'t Trace, (mu, nu): (usize, usize)) -> Option<Var<'t, Scalar>> {
        let direction = self.direction;
        let extent = *trace.lattice().extents().get(direction).filter(|&&extent| u16::try_from(extent).is_ok())?;
        let last = slices(trace, direction, extent - 1..extent);
        Some(match mu == direction || nu == direction {
            true => 1.0 - last,
            false => 1.0 - (slices(trace, direction, 0..1) + last) * 0.5,
        })
    }
}

impl<G: Group> Action<Links<G>> for Open {
    fn action<'t>(&self, u: Var<'t, Links<G>>) -> Var<'t, PerSample> {
        let beta = u.trace().coupling("beta", self.wilson.beta);
        let planes = planes(u.trace().lattice().directions()).zip(u.plaquettes().parts());
        let terms = planes.map(|(plane, plaquette)| {
            let term = match self.wilson.form {
                super::Form::Full => 1.0 - plaquette,
                super::Form::Bare => -plaquette,
            };
            self.weight(u.trace(), plane).map_or(term, |weight| term * weight)
        });
        let sum = terms.reduce(|a, b| a + b);
        sum.map_or(u.trace().mask() * 0.0, |sum| sum.sum_sites() * beta)
    }

    fn open(&self) -> Option<Open> {
        Some(*self)
    }

    fn periods(&self, lattice: &Lattice) -> Vec<usize> {
        let mut periods = vec![1; lattice.directions()];
        if let Some(period) = periods.get_mut(self.direction) {
            *period = lattice.extents()[self.direction];
        }
        periods
    }

    fn formula(&self) -> String {
        let formula = Action::<Links<G>>::formula(&self.wilson);
        format!("{formula}, open in direction {}", self.direction)
    }

    fn couplings(&self) -> Vec<(&'static str, f64)> {
        Action::<Links<G>>::couplings(&self.wilson)
    }

    fn check(&self) -> Result<(), String> {
        finite(&[("beta", self.wilson.beta)])
    }

    fn fits(&self, lattice: &Lattice) -> Result<(), String> {
        has_planes(lattice)?;
        match lattice.extents().get(self.direction) {
            None => Err(format!(
                "open boundary: expected a direction below {}, found {}",
                lattice.directions(),
                self.direction
            )),
            Some(&extent) if extent < 2 || u16::try_from(extent).is_err() => {
                Err(format!("open boundary: expected an extent from 2 to {}, found {extent}", u16::MAX))
            }
            Some(_) => Ok(()),
        }
    }
}
