//! What the ops that map one number share: their types, kernels and gradient rules.
//!
//! A map's output has three channels: `y`, `ln dy/dx`, and the derivative of the latter with respect to `x`, with which the
//! gradient in `x` costs nothing. The third is there for rules like that; its own gradient is refused.

use super::{Adjoint, Channel, Op, Pointwise, Shader, Site, Stack, Vjp};
use crate::device::cpu::{Args, Kernel};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::lanes::transform::{Map, Row, Work};
use crate::lanes::{Isa, Lane, Real, Vectorize};
use crate::ops::matrices::rows_of;
use crate::spec::{Fibre, Spec};

/// Channels of a map's output.
const OUTPUTS: usize = 3;

/// Rows that one thread takes at a time.
const PIECE: usize = 16;

/// The type of a map's output: `x` a real field, `p` its parameters there.
pub(super) fn mapped(name: &'static str, map: &impl Map, inputs: &[Spec]) -> Result<Spec> {
    match *inputs {
        [Spec::Field { location, fibre: Fibre::Scalar }, p] if is_channels(p, location, map.parameters()) => {
            Ok(Spec::Field { location, fibre: Fibre::Channels(OUTPUTS) })
        }
        _ => Err(Error::op(name, format!("a real field and {} channels of parameters", map.parameters()), inputs)),
    }
}

/// The type of a tangent's output: as the parameters.
pub(super) fn tangent(name: &'static str, map: &impl Map, inputs: &[Spec]) -> Result<Spec> {
    match *inputs {
        [Spec::Field { location, fibre: Fibre::Scalar }, p, c]
            if is_channels(p, location, map.parameters()) && is_channels(c, location, 2) =>
        {
            Ok(p)
        }
        _ => {
            let expected = format!("a real field, {} channels of parameters, two of cotangents", map.parameters());
            Err(Error::op(name, expected, inputs))
        }
    }
}

fn is_channels(spec: Spec, at: crate::lattice::Location, count: usize) -> bool {
    matches!(spec, Spec::Field { location, fibre: Fibre::Channels(n) } if location == at && n == count)
}

/// The gradient rule of a map or its inverse: with `ȳ`, `l̄` the cotangents of `y` and `l = ln dy/dx`,
/// `x̄ = ȳ eˡ + l̄ l'`. Parameters: of a map the tangent at `x` with `(ȳ, l̄)`; of an inverse that of the forward map at the
/// value, with `(−x̄, −l̄)`, by the implicit function theorem.
pub(super) fn rule(graph: &mut Graph, at: &Adjoint<'_>, inverse: bool, tangent: impl Op) -> Result<Vec<Vjp>> {
    let &[x, p] = at.inputs else {
        return Err(Error::op("transform", "two inputs", at.inputs));
    };
    let third = graph.push(Channel(2), &[at.cotangent])?;
    if !graph.is_zero(third) {
        return Ok(vec![Vjp::NotDifferentiable; 2]);
    }
    let channel = |graph: &mut Graph, i: usize, of: NodeId| graph.push(Channel(i), &[of]);
    let (dy, dl) = (channel(graph, 0, at.cotangent)?, channel(graph, 1, at.cotangent)?);
    let (l, curvature) = (channel(graph, 1, at.output)?, channel(graph, 2, at.output)?);
    let slope = graph.push(Pointwise::Exp, &[l])?;
    let through_y = graph.push(Pointwise::Mul, &[dy, slope])?;
    let through_l = graph.push(Pointwise::Mul, &[dl, curvature])?;
    let dx = graph.push(Pointwise::Add, &[through_y, through_l])?;
    let (where_, a, b) = match inverse {
        false => (x, dy, dl),
        true => {
            let (a, b) = (graph.push(Pointwise::Neg, &[dx])?, graph.push(Pointwise::Neg, &[dl])?);
            (channel(graph, 0, at.output)?, a, b)
        }
    };
    let pair = graph.push(Stack { fibre: Fibre::Channels(2) }, &[a, b])?;
    let dp = graph.push(tangent, &[where_, p, pair])?;
    Ok(vec![Vjp::Node(dx), Vjp::Node(dp)])
}

/// A shader of items, one for each row.
pub(super) fn row_shader(name: &'static str, at: &Site<'_>, inputs: &[&'static str]) -> Result<Shader> {
    let Spec::Field { location, .. } = at.output else {
        return Err(Error::op(name, "a field", at.output));
    };
    Ok(Shader::new(name, super::Form::Items(at.layout.rows(location)?.len()), inputs))
}

/// The kernel of a map, its inverse or its tangent.
struct EachRow<M> {
    map: M,
    what: What,
    rows: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Map { inverse: bool },
    Tangent,
}

pub(super) fn each_row<R: Real>(at: &Site<'_>, map: impl Map, what: What) -> Result<Box<dyn Kernel<R>>> {
    let Spec::Field { location, .. } = at.output else {
        return Err(Error::op("transform", "a field", at.output));
    };
    Ok(Box::new(EachRow { map, what, rows: at.layout.rows(location)?.len() }))
}

impl<R: Real, M: Map> Kernel<R> for EachRow<M> {
    fn run(&self, args: &mut Args<'_, R>) {
        args.level().run(Run { kernel: self, args });
    }

    fn pieces(&self) -> usize {
        self.rows.div_ceil(PIECE)
    }
}

struct Run<'k, 'a, 'b, M, R: Real> {
    kernel: &'k EachRow<M>,
    args: &'a mut Args<'b, R>,
}

impl<M: Map, R: Real> Vectorize for Run<'_, '_, '_, M, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let EachRow { map, what, rows } = self.kernel;
        let rows = rows_of(self.args.pieces(), PIECE, *rows);
        let parameters = map.parameters() * R::WIDTH;
        let outputs = if *what == What::Tangent { parameters } else { OUTPUTS * R::WIDTH };
        let mut work: Work<S, R> = [Lane::constant(simd, 0.0); _];
        let ([x, p, c], out) = self.args.fields_and_part(rows.start * outputs..rows.end * outputs);
        for (row, out) in rows.zip(out.chunks_exact_mut(outputs)) {
            for part in 0..Lane::<S, R>::PARTS {
                let lane = part * Lane::<S, R>::LEN;
                let numbers = &p[row * parameters..][..parameters];
                let (x, p) = (Lane::at(simd, x, row * R::WIDTH + lane), Row { numbers, part });
                match *what {
                    What::Map { inverse } => {
                        let mapped = map.map(x, p, inverse, &mut work);
                        for (i, value) in mapped.iter().enumerate() {
                            value.put(out, i * R::WIDTH + lane);
                        }
                    }
                    What::Tangent => {
                        let first = 2 * row * R::WIDTH + lane;
                        let c = [Lane::at(simd, c, first), Lane::at(simd, c, first + R::WIDTH)];
                        map.tangent(
                            x,
                            p,
                            c,
                            &mut work,
                            #[inline(always)]
                            |i: usize, value: Lane<S, R>| value.put(out, i * R::WIDTH + lane),
                        );
                    }
                }
            }
        }
    }
}
