//! Back to the group: the elements beside which matrices lie, rows normalised and made orthogonal (Gram–Schmidt).
//!
//! * in    `a`: matrices near group elements, or standard normal numbers, which give the Haar measure
//! * out   the same type
//! * vjp   `ā = (ȳ − y (y·ȳ))/|a|`, the derivative of `y = a/|a|`; for SU(3) `ReunitariseTangent`, the same sweep back through
//!   the rows, which has no rule itself
//! * cost  about 100 flops for SU(3)
//! * see   CONVENTIONS.md §10; long runs of HMC, which leave the group by rounding alone

use super::matrices::{ForMatrix, each_matrix, each_matrix_in_place, matrices, matrix, matrix_shader};
use super::multiply::same_matrices;
use super::{Adjoint, Dot, Op, Pointwise, Scale, Shader, Site, Vjp};
use crate::device::cpu::Kernel;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::group::{Group, GroupName};
use crate::lanes::group::store;
use crate::lanes::{Isa, Real};
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};

/// The group element beside a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reunitarise;

/// The transpose of its derivative, of `a` and the cotangent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReunitariseTangent;

impl Op for Reunitarise {
    const NAME: &'static str = "reunitarise";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        same_matrices(Self::NAME, inputs.first().filter(|_| inputs.len() == 1))
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let (a, y, bar) = (at.inputs[0], at.output, at.cotangent);
        if matches!(matrices(graph.spec(a)), Some((_, GroupName::SU3, _))) {
            return Ok(vec![Vjp::Node(graph.push(ReunitariseTangent, &[a, bar])?)]);
        }
        let along = graph.push(Dot, &[y, bar])?;
        let along = graph.push(Scale, &[y, along])?;
        let across = graph.push(Pointwise::Sub, &[bar, along])?;
        // 1/|a| = (y·a)/|a|²
        let norm2 = graph.push(Dot, &[a, a])?;
        let norm = graph.push(Pointwise::Sqrt, &[norm2])?;
        let inverse = graph.push(Pointwise::Recip, &[norm])?;
        Ok(vec![Vjp::Node(graph.push(Scale, &[across, inverse])?)])
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: 6.0 * n, bytes: 8.0 * n }
    }

    fn in_place(&self) -> Option<usize> {
        Some(0)
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let Some(shape) = matrices(at.output) else {
            return Err(Error::op(Self::NAME, "matrices", at.output));
        };
        each_matrix_in_place(at, shape, *self)
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let Some((_, group, count)) = matrices(at.output) else { return Ok(None) };
        Ok(Some(matrix_shader("reunitarise", group, at, count, &["a"])?.turns(3 * group.matrix())))
    }
}

impl ForMatrix for Reunitarise {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [a, _]: [&[R]; 2], out: &mut [R], part: usize) {
        store(&G::reunitarise(&matrix::<G, S, R>(simd, a, part)), out, part);
    }
}

impl Op for ReunitariseTangent {
    const NAME: &'static str = "reunitarise_tangent";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        same_matrices(Self::NAME, inputs.first().filter(|_| inputs.len() == 2 && inputs[0] == inputs[1]))
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: 15.0 * n, bytes: 12.0 * n }
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
        Ok(Some(matrix_shader("reunitarise_tangent", group, at, count, &["a", "g"])?.turns(10 * group.matrix())))
    }
}

impl ForMatrix for ReunitariseTangent {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [a, g]: [&[R]; 2], out: &mut [R], part: usize) {
        let (a, g) = (matrix::<G, S, R>(simd, a, part), matrix::<G, S, R>(simd, g, part));
        store(&G::tangent_of_reunitarise(&a, &g), out, part);
    }
}
