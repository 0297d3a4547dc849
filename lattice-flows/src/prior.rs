//! The density that a flow starts from.

use crate::bijection::Flat;
use lattice_autograd::{PerSample, Trace, Var};
use lattice_tensor::field::{Channels, Scalar};
use lattice_tensor::{Fibre, Location, Spec};
use std::f64::consts::TAU;
use std::fmt::Debug;

/// A density that is drawn from exactly.
pub trait Prior<K: Flat = Scalar>: Debug + Send + Sync {
    /// Draws `z` from a named stream.
    fn sample<'t>(&self, trace: &'t Trace, stream: &str) -> Var<'t, K>;

    /// `log q(z)`, normalised.
    fn log_density<'t>(&self, z: Var<'t, K>) -> Var<'t, PerSample>;
}

/// Independent standard normal numbers on every site: `log q(z) = −½ Σ z² − (V/2) ln 2π`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Normal;

impl Prior for Normal {
    fn sample<'t>(&self, trace: &'t Trace, stream: &str) -> Var<'t, Scalar> {
        trace.normal(stream, Location::All)
    }

    fn log_density<'t>(&self, z: Var<'t, Scalar>) -> Var<'t, PerSample> {
        let volume = z.trace().lattice().volume() as f64;
        z.square().sum_sites() * -0.5 - 0.5 * volume * TAU.ln()
    }
}

/// Independent angles, uniform in `[−π, π)`, so many on every site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UniformAngles {
    /// Angles on a site.
    pub channels: usize,
    /// Whether `log q` is that with respect to the normalised measure `Π dθ/2π`, which is 0; else with respect to `Π dθ`,
    /// `−ln 2π` for each angle.
    pub haar: bool,
}

impl Prior<Channels> for UniformAngles {
    fn sample<'t>(&self, trace: &'t Trace, stream: &str) -> Var<'t, Channels> {
        let spec = Spec::Field { location: Location::All, fibre: Fibre::Channels(self.channels) };
        (trace.uniform_as::<Channels>(stream, spec) - 0.5) * TAU
    }

    fn log_density<'t>(&self, z: Var<'t, Channels>) -> Var<'t, PerSample> {
        let angles = (z.trace().lattice().volume() * self.channels) as f64;
        let each = if self.haar { 0.0 } else { -TAU.ln() };
        z.trace().mask() * 0.0 + angles * each
    }
}
