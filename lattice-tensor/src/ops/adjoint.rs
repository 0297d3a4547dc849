//! The adjoint of matrices: `y = a†`.
//!
//! * in    `a`: a field of matrices
//! * out   the same type
//! * vjp   `ā = ȳ†`
//! * cost  no flops
//! * see   `multiply`, which takes adjoint factors as they are

use super::matrices::{ForMatrix, each_matrix, matrices, matrix, matrix_shader};
use super::multiply::same_matrices;
use super::{Adjoint, Op, Shader, Site, Vjp};
use crate::device::cpu::Kernel;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::group::Group;
use crate::lanes::group::store;
use crate::lanes::{Isa, Real};
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};

/// `a†`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MatrixAdjoint;

impl Op for MatrixAdjoint {
    const NAME: &'static str = "adjoint";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        same_matrices(Self::NAME, inputs.first().filter(|_| inputs.len() == 1))
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        Ok(vec![Vjp::Node(graph.push(MatrixAdjoint, &[at.cotangent])?)])
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        Cost { flops: 0.0, bytes: 8.0 * output.numbers(lattice) as f64 }
    }

    fn is_linear(&self) -> bool {
        true
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let Some((_, group, count)) = matrices(at.output) else {
            return Err(Error::op(Self::NAME, "matrices", at.output));
        };
        each_matrix(at, group, count, *self)
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let Some((_, group, count)) = matrices(at.output) else { return Ok(None) };
        Ok(Some(matrix_shader("adjoint", group, at, count, &["a"])?.turns(2 * group.matrix())))
    }
}

impl ForMatrix for MatrixAdjoint {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [a, _]: [&[R]; 2], out: &mut [R], part: usize) {
        store(&G::adjoint(&matrix::<G, S, R>(simd, a, part)), out, part);
    }
}
