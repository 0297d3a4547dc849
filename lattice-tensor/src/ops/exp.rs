//! The exponential of the algebra, and its gradient rule.
//!
//! `Exp`: `U = exp(i Σ ω_a T_a)`; `ExpTangent`: `y = Σ_k (−ad_X)^k g / (k+1)!` with `X = i Σ ω_a T_a`, the transpose of
//! the derivative `δU U† = i Σ (dexp_X δω)_a T_a`.
//!
//! * in    `Exp`: elements of the algebra; `ExpTangent`: `ω` and `g`, elements of the algebra
//! * out   as many matrices; elements of the algebra
//! * vjp   `Exp`: `ω̄ = ExpTangent(ω, g)` with `g_a = ⟨Ū, i T_a U⟩`, the derivative with respect to a factor on the left;
//!   `ExpTangent`: in `g` the transpose, `−ω` for `ω`; in `ω` through the series, written as brackets
//! * cost  about 600 flops for SU(3)
//! * see   CONVENTIONS.md §10; finite and right everywhere, equal eigenvalues included

use super::matrices::{ForMatrix, algebra, each_matrix, element, matrices, matrix_field, matrix_shader};
use super::project::scaled;
use super::{Adjoint, Bracket, Moments, Multiply, Op, Pointwise, Shader, Site, Vjp};
use crate::device::cpu::Kernel;
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::group::Group;
use crate::lanes::group::store;
use crate::lanes::{Isa, Real};
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};

/// `exp(i Σ ω_a T_a)`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exp;

/// The transpose of the exponential's derivative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExpTangent;

/// Terms of the series in the rule of [`ExpTangent`]: exact to rounding for `|ω|` up to 2.
const TERMS: usize = 24;

/// The derivative with respect to a factor on the left: `g_a = ⟨Ū, i T_a U⟩ = −Im tr(T_a U Ū†)/g`, `g` being 2 for
/// the quaternions of SU(2), else 1.
///
/// # Errors
/// If `u` is no field of matrices.
pub fn left_derivative(graph: &mut Graph, u: NodeId, cotangent: NodeId) -> Result<NodeId> {
    let scale = matrices(graph.spec(u)).map_or(1.0, |(_, group, _)| group.trace_scale());
    let product = graph.push(Multiply { adjoint_a: false, adjoint_b: true }, &[u, cotangent])?;
    let moments = graph.push(Moments, &[product])?;
    scaled(graph, moments, -1.0 / scale)
}

impl Op for Exp {
    const NAME: &'static str = "exp";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [w] if algebra(w).is_some() => Ok(algebra(w).map_or(w, matrix_field)),
            _ => Err(Error::op(Self::NAME, "a field of elements of the algebra", inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let g = left_derivative(graph, at.output, at.cotangent)?;
        Ok(vec![Vjp::Node(graph.push(ExpTangent, &[at.inputs[0], g])?)])
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: 33.0 * n, bytes: 4.0 * (n + inputs[0].numbers(lattice) as f64) }
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
        Ok(Some(matrix_shader("exponential", group, at, count, &["w"])?.turns(400)))
    }
}

impl ForMatrix for Exp {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [w, _]: [&[R]; 2], out: &mut [R], part: usize) {
        store(&G::exp(&element::<G, S, R>(simd, w, part)), out, part);
    }
}

impl Op for ExpTangent {
    const NAME: &'static str = "exp_tangent";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [w, g] if w == g && algebra(w).is_some() => Ok(w),
            _ => Err(Error::op(Self::NAME, "two elements of the algebra", inputs)),
        }
    }

    /// With `v₀ = g`, `v_k = −[ω, v_{k−1}]/(k + 1)` the value is `Σ v_k`; the sweep back collects `v̄_k = ȳ − [v̄_{k+1}, ω]/(k + 2)`.
    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let (&[w, g], y) = (at.inputs, at.cotangent) else {
            return Err(Error::op(Self::NAME, "two inputs", at.inputs));
        };
        let minus = graph.push(Pointwise::Neg, &[w])?;
        let to_g = graph.push(ExpTangent, &[minus, y])?;
        if algebra(graph.spec(w)).is_some_and(|(_, group, _)| group.algebra() == 1) {
            return Ok(vec![Vjp::Zero, Vjp::Node(to_g)]);
        }
        let mut forward = vec![g];
        for k in 1..TERMS {
            let next = graph.push(Bracket, &[w, forward[k - 1]])?;
            forward.push(scaled(graph, next, -1.0 / (k as f64 + 1.0))?);
        }
        let (mut back, mut to_w) = (y, None);
        for k in (1..TERMS).rev() {
            // v_k = −[ω, v_{k−1}]/(k+1), and ⟨a, [b, c]⟩ is the same under cyclic exchange.
            let c = -1.0 / (k as f64 + 1.0);
            let part = graph.push(Bracket, &[forward[k - 1], back])?;
            let part = scaled(graph, part, c)?;
            to_w = Some(match to_w {
                None => part,
                Some(sum) => graph.push(Pointwise::Add, &[sum, part])?,
            });
            let down = graph.push(Bracket, &[back, w])?;
            let down = scaled(graph, down, c)?;
            back = graph.push(Pointwise::Add, &[y, down])?;
        }
        Ok(vec![to_w.map_or(Vjp::Zero, Vjp::Node), Vjp::Node(to_g)])
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: 150.0 * n, bytes: 12.0 * n }
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
        Ok(Some(matrix_shader("exp_tangent", group, at, count, &["w", "g"])?.turns(1000)))
    }
}

impl ForMatrix for ExpTangent {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [w, g]: [&[R]; 2], out: &mut [R], part: usize) {
        let (w, g) = (element::<G, S, R>(simd, w, part), element::<G, S, R>(simd, g, part));
        store(&G::tangent_of_exp(&w, &g), out, part);
    }
}
