//! Jumps between topological sectors of U(1) in two dimensions.

use crate::update::{Update, Updated};
use crate::{Action, Manifold};
use lattice_autograd::{Trace, Var};
use lattice_tensor::field::{Links, Momenta, Scalar};
use lattice_tensor::group::U1;
use lattice_tensor::{Lattice, Location};
use std::f64::consts::TAU;

/// After another update, such as a trajectory of HMC, the offer to multiply all links by the smoothest field of charge +1 or
/// −1, in which every plaquette has the angle `2π/V` (Smit, Vink, Nucl. Phys. B 286 (1987) 485, on the instanton; Albandea et
/// al., arXiv:2106.14234, on such jumps), accepted with probability `min(1, e^{−ΔS})`. Reports `jump_acceptance`.
///
/// HMC alone goes from one charge to another through a singular plaquette, ever more rarely towards the continuum; the offer
/// changes the action by `O(β/V)` times the charge only, so that jumps stay likely.
#[derive(Debug)]
pub struct Instantons {
    /// The update that comes first.
    pub after: Box<dyn Update<Links<U1>>>,
}

/// Angles of links on a torus with `P_01(x) = 2π/V` everywhere, modulo 2π, as momenta.
///
/// With `f = 2π/V`: `θ_1(x) = f x_0`, and `θ_0(x) = −f L_0 x_1` on the last line of direction 0, which makes up for the
/// jump of `θ_1`; what is left where both end is `2π`.
fn instanton<'t>(trace: &'t Trace) -> Option<Var<'t, Momenta<U1>>> {
    let lattice = trace.lattice();
    let &[l0, l1] = lattice.extents() else { return None };
    let (p0, p1) = (u16::try_from(l0).ok()?, u16::try_from(l1).ok()?);
    let f = TAU / lattice.volume() as f64;
    let line = |mu: u8, period: u16, offset: u16, value: f64| {
        let here = Location::Stripe { mu, period, offset };
        trace.spread(trace.constant(value), here).on(Location::All)
    };
    let ramp = |mu: u8, period: u16, slope: f64| {
        let lines = (0..period).map(|x| line(mu, period, x, slope * f64::from(x)));
        lines.reduce(|a, b| a + b)
    };
    let last: Var<'t, Scalar> = line(0, p0, p0 - 1, 1.0);
    let (theta0, theta1) = (ramp(1, p1, -f * l0 as f64)? * last, ramp(0, p0, f)?);
    let rest: Var<'t, Momenta<U1>> = crate::manifold::at_rest(trace.unit_links::<U1>());
    Some(rest.with_parts(&[theta0, theta1]))
}

impl Update<Links<U1>> for Instantons {
    fn trace<'t>(&self, action: &dyn Action<Links<U1>>, u: Var<'t, Links<U1>>) -> Updated<'t, Links<U1>> {
        let trace = u.trace();
        let updated = self.after.trace(action, u);
        let (Some(instanton), None) = (instanton(trace), &updated.then) else {
            return Updated { phi: u, numbers: Vec::new(), then: None };
        };
        let (before, one) = (updated.phi, trace.mask() * 0.0 + 1.0);
        let sign = (-one).where_positive(trace.uniform_draw("instantons.sign") - 0.5, one);
        let offer = Links::retract(before.drift(instanton, sign));
        let weight = (action.action(before) - action.action(offer)).exp();
        let margin = weight - trace.uniform_draw("instantons.accept");
        let mut numbers = updated.numbers;
        numbers.push(("jump_acceptance".into(), one.where_positive(margin, one * 0.0)));
        Updated { phi: offer.where_positive(margin, before), numbers, then: None }
    }

    fn tune(&mut self, acceptance: f64) -> bool {
        self.after.tune(acceptance)
    }

    fn tuned(&self) -> Vec<f64> {
        self.after.tuned()
    }

    fn set_tuned(&mut self, tuned: &[f64]) {
        self.after.set_tuned(tuned);
    }

    fn period(&self) -> usize {
        self.after.period()
    }

    /// The instanton is written line by line.
    fn periods(&self, _action: &dyn Action<Links<U1>>, lattice: &Lattice) -> Vec<usize> {
        lattice.extents().to_vec()
    }

    fn steps(&self) -> usize {
        self.after.steps()
    }

    fn describe(&self) -> String {
        format!("{}; jumps by an instanton", self.after.describe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Wilson;
    use crate::testing::{Ran, demand, evaluate, find, run};
    use crate::{Hmc, Integrator, LinkSweeps};

    #[test]
    fn every_plaquette_of_the_instanton_is_alike() {
        for extents in [[4, 4], [3, 5], [1, 4], [6, 2]] {
            let lattice = Lattice::periodic(extents).unwrap();
            let trace = Trace::new(&lattice);
            let u = trace.unit_links::<U1>().drift(instanton(&trace).unwrap(), trace.constant(1.0));
            let Ran { fields, .. } = evaluate(&trace, &[u.plaquettes().id()], &[], 1, 1);
            let expected = (TAU / lattice.volume() as f64).cos();
            assert!(fields[0][0].iter().all(|p| (p - expected).abs() < 1e-13), "{extents:?}");
        }
    }

    /// physics.md §2.2: at β = 6 HMC alone needs a thousand trajectories for another charge.
    #[test]
    fn charges_move_where_they_are_frozen() {
        let hmc = || Box::new(Hmc::fixed(Integrator::Omelyan, 1.0, 8));
        let wilson = Wilson::new(6.0);
        let jumps = run::<f64, Links<U1>>(&wilson, Box::new(Instantons { after: hmc() }), &[8, 8], 64, 400, 2);
        demand(&jumps, "charge2", 0.279_200_845_328);
        demand(&jumps, "plaquette", 0.912_454_914_877);
        let tau = find(&jumps, "charge").tau_int;
        assert!(tau < 5.0, "{tau}");
        let sweeps = Box::new(LinkSweeps::heat_bath(1));
        let jumps = run::<f64, Links<U1>>(&wilson, Box::new(Instantons { after: sweeps }), &[8, 8], 64, 400, 3);
        demand(&jumps, "charge2", 0.279_200_845_328);
        let frozen = run::<f64, Links<U1>>(&wilson, hmc(), &[8, 8], 8, 200, 2);
        assert!(find(&frozen, "charge2").mean < 0.1, "a cold start stays at charge 0");
    }
}
