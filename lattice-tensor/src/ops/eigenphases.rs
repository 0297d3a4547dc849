//! The phases of the eigenvalues of group elements, and their gradient rule.
//!
//! `Eigenphases`: the `N` phases of each matrix, the largest first; `EigenphasesTangent`: `g_a = Σ_j c_j v_j† T_a v_j` with
//! the eigenvectors `v_j`, the transpose of the derivative `∂_a θ_j`.
//!
//! * in    `Eigenphases`: group elements; `EigenphasesTangent`: those, and `N` numbers `c` for each
//! * out   `N` channels for each matrix, `channel = N · matrix + j`; elements of the algebra
//! * vjp   `Eigenphases`: the cotangent along the group with that left derivative; `EigenphasesTangent`: none
//! * cost  about 3000 flops for SU(3): an eigenvalue problem
//! * see   CONVENTIONS.md §10 for the branch; not differentiable where two phases are equal

use super::log::left_cotangent;
use super::matrices::{ForMatrix, Shape, algebra, algebra_field, each_matrix, matrices, matrix, matrix_shader};
use super::{Adjoint, Op, Shader, Site, Vjp};
use crate::device::cpu::Kernel;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::group::Group;
use crate::lanes::group::{load, store};
use crate::lanes::{Isa, Real};
use crate::lattice::Lattice;
use crate::spec::{Cost, Fibre, Spec};

/// The eigenphases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Eigenphases;

/// The transpose of their derivative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EigenphasesTangent;

/// `N` numbers for each matrix.
fn phases((location, group, count): Shape) -> Spec {
    let n = group.rank() * count;
    Spec::Field { location, fibre: if n == 1 { Fibre::Scalar } else { Fibre::Channels(n) } }
}

impl Op for Eigenphases {
    const NAME: &'static str = "eigenphases";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [u] if matrices(u).is_some() => Ok(matrices(u).map_or(u, phases)),
            _ => Err(Error::op(Self::NAME, "a field of group elements", inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let g = graph.push(EigenphasesTangent, &[at.inputs[0], at.cotangent])?;
        Ok(vec![Vjp::Node(left_cotangent(graph, at.inputs[0], g)?)])
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: 1000.0 * n, bytes: 4.0 * (n + inputs[0].numbers(lattice) as f64) }
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
        Ok(Some(matrix_shader("eigenphases", group, at, count, &["u"])?.turns(1200)))
    }
}

impl ForMatrix for Eigenphases {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [u, _]: [&[R]; 2], out: &mut [R], part: usize) {
        store(&G::eigenphases(&matrix::<G, S, R>(simd, u, part)), out, part);
    }
}

impl Op for EigenphasesTangent {
    const NAME: &'static str = "eigenphases_tangent";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [u, c] if matrices(u).map(phases) == Some(c) => Ok(matrices(u).map_or(u, algebra_field)),
            _ => Err(Error::op(Self::NAME, "group elements, and a number for each eigenvalue", inputs)),
        }
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: 400.0 * n, bytes: 16.0 * n }
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
        Ok(Some(matrix_shader("eigenphases_tangent", group, at, count, &["u", "p"])?.turns(1200)))
    }
}

impl ForMatrix for EigenphasesTangent {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [u, c]: [&[R]; 2], out: &mut [R], part: usize) {
        let u = matrix::<G, S, R>(simd, u, part);
        store(&G::tangent_of_eigenphases(&u, &load(simd, c, part)), out, part);
    }
}
