//! Matrices times numbers of their own.
//!
//! `Scale`: `y(x) = s(x) a(x)`; `Dot`: `y(x) = Σ_c a_c(x) b_c(x)`, the scalar product of stored numbers: `Re tr a†b`, half of it for
//! the quaternions of SU(2).
//!
//! * in    `Scale`: a field of matrices and a real number for each; `Dot`: two fields of matrices of one type
//! * out   matrices; a real number for each matrix
//! * vjp   `ā = s ȳ`, `s̄ = a·ȳ`; `ā = ȳ b`, `b̄ = ȳ a`
//! * cost  a flop a number, two for `Dot`
//! * see   pointwise ops for numbers that all matrices share

use super::matrices::{ForMatrix, each_matrix, is_number_field, matrices, matrix, matrix_shader, number_field};
use super::{Adjoint, Op, Shader, Site, Vjp};
use crate::device::cpu::Kernel;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::group::Group;
use crate::lanes::group::{scale, store};
use crate::lanes::{Isa, Lane, Real};
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};

/// Each matrix times its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scale;

/// The scalar product of stored numbers, matrix by matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dot;

impl Op for Scale {
    const NAME: &'static str = "scale";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [a, s] if matrices(a).is_some_and(|shape| is_number_field(s, shape)) => Ok(a),
            _ => Err(Error::op(Self::NAME, "matrices and a real number for each", inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let (&[a, s], y) = (at.inputs, at.cotangent) else {
            return Err(Error::op(Self::NAME, "two inputs", at.inputs));
        };
        Ok(vec![Vjp::Node(graph.push(Scale, &[y, s])?), Vjp::Node(graph.push(Dot, &[a, y])?)])
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: n, bytes: 8.0 * n }
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
        Ok(Some(matrix_shader("scale", group, at, count, &["a", "s"])?.turns(group.matrix())))
    }
}

impl ForMatrix for Scale {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [a, s]: [&[R]; 2], out: &mut [R], part: usize) {
        let s = Lane::at(simd, s, part * Lane::<S, R>::LEN);
        store(&scale(s, &matrix::<G, S, R>(simd, a, part)), out, part);
    }
}

impl Op for Dot {
    const NAME: &'static str = "dot";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [a, b] if a == b && matrices(a).is_some() => Ok(matrices(a).map_or(a, number_field)),
            _ => Err(Error::op(Self::NAME, "two fields of matrices of one type", inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let (&[a, b], y) = (at.inputs, at.cotangent) else {
            return Err(Error::op(Self::NAME, "two inputs", at.inputs));
        };
        Ok(vec![Vjp::Node(graph.push(Scale, &[b, y])?), Vjp::Node(graph.push(Scale, &[a, y])?)])
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], _output: &Spec) -> Cost {
        let n = inputs[0].numbers(lattice) as f64;
        Cost { flops: 2.0 * n, bytes: 8.0 * n }
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let Some((_, group, count)) = matrices(at.inputs[0]) else {
            return Err(Error::op(Self::NAME, "matrices", at.inputs));
        };
        each_matrix(at, group, count, *self)
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let Some((_, group, count)) = matrices(at.inputs[0]) else { return Ok(None) };
        Ok(Some(matrix_shader("matrix_dot", group, at, count, &["a", "b"])?.turns(group.matrix())))
    }
}

impl ForMatrix for Dot {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [a, b]: [&[R]; 2], out: &mut [R], part: usize) {
        let (a, b) = (matrix::<G, S, R>(simd, a, part), matrix::<G, S, R>(simd, b, part));
        let mut sum = Lane::constant(simd, 0.0);
        for (&a, &b) in a.as_ref().iter().zip(b.as_ref()) {
            sum = a.mul_add(b, sum);
        }
        store(&[sum], out, part);
    }
}
