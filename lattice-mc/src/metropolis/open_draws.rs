//! Independent draws of gauge fields in two directions, one of them open.

use crate::action::Open;
use crate::action::gauge::slices;
use crate::update::{Update, Updated};
use crate::{Action, Manifold};
use lattice_autograd::{Trace, Var, links};
use lattice_tensor::Lattice;
use lattice_tensor::field::{Element, Links, Scalar};
use lattice_tensor::group::{Group, GroupName};
use lattice_tensor::ops::{Colouring, LocalUpdate, Loops, Rule};

/// A new configuration of [`Open`] in two directions, independent of the one before: what all other updates of such a theory
/// are measured against.
///
/// Between open ends plaquettes are independent, each with the density `exp((β/N) Re tr P)`: von Mises for U(1), that of
/// Kennedy and Pendleton for SU(2), drawn without error. In temporal gauge, with `t` along the open direction and links
/// `V(x, t)` across it,
///
/// ```text
/// V(x, 0) Haar,   V(x, t) = P(x, t) V(x, t−1),
/// ```
///
/// and a gauge transformation drawn from the Haar measure follows, with links over the boundary that are in no plaquette. SU(3)
/// is refused: heat baths of its subgroups do not draw a plaquette independently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenDraws;

/// Matrices drawn independently at every site with the density `exp((β/N) Re tr P)`: links that see staples of unit matrices
/// only, colour by colour.
fn plaquettes<'t, G: Group>(trace: &'t Trace, beta: f64, mu: usize) -> Var<'t, Element<G>> {
    let strength = trace.coupling("beta", beta) * (0.5 / G::N as f64);
    let (lattice, unit) = (trace.lattice(), trace.unit_links::<G>());
    // Where there is no colouring, one update says why.
    let colours = Colouring::of(&lattice, mu, Loops::WILSON).map_or(1, |colouring| colouring.colours());
    (0..colours).fold(unit.link(mu), |all, colour| {
        let op = LocalUpdate {
            rule: Rule::HeatBath,
            mu,
            colour,
            loops: Loops::WILSON,
            stream: format!("open.plaquettes.{colour}"),
        };
        all * trace.apply::<Links<G>>(op, &[unit.id(), strength.id()]).link(mu)
    })
}

/// `a` where the mask is 1, `b` where it is 0.
fn either<'t, G: Group>(mask: Var<'t, Scalar>, a: Var<'t, Element<G>>, b: Var<'t, Element<G>>) -> Var<'t, Element<G>> {
    (a.matrix().scale(mask) + b.matrix().scale(1.0 - mask)).reunitarised()
}

fn draw<'t, G: Group>(trace: &'t Trace, open: Open) -> Var<'t, Links<G>> {
    let (time, space) = (open.direction, 1 - open.direction);
    let extent = trace.lattice().extents()[time];
    let free = trace.haar_links::<G>("open.free");
    let mut v = either(slices(trace, time, 0..1), free.link(space), plaquettes::<G>(trace, open.wilson.beta, space));
    // v(t) v(t−1) … v(0), in steps that double in length.
    let mut reach = 1;
    while reach < extent {
        v = either(slices(trace, time, 0..reach), v, v * v.shift(time, -(reach as i32)));
        reach *= 2;
    }
    let gauge = trace.haar_links::<G>("open.gauge").link(0);
    let along = gauge.times_adjoint(gauge.shift(time, 1));
    let along = either(slices(trace, time, 0..extent - 1), along, free.link(time));
    let across = (gauge * v).times_adjoint(gauge.shift(space, 1));
    links(&if time == 0 { [along, across] } else { [across, along] })
}

impl<G: Group> Update<Links<G>> for OpenDraws
where
    Links<G>: Manifold,
{
    fn trace<'t>(&self, action: &dyn Action<Links<G>>, u: Var<'t, Links<G>>) -> Updated<'t, Links<G>> {
        let trace = u.trace();
        let open = action.open().filter(|_| trace.lattice().directions() == 2 && G::NAME != GroupName::SU3);
        let drawn = open.map(|open| draw::<G>(trace, open));
        let drawn = drawn.unwrap_or_else(|| {
            let expected = "Wilson's action of U(1) or SU(2) in two directions, one of them open";
            trace.refuse("independent draws", expected, (G::NAME, action, trace.lattice().extents()))
        });
        let one = trace.mask() * 0.0 + 1.0;
        Updated { phi: Links::retract(drawn), numbers: vec![("acceptance".into(), one)], then: None }
    }

    fn tune(&mut self, _acceptance: f64) -> bool {
        false
    }

    fn period(&self) -> usize {
        2
    }

    /// Slices are told apart one by one.
    fn periods(&self, _action: &dyn Action<Links<G>>, lattice: &Lattice) -> Vec<usize> {
        lattice.extents().to_vec()
    }

    fn describe(&self) -> String {
        "independent draws".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Wilson;
    use crate::exact::gauge::Plane;
    use crate::testing::{demand, find, run};
    use crate::{Chains, Hmc, Integrator};
    use lattice_tensor::Device;
    use lattice_tensor::group::{SU2, SU3, U1};

    /// Loops are those of the infinite plane, and so they are to trajectories of HMC; no draw knows of the one before.
    fn drawn<G: Group>(extents: [usize; 2], direction: usize, beta: f64)
    where
        Links<G>: Manifold,
    {
        let open = Open { wilson: Wilson::new(beta), direction };
        let draws = run::<f64, Links<G>>(&open, Box::new(OpenDraws), &extents, 32, 300, 1);
        let plane = Plane::new(G::NAME, beta).unwrap();
        demand(&draws, "plaquette", plane.plaquette());
        let tau = find(&draws, "plaquette").tau_int;
        assert!((0.4..0.6).contains(&tau), "{tau}");
        let hmc = Box::new(Hmc::fixed(Integrator::Omelyan, 1.0, 8));
        let trajectories = run::<f64, Links<G>>(&open, hmc, &extents, 32, 300, 2);
        for name in ["plaquette", "action_density", "wilson_1x1", "wilson_1x2", "wilson_2x1", "wilson_2x2"] {
            let Some((_, a)) = draws.iter().find(|(n, _)| n == name) else { continue };
            let b = find(&trajectories, name);
            let error = a.error.hypot(b.error);
            assert!((a.mean - b.mean).abs() < 4.5 * error, "{} {extents:?} {name}: {a} and {b}", G::NAME);
        }
    }

    #[test]
    fn draws_are_those_of_the_action() {
        drawn::<U1>([6, 4], 0, 2.0);
        drawn::<U1>([3, 5], 1, 0.7);
        drawn::<SU2>([4, 6], 1, 2.2);
        drawn::<SU2>([2, 5], 0, 4.0);
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let device = Device::cpu(1).unwrap();
        fn message<G: Group>(action: &dyn Action<Links<G>>, extents: &[usize], device: &Device) -> String
        where
            Links<G>: Manifold,
        {
            let lattice = Lattice::periodic(extents).unwrap();
            let chains = Chains::<f64, Links<G>>::new(action, Box::new(OpenDraws), &lattice, 1, 1, device);
            chains.err().map(|e| e.to_string()).unwrap_or_default()
        }
        let (wilson, expected) = (Wilson::new(1.0), "in two directions, one of them open");
        let open = Open { wilson, direction: 0 };
        assert!(message::<U1>(&wilson, &[4, 4], &device).contains(expected));
        assert!(message::<SU3>(&open, &[4, 4], &device).contains(expected));
        assert!(message::<SU2>(&open, &[4, 4, 4], &device).contains(expected));
    }
}
