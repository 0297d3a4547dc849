//! One convolution with its parameters: what all nets are made of.

use lattice_autograd::Var;
use lattice_autograd::params::{Parameters, ParamsError};
use lattice_autograd::var::OnSites;
use lattice_tensor::field::Channels;
use lattice_tensor::random::{Draw, Stream, uniform_f64_at};
use lattice_tensor::{Lattice, Location};
use std::ops::Range;

/// A convolution whose weights are a range of the parameters, `[direction 0, direction 1, …, in, out]` (JAX's `HWIO`
/// in two dimensions), then the biases, if there are any.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    name: String,
    extents: Vec<usize>,
    outputs: usize,
    weights: Range<usize>,
}

/// How the biases begin.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<'a> {
    /// There are none.
    Absent,
    /// As the weights.
    Random,
    /// With these values.
    At(&'a [f64]),
}

impl Layer {
    /// Adds `name.weight`, uniform in `±scale/√(fan-in)` (PyTorch's default for `scale = 1`), and `name.bias`.
    pub fn new(
        parameters: &mut Parameters,
        name: &str,
        extents: &[usize],
        [inputs, outputs]: [usize; 2],
        scale: f64,
        biases: Start<'_>,
        seed: u64,
    ) -> Result<Layer, ParamsError> {
        let taps: usize = extents.iter().product();
        let bound = scale / ((taps * inputs) as f64).sqrt();
        let draw = |part: &str| {
            let key = Stream::named(&format!("init.{name}.{part}")).key(seed);
            move |k: usize| bound * (2.0 * uniform_f64_at(Draw { key, step: 0 }, k as u64, 0) - 1.0)
        };
        let shape = [extents, &[inputs, outputs]].concat();
        let mut weights = parameters.add(&format!("{name}.weight"), &shape, draw("weight"))?;
        let bias = format!("{name}.bias");
        match biases {
            Start::Absent => {}
            Start::Random => weights.end = parameters.add(&bias, &[outputs], draw("bias"))?.end,
            Start::At(values) => weights.end = parameters.add(&bias, &[outputs], |k| values[k])?.end,
        }
        Ok(Layer { name: name.into(), extents: extents.to_vec(), outputs, weights })
    }

    /// The convolution of `x`, computed on the sub-lattice `to`.
    pub fn apply<'t, K: OnSites>(&self, x: Var<'t, K>, to: Location) -> Var<'t, Channels> {
        x.conv(&self.extents, to, self.outputs, x.trace().weights(&self.name, self.weights.clone()))
    }
}

/// A kernel of one extent in every direction.
pub(crate) fn cube(lattice: &Lattice, extent: usize) -> Vec<usize> {
    vec![extent; lattice.directions()]
}
