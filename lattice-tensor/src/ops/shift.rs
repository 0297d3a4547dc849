//! Periodic shift between sub-lattices: `y(x) = f(x + d)` where `x + d` lies on `f`'s sub-lattice, else 0.
//!
//! * in    `f`: any fibre, any location
//! * out   the same fibre on the sub-lattice `to`
//! * vjp   `f̄(x) = ȳ(x − d)`: the shift back
//! * cost  no flops; reads and writes the field once, or nothing where it folds into a chain's load
//! * see   Grid `Cshift` (same sign); CONVENTIONS.md §2
//!
//! Three things are this one op: the shift of a field, the restriction of a field to a sub-lattice (`d = 0`), and the
//! embedding of a sub-lattice's field into the whole lattice, zero elsewhere.

use super::{Adjoint, Form, Op, Role, Shader, Site, Vjp};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::lattice::{Lattice, Location};
use crate::spec::{Cost, Fibre, Spec};

/// Reads a field at distance `displacement`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shift {
    /// The sub-lattice of the result.
    pub to: Location,
    /// The distance `d`, one entry a direction.
    pub displacement: Vec<i32>,
    /// The sub-lattice of the input.
    pub from: Location,
}

impl Op for Shift {
    const NAME: &'static str = "shift";

    fn infer(&self, lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [Spec::Field { location, fibre }] if location == self.from => {
                // The way back must be a number too.
                if self.displacement.len() != lattice.directions() || self.displacement.contains(&i32::MIN) {
                    let expected = format!("a displacement with {} entries", lattice.directions());
                    return Err(Error::op(Self::NAME, expected, &self.displacement));
                }
                if !lattice.is_real() && fibre != Fibre::Complex {
                    return Err(Error::op(Self::NAME, "a complex field under twisted boundaries", fibre));
                }
                self.to.check(lattice)?;
                self.from.check(lattice)?;
                Ok(Spec::Field { location: self.to, fibre })
            }
            _ => Err(Error::op(Self::NAME, format!("a field on {:?}", self.from), inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let displacement = self.displacement.iter().map(|d| -d).collect();
        let back = Shift { to: self.from, from: self.to, displacement };
        Ok(vec![Vjp::Node(graph.push(back, &[at.cotangent])?)])
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        Cost { flops: 0.0, bytes: 8.0 * output.numbers(lattice) as f64 }
    }

    fn role(&self) -> Role {
        Role::Shift(self.clone())
    }

    fn is_linear(&self) -> bool {
        true
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let complex = matches!(at.output, Spec::Field { fibre: Fibre::Complex, .. });
        let hops = at.hop_table(self.to, self.from, &self.displacement)?;
        Ok(Some(Shader::new("shift", Form::Element, &["f"]).truth("COMPLEX", complex).table("hops", hops)))
    }
}
