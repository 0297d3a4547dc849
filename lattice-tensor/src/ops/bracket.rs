//! The bracket of the algebra: `y_a` with `[X_a, X_b] = i Σ y_c T_c`, `X = i Σ ω T`, so `y_c = −Σ f_abc a_a b_b`.
//!
//! * in    `a`, `b`: elements of the algebra of one type
//! * out   the same type
//! * vjp   `ā = [b, ȳ]`, `b̄ = [ȳ, a]`: the structure constants are antisymmetric in all indices
//! * cost  about 400 flops for SU(3), 9 for SU(2), nothing for U(1)
//! * see   CONVENTIONS.md §10; `exp_tangent`, whose series it is

use super::matrices::{ForMatrix, algebra, each_matrix, element, matrix_shader};
use super::{Adjoint, Op, Shader, Site, Vjp};
use crate::device::cpu::Kernel;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::group::Group;
use crate::lanes::group::store;
use crate::lanes::{Isa, Real};
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};

/// `[a, b]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bracket;

impl Op for Bracket {
    const NAME: &'static str = "bracket";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [a, b] if a == b && algebra(a).is_some() => Ok(a),
            _ => Err(Error::op(Self::NAME, "two elements of the algebra", inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let (&[a, b], y) = (at.inputs, at.cotangent) else {
            return Err(Error::op(Self::NAME, "two inputs", at.inputs));
        };
        Ok(vec![Vjp::Node(graph.push(Bracket, &[b, y])?), Vjp::Node(graph.push(Bracket, &[y, a])?)])
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: 50.0 * n, bytes: 12.0 * n }
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
        Ok(Some(matrix_shader("bracket", group, at, count, &["w", "g"])?.turns(8 * group.matrix())))
    }
}

impl ForMatrix for Bracket {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [a, b]: [&[R]; 2], out: &mut [R], part: usize) {
        let (a, b) = (element::<G, S, R>(simd, a, part), element::<G, S, R>(simd, b, part));
        store(&G::bracket(&a, &b), out, part);
    }
}
