//! A flow: a chain of layers with its parameters.

use crate::bijection::{Bijection, Chain, Flat};
use crate::condition::Condition;
use crate::conv_exponential::ConvExponential;
use crate::coupling::{Affine, SinhArcsinh};
use crate::error::Error;
use crate::nets::{Activation, ConvNet, OddNet, OddShape};
use crate::prior::{Normal, Prior};
use lattice_autograd::params::Parameters;
use lattice_autograd::{PerSample, Trace, Var};
use lattice_mc::Action;
use lattice_tensor::field::Scalar;
use lattice_tensor::{Lattice, Location};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// The shape of a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Coupling layers; they freeze even and odd sites in turn.
    pub layers: usize,
    /// Widths of the hidden layers of each net.
    pub hidden: Vec<usize>,
    /// Extent of the convolution kernels, odd.
    pub kernel: usize,
    /// What follows the last convolution of affine couplings.
    pub last: Activation,
    /// Seed of the initial parameters.
    pub seed: u64,
    /// The couplings.
    #[serde(default)]
    pub coupling: Coupling,
    /// Extent of the kernel whose exponential gives the prior its spectrum, odd; 0 for independent sites.
    #[serde(default)]
    pub spectrum: usize,
    /// Couplings of the theory that the flow is told, and their ranges.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

/// What a coupling layer does to a site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coupling {
    /// Scale and shift, [`Affine`]: real NVP.
    #[default]
    Affine,
    /// [`SinhArcsinh`], by nets that respect `φ → −φ`.
    SinhArcsinh,
}

impl Default for Architecture {
    /// The flow of tutorial 2101.08176: 16 affine layers, hidden widths 8 and 8, kernels 3×3, `tanh` at the end.
    fn default() -> Self {
        Architecture {
            layers: 16,
            hidden: vec![8, 8],
            kernel: 3,
            last: Activation::Tanh,
            seed: 1,
            coupling: Coupling::Affine,
            spectrum: 0,
            conditions: Vec::new(),
        }
    }
}

impl Architecture {
    /// The flow for φ⁴ theory: a prior of trainable spectrum, then four couplings of sites' maps with quartic tails,
    /// all of it symmetric under `φ → −φ`. At the tutorial's point it trains to a tenth of the divergence of the
    /// tutorial's flow in a tenth of the time.
    pub fn symmetric() -> Architecture {
        Architecture {
            layers: 4,
            last: Activation::Linear,
            coupling: Coupling::SinhArcsinh,
            spectrum: 7,
            ..Architecture::default()
        }
    }

    fn check(&self, lattice: &Lattice) -> Result<(), Error> {
        let refuse =
            |what, expected: &str, found: String| Err(Error::Architecture { what, expected: expected.into(), found });
        let Architecture { layers, ref hidden, kernel, coupling, spectrum, ref conditions, .. } = *self;
        if layers == 0 || layers > 10_000 {
            return refuse("layers", "1 to 10000", layers.to_string());
        }
        if hidden.iter().any(|&h| h == 0 || h > 4096) || hidden.len() > 100 {
            return refuse("hidden", "at most 100 widths of 1 to 4096", format!("{hidden:?}"));
        }
        if kernel % 2 == 0 || kernel > 999 {
            return refuse("kernel", "an odd extent below 1000", kernel.to_string());
        }
        if spectrum > 999 {
            return refuse("spectrum", "an odd extent below 1000, or 0", spectrum.to_string());
        }
        if !conditions.is_empty() && (coupling == Coupling::Affine || conditions.len() > 8) {
            let found = format!("{} with {coupling:?} couplings", conditions.len());
            return refuse("conditions", "at most 8, with sinh-arcsinh couplings", found);
        }
        for (i, c) in conditions.iter().enumerate() {
            if !(c.from.is_finite() && c.to.is_finite() && c.from < c.to) {
                return refuse("conditions", "ranges from a smaller to a larger number", format!("{c:?}"));
            }
            if conditions[..i].iter().any(|other| other.coupling == c.coupling) {
                return refuse("conditions", "each coupling once", format!("{:?} again", c.coupling));
            }
        }
        Location::Parity(0).check(lattice)?;
        let outputs = if coupling == Coupling::Affine { 2 } else { 4 };
        let channels = [hidden.as_slice(), &[outputs]].concat();
        let power = |extent: usize| (extent as u128).saturating_pow(lattice.directions() as u32);
        let taps = power(kernel);
        let inputs = 1 + conditions.len() as u128;
        let numbers: u128 = channels
            .iter()
            .scan(inputs, |i, &o| Some((taps.saturating_mul(std::mem::replace(i, o as u128)) + 1) * o as u128))
            .fold(0, u128::saturating_add);
        let all = numbers.saturating_mul(layers as u128).saturating_add(inputs.saturating_mul(power(spectrum)));
        if all > 1 << 28 {
            return refuse("architecture", "at most 2^28 parameters", all.to_string());
        }
        Ok(())
    }
}

