//! Monotone maps of the numbers of a field, whose parameters are fields too.

use crate::var::Var;
use lattice_tensor::Location;
use lattice_tensor::field::{Channels, Scalar};
use lattice_tensor::ops::{Channel, Moebius, MoebiusMap, Pointwise, Shift, Spline, SplineMap};

/// A family of monotone maps of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Of the circle.
    Moebius(Moebius),
    /// Of the circle or of `[−1, 1]`.
    Spline(Spline),
}

impl Family {
    /// How many parameters choose one of the family; all 0 choose the identity.
    pub fn parameters(self) -> usize {
        match self {
            Family::Moebius(family) => {
                family.mixtures * (1 + usize::from(family.shifts) + usize::from(family.weights))
                    + usize::from(family.offset)
            }
            Family::Spline(family) => 3 * family.bins + usize::from(!family.circular) + usize::from(family.offset),
        }
    }
}

/// What a map makes of a field.
#[derive(Clone, Copy, Debug)]
pub struct Mapped<'t> {
    /// `y(x)`
    pub y: Var<'t, Scalar>,
    /// `ln dy/dx`
    pub log_slope: Var<'t, Scalar>,
    /// `d ln(dy/dx) / dx`, a value: asking for its gradient is an error.
    pub curvature: Var<'t, Scalar>,
}

impl<'t> Var<'t, Scalar> {
    /// Each number by the map of a family that the parameters at its site choose.
    #[track_caller]
    pub fn mapped(self, family: Family, parameters: Var<'t, Channels>) -> Mapped<'t> {
        self.through(family, parameters, false)
    }

    /// The inverse of [`Var::mapped`]; the logarithm is that of the inverse's derivative.
    #[track_caller]
    pub fn mapped_back(self, family: Family, parameters: Var<'t, Channels>) -> Mapped<'t> {
        self.through(family, parameters, true)
    }

    #[track_caller]
    fn through(self, family: Family, parameters: Var<'t, Channels>, inverse: bool) -> Mapped<'t> {
        let inputs = [self.id(), parameters.id()];
        let all: Var<'t, Channels> = match family {
            Family::Moebius(family) => self.trace().apply(MoebiusMap { family, inverse }, &inputs),
            Family::Spline(family) => self.trace().apply(SplineMap { family, inverse }, &inputs),
        };
        let channel = |i: usize| self.trace().apply(Channel(i), &[all.id()]);
        Mapped { y: channel(0), log_slope: channel(1), curvature: channel(2) }
    }

    /// The angle in `[−π, π]` that differs by whole turns.
    #[track_caller]
    pub fn wrap(self) -> Self {
        self.trace().apply(Pointwise::Wrap, &[self.id()])
    }

    /// `y(x) = self(x + displacement)` on the sub-lattice `to`, 0 where that is not on the field's own.
    #[track_caller]
    pub fn read_at(self, displacement: &[i32], to: Location) -> Self {
        if displacement.iter().all(|&d| d == 0) {
            return self.on(to);
        }
        self.trace().apply(Shift { to, displacement: displacement.to_vec(), from: self.location() }, &[self.id()])
    }
}
