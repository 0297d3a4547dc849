//! Invertible maps between fields, with the logarithm of their Jacobian.

use crate::error::Error;
use lattice_autograd::params::Parameters;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::Scalar;
use std::fmt::Debug;

/// An invertible map `x ↦ y` of real fields.
///
/// Implement it for a layer of your own: two functions on traced fields, nothing else. Gradients, training and exact
/// sampling follow, and `lattice_flows::check` tells whether the Jacobian is right.
pub trait Bijection: Debug + Send + Sync {
    /// `y` and `log |det ∂y/∂x|`.
    fn forward<'t>(&self, x: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>);

    /// `x` and `log |det ∂x/∂y|`.
    fn inverse<'t>(&self, y: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>);

    /// The maps that it applies one after the other, if it is a chain of them.
    fn layers(&self) -> &[Box<dyn Bijection>] {
        &[]
    }

    /// Brings parameters back to where it is a bijection, if that depends on them: training calls it after every step.
    /// Returns whether it ever does: then the optimiser works on the host, whatever the device.
    fn restrict(&self, parameters: &mut Parameters) -> bool {
        self.layers().iter().fold(false, |any, layer| layer.restrict(parameters) | any)
    }

    /// Whether it is a bijection for these parameters, if that depends on them: asked before sampling.
    ///
    /// # Errors
    /// What the parameters violate.
    fn check(&self, parameters: &Parameters) -> Result<(), Error> {
        self.layers().iter().try_for_each(|layer| layer.check(parameters))
    }
}

/// Maps applied one after the other; the log-determinants add up.
#[derive(Debug, Default)]
pub struct Chain(pub Vec<Box<dyn Bijection>>);

impl Bijection for Chain {
    fn forward<'t>(&self, x: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        let none = x.trace().mask() * 0.0;
        self.0.iter().fold((x, none), |(x, log_det), layer| {
            let (y, more) = layer.forward(x);
            (y, log_det + more)
        })
    }

    fn inverse<'t>(&self, y: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        let none = y.trace().mask() * 0.0;
        self.0.iter().rev().fold((y, none), |(y, log_det), layer| {
            let (x, more) = layer.inverse(y);
            (x, log_det + more)
        })
    }

    fn layers(&self) -> &[Box<dyn Bijection>] {
        &self.0
    }
}