/// A description that flows are made from.
pub trait Shape<K: Flat>: Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync {
    /// The flow, with fresh parameters.
    ///
    /// # Errors
    /// If there is no such flow, or not on this lattice.
    fn flow(self, lattice: &Lattice) -> Result<Flow<K>, Error>;

    /// Whether parameters of the other mean the same here: all but the seed agrees.
    fn is_like(&self, other: &Self) -> bool;

    /// Couplings of the theory that the flow is told, and their ranges.
    fn conditions(&self) -> &[Condition] {
        &[]
    }

    /// Whether there are other layers on other lattices, of which those that both have bear the same name.
    fn belongs_to_lattice(&self) -> bool {
        false
    }
}

/// A prior and a chain of layers, the lattice they act on, and their parameters.
#[derive(Debug)]
pub struct Flow<K: Flat = Scalar> {
    /// The lattice.
    pub lattice: Lattice,
    /// The shape, if the flow was made from one.
    pub architecture: K::Architecture,
    /// The parameters of all layers.
    pub parameters: Parameters,
    prior: Box<dyn Prior<K>>,
    layers: Chain<K>,
}

impl Shape<Scalar> for Architecture {
    fn flow(self, lattice: &Lattice) -> Result<Flow, Error> {
        self.check(lattice)?;
        let Architecture { layers, ref hidden, kernel, last, seed, coupling, spectrum, ref conditions } = self;
        let mut parameters = Parameters::new();
        let mut chain = Chain::default();
        if spectrum > 0 {
            let map = ConvExponential::new(&mut parameters, "spectrum", lattice, spectrum, conditions)?;
            chain.0.push(Box::new(map));
        }
        for i in 0..layers {
            let name = format!("coupling.{i}.net");
            let frozen = (i % 2) as u8;
            chain.0.push(match coupling {
                Coupling::Affine => {
                    let channels = [hidden.as_slice(), &[2]].concat();
                    let net = ConvNet::new(&mut parameters, &name, lattice, kernel, &channels, last, seed)?;
                    Box::new(Affine::new(frozen, net))
                }
                Coupling::SinhArcsinh => {
                    let shape = OddShape { kernel, hidden, odd: 2, even: &SinhArcsinh::START, conditions, seed };
                    Box::new(SinhArcsinh::new(frozen, OddNet::new(&mut parameters, &name, lattice, &shape)?))
                }
            });
        }
        Ok(Flow { lattice: lattice.clone(), architecture: self, parameters, prior: Box::new(Normal), layers: chain })
    }

    fn is_like(&self, other: &Self) -> bool {
        let shape = |a: &Architecture| Architecture { seed: 0, ..a.clone() };
        shape(self) == shape(other)
    }

    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

impl<K: Flat> Flow<K> {
    /// The density it starts from.
    pub fn prior(&self) -> &dyn Prior<K> {
        &*self.prior
    }

    /// Couplings of the theory that it is told.
    pub fn conditions(&self) -> &[Condition] {
        self.architecture.conditions()
    }

