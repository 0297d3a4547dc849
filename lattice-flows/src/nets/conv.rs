//! A periodic convolutional network: hidden layers on every site, the last one only where it is needed.

use lattice_autograd::Var;
use lattice_autograd::params::{Parameters, ParamsError};
use lattice_tensor::field::{Channels, Scalar};
use lattice_tensor::random::{Draw, Stream, uniform_f64_at};
use lattice_tensor::{Lattice, Location};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What follows the last convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// Nothing.
    Linear,
    /// `tanh`, as in tutorial 2101.08176.
    Tanh,
}

/// Convolutions with leaky rectifiers between them.
///
/// Weights are stored as `[direction 0, direction 1, …, in, out]` (JAX's `HWIO` in two dimensions), and start uniform
/// in `±1/√(fan-in)`, biases too: PyTorch's default.
#[derive(Clone, Debug)]
pub struct ConvNet {
    extents: Vec<usize>,
    layers: Vec<Layer>,
    last: Activation,
}

#[derive(Clone, Debug)]
struct Layer {
    name: String,
    outputs: usize,
    weights: Range<usize>,
}

impl ConvNet {
    /// Slope of the rectifiers on the negative side.
    pub const SLOPE: f64 = 0.01;

    /// A net from one channel through `channels` (hidden widths, then the number of outputs), with kernels of extent
    /// `kernel` in every direction. Its parameters are added under `name`.
    ///
    /// # Errors
    /// If the names are taken.
    pub fn new(
        parameters: &mut Parameters,
        name: &str,
        lattice: &Lattice,
        kernel: usize,
        channels: &[usize],
        last: Activation,
        seed: u64,
    ) -> Result<ConvNet, ParamsError> {
        let extents = vec![kernel; lattice.directions()];
        let taps: usize = extents.iter().product();
        let mut layers = Vec::new();
        let mut inputs = 1;
        for (i, &outputs) in channels.iter().enumerate() {
            let name = format!("{name}.{i}");
            let bound = 1.0 / ((taps * inputs) as f64).sqrt();
            let draw = |part: &str| {
                let key = Stream::named(&format!("init.{name}.{part}")).key(seed);
                move |k: usize| bound * (2.0 * uniform_f64_at(Draw { key, step: 0 }, k as u64, 0) - 1.0)
            };
            let shape = [extents.as_slice(), &[inputs, outputs]].concat();
            let weight = parameters.add(&format!("{name}.weight"), &shape, draw("weight"))?;
            let bias = parameters.add(&format!("{name}.bias"), &[outputs], draw("bias"))?;
            layers.push(Layer { name, outputs, weights: weight.start..bias.end });
            inputs = outputs;
        }
        Ok(ConvNet { extents, layers, last })
    }

    /// Applies the net to `x`; the outputs live on `to`.
    pub fn forward<'t>(&self, x: Var<'t, Scalar>, to: Location) -> Option<Var<'t, Channels>> {
        let trace = x.trace();
        let (last, hidden) = self.layers.split_last()?;
        let weights = |layer: &Layer| trace.weights(&layer.name, layer.weights.clone());
        let mut h: Option<Var<'t, Channels>> = None;
        for layer in hidden {
            let w = weights(layer);
            let y = match h {
                None => x.conv(&self.extents, Location::All, layer.outputs, w),
                Some(h) => h.conv(&self.extents, Location::All, layer.outputs, w),
            };
            h = Some(y.leaky_relu(Self::SLOPE));
        }
        let w = weights(last);
        let y = match h {
            None => x.conv(&self.extents, to, last.outputs, w),
            Some(h) => h.conv(&self.extents, to, last.outputs, w),
        };
        Some(match self.last {
            Activation::Linear => y,
            Activation::Tanh => y.tanh(),
        })
    }
}
