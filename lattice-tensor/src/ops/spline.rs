//! Rational-quadratic splines of the circle and of the interval `[−1, 1]`.
//!
//! `SplineMap`: in a bin of width `w` and height `h`, with `s = h/w`, slopes `d₀`, `d₁` and `z` the place in it,
//! `y = y₀ + h (s z² + d₀ z(1−z)) / (s + (d₀ + d₁ − 2s) z(1−z))`; on the circle with `π` fixed, continued by
//! `y(x + 2π) = y(x) + 2π`. `SplineTangent`: how value and logarithm depend on the parameters.
//!
//! * in    `SplineMap`: `x`, a real field; channels of parameters, see [`Spline`]. `SplineTangent`: those at which it is taken,
//!   and two channels of cotangents
//! * out   `SplineMap`: `y`, `ln dy/dx`, and the derivative of the latter with respect to `x`; backward those of the inverse, in
//!   closed form. `SplineTangent`: as many channels as there are parameters
//! * vjp   `SplineMap`: see `transforms`; `SplineTangent`: none
//! * cost  about 50 flops for each bin
//! * see   Durkan et al. 1906.04032; on the circle Rezende et al. 2002.02428 §2.1. The derivative is continuous, its derivative
//!   jumps at knots

use super::transforms::{What, each_row, mapped, row_shader, rule, tangent};
use super::{Adjoint, Op, Shader, Site, Vjp};
use crate::device::cpu::Kernel;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::lanes::Real;
use crate::lanes::transform::Map;
pub use crate::lanes::transform::Spline;
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};

/// The map, or its inverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SplineMap {
    /// Of which family.
    pub family: Spline,
    /// Whether it goes backward.
    pub inverse: bool,
}

/// How value and logarithm of the map depend on its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SplineTangent(pub Spline);

fn checked(family: &Spline, op: &'static str) -> Result<()> {
    match family.bins {
        _ if family.offset && !family.circular => Err(Error::op(op, "an offset on the circle only", family)),
        1..=Spline::MAX_BINS => Ok(()),
        found => Err(Error::op(op, format!("1 to {} bins", Spline::MAX_BINS), found)),
    }
}

fn described(shader: Shader, family: &Spline) -> Shader {
    let shader = shader.number("BINS", family.bins).truth("CIRCULAR", family.circular);
    shader.truth("OFFSET", family.offset).number("LAST", family.parameters() - 1).turns(4 * family.bins)
}

fn cost(lattice: &Lattice, family: &Spline, inputs: &[Spec], output: &Spec, flops: f64) -> Cost {
    let bins = (inputs[0].numbers(lattice) * family.bins) as f64;
    let numbers: usize = inputs.iter().chain([output]).map(|spec| spec.numbers(lattice)).sum();
    Cost { flops: flops * bins, bytes: 4.0 * numbers as f64 }
}

impl Op for SplineMap {
    const NAME: &'static str = "spline";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        checked(&self.family, Self::NAME)?;
        mapped(Self::NAME, &self.family, inputs)
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        rule(graph, at, self.inverse, SplineTangent(self.family))
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        cost(lattice, &self.family, inputs, output, 48.0)
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        each_row(at, self.family, What::Map { inverse: self.inverse })
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let shader = row_shader("spline", at, &["x", "p"])?.truth("INVERSE", self.inverse);
        Ok(Some(described(shader, &self.family)))
    }
}

impl Op for SplineTangent {
    const NAME: &'static str = "spline_tangent";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        checked(&self.0, Self::NAME)?;
        tangent(Self::NAME, &self.0, inputs)
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        cost(lattice, &self.0, inputs, output, 64.0)
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        each_row(at, self.0, What::Tangent)
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        Ok(Some(described(row_shader("spline_tangent", at, &["x", "p", "c"])?, &self.0)))
    }
}
