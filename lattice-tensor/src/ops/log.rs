//! The logarithm of group elements, and its gradient rule.
//!
//! `Log`: the shortest `ω` with `exp(i Σ ω_a T_a) = U`; `LogTangent`: `y = (dexp_{−X})⁻¹ g` with `X = i Σ ω_a T_a`, the inverse
//! of `exp_tangent`.
//!
//! * in    `Log`: group elements; `LogTangent`: `ω`, which is a logarithm, and `g`, elements of the algebra
//! * out   as many elements of the algebra
//! * vjp   `Log`: `Ū = c i Σ g_a T_a U` with `g = LogTangent(ω, ω̄)`, the cotangent along the group, `c` such that the
//!   derivative with respect to a factor on the left is `g`; `LogTangent`: in `g` the transpose, `−ω` for `ω`; in `ω` minus
//!   that of `exp_tangent` at the value
//! * cost  about 3000 flops for SU(3): an eigenvalue problem
//! * see   CONVENTIONS.md §10 for the branch; not smooth where eigenphases differ by 2π

use super::matrices::{ForMatrix, algebra, algebra_field, each_matrix, element, matrices, matrix, matrix_shader};
use super::project::scaled;
use super::{Adjoint, Embed, ExpTangent, Multiply, Op, Pointwise, Shader, Site, Vjp};
use crate::device::cpu::Kernel;
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::group::Group;
use crate::lanes::group::store;
use crate::lanes::{Isa, Real};
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};

/// The shortest logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Log;

/// The inverse of [`ExpTangent`] in its second input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogTangent;

/// The cotangent of group elements along the group whose left derivative is `g`: `Ū = c i Σ g_a T_a U`.
///
/// # Errors
/// If `u` is no field of matrices.
pub(super) fn left_cotangent(graph: &mut Graph, u: NodeId, g: NodeId) -> Result<NodeId> {
    let c = matrices(graph.spec(u)).map_or(1.0, |(_, group, _)| group.trace_scale() / group.generator_norm());
    let g = scaled(graph, g, c)?;
    let x = graph.push(Embed, &[g])?;
    graph.push(Multiply { adjoint_a: false, adjoint_b: false }, &[x, u])
}

impl Op for Log {
    const NAME: &'static str = "log";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [u] if matrices(u).is_some() => Ok(matrices(u).map_or(u, algebra_field)),
            _ => Err(Error::op(Self::NAME, "a field of group elements", inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let g = graph.push(LogTangent, &[at.output, at.cotangent])?;
        Ok(vec![Vjp::Node(left_cotangent(graph, at.inputs[0], g)?)])
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: 400.0 * n, bytes: 4.0 * (n + inputs[0].numbers(lattice) as f64) }
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
        Ok(Some(matrix_shader("logarithm", group, at, count, &["u"])?.turns(1200)))
    }
}

impl ForMatrix for Log {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [u, _]: [&[R]; 2], out: &mut [R], part: usize) {
        store(&G::log(&matrix::<G, S, R>(simd, u, part)), out, part);
    }
}

impl Op for LogTangent {
    const NAME: &'static str = "log_tangent";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [w, g] if w == g && algebra(w).is_some() => Ok(w),
            _ => Err(Error::op(Self::NAME, "two elements of the algebra", inputs)),
        }
    }

    /// From `M(ω) y = g`: `δy = M⁻¹ δg − M⁻¹ δM y`, where `M⁻ᵀ` is `M⁻¹` at `−ω`.
    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let &[w, _] = at.inputs else {
            return Err(Error::op(Self::NAME, "two inputs", at.inputs));
        };
        let minus = graph.push(Pointwise::Neg, &[w])?;
        let to_g = graph.push(LogTangent, &[minus, at.cotangent])?;
        let cotangent = graph.push(Pointwise::Neg, &[to_g])?;
        let through = Adjoint { inputs: &[w, at.output], output: at.output, cotangent };
        let to_w = ExpTangent.vjp(graph, &through)?.first().copied().unwrap_or(Vjp::Zero);
        Ok(vec![to_w, Vjp::Node(to_g)])
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: 400.0 * n, bytes: 12.0 * n }
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
        Ok(Some(matrix_shader("log_tangent", group, at, count, &["w", "g"])?.turns(1200)))
    }
}

impl ForMatrix for LogTangent {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [w, g]: [&[R]; 2], out: &mut [R], part: usize) {
        let (w, g) = (element::<G, S, R>(simd, w, part), element::<G, S, R>(simd, g, part));
        store(&G::tangent_of_log(&w, &g), out, part);
    }
}
