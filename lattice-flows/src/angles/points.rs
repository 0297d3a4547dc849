//! Flows of points on tori and spheres.

use super::architecture::{Architecture, Transform};
use super::conditional::{ConditionalMap, ConditionalShape, Coordinate};
use super::sphere::{UniformSphere, coordinates};
use crate::bijection::Chain;
use crate::error::Error;
use crate::flow::Flow;
use crate::prior::{Prior, UniformAngles};
use lattice_autograd::Family;
use lattice_autograd::params::Parameters;
use lattice_tensor::Lattice;
use lattice_tensor::field::Channels;
use lattice_tensor::ops::{Moebius, Spline};
use serde::{Deserialize, Serialize};

/// A flow of points on the torus `T^N` from the uniform density, with the measure `Π dθ_i`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TorusFlow {
    /// `N`
    pub dimension: usize,
    /// Which angles a map is given.
    pub order: Order,
    /// How often each angle is changed.
    pub layers: usize,
    /// The map of an angle.
    pub transform: Transform,
    /// How many maps are mixed, or how many bins a spline has.
    pub mixtures: usize,
    /// Widths of the hidden layers of each net; none at all: maps without nets.
    pub hidden: Vec<usize>,
    /// Seed of the initial parameters.
    pub seed: u64,
}

/// Which coordinates the map of each coordinate is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Those that were changed before; the next layer goes through them the other way round.
    #[default]
    Autoregressive,
    /// Those of the other half: even ones given odd ones, then odd ones given even ones.
    Coupling,
}

impl Default for TorusFlow {
    /// One autoregressive layer on T² by mixtures of 12 Möbius maps, nets of two hidden layers of 32.
    fn default() -> Self {
        TorusFlow {
            dimension: 2,
            order: Order::Autoregressive,
            layers: 1,
            transform: Transform::Moebius,
            mixtures: 12,
            hidden: vec![32, 32],
            seed: 1,
        }
    }
}

/// A flow of points on the sphere `S^D` from the uniform density, with the measure of the area, in cylindrical coordinates:
/// heights by splines, the angle by maps of the circle, each given those before (Rezende et al. 2002.02428, §2.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SphereFlow {
    /// `D`
    pub dimension: usize,
    /// How often each coordinate is changed.
    pub layers: usize,
    /// The map of the angle.
    pub transform: Transform,
    /// How many maps of the angle are mixed, or how many bins its spline has.
    pub mixtures: usize,
    /// Bins of the splines of heights.
    pub bins: usize,
    /// Widths of the hidden layers of each net; none at all: maps without nets.
    pub hidden: Vec<usize>,
    /// Seed of the initial parameters.
    pub seed: u64,
}

impl Default for SphereFlow {
    /// One layer on S²: splines of 32 bins, mixtures of 12 Möbius maps as in the paper, nets of two hidden layers of 64.
    fn default() -> Self {
        SphereFlow {
            dimension: 2,
            layers: 1,
            transform: Transform::Moebius,
            mixtures: 12,
            bins: 32,
            hidden: vec![64, 64],
            seed: 1,
        }
    }
}

/// A number of maps in each of which coordinates are changed, given which others.
type Plan = Vec<(usize, Vec<usize>)>;

impl Order {
    /// All coordinates once.
    fn plan(self, dimension: usize, layer: usize) -> Plan {
        match self {
            Order::Autoregressive => {
                let turned = |i: usize| if layer.is_multiple_of(2) { i } else { dimension - 1 - i };
                (0..dimension).map(|i| (turned(i), (0..i).map(turned).collect())).collect()
            }
            Order::Coupling => {
                let half = |parity: usize| (parity..dimension).step_by(2);
                [0, 1].into_iter().flat_map(|p| half(p).map(move |i| (i, half(1 - p).collect()))).collect()
            }
        }
    }
}

/// Refuses tori and spheres of too many dimensions.
fn check_dimension(dimension: usize) -> Result<(), Error> {
    match dimension {
        1..=64 => Ok(()),
        _ => refuse("dimension", "1 to 64", dimension.to_string()),
    }
}

fn refuse<T>(what: &'static str, expected: &str, found: String) -> Result<T, Error> {
    Err(Error::Architecture { what, expected: expected.into(), found })
}

