//! The shapes of flows of angles.

use super::coupling::LoopCoupling;
use super::features::{FeatureNet, NetShape, numbers_seen};
use super::pattern::Pattern;
use super::points::{SphereFlow, TorusFlow};
use crate::bijection::Chain;
use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::flow::{Flow, Shape};
use crate::prior::UniformAngles;
use lattice_autograd::Family;
use lattice_autograd::params::Parameters;
use lattice_tensor::field::Channels;
use lattice_tensor::ops::{Moebius, Spline};
use lattice_tensor::{Grid, Lattice};
use serde::{Deserialize, Serialize};

/// What a flow of angles can be made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Architecture {
    /// Gauge-equivariant couplings of U(1) links.
    Links(LinkFlow),
    /// Points on a torus.
    Torus(TorusFlow),
    /// Points on a sphere.
    Sphere(SphereFlow),
}

impl Default for Architecture {
    fn default() -> Self {
        Architecture::Links(LinkFlow::default())
    }
}

impl Shape<Channels> for Architecture {
    fn flow(self, lattice: &Lattice) -> Result<Flow<Channels>, Error> {
        match &self {
            Architecture::Links(links) => links.flow(lattice),
            Architecture::Torus(torus) => torus.flow(lattice),
            Architecture::Sphere(sphere) => sphere.flow(lattice),
        }
    }

    fn belongs_to_lattice(&self) -> bool {
        matches!(self, Architecture::Links(links) if links.masks == Masks::Divisions)
    }

    fn is_like(&self, other: &Self) -> bool {
        let shape = |a: &Architecture| match a {
            Architecture::Links(links) => Architecture::Links(links.seedless()),
            Architecture::Torus(torus) => Architecture::Torus(TorusFlow { seed: 0, ..torus.clone() }),
            Architecture::Sphere(sphere) => Architecture::Sphere(SphereFlow { seed: 0, ..sphere.clone() }),
        };
        shape(self) == shape(other)
    }
}

/// A flow of U(1) links from the Haar measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkFlow {
    /// Which links a coupling changes.
    pub masks: Masks,
    /// Couplings by stripes; divisions are as many as there are.
    pub layers: usize,
    /// The map of a loop's angle.
    pub transform: Transform,
    /// How many maps are mixed, or how many bins a spline has.
    pub mixtures: usize,
    /// Widths of the hidden layers of each net; none at all: maps without nets.
    pub hidden: Vec<usize>,
    /// Extent of the convolution kernels, odd; divisions have nets of single sites.
    pub kernel: usize,
    /// Whether nets see 2×1 loops beside plaquettes.
    pub rectangles: bool,
    /// Seed of the initial parameters.
    pub seed: u64,
    /// The flow whose density it starts from, in the place of the Haar measure: trained at another β, see [`Flow::restore_prior`].
    /// Its couplings go on learning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<Box<LinkFlow>>,
}

/// Which links a coupling changes, and through which loops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Masks {
    /// Those of every fourth column, through plaquettes: [`Pattern::stripe`], in any number of dimensions.
    Stripes,
    /// Those between lines that are there already, through ever smaller loops: [`Pattern::divisions`], in two dimensions.
    #[default]
    Divisions,
}

/// The map of a loop's angle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transform {
    /// Mixtures of non-compact projections.
    #[default]
    Ncp,
    /// Mixtures of Möbius maps.
    Moebius,
    /// Circular rational-quadratic splines.
    Spline,
}

impl Default for LinkFlow {
    /// Divisions of the torus by mixtures of six projections, nets of two hidden layers of 8: nearly exact in two dimensions.
    fn default() -> Self {
        LinkFlow {
            masks: Masks::Divisions,
            layers: 24,
            transform: Transform::Ncp,
            mixtures: 6,
            hidden: vec![8, 8],
            kernel: 3,
            rectangles: false,
            seed: 1,
            prior: None,
        }
    }
}

/// What the names of parameters of a prior begin with.
const PRIOR: &str = "prior.";

/// How fast the parameters of folded maps learn.
const FOLDED_GAIN: f64 = 6.0;

impl LinkFlow {
    /// The flow of Kanwar et al. 2003.06413: 24 couplings by stripes, mixtures of six projections and an offset.
    pub fn published() -> LinkFlow {
        LinkFlow { masks: Masks::Stripes, ..LinkFlow::default() }
    }

    /// The flow of tutorial 2101.08176: 16 couplings by stripes, mixtures of two projections and an offset.
    pub fn tutorial() -> LinkFlow {
        LinkFlow { layers: 16, mixtures: 2, ..LinkFlow::published() }
    }

    /// The family of the maps; those about a centre are symmetric and have no offset.
    fn family(&self) -> Family {
        let (mixtures, offset) = (self.mixtures, self.masks == Masks::Stripes);
        match self.transform {
            Transform::Ncp => Family::Moebius(Moebius { mixtures, shifts: false, weights: !offset, offset }),
            Transform::Moebius => Family::Moebius(Moebius { mixtures, shifts: true, weights: true, offset }),
            Transform::Spline => Family::Spline(Spline { bins: mixtures, circular: true, offset }),
        }
    }

    /// What the parameters of a map start near, and how fast they learn. About a centre the density of a link is narrow with
    /// light tails, for which logarithms of scales from 2 to −6 must be mixed: they start apart, and far out is not far. Behind a
    /// trained flow they start near the identity.
    fn start(&self) -> (Vec<f64>, f64) {
        let mut start = vec![0.0; self.family().parameters()];
        if self.masks == Masks::Stripes || self.transform == Transform::Spline {
            return (start, 1.0);
        }
        if self.prior.is_some() {
            return (start, 12.0);
        }
        let step = 8.0 / (self.mixtures.max(2) - 1) as f64;
        start.iter_mut().take(self.mixtures).enumerate().for_each(|(i, s)| *s = 2.0 - step * i as f64);
        (start, 12.0)
    }

