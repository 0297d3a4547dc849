//! Periodic convolution in any number of dimensions, and its two gradients.
//!
//! `y_o(x) = b_o + Σ_d Σ_i w_{d,i,o} f_i(x + d)`, `d` over the kernel, centred; odd extents, larger than the lattice
//! included. Neighbours outside `f`'s sub-lattice count as zero and are not computed. No padded copy is made.
//!
//! * in    `f`: a field of `I` channels on the sub-lattice `from`; weights `[d][i][o]` then biases `[o]`, unless it is
//!   without, the order of JAX's `HWIO`, `d` with its last direction running fastest
//! * out   a field of `O` channels on the sub-lattice `to`
//! * vjp   `f̄_i(x) = Σ_d Σ_o w_{d,i,o} ȳ_o(x − d)`; `w̄_{d,i,o} = Σ_x f_i(x + d) ȳ_o(x)`, `b̄_o = Σ_x ȳ_o(x)`, summed
//!   over the batch
//! * cost  `2 I O` flops for each pair of a site and a neighbour that is there
//! * see   Albergo et al. 2101.08176 §III for its use; boundary phases multiply the neighbours they belong to

mod gather;
mod shader;
mod taps;
mod weight_grad;

use super::{Adjoint, Op, Shader, Site, Stack, Vjp};
use crate::device::cpu::Kernel as Run;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::lanes::Real;
use crate::lattice::{Lattice, Location, coordinates};
use crate::spec::{Cost, Fibre, Spec};
use gather::Gather;
pub(crate) use taps::Tables;
use weight_grad::WeightGrad;

/// The extents of a convolution kernel, its sub-lattices and channels: what its three ops share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kernel {
    /// The extent in each direction, odd.
    pub extents: Vec<usize>,
    /// The sub-lattice that is read.
    pub from: Location,
    /// The sub-lattice that is computed.
    pub to: Location,
    /// Channels in.
    pub inputs: usize,
    /// Channels out.
    pub outputs: usize,
    /// What becomes of the biases.
    pub biases: Biases,
}

/// The biases of a convolution, one for each output channel, behind the other weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Biases {
    /// They are added.
    Added,
    /// They have their places among the weights but are not added, as in derivatives of derivatives.
    Skipped,
    /// There are none: the convolution is linear, and odd.
    Absent,
}

impl Kernel {
    /// Sites in the kernel.
    pub fn taps(&self) -> usize {
        self.extents.iter().product()
    }

    /// Weights and biases.
    pub fn weights(&self) -> usize {
        let biases = if self.biases == Biases::Absent { 0 } else { self.outputs };
        self.taps() * self.inputs * self.outputs + biases
    }

    /// Where the biases begin among the weights, if they are added.
    fn bias(&self) -> Option<usize> {
        (self.biases == Biases::Added).then_some(self.taps() * self.inputs * self.outputs)
    }

    fn displacement(&self, tap: usize, sign: i32) -> Vec<i32> {
        let x = coordinates(&self.extents, tap);
        x.iter().zip(&self.extents).map(|(&x, &l)| sign * (x as i32 - (l / 2) as i32)).collect()
    }

    fn check(&self, op: &'static str, lattice: &Lattice) -> Result<()> {
        if self.extents.len() != lattice.directions() || self.extents.iter().any(|l| l % 2 == 0) {
            let expected = format!("a kernel of {} odd extents", lattice.directions());
            return Err(Error::op(op, expected, &self.extents));
        }
        if self.inputs == 0 || self.outputs == 0 {
            return Err(Error::op(op, "at least one channel in and out", self));
        }
        let factors = self.extents.iter().chain([&self.inputs, &self.outputs]);
        if factors.copied().try_fold(1_usize, usize::checked_mul).is_none_or(|n| n >= 1 << 31) {
            return Err(Error::op(op, "fewer than 2^31 weights", self));
        }
        if !lattice.is_real() {
            return Err(Error::op(op, "periodic or antiperiodic boundaries", "twisted ones"));
        }
        self.from.check(lattice)?;
        self.to.check(lattice)
    }

    fn is_input(&self, spec: Spec) -> bool {
        matches!(spec, Spec::Field { location, fibre }
            if location == self.from && fibre.components() == self.inputs && fibre != Fibre::Complex)
    }

    fn is_output(&self, spec: Spec) -> bool {
        matches!(spec, Spec::Field { location, fibre }
            if location == self.to && fibre.components() == self.outputs && fibre != Fibre::Complex)
    }

    fn is_weights(&self, spec: Spec) -> bool {
        matches!(spec, Spec::Weights { len, .. } if len == self.weights())
    }

