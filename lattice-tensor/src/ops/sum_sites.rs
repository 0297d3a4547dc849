//! Sum over the lattice: `s = Σ_x Σ_c f_c(x)`, one number a sample, accumulated in `f64`.
//!
//! * in    `f`: any fibre, any location
//! * out   per sample
//! * vjp   `f̄(x) = s̄` on every site
//! * cost  one add a number; reads the field once, or nothing at the end of a chain
//! * see   rows are added in order, lane by lane, so the bits depend on the layout only

use super::{Adjoint, Op, Pointwise, Role, Vjp};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};

/// The sum of a field over its sites and components, for each sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SumSites;

impl Op for SumSites {
    const NAME: &'static str = "sum_sites";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match inputs {
            [Spec::Field { .. }] => Ok(Spec::PerSample),
            _ => Err(Error::op(Self::NAME, "a field", inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        // A cotangent that does not depend on the site may stay a number; pointwise ops take it as it is.
        let _ = (&graph, Pointwise::Mul);
        Ok(vec![Vjp::Node(at.cotangent)])
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], _output: &Spec) -> Cost {
        let n = inputs[0].numbers(lattice) as f64;
        Cost { flops: n, bytes: 4.0 * n }
    }

    fn role(&self) -> Role {
        Role::SumSites
    }
}
