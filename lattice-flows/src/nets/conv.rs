//! A periodic convolutional network: hidden layers on every site, the last one only where it is needed.

use super::layer::{Layer, Start, cube};
use lattice_autograd::Var;
use lattice_autograd::params::{Parameters, ParamsError};
use lattice_tensor::field::{Channels, Scalar};
use lattice_tensor::{Lattice, Location};
use serde::{Deserialize, Serialize};

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
/// Weights and biases start uniform in `±1/√(fan-in)`, PyTorch's default.
#[derive(Clone, Debug)]
pub struct ConvNet {
    layers: Vec<Layer>,
    last: Activation,
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
        let extents = cube(lattice, kernel);
        let mut layers = Vec::new();
        let mut inputs = 1;
        for (i, &outputs) in channels.iter().enumerate() {
            let name = format!("{name}.{i}");
            layers.push(Layer::new(parameters, &name, &extents, [inputs, outputs], 1.0, Start::Random, seed)?);
            inputs = outputs;
        }
        Ok(ConvNet { layers, last })
    }

    /// Applies the net to `x`; the outputs live on `to`.
    pub fn forward<'t>(&self, x: Var<'t, Scalar>, to: Location) -> Option<Var<'t, Channels>> {
        let (last, hidden) = self.layers.split_last()?;
        let mut h: Option<Var<'t, Channels>> = None;
        for layer in hidden {
            let y = h.map_or_else(|| layer.apply(x, Location::All), |h| layer.apply(h, Location::All));
            h = Some(y.leaky_relu(Self::SLOPE));
        }
        let y = h.map_or_else(|| last.apply(x, to), |h| last.apply(h, to));
        Some(match self.last {
            Activation::Linear => y,
            Activation::Tanh => y.tanh(),
        })
    }
}
