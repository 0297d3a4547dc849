//! Affine coupling on a checkerboard (real NVP, 1605.08803; on the lattice 1904.12072).

use crate::bijection::Bijection;
use crate::nets::ConvNet;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::Location;
use lattice_tensor::field::Scalar;

/// `y_a = x_a · e^{s(x_f)} + t(x_f)`, `y_f = x_f`: the sites of one parity are frozen (`f`), those of the other active
/// (`a`). The net sees the frozen sites only and is evaluated at the active ones only; `log |det| = Σ_a s`.
#[derive(Clone, Debug)]
pub struct Affine {
    frozen: u8,
    net: ConvNet,
}

impl Affine {
    /// A coupling that freezes the sites of parity `frozen`; the net has two outputs, `s` and `t`.
    pub fn new(frozen: u8, net: ConvNet) -> Affine {
        Affine { frozen, net }
    }

    /// The parts of a field and the scale and shift of the active one.
    fn parts<'t>(&self, x: Var<'t, Scalar>) -> Option<[Var<'t, Scalar>; 4]> {
        let (frozen, active) = (x.on(Location::Parity(self.frozen)), x.on(Location::Parity(1 - self.frozen)));
        let st = self.net.forward(frozen, active.location())?;
        Some([frozen, active, st.channel(0), st.channel(1)])
    }
}

impl Bijection for Affine {
    fn forward<'t>(&self, x: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        match self.parts(x) {
            Some([frozen, active, s, t]) => {
                let y = active * s.exp() + t;
                (y.on(Location::All) + frozen.on(Location::All), s.sum_sites())
            }
            None => (x, x.trace().mask() * 0.0),
        }
    }

    fn inverse<'t>(&self, y: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        match self.parts(y) {
            Some([frozen, active, s, t]) => {
                let x = (active - t) * (-s).exp();
                (x.on(Location::All) + frozen.on(Location::All), -s.sum_sites())
            }
            None => (y, y.trace().mask() * 0.0),
        }
    }
}
