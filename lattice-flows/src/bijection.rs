//! Invertible maps between fields, with the logarithm of their Jacobian.

use crate::error::Error;
use crate::flow::Shape;
use crate::gradient::{Variables, next_score};
use lattice_autograd::params::Parameters;
use lattice_autograd::{Number, PerSample, Var};
use lattice_mc::Manifold;
use lattice_tensor::Location;
use lattice_tensor::field::{Channels, Scalar};
use std::fmt::Debug;

/// Fields that flows transform: real numbers, or several of them, on the sites.
pub trait Flat: Manifold<Tangent = Self> + Number {
    /// What a flow of such fields can be made from.
    type Architecture: Shape<Self>;

    /// The field in parts that are independent variables, so that couplings find the part that they freeze again.
    fn parts_of<'t>(x: Var<'t, Self>) -> Vec<Var<'t, Self>>;
}

impl Flat for Scalar {
    type Architecture = crate::flow::Architecture;

    /// The even and the odd sites, where there are such.
    fn parts_of<'t>(x: Var<'t, Self>) -> Vec<Var<'t, Self>> {
        match Location::Parity(0).check(&x.trace().lattice()) {
            Ok(()) => [0, 1].map(|parity| x.on(Location::Parity(parity))).to_vec(),
            Err(_) => vec![x],
        }
    }
}

impl Flat for Channels {
    type Architecture = crate::angles::Architecture;

    fn parts_of<'t>(x: Var<'t, Self>) -> Vec<Var<'t, Self>> {
        vec![x]
    }
}

/// A field behind a layer, with what else has gone through it.
#[derive(Clone, Copy, Debug)]
pub struct Followed<'t, K: Flat> {
    /// The field.
    pub y: Var<'t, K>,
    /// `log |det ∂y/∂x|`
    pub log_det: Var<'t, PerSample>,
    /// `∇_y log q(y)`
    pub score: Var<'t, K>,
}

/// An invertible map `x ↦ y` of fields.
///
/// Implement it for a layer of your own: two functions on traced fields, nothing else. Gradients, training and exact
/// sampling follow, and `lattice_flows::check` tells whether the Jacobian is right.
pub trait Bijection<K: Flat = Scalar>: Debug + Send + Sync {
    /// `y` and `log |det ∂y/∂x|`.
    fn forward<'t>(&self, x: Var<'t, K>) -> (Var<'t, K>, Var<'t, PerSample>);

    /// `x` and `log |det ∂x/∂y|`.
    fn inverse<'t>(&self, y: Var<'t, K>) -> (Var<'t, K>, Var<'t, PerSample>);

    /// [`Bijection::forward`] for a field whose `∇ log q` is known: that of the image, `s' = J^{−T} (s − ∇_x log |det J|)`, by
    /// reverse mode through the inverse. Layers that know their Jacobian do better.
    fn follow<'t>(&self, x: Var<'t, K>, score: Var<'t, K>) -> Followed<'t, K> {
        let (y, log_det) = self.forward(Variables::of(x).whole);
        Followed { y, log_det, score: next_score(self, y, score) }
    }

    /// The maps that it applies one after the other, if it is a chain of them.
    fn layers(&self) -> &[Box<dyn Bijection<K>>] {
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
#[derive(Debug)]
pub struct Chain<K: Flat = Scalar>(pub Vec<Box<dyn Bijection<K>>>);

impl<K: Flat> Default for Chain<K> {
    fn default() -> Self {
        Chain(Vec::new())
    }
}

impl<K: Flat> Bijection<K> for Chain<K> {
    fn forward<'t>(&self, x: Var<'t, K>) -> (Var<'t, K>, Var<'t, PerSample>) {
        let none = x.trace().mask() * 0.0;
        self.0.iter().fold((x, none), |(x, log_det), layer| {
            let (y, more) = layer.forward(x);
            (y, log_det + more)
        })
    }

    fn inverse<'t>(&self, y: Var<'t, K>) -> (Var<'t, K>, Var<'t, PerSample>) {
        let none = y.trace().mask() * 0.0;
        self.0.iter().rev().fold((y, none), |(y, log_det), layer| {
            let (x, more) = layer.inverse(y);
            (x, log_det + more)
        })
    }

    fn layers(&self) -> &[Box<dyn Bijection<K>>] {
        &self.0
    }
}
