//! Maps of one coordinate given others: what flows on tori and spheres are made of.

use super::change::{Change, Place};
use super::features::{FeatureNet, NetShape};
use crate::bijection::{Bijection, Followed};
use lattice_autograd::params::{Parameters, ParamsError};
use lattice_autograd::{Family, Mapped, PerSample, Var};
use lattice_tensor::field::{Channels, Scalar};
use lattice_tensor::{Grid, Lattice, Location};

/// What a coordinate of a point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coordinate {
    /// An angle, in `[−π, π]`.
    Angle,
    /// A height `r` above the equator of a sphere, in `[−1, 1]`.
    Height,
}

/// Numbers of a coordinate that a net sees.
const NUMBERS: usize = 2;

impl Coordinate {
    /// `cos θ`, `sin θ` of an angle; `r`, `√(1 − r²)` of a height: smooth functions on the circle, and at the poles.
    fn seen(self, x: Var<'_, Scalar>) -> Vec<Var<'_, Scalar>> {
        match self {
            Coordinate::Angle => vec![x.cos(), x.sin()],
            Coordinate::Height => vec![x, radius2(x).sqrt()],
        }
    }
}

/// `1 − r²` of heights, and `10⁻¹⁴` at the poles themselves, where its root and its logarithm have no derivative.
pub(super) fn radius2(height: Var<'_, Scalar>) -> Var<'_, Scalar> {
    let trace = height.trace();
    let least = trace.spread(trace.constant(1e-14), height.location());
    ((1.0 - height) * (1.0 + height)).max(least)
}

/// `y_i = h(x_i)` for one coordinate `i` of a point, `h` a monotone map of the circle or of `[−1, 1]` whose parameters a net makes
/// of other coordinates; all but `x_i` stay. A chain of them, each given those before, is an autoregressive flow, whose
/// Jacobian is triangular (Rezende et al. 2002.02428, §2.2).
#[derive(Clone, Debug)]
pub struct ConditionalMap {
    own: (usize, Coordinate),
    given: Vec<(usize, Coordinate)>,
    family: Family,
    net: FeatureNet,
}

/// What a [`ConditionalMap`] looks like.
#[derive(Clone, Copy, Debug)]
pub struct ConditionalShape<'a> {
    /// The channel of the coordinate, and what it is.
    pub own: (usize, Coordinate),
    /// Those that the net sees.
    pub given: &'a [(usize, Coordinate)],
    /// The maps: of the circle for an angle, of the interval for a height.
    pub family: Family,
    /// Widths of the hidden layers.
    pub hidden: &'a [usize],
    /// Seed of the initial parameters.
    pub seed: u64,
}

impl ConditionalMap {
    /// A map whose parameters are added under `name`.
    ///
    /// # Errors
    /// If the names are taken.
    pub fn new(
        parameters: &mut Parameters,
        name: &str,
        lattice: &Lattice,
        shape: &ConditionalShape<'_>,
    ) -> Result<ConditionalMap, ParamsError> {
        let &ConditionalShape { own, given, family, hidden, seed } = shape;
        let start = vec![0.0; family.parameters()];
        let net = NetShape {
            loops: &vec![Grid::ALL; given.len()],
            numbers: NUMBERS,
            to: Grid::ALL,
            kernel: 1,
            hidden,
            outputs: family.parameters(),
            smooth: true,
            start: &start,
            gain: 1.0,
            seed,
        };
        let net = FeatureNet::new(parameters, name, lattice, &net)?;
        Ok(ConditionalMap { own, given: given.to_vec(), family, net })
    }

    fn place(&self) -> Place {
        Place { channel: self.own.0, active: Location::All }
    }

    fn change<'t>(&self, own: Var<'t, Scalar>, all: &[Var<'t, Scalar>], inverse: bool) -> Change<'t> {
        let trace = own.trace();
        let seen: Vec<_> = self.given.iter().map(|&(channel, what)| what.seen(all[channel])).collect();
        let parameters = self.net.forward(&seen, trace.spread(trace.constant(1.0), Location::All));
        let Mapped { y, log_slope, curvature } = match inverse {
            false => own.mapped(self.family, parameters),
            true => own.mapped_back(self.family, parameters),
        };
        let y = if self.own.1 == Coordinate::Angle { y.wrap() } else { y };
        Change { y, log_slope, curvature }
    }
}

impl Bijection<Channels> for ConditionalMap {
    fn forward<'t>(&self, x: Var<'t, Channels>) -> (Var<'t, Channels>, Var<'t, PerSample>) {
        self.place().apply(x, |own, all| self.change(own, all, false))
    }

    fn inverse<'t>(&self, y: Var<'t, Channels>) -> (Var<'t, Channels>, Var<'t, PerSample>) {
        self.place().apply(y, |own, all| self.change(own, all, true))
    }

    fn follow<'t>(&self, x: Var<'t, Channels>, score: Var<'t, Channels>) -> Followed<'t, Channels> {
        self.place().follow(x, score, |own, all| self.change(own, all, false))
    }
}