/// The family of maps of an angle.
fn of_angles(transform: Transform, count: usize) -> Family {
    match transform {
        Transform::Ncp => Family::Moebius(Moebius { mixtures: count, shifts: false, weights: true, offset: true }),
        Transform::Moebius => Family::Moebius(Moebius { mixtures: count, shifts: true, weights: true, offset: true }),
        Transform::Spline => Family::Spline(Spline { bins: count, circular: true, offset: true }),
    }
}

/// What both kinds of flows are made of.
struct Points<'a> {
    coordinates: Vec<Coordinate>,
    order: Order,
    layers: usize,
    angles: Family,
    heights: Family,
    hidden: &'a [usize],
    seed: u64,
}

impl Points<'_> {
    fn check(&self) -> Result<(), Error> {
        if !(1..=10_000).contains(&self.layers) {
            return refuse("layers", "1 to 10000", self.layers.to_string());
        }
        for family in [self.angles, self.heights] {
            let (count, most) = match family {
                Family::Moebius(moebius) => (moebius.mixtures, 256),
                Family::Spline(spline) => (spline.bins, Spline::MAX_BINS),
            };
            if !(1..=most).contains(&count) {
                return refuse("mixtures or bins", &format!("1 to {most}"), count.to_string());
            }
        }
        if self.hidden.iter().any(|&h| h == 0 || h > 4096) || self.hidden.len() > 100 {
            return refuse("hidden", "at most 100 widths of 1 to 4096", format!("{:?}", self.hidden));
        }
        let outputs = self.angles.parameters().max(self.heights.parameters());
        let widths = [&[2 * self.coordinates.len()], self.hidden, &[outputs]].concat();
        let each: u128 = widths.windows(2).map(|pair| ((pair[0] + 1) * pair[1]) as u128).sum();
        let all = each * (self.layers * self.coordinates.len()) as u128;
        if all > 1 << 28 {
            return refuse("flow", "at most 2^28 parameters", all.to_string());
        }
        Ok(())
    }

    fn flow(
        &self,
        lattice: &Lattice,
        prior: Box<dyn Prior<Channels>>,
        architecture: Architecture,
    ) -> Result<Flow<Channels>, Error> {
        self.check()?;
        let mut parameters = Parameters::new();
        let mut chain: Chain<Channels> = Chain::default();
        let named = |i: usize| (i, self.coordinates[i]);
        for layer in 0..self.layers {
            for (own, given) in self.order.plan(self.coordinates.len(), layer) {
                let own = named(own);
                let shape = ConditionalShape {
                    own,
                    given: &given.into_iter().map(named).collect::<Vec<_>>(),
                    family: if own.1 == Coordinate::Angle { self.angles } else { self.heights },
                    hidden: self.hidden,
                    seed: self.seed,
                };
                let name = format!("layer.{layer}.coordinate.{}", own.0);
                chain.0.push(Box::new(ConditionalMap::new(&mut parameters, &name, lattice, &shape)?));
            }
        }
        Ok(Flow::from_prior(lattice, parameters, prior, chain).described(architecture))
    }
}

impl TorusFlow {
    /// The flow, with fresh parameters: of independent points on the sites of a lattice.
    ///
    /// # Errors
    /// If there is no such flow.
    pub fn flow(&self, lattice: &Lattice) -> Result<Flow<Channels>, Error> {
        check_dimension(self.dimension)?;
        let angles = of_angles(self.transform, self.mixtures);
        let points = Points {
            coordinates: vec![Coordinate::Angle; self.dimension],
            order: self.order,
            layers: self.layers,
            angles,
            heights: angles,
            hidden: &self.hidden,
            seed: self.seed,
        };
        let prior = UniformAngles { channels: self.dimension, haar: false };
        points.flow(lattice, Box::new(prior), Architecture::Torus(self.clone()))
    }
}

impl SphereFlow {
    /// The flow, with fresh parameters: of independent points on the sites of a lattice, by their coordinates
    /// ([`super::embedded`]).
    ///
    /// # Errors
    /// If there is no such flow.
    pub fn flow(&self, lattice: &Lattice) -> Result<Flow<Channels>, Error> {
        check_dimension(self.dimension)?;
        let points = Points {
            coordinates: coordinates(self.dimension),
            order: Order::Autoregressive,
            layers: self.layers,
            angles: of_angles(self.transform, self.mixtures),
            heights: Family::Spline(Spline { bins: self.bins, circular: false, offset: false }),
            hidden: &self.hidden,
            seed: self.seed,
        };
        let prior = UniformSphere { dimension: self.dimension };
        points.flow(lattice, Box::new(prior), Architecture::Sphere(self.clone()))
    }
}
