//! Sum over nearest neighbours: `y(x) = Σ_μ [f(x+μ) + f(x−μ)]`.
//!
//! * in    `f`: any fibre, on the sub-lattice `from`
//! * out   the same fibre on `to`; neighbours outside `from` count as zero
//! * vjp   the same sum with `from` and `to` exchanged: it is self-adjoint
//! * cost  `2d − 1` adds a number; one instruction of a chain
//! * see   the hopping term of lattice actions; boundary phases multiply the neighbours they belong to

use super::{Adjoint, Form, Op, Role, Shader, Site, Vjp};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::lattice::{Lattice, Location};
use crate::spec::{Cost, Fibre, Spec};

/// The sum over both neighbours in every direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Neighbours {
    /// The sub-lattice of the result.
    pub to: Location,
    /// The sub-lattice of the input.
    pub from: Location,
}

impl Op for Neighbours {
    const NAME: &'static str = "neighbours";

    fn infer(&self, lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [Spec::Field { location, fibre }] if location == self.from => {
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
        let back = Neighbours { to: self.from, from: self.to };
        Ok(vec![Vjp::Node(graph.push(back, &[at.cotangent])?)])
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: (2 * lattice.directions() - 1) as f64 * n, bytes: 8.0 * n }
    }

    fn role(&self) -> Role {
        Role::Neighbours(*self)
    }

    fn is_linear(&self) -> bool {
        true
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let complex = matches!(at.output, Spec::Field { fibre: Fibre::Complex, .. });
        let directions = at.layout.lattice().directions();
        let mut hops = Vec::new();
        for (mu, step) in (0..directions).flat_map(|mu| [(mu, 1), (mu, -1)]) {
            let mut displacement = vec![0; directions];
            displacement[mu] = step;
            hops.extend(at.hop_table(self.to, self.from, &displacement)?);
        }
        let shader = Shader::new("neighbours", Form::Element, &["f"]).truth("COMPLEX", complex).table("hops", hops);
        let rows = at.layout.rows(self.to)?.len();
        Ok(Some(shader.number("DIRECTIONS", directions).number("ROWS", rows).turns(directions)))
    }
}
