//! A flow: a chain of layers with its parameters.

use crate::bijection::{Bijection, Chain};
use crate::coupling::Affine;
use crate::error::Error;
use crate::nets::{Activation, ConvNet};
use lattice_autograd::params::Parameters;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::Scalar;
use lattice_tensor::{Lattice, Location};
use serde::{Deserialize, Serialize};

/// The shape of a real NVP flow: checkerboard affine couplings with convolutional nets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Coupling layers; they freeze even and odd sites in turn.
    pub layers: usize,
    /// Widths of the hidden layers of each net.
    pub hidden: Vec<usize>,
    /// Extent of the convolution kernels, odd.
    pub kernel: usize,
    /// What follows the last convolution.
    pub last: Activation,
    /// Seed of the initial parameters.
    pub seed: u64,
}

impl Default for Architecture {
    /// The net of tutorial 2101.08176: 16 layers, hidden widths 8 and 8, kernels 3×3, `tanh` at the end.
    fn default() -> Self {
        Architecture { layers: 16, hidden: vec![8, 8], kernel: 3, last: Activation::Tanh, seed: 1 }
    }
}

/// A chain of layers, the lattice it acts on, and its parameters.
#[derive(Debug)]
pub struct Flow {
    /// The lattice.
    pub lattice: Lattice,
    /// The shape, if the flow was made from one.
    pub architecture: Architecture,
    /// The parameters of all layers.
    pub parameters: Parameters,
    layers: Chain,
}

impl Flow {
    /// A flow with fresh parameters.
    ///
    /// # Errors
    /// If there are no layers, a width is zero, the kernel is even, or the lattice has no checkerboard.
    pub fn new(lattice: &Lattice, architecture: Architecture) -> Result<Flow, Error> {
        let refuse =
            |what, expected: &str, found: String| Err(Error::Architecture { what, expected: expected.into(), found });
        let Architecture { layers, ref hidden, kernel, last, seed } = architecture;
        if layers == 0 || layers > 10_000 {
            return refuse("layers", "1 to 10000", layers.to_string());
        }
        if hidden.iter().any(|&h| h == 0 || h > 4096) || hidden.len() > 100 {
            return refuse("hidden", "at most 100 widths of 1 to 4096", format!("{hidden:?}"));
        }
        if kernel % 2 == 0 || kernel > 999 {
            return refuse("kernel", "an odd extent below 1000", kernel.to_string());
        }
        Location::Parity(0).check(lattice)?;
        let channels = [hidden.as_slice(), &[2]].concat();
        let taps = (kernel as u128).pow(lattice.directions() as u32);
        let numbers: u128 =
            channels.iter().scan(1, |i, &o| Some((taps * std::mem::replace(i, o as u128) + 1) * o as u128)).sum();
        if numbers * layers as u128 > 1 << 28 {
            return refuse("architecture", "at most 2^28 parameters", (numbers * layers as u128).to_string());
        }
        let mut parameters = Parameters::new();
        let mut chain = Chain::default();
        for i in 0..layers {
            let name = format!("coupling.{i}.net");
            let net = ConvNet::new(&mut parameters, &name, lattice, kernel, &channels, last, seed)?;
            chain.0.push(Box::new(Affine::new((i % 2) as u8, net)));
        }
        Ok(Flow { lattice: lattice.clone(), architecture, parameters, layers: chain })
    }

    /// A flow of your own layers; their parameters must be ranges of `parameters`.
    pub fn of(lattice: &Lattice, parameters: Parameters, layers: Chain) -> Flow {
        Flow { lattice: lattice.clone(), architecture: Architecture::default(), parameters, layers }
    }
}

impl Bijection for Flow {
    fn forward<'t>(&self, x: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        self.layers.forward(x)
    }

    fn inverse<'t>(&self, y: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        self.layers.inverse(y)
    }
}
