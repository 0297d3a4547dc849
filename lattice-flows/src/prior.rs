//! The density that a flow starts from.

use lattice_autograd::{PerSample, Trace, Var};
use lattice_tensor::Location;
use lattice_tensor::field::Scalar;

/// Independent standard normal numbers on every site: `log q(z) = −½ Σ z² − (V/2) ln 2π`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Normal;

impl Normal {
    /// Draws `z` from a named stream.
    pub fn sample<'t>(&self, trace: &'t Trace, stream: &str) -> Var<'t, Scalar> {
        trace.normal(stream, Location::All)
    }

    /// `log q(z)`, normalised.
    pub fn log_density<'t>(&self, z: Var<'t, Scalar>) -> Var<'t, PerSample> {
        let volume = z.trace().lattice().volume() as f64;
        z.square().sum_sites() * -0.5 - 0.5 * volume * std::f64::consts::TAU.ln()
    }
}