    fn check(&self) -> Result<(), Error> {
        let refuse =
            |what, expected: &str, found: String| Err(Error::Architecture { what, expected: expected.into(), found });
        if self.masks == Masks::Stripes && !(1..=10_000).contains(&self.layers) {
            return refuse("layers", "1 to 10000", self.layers.to_string());
        }
        let most = if self.transform == Transform::Spline { Spline::MAX_BINS } else { 256 };
        if !(1..=most).contains(&self.mixtures) {
            return refuse("mixtures", &format!("1 to {most}"), self.mixtures.to_string());
        }
        if self.hidden.iter().any(|&h| h == 0 || h > 4096) || self.hidden.len() > 100 {
            return refuse("hidden", "at most 100 widths of 1 to 4096", format!("{:?}", self.hidden));
        }
        if self.kernel.is_multiple_of(2) || self.kernel > 99 {
            return refuse("kernel", "an odd extent below 100", self.kernel.to_string());
        }
        Ok(())
    }

    /// The flow, with fresh parameters.
    ///
    /// # Errors
    /// If there is no such flow, or not on this lattice.
    pub fn flow(&self, lattice: &Lattice) -> Result<Flow<Channels>, Error> {
        let mut parameters = Parameters::new();
        let mut chain: Chain<Channels> = Chain::default();
        self.append(lattice, "", &mut parameters, &mut chain)?;
        let prior = Box::new(UniformAngles { channels: lattice.directions(), haar: true });
        Ok(Flow::from_prior(lattice, parameters, prior, chain).described(Architecture::Links(self.clone())))
    }

    /// Appends the couplings, those of the prior before them; names of parameters begin with `place`.
    fn append(
        &self,
        lattice: &Lattice,
        place: &str,
        parameters: &mut Parameters,
        chain: &mut Chain<Channels>,
    ) -> Result<(), Error> {
        self.check()?;
        if let Some(prior) = &self.prior {
            prior.append(lattice, &format!("{place}{PRIOR}"), parameters, chain)?;
        }
        let patterns = match self.masks {
            Masks::Divisions => Pattern::divisions(lattice)?,
            Masks::Stripes => {
                let stripe = |layer| Pattern::stripe(lattice, layer, self.rectangles);
                (0..self.layers).map(stripe).collect::<Result<_, _>>()?
            }
        };
        let family = self.family();
        let kernel = if self.masks == Masks::Divisions { 1 } else { self.kernel };
        let (start, gain) = self.start();
        for pattern in patterns {
            let loops: Vec<Grid> = pattern.features.iter().map(|(at, _)| *at).collect();
            let mut coupling = |name: &str, family: Family, start: &[f64], gains: f64| {
                let shape = NetShape {
                    loops: &loops,
                    numbers: numbers_seen(pattern.centre.is_some()),
                    to: pattern.active,
                    kernel,
                    hidden: &self.hidden,
                    outputs: family.parameters(),
                    smooth: pattern.centre.is_some(),
                    start,
                    gain: gains,
                    seed: self.seed,
                };
                let net =
                    FeatureNet::new(parameters, &format!("{place}coupling.{}.{name}", pattern.name), lattice, &shape)?;
                Ok::<_, Error>(LoopCoupling::new(pattern.clone(), family, net))
            };
            // Loops near −1 leave two places for the link between them.
            if pattern.centre.is_some() && self.transform == Transform::Ncp {
                let two = Family::Moebius(Moebius { mixtures: 2, shifts: false, weights: true, offset: false });
                chain.0.push(Box::new(coupling("folded", two, &[0.0; 4], FOLDED_GAIN)?.folded(2)));
            }
            chain.0.push(Box::new(coupling("net", family, &start, gain)?));
        }
        Ok(())
    }

    /// The same shape from seed 0, its prior too.
    fn seedless(&self) -> LinkFlow {
        let prior = self.prior.as_ref().map(|prior| Box::new(prior.seedless()));
        LinkFlow { seed: 0, prior, ..self.clone() }
    }
}

impl Flow<Channels> {
    /// Gives the couplings of the prior ([`LinkFlow::prior`]) what another training has learnt.
    ///
    /// # Errors
    /// If there is no such prior, or the other flow is of another shape or lattice; nothing is changed then.
    pub fn restore_prior(&mut self, from: &Checkpoint<Channels>) -> Result<(), Error> {
        let refuse = |what, expected, found| Err(Error::Architecture { what, expected, found });
        let prior = match &self.architecture {
            Architecture::Links(LinkFlow { prior: Some(prior), .. }) => Architecture::Links((**prior).clone()),
            other => return refuse("prior", "a flow that starts from another".into(), format!("{other:?}")),
        };
        let other = &from.description;
        if !other.architecture.is_like(&prior) || other.lattice != self.lattice.extents() {
            let expected = format!("{prior:?} on {:?}", self.lattice.extents());
            return refuse("prior", expected, format!("{:?} on {:?}", other.architecture, other.lattice));
        }
        let all: usize = self.parameters.iter().filter(|p| p.name.starts_with(PRIOR)).map(|p| p.range.len()).sum();
        let mut parameters = self.parameters.clone();
        match parameters.restore_shared(&from.file, PRIOR)? {
            found if found == all => self.parameters = parameters,
            found => return refuse("prior", format!("{all} parameters"), found.to_string()),
        }
        Ok(())
    }
}
