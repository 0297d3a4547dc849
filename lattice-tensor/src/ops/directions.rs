//! One direction of many, and directions together.
//!
//! `Direction`: `y(x) = u_μ(x)`; `Directions`: `y_μ(x) = u⁽μ⁾(x)`.
//!
//! * in    `Direction`: a field with several matrices (or elements of the algebra) a site; `Directions`: fields with one
//! * out   one of them; all of them
//! * vjp   each is the other's: zeros beside `ȳ`; direction `μ` of `ȳ`
//! * cost  no flops; copies
//! * see   `channels`, the same for real numbers

use super::{Adjoint, Form, Op, Shader, Site, Spread, Vjp};
use crate::device::cpu::{Args, Kernel};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::lanes::Real;
use crate::lattice::Lattice;
use crate::spec::{Cost, Fibre, Spec};
use std::borrow::Cow;

/// Matrix number `.0` of a field of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Direction(pub usize);

/// Fields of one matrix a site as one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Directions;

/// How many matrices or elements a fibre has, and the fibre of `count` of them.
fn several(fibre: Fibre, count: usize) -> Option<(usize, Fibre)> {
    match fibre {
        Fibre::Matrix { group, count: n } => Some((n, Fibre::Matrix { group, count })),
        Fibre::Algebra { group, count: n } => Some((n, Fibre::Algebra { group, count })),
        _ => None,
    }
}

impl Op for Direction {
    const NAME: &'static str = "direction";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        if let [Spec::Field { location, fibre }] = *inputs
            && let Some((count, one)) = several(fibre, 1)
            && self.0 < count
        {
            return Ok(Spec::Field { location, fibre: one });
        }
        Err(Error::op(Self::NAME, format!("a field with more than {} matrices", self.0), inputs))
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let spec = graph.spec(at.inputs[0]);
        let Spec::Field { location, fibre } = spec else {
            return Err(Error::op(Self::NAME, "a field", spec));
        };
        let Some((count, fibre)) = several(fibre, 1) else {
            return Err(Error::op(Self::NAME, "a field of matrices", spec));
        };
        let zero = graph.constant(0.0);
        let zeros = graph.push(Spread { spec: Spec::Field { location, fibre } }, &[zero])?;
        let mut parts = vec![zeros; count];
        parts[self.0] = at.cotangent;
        Ok(vec![Vjp::Node(graph.push(Directions, &parts)?)])
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        Cost { flops: 0.0, bytes: 8.0 * output.numbers(lattice) as f64 }
    }

    fn is_linear(&self) -> bool {
        true
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let numbers = |spec: Spec| match spec {
            Spec::Field { fibre, .. } => fibre.components() * R::WIDTH,
            _ => 0,
        };
        let (from, to, mu) = (numbers(at.inputs[0]), numbers(at.output), self.0);
        Ok(Box::new(move |args: &mut Args<'_, R>| {
            let (field, out) = args.field_and_output(0);
            for (row, out) in field.chunks_exact(from).zip(out.chunks_exact_mut(to)) {
                out.copy_from_slice(&row[mu * to..][..to]);
            }
        }))
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let Spec::Field { fibre, .. } = at.output else { return Ok(None) };
        let text = "fn direction(c: u32, row: u32) -> f32 {\n    return f(FIRST + c, row);\n}\n";
        let shader = Shader { text: Some(text.into()), ..Shader::new("direction", Form::Element, &["f"]) };
        Ok(Some(shader.number("FIRST", self.0 * fibre.components())))
    }
}

impl Op for Directions {
    const NAME: &'static str = "directions";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        if let Some(&first @ Spec::Field { location, fibre }) = inputs.first()
            && let Some((1, fibre)) = several(fibre, inputs.len())
            && inputs.iter().all(|&spec| spec == first)
        {
            return Ok(Spec::Field { location, fibre });
        }
        Err(Error::op(Self::NAME, "fields of one matrix on one sub-lattice", inputs))
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        (0..at.inputs.len()).map(|mu| Ok(Vjp::Node(graph.push(Direction(mu), &[at.cotangent])?))).collect()
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        Cost { flops: 0.0, bytes: 8.0 * output.numbers(lattice) as f64 }
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let count = at.inputs.len();
        let Spec::Field { fibre, .. } = at.output else {
            return Err(Error::op(Self::NAME, "a field", at.output));
        };
        let size = fibre.components() / count * R::WIDTH;
        Ok(Box::new(move |args: &mut Args<'_, R>| {
            for mu in 0..count {
                let (from, to) = args.field_and_output(mu);
                for (from, to) in from.chunks_exact(size).zip(to.chunks_exact_mut(size * count)) {
                    to[mu * size..][..size].copy_from_slice(from);
                }
            }
        }))
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let Spec::Field { fibre, .. } = at.output else { return Ok(None) };
        let names: Vec<Cow<'static, str>> = (0..at.inputs.len()).map(|c| format!("f_{c}").into()).collect();
        let mut text =
            "fn directions(c: u32, row: u32) -> f32 {\n    let own = c % EACH;\n    switch c / EACH {\n".to_string();
        for (mu, name) in names.iter().enumerate().skip(1) {
            text += &format!("        case {mu}u: {{ return {name}(own, row); }}\n");
        }
        text += "        default: { return f_0(own, row); }\n    }\n}\n";
        let each = fibre.components() / at.inputs.len();
        let shader = Shader { text: Some(text.into()), inputs: names, ..Shader::new("directions", Form::Element, &[]) };
        Ok(Some(shader.number("EACH", each)))
    }
}
