//! Products of matrices: `y = a b`, either factor possibly adjoint.
//!
//! * in    `a`, `b`: fields of equally many matrices of one group, on one sub-lattice
//! * out   the same type
//! * vjp   `ā = ȳ b†`, `b̄ = a† ȳ`, adjoint where the factor is
//! * cost  198 flops for SU(3), 28 for SU(2), 6 for U(1)
//! * see   CONVENTIONS.md §10; cotangents of matrices are matrices

use super::matrices::{ForMatrix, each_matrix, matrices, matrix, matrix_field, matrix_shader};
use super::{Adjoint, Op, Shader, Site, Vjp};
use crate::device::cpu::Kernel;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::group::Group;
use crate::lanes::group::store;
use crate::lanes::{Isa, Real};
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};

/// The product of two matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Multiply {
    /// Whether the first factor is `a†`.
    pub adjoint_a: bool,
    /// Whether the second factor is `b†`.
    pub adjoint_b: bool,
}

impl Multiply {
    /// `a b`
    pub const PLAIN: Multiply = Multiply { adjoint_a: false, adjoint_b: false };
}

impl Op for Multiply {
    const NAME: &'static str = "multiply";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [a, b] if a == b && matrices(a).is_some() => Ok(a),
            _ => Err(Error::op(Self::NAME, "two fields of matrices of one type", inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let (&[a, b], y) = (at.inputs, at.cotangent) else {
            return Err(Error::op(Self::NAME, "two factors", at.inputs));
        };
        let Multiply { adjoint_a, adjoint_b } = *self;
        let mut times = |adjoint_a, x, adjoint_b, y| graph.push(Multiply { adjoint_a, adjoint_b }, &[x, y]);
        let to_a = if adjoint_a { times(adjoint_b, b, true, y) } else { times(false, y, !adjoint_b, b) };
        let to_b = if adjoint_b { times(true, y, adjoint_a, a) } else { times(!adjoint_a, a, false, y) };
        Ok(vec![Vjp::Node(to_a?), Vjp::Node(to_b?)])
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        let each = matrices(inputs[0]).map_or(0.0, |(_, g, _)| g.product_flops() / g.matrix() as f64);
        Cost { flops: each * n, bytes: 12.0 * n }
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
        let shader = matrix_shader("multiply", group, at, count, &["a", "b"])?;
        Ok(Some(shader.truth("ADJOINT_A", self.adjoint_a).truth("ADJOINT_B", self.adjoint_b).turns(3 * group.matrix())))
    }
}

impl ForMatrix for Multiply {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [a, b]: [&[R]; 2], out: &mut [R], part: usize) {
        let (a, b) = (matrix::<G, S, R>(simd, a, part), matrix::<G, S, R>(simd, b, part));
        let y = match (self.adjoint_a, self.adjoint_b) {
            (false, false) => G::multiply(&a, &b),
            (false, true) => G::multiply_adjoint(&a, &b),
            (true, false) => G::adjoint_multiply(&a, &b),
            (true, true) => G::adjoint(&G::multiply(&b, &a)),
        };
        store(&y, out, part);
    }
}

/// Whether a type is one of matrices, for messages.
pub(super) fn same_matrices(name: &'static str, spec: Option<&Spec>) -> Result<Spec> {
    match spec.copied().and_then(matrices) {
        Some(shape) => Ok(matrix_field(shape)),
        None => Err(Error::op(name, "a field of matrices", spec)),
    }
}