    /// Brings the parameters back to where the flow is a bijection.
    pub(crate) fn restrict(&mut self) -> bool {
        self.layers.restrict(&mut self.parameters)
    }

    /// In a trace, makes each coupling that the flow is told a number drawn for each sample, uniform in its range.
    pub(crate) fn draw_conditions(&self, trace: &Trace, action: &dyn Action<K>) -> Result<(), Error> {
        for condition in self.conditions() {
            value_of(action, &condition.coupling)?;
            let u = trace.uniform_draw(&format!("train.{}", condition.coupling));
            trace.define(&condition.coupling, u * (condition.to - condition.from) + condition.from);
        }
        Ok(())
    }

    /// In a trace, makes each coupling that the flow is told what the action says.
    ///
    /// # Errors
    /// If the action has no such coupling, or its value is outside the range of the training.
    pub fn tell_conditions(&self, trace: &Trace, action: &dyn Action<K>) -> Result<(), Error> {
        for condition in self.conditions() {
            let value = value_of(action, &condition.coupling)?;
            if !condition.contains(value) {
                let expected = format!("{} from {} to {}", condition.coupling, condition.from, condition.to);
                return Err(Error::Architecture { what: "coupling", expected, found: value.to_string() });
            }
            trace.coupling(&condition.coupling, value);
        }
        Ok(())
    }

    /// A flow of your own layers, from any prior; their parameters must be ranges of `parameters`.
    pub fn from_prior(
        lattice: &Lattice,
        parameters: Parameters,
        prior: Box<dyn Prior<K>>,
        layers: Chain<K>,
    ) -> Flow<K> {
        Flow { lattice: lattice.clone(), architecture: K::Architecture::default(), parameters, prior, layers }
    }

    /// With a description.
    #[must_use]
    pub(crate) fn described(self, architecture: K::Architecture) -> Flow<K> {
        Flow { architecture, ..self }
    }
}

impl Flow {
    /// A flow of a real field with fresh parameters.
    ///
    /// # Errors
    /// If there are no layers, a width is zero, the kernel is even, or the lattice has no checkerboard.
    pub fn new(lattice: &Lattice, architecture: Architecture) -> Result<Flow, Error> {
        architecture.flow(lattice)
    }

    /// A flow of your own layers, from the normal prior; their parameters must be ranges of `parameters`.
    pub fn of(lattice: &Lattice, parameters: Parameters, layers: Chain) -> Flow {
        Flow::from_prior(lattice, parameters, Box::new(Normal), layers)
    }
}

fn value_of<K: Flat>(action: &dyn Action<K>, coupling: &str) -> Result<f64, Error> {
    let couplings = action.couplings();
    let found = couplings.iter().find(|(name, _)| *name == coupling);
    found.map(|(_, value)| *value).ok_or_else(|| Error::Architecture {
        what: "conditions",
        expected: format!("couplings of the action, {:?}", couplings.iter().map(|c| c.0).collect::<Vec<_>>()),
        found: coupling.into(),
    })
}

impl<K: Flat> Bijection<K> for Flow<K> {
    fn forward<'t>(&self, x: Var<'t, K>) -> (Var<'t, K>, Var<'t, PerSample>) {
        self.layers.forward(x)
    }

    fn inverse<'t>(&self, y: Var<'t, K>) -> (Var<'t, K>, Var<'t, PerSample>) {
        self.layers.inverse(y)
    }

    fn layers(&self) -> &[Box<dyn Bijection<K>>] {
        self.layers.layers()
    }

    fn check(&self, parameters: &Parameters) -> Result<(), Error> {
        if let Some(at) = parameters.values().iter().position(|x| x.is_nan()) {
            let expected = "numbers; those of a training on a GPU are there until its last step or `Trainer::flow`";
            let layer = format!("parameter {at} of the flow");
            return Err(Error::Layer { layer, expected: expected.into(), found: "NaN".into() });
        }
        self.layers.check(parameters)
    }
}
