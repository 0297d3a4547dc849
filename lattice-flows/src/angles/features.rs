//! The net of a loop coupling: from angles of loops to the parameters of a map.

use crate::nets::{ConvNet, Layer, Start, cube};
use lattice_autograd::Var;
use lattice_autograd::params::{Parameters, ParamsError};
use lattice_autograd::var::stack;
use lattice_tensor::field::{Channels, Scalar};
use lattice_tensor::{Grid, Lattice, Location};

/// Harmonics of a loop's angle that a net sees.
const HARMONICS: usize = 6;

/// How many numbers of a loop a net sees: see [`seen`].
pub(super) fn numbers_seen(even: bool) -> usize {
    if even { HARMONICS } else { 2 }
}

/// Numbers of a loop that a net sees: `cos S` and `sin S` of its angle; or even ones, `cos(k S/2)` for `k = 1 … 6` with `S` in
/// `[−π, π]`, from which it makes what changes fast near `S = ±π`, where the density of the link has two peaks.
pub(super) fn seen<'t>(angle: Var<'t, Scalar>, even: bool) -> Vec<Var<'t, Scalar>> {
    if !even {
        return vec![angle.cos(), angle.sin()];
    }
    let half = angle.wrap() * 0.5;
    (1..=HARMONICS).map(|k| (half * k as f64).cos()).collect()
}

/// Convolutions with leaky rectifiers, or `tanh`, between them. The first adds up what it makes of the numbers of each loop, group
/// by group of those on the same sub-lattice; hidden layers are computed only where later ones look; the last gives the parameters on the
/// sites of the changed links. Without loops, or without hidden layers to see them through, the parameters are numbers that
/// are the same everywhere.
#[derive(Clone, Debug)]
pub struct FeatureNet {
    /// Each group's sub-lattice, which loops belong to it, and its convolution.
    groups: Vec<(Location, Vec<usize>, Layer)>,
    /// The hidden layers after the first, and where each layer but the last is computed.
    hidden: Vec<Layer>,
    places: Vec<Location>,
    last: Layer,
    to: Location,
    smooth: bool,
    gain: f64,
}

/// What a [`FeatureNet`] looks like.
#[derive(Clone, Copy, Debug)]
pub struct NetShape<'a> {
    /// Where the loops are, or whatever else is seen.
    pub loops: &'a [Grid],
    /// How many numbers each of them gives.
    pub numbers: usize,
    /// Where the parameters are wanted.
    pub to: Grid,
    /// Extent of the kernels, odd.
    pub kernel: usize,
    /// Widths of the hidden layers.
    pub hidden: &'a [usize],
    /// Parameters of the map.
    pub outputs: usize,
    /// Whether `tanh` stands between convolutions, not a leaky rectifier.
    pub smooth: bool,
    /// What the parameters start near.
    pub start: &'a [f64],
    /// The parameters are so many times what the last convolution makes: they learn the faster.
    pub gain: f64,
    /// Seed of the initial parameters.
    pub seed: u64,
}

impl FeatureNet {
    /// The last convolution starts small, so that a fresh map is near the identity.
    const LAST: f64 = 0.1;

    /// A net whose parameters are added under `name`.
    ///
    /// # Errors
    /// If the names are taken.
    pub fn new(
        parameters: &mut Parameters,
        name: &str,
        lattice: &Lattice,
        shape: &NetShape<'_>,
    ) -> Result<FeatureNet, ParamsError> {
        let &NetShape { loops, numbers, to, kernel, hidden, outputs, smooth, start, gain, seed } = shape;
        let to_location = to.location();
        let (Some(&first), false) = (hidden.first(), loops.is_empty()) else {
            let constant = [1, outputs];
            let last = Layer::new(parameters, name, &cube(lattice, 1), constant, Self::LAST, Start::Absent, seed)?;
            return Ok(FeatureNet {
                groups: Vec::new(),
                hidden: Vec::new(),
                places: Vec::new(),
                last,
                smooth,
                gain: 1.0,
                to: to_location,
            });
        };
        let extents = cube(lattice, kernel);
        // The reach of the layers behind each.
        let reach = |layers: usize| to.dilated((layers * (kernel / 2)).min(usize::from(u16::MAX)) as u16).location();
        let places = (0..hidden.len()).map(|i| reach(hidden.len() - i)).collect();
        let mut members: Vec<(Location, Vec<usize>)> = Vec::new();
        for (i, grid) in loops.iter().enumerate() {
            let location = grid.location();
            match members.iter_mut().find(|(known, _)| *known == location) {
                Some((_, list)) => list.push(i),
                None => members.push((location, vec![i])),
            }
        }
        let inputs = numbers * loops.len();
        let mut groups = Vec::new();
        for (g, (location, list)) in members.into_iter().enumerate() {
            let scale = ((numbers * list.len()) as f64 / inputs as f64).sqrt();
            let biases = if g == 0 { Start::Random } else { Start::Absent };
            let shape = [numbers * list.len(), first];
            let layer = Layer::new(parameters, &format!("{name}.0.{g}"), &extents, shape, scale, biases, seed)?;
            groups.push((location, list, layer));
        }
        let mut layers = Vec::new();
        for (i, pair) in hidden.windows(2).enumerate() {
            let (name, shape) = (format!("{name}.{}", i + 1), [pair[0], pair[1]]);
            layers.push(Layer::new(parameters, &name, &extents, shape, 1.0, Start::Random, seed)?);
        }
        let shape = [hidden[hidden.len() - 1], outputs];
        let name = format!("{name}.{}", hidden.len());
        let start: Vec<f64> = start.iter().map(|x| x / gain).collect();
        let last = Layer::new(parameters, &name, &extents, shape, Self::LAST, Start::At(&start), seed)?;
        Ok(FeatureNet { groups, hidden: layers, places, last, to: to_location, smooth, gain })
    }

    /// The parameters, from the numbers of each loop.
    pub fn forward<'t>(&self, seen: &[Vec<Var<'t, Scalar>>], one: Var<'t, Scalar>) -> Var<'t, Channels> {
        let between = |h: Var<'t, Channels>| if self.smooth { h.tanh() } else { h.leaky_relu(ConvNet::SLOPE) };
        let mut h: Option<Var<'t, Channels>> = None;
        for (_, list, layer) in &self.groups {
            let features: Vec<_> = list.iter().flat_map(|&i| seen[i].clone()).collect();
            let more = layer.apply(stack(&features), self.places[0]);
            h = Some(h.map_or(more, |h| h + more));
        }
        let Some(mut h) = h else { return self.last.apply(one, self.to) };
        h = between(h);
        for (layer, &place) in self.hidden.iter().zip(&self.places[1..]) {
            h = between(layer.apply(h, place));
        }
        let out = self.last.apply(h, self.to);
        if self.gain == 1.0 { out } else { out * self.gain }
    }
}
