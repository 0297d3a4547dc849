//! A number on every site: `y(x) = a`.
//!
//! * in    `a`: per sample or uniform
//! * out   a field of the given type, the same number in every component
//! * vjp   `ā = Σ_x Σ_c ȳ_c(x)`
//! * cost  writes the field once, or nothing inside a chain
//! * see   pointwise ops spread their operands themselves

use super::{Adjoint, Op, Role, SumSites, Vjp};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};

/// The field that is the same number everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// The type of the field.
    pub spec: Spec,
}

impl Op for Spread {
    const NAME: &'static str = "spread";

    fn infer(&self, lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match (self.spec, inputs) {
            (Spec::Field { location, .. }, [Spec::PerSample | Spec::Uniform]) => {
                location.check(lattice)?;
                Ok(self.spec)
            }
            _ => Err(Error::op(Self::NAME, "a number, to spread over a field", inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        Ok(vec![Vjp::Node(graph.push(SumSites, &[at.cotangent])?)])
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        Cost { flops: 0.0, bytes: 4.0 * output.numbers(lattice) as f64 }
    }

    fn role(&self) -> Role {
        Role::Spread
    }
}
