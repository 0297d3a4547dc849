//! A θ-term in two dimensions.

use super::Wilson;
use crate::Action;
use crate::observables::gauge::charge;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::Lattice;
use lattice_tensor::field::{Links, Momenta};
use lattice_tensor::group::U1;

/// U(1) in two dimensions at imaginary `θ`: the weight `e^{−S + θ_I Q}` with the integer charge
/// `Q = Σ_x wrap(P_01(x))/2π`.
///
/// `Q` has no derivative where it has one at all, and so no force: it enters the accept step of HMC only. Real `θ` is
/// reached by reweighting, [`Theta`](crate::statistics::Theta).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImaginaryTheta {
    /// The action at `θ = 0`.
    pub wilson: Wilson,
    /// `θ_I`.
    pub theta: f64,
}

impl Action<Links<U1>> for ImaginaryTheta {
    fn action<'t>(&self, u: Var<'t, Links<U1>>) -> Var<'t, PerSample> {
        let theta = u.trace().coupling("theta", self.theta);
        self.wilson.action(u) - charge(u, None) * theta
    }

    fn kick<'t>(
        &self,
        momenta: Var<'t, Momenta<U1>>,
        u: Var<'t, Links<U1>>,
        time: Var<'t, PerSample>,
    ) -> Var<'t, Momenta<U1>> {
        self.wilson.kick(momenta, u, time)
    }

    fn formula(&self) -> String {
        format!("{} - theta Q, Q = sum_P wrap(P)/2pi", Action::<Links<U1>>::formula(&self.wilson))
    }

    fn couplings(&self) -> Vec<(&'static str, f64)> {
        vec![("beta", self.wilson.beta), ("theta", self.theta)]
    }

    fn check(&self) -> Result<(), String> {
        super::finite(&[("beta", self.wilson.beta), ("theta", self.theta)])
    }

    fn fits(&self, lattice: &Lattice) -> Result<(), String> {
        match lattice.directions() {
            2 => Ok(()),
            d => Err(format!("lattice: expected two directions (the charge is that of a torus), found {d}")),
        }
    }
}