    /// Multiply-adds for one sample: pairs of sites of `to` and neighbours on `from`.
    fn cost(&self, lattice: &Lattice) -> Cost {
        let mut pairs = 0.0;
        for tap in 0..self.taps() {
            let d = self.displacement(tap, 1);
            let reached = d.iter().enumerate().fold(self.from, |at, (mu, &steps)| at.shifted(mu, steps));
            pairs += match (self.to, reached) {
                (Location::All, at) | (at, Location::All) => at.volume(lattice) as f64,
                (a, b) if a == b => a.volume(lattice) as f64,
                (Location::Parity(_), Location::Parity(_)) => 0.0,
                (a, b) => a.volume(lattice) as f64 * b.volume(lattice) as f64 / lattice.volume() as f64,
            };
        }
        let numbers = self.from.volume(lattice) * self.inputs + self.to.volume(lattice) * self.outputs;
        Cost { flops: 2.0 * pairs * (self.inputs * self.outputs) as f64, bytes: 4.0 * numbers as f64 }
    }
}

/// The convolution.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Conv(pub Kernel);

/// Its gradient with respect to the input: `f̄` from `ȳ` and the weights.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConvInputGrad(pub Kernel);

/// Its gradient with respect to weights and biases, summed over the batch: from `f` and `ȳ`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConvWeightGrad(pub Kernel);

impl Op for Conv {
    const NAME: &'static str = "conv";

    fn infer(&self, lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        self.0.check(Self::NAME, lattice)?;
        match *inputs {
            [f, w] if self.0.is_input(f) && self.0.is_weights(w) => {
                Ok(Spec::Field { location: self.0.to, fibre: Fibre::Channels(self.0.outputs) })
            }
            _ => Err(Error::op(Self::NAME, expected(&self.0, "input"), inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let &[f, w] = at.inputs else { return Err(Error::op(Self::NAME, "two inputs", at.inputs)) };
        let mut df = graph.push(ConvInputGrad(self.0.clone()), &[at.cotangent, w])?;
        if let Spec::Field { fibre: fibre @ Fibre::Channels(1), .. } = graph.spec(f) {
            // The gradient of a field has the field's type.
            df = graph.push(Stack { fibre }, &[df])?;
        }
        let dw = graph.push(ConvWeightGrad(self.0.clone()), &[f, at.cotangent])?;
        Ok(vec![Vjp::Node(df), Vjp::Node(dw)])
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], _output: &Spec) -> Cost {
        self.0.cost(lattice)
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Run<R>>> {
        Ok(Box::new(Gather::forward(&self.0, at)?))
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        shader::forward(&self.0, at).map(Some)
    }
}

impl Op for ConvInputGrad {
    const NAME: &'static str = "conv_input_grad";

    fn infer(&self, lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        self.0.check(Self::NAME, lattice)?;
        match *inputs {
            [dy, w] if self.0.is_output(dy) && self.0.is_weights(w) => {
                let fibre = if self.0.inputs == 1 { Fibre::Scalar } else { Fibre::Channels(self.0.inputs) };
                Ok(Spec::Field { location: self.0.from, fibre })
            }
            _ => Err(Error::op(Self::NAME, expected(&self.0, "output"), inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        // Bilinear in ȳ and w: with g the cotangent of f̄, that of ȳ is the convolution of g without biases, and that
        // of w the weight gradient with g in the place of f.
        let &[dy, w] = at.inputs else { return Err(Error::op(Self::NAME, "two inputs", at.inputs)) };
        let biases = if self.0.biases == Biases::Absent { Biases::Absent } else { Biases::Skipped };
        let unbiased = Kernel { biases, ..self.0.clone() };
        let ddy = graph.push(Conv(unbiased.clone()), &[at.cotangent, w])?;
        let dw = graph.push(ConvWeightGrad(unbiased), &[at.cotangent, dy])?;
        Ok(vec![Vjp::Node(ddy), Vjp::Node(dw)])
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], _output: &Spec) -> Cost {
        self.0.cost(lattice)
    }

    fn is_linear(&self) -> bool {
        true
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Run<R>>> {
        Ok(Box::new(Gather::transposed(&self.0, at)?))
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        shader::transposed(&self.0, at).map(Some)
    }
}

impl Op for ConvWeightGrad {
    const NAME: &'static str = "conv_weight_grad";

    fn infer(&self, lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        self.0.check(Self::NAME, lattice)?;
        match *inputs {
            [f, dy] if self.0.is_input(f) && self.0.is_output(dy) => Ok(Spec::BatchSum { len: self.0.weights() }),
            _ => Err(Error::op(Self::NAME, expected(&self.0, "input"), inputs)),
        }
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], _output: &Spec) -> Cost {
        self.0.cost(lattice)
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Run<R>>> {
        Ok(Box::new(WeightGrad::new(&self.0, at)?))
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        shader::weight_grad(&self.0, at).map(Some)
    }
}

fn expected(kernel: &Kernel, field: &str) -> String {
    let (location, channels) =
        if field == "input" { (kernel.from, kernel.inputs) } else { (kernel.to, kernel.outputs) };
    format!("a field of {channels} channels on {location:?} and {} weights", kernel.weights())
}
