//! Mixtures of Möbius maps of the circle, and of non-compact projections, which are Möbius maps without shift.
//!
//! `MoebiusMap`: `y = Σ_i ρ_i y_i`, `tan(y_i/2) = e^{s_i} tan(x/2) + b_i`, each monotone with `π` fixed, continued by
//! `y(x + 2π) = y(x) + 2π`, and an angle added if asked for; `MoebiusTangent`: how value and logarithm depend on the parameters.
//!
//! * in    `MoebiusMap`: `x`, a real field of angles; channels of parameters, see [`Moebius`]. `MoebiusTangent`: those at which
//!   it is taken, and two channels of cotangents
//! * out   `MoebiusMap`: `y`, `ln dy/dx`, and the derivative of the latter with respect to `x`; backward those of the inverse,
//!   found to [`Moebius::TOLERANCE`]. `MoebiusTangent`: as many channels as there are parameters
//! * vjp   `MoebiusMap`: see `transforms`; `MoebiusTangent`: none
//! * cost  about 60 flops for each map; backward that for every step of Newton's method, of which there are four to ten
//! * see   Rezende et al. 2002.02428 §2.1, whose two families of the circle these are: `h_w` with one point held fixed acts on
//!   `tan(x/2)` as an affine map

use super::transforms::{What, each_row, mapped, row_shader, rule, tangent};
use super::{Adjoint, Op, Shader, Site, Vjp};
use crate::device::cpu::Kernel;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::lanes::Real;
use crate::lanes::transform::Map;
pub use crate::lanes::transform::Moebius;
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};

/// The map, or its inverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MoebiusMap {
    /// Of which family.
    pub family: Moebius,
    /// Whether it goes backward.
    pub inverse: bool,
}

/// How value and logarithm of the map depend on its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MoebiusTangent(pub Moebius);

fn checked(family: &Moebius, op: &'static str) -> Result<()> {
    match family.mixtures {
        1..=4096 => Ok(()),
        found => Err(Error::op(op, "1 to 4096 maps", found)),
    }
}

fn described(shader: Shader, family: &Moebius) -> Shader {
    let first = family.mixtures * if family.shifts { 2 } else { 1 };
    let shader = shader.number("MIXTURES", family.mixtures).number("FIRST_WEIGHT", first);
    let shader = shader.truth("SHIFTS", family.shifts).truth("WEIGHTS", family.weights);
    shader.truth("OFFSET", family.offset).number("LAST", family.parameters() - 1)
}

impl Op for MoebiusMap {
    const NAME: &'static str = "moebius";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        checked(&self.family, Self::NAME)?;
        mapped(Self::NAME, &self.family, inputs)
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        rule(graph, at, self.inverse, MoebiusTangent(self.family))
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        let maps = (inputs[0].numbers(lattice) * self.family.mixtures) as f64;
        let numbers: usize = inputs.iter().chain([output]).map(|spec| spec.numbers(lattice)).sum();
        Cost { flops: if self.inverse { 360.0 } else { 60.0 } * maps, bytes: 4.0 * numbers as f64 }
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        each_row(at, self.family, What::Map { inverse: self.inverse })
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let turns = self.family.mixtures * if self.inverse { Moebius::MOST_STEPS } else { 2 };
        let shader = row_shader("moebius", at, &["x", "p"])?.truth("INVERSE", self.inverse).turns(turns);
        Ok(Some(described(shader, &self.family)))
    }
}

impl Op for MoebiusTangent {
    const NAME: &'static str = "moebius_tangent";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        checked(&self.0, Self::NAME)?;
        tangent(Self::NAME, &self.0, inputs)
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        let maps = (inputs[0].numbers(lattice) * self.0.mixtures) as f64;
        let numbers: usize = inputs.iter().chain([output]).map(|spec| spec.numbers(lattice)).sum();
        Cost { flops: if self.0.weights { 140.0 } else { 80.0 } * maps, bytes: 4.0 * numbers as f64 }
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        each_row(at, self.0, What::Tangent)
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let shader = row_shader("moebius_tangent", at, &["x", "p", "c"])?.turns(3 * self.0.mixtures);
        Ok(Some(described(shader, &self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_of_no_maps_is_refused() {
        let lattice = Lattice::periodic([2]).unwrap();
        let family = Moebius { mixtures: 0, shifts: false, weights: false, offset: false };
        let found = MoebiusMap { family, inverse: false }.infer(&lattice, &[Spec::scalar_field(); 2]);
        assert!(found.unwrap_err().to_string().contains("1 to 4096 maps"));
        assert_eq!(Moebius { mixtures: 3, shifts: true, weights: true, offset: true }.parameters(), 10);
    }
}
