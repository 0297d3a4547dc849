//! Traces of matrices, and multiples of the unit matrix.
//!
//! `Trace`: `y = Re tr a` or `Im tr a`; `ScaledUnit`: the matrix `m` with `⟨m, a⟩ = s · Re tr a` (`s · Im tr a`) for the scalar
//! product of stored numbers: `s` times the unit matrix, times `i`.
//!
//! * in    `Trace`: a field of matrices; `ScaledUnit`: a real number for each matrix
//! * out   a real number for each matrix; a field of matrices
//! * vjp   each is the other's
//! * cost  `N` flops a matrix
//! * see   CONVENTIONS.md §10; the stored unit of SU(2) has half the length squared of its trace, so its `m` is `2 s`

use super::matrices::{
    ForMatrix, Shape, each_matrix, is_number_field, matrices, matrix, matrix_field, matrix_shader, number_field,
};
use super::{Adjoint, Op, Shader, Site, Vjp};
use crate::device::cpu::Kernel;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::group::{Array, Group, GroupName};
use crate::lanes::group::{MatrixOf, store};
use crate::lanes::{Isa, Lane, Real};
use crate::lattice::{Lattice, Location};
use crate::spec::{Cost, Spec};

/// The real or imaginary part of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trace {
    /// Whether it is the imaginary part; that of SU(2) is 0.
    pub imaginary: bool,
}

impl Op for Trace {
    const NAME: &'static str = "trace";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [a] if matrices(a).is_some() => Ok(matrices(a).map_or(a, number_field)),
            _ => Err(Error::op(Self::NAME, "a field of matrices", inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let Some((location, group, count)) = matrices(graph.spec(at.inputs[0])) else {
            return Err(Error::op(Self::NAME, "matrices", at.inputs));
        };
        let op = ScaledUnit { imaginary: self.imaginary, group, count, location };
        Ok(vec![Vjp::Node(graph.push(op, &[at.cotangent])?)])
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: 3.0 * n, bytes: 4.0 * (n + inputs[0].numbers(lattice) as f64) }
    }

    fn is_linear(&self) -> bool {
        true
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
        let shader = matrix_shader("trace", group, at, count, &["a"])?;
        Ok(Some(shader.truth("IMAGINARY", self.imaginary).turns(group.matrix())))
    }
}

impl ForMatrix for Trace {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [a, _]: [&[R]; 2], out: &mut [R], part: usize) {
        let a = matrix::<G, S, R>(simd, a, part);
        store(&[if self.imaginary { G::im_trace(&a) } else { G::re_trace(&a) }], out, part);
    }
}

/// The matrix whose scalar product with others is a multiple of their trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScaledUnit {
    /// Whether it is the imaginary part of the trace.
    pub imaginary: bool,
    /// The group.
    pub group: GroupName,
    /// Matrices on each site.
    pub count: usize,
    /// The sub-lattice.
    pub location: Location,
}

impl ScaledUnit {
    fn shape(&self) -> Shape {
        (self.location, self.group, self.count)
    }
}

impl Op for ScaledUnit {
    const NAME: &'static str = "scaled_unit";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [s] if is_number_field(s, self.shape()) => Ok(matrix_field(self.shape())),
            _ => Err(Error::op(Self::NAME, format!("a number for each of {} matrices", self.count), inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        Ok(vec![Vjp::Node(graph.push(Trace { imaginary: self.imaginary }, &[at.cotangent])?)])
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        Cost { flops: 0.0, bytes: 4.0 * output.numbers(lattice) as f64 }
    }

    fn is_linear(&self) -> bool {
        true
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        each_matrix(at, self.group, self.count, *self)
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let shader = matrix_shader("scaled_unit", self.group, at, self.count, &["s"])?;
        Ok(Some(shader.truth("IMAGINARY", self.imaginary).turns(self.group.matrix())))
    }
}

impl ForMatrix for ScaledUnit {
    #[inline(always)]
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, [s, _]: [&[R]; 2], out: &mut [R], part: usize) {
        let s = Lane::at(simd, s, part * Lane::<S, R>::LEN) * Lane::constant(simd, G::NAME.trace_scale());
        let (one, zero) = (G::one::<S, R>(simd), Lane::constant(simd, 0.0));
        let one = one.as_ref();
        let y = MatrixOf::<G, S, R>::from_fn(
            #[inline(always)]
            |c| match (self.imaginary, G::NAME) {
                (false, _) => one[c] * s,
                (true, GroupName::SU2) => zero,
                (true, _) if c % 2 == 1 => one[c - 1] * s,
                (true, _) => zero,
            },
        );
        store(&y, out, part);
    }
}
