//! Between matrices and the algebra.
//!
//! `Moments`: `y_a = Im tr T_a m`, the projection to the algebra times `tr T_a²`; `Embed`: `y = i Σ ω_a T_a`.
//!
//! * in    `Moments`: a field of matrices; `Embed`: a field of elements of the algebra
//! * out   as many elements of the algebra; as many matrices
//! * vjp   `m̄ = g embed(ȳ)`; `ω̄ = moments(ȳ)/g`, where `g` is 2 for the quaternions of SU(2), else 1
//! * cost  about a flop a number
//! * see   CONVENTIONS.md §10: `∂_a Re tr(U A) = −Im tr(T_a U A)`

use super::matrices::{
    ForMatrix, algebra, algebra_field, each_matrix, element, matrices, matrix, matrix_field, matrix_shader,
};
use super::{Adjoint, Op, Pointwise, Shader, Site, Vjp};
use crate::device::cpu::Kernel;
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::group::Group;
use crate::lanes::group::store;
use crate::lanes::{Isa, Real};
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};

/// `Im tr T_a m`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moments;

/// `i Σ ω_a T_a`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Embed;

/// A field times a number.
pub(super) fn scaled(graph: &mut Graph, x: NodeId, by: f64) -> Result<NodeId> {
    if by == 1.0 {
        return Ok(x);
    }
    let by = graph.constant(by);
    graph.push(Pointwise::Mul, &[x, by])
}

impl Op for Moments {
    const NAME: &'static str = "moments";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [a] if matrices(a).is_some() => Ok(matrices(a).map_or(a, algebra_field)),
            _ => Err(Error::op(Self::NAME, "a field of matrices", inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let scale = matrices(graph.spec(at.inputs[0])).map_or(1.0, |(_, group, _)| group.trace_scale());
        let m = graph.push(Embed, &[at.cotangent])?;
        Ok(vec![Vjp::Node(scaled(graph, m, scale)?)])
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: 2.0 * n, bytes: 4.0 * (n + inputs[0].numbers(lattice) as f64) }
    }

    fn is_linear(&self) -> bool {
        true
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let Some((_, group, count)) = algebra(at.output) else {
            return Err(Error::op(Self::NAME, "an algebra", at.output));
        };
        each_matrix(at, group, count, *self)
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let Some((_, group, count)) = algebra(at.output) else { return Ok(None) };
        Ok(Some(matrix_shader("moments", group, at, count, &["m"])?.turns(2 * group.matrix())))
    }
}

impl ForMatrix for Moments {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [m, _]: [&[R]; 2], out: &mut [R], part: usize) {
        store(&G::moments(&matrix::<G, S, R>(simd, m, part)), out, part);
    }
}

impl Op for Embed {
    const NAME: &'static str = "embed";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [w] if algebra(w).is_some() => Ok(algebra(w).map_or(w, matrix_field)),
            _ => Err(Error::op(Self::NAME, "a field of elements of the algebra", inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let scale = algebra(graph.spec(at.inputs[0])).map_or(1.0, |(_, group, _)| group.trace_scale());
        let w = graph.push(Moments, &[at.cotangent])?;
        Ok(vec![Vjp::Node(scaled(graph, w, 1.0 / scale)?)])
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: n, bytes: 4.0 * (n + inputs[0].numbers(lattice) as f64) }
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
        Ok(Some(matrix_shader("embed", group, at, count, &["w"])?.turns(2 * group.matrix())))
    }
}

impl ForMatrix for Embed {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [w, _]: [&[R]; 2], out: &mut [R], part: usize) {
        store(&G::embed(&element::<G, S, R>(simd, w, part)), out, part);
    }
}
