//! The plaquettes: `y_p(x) = Re tr U_μ(x) U_ν(x+μ) U_μ(x+ν)† U_ν(x)† / N` for every plane `p = (μ, ν)`, `μ < ν`.
//!
//! * in    `u`: a link for every direction
//! * out   `d(d−1)/2` real channels: planes (0,1), (0,2), …, (1,2), …
//! * vjp   `ū = S†/N` (twice that for the quaternions of SU(2)), with the staples `S` weighted by `ȳ`
//! * cost  two products and a trace of a product for each plane
//! * see   CONVENTIONS.md §10; `staple`; `path` for other loops

use super::matrices::{Links, Reach, displacement, links, matrices, rows_of};
use super::project::scaled;
use super::{Adjoint, Form, MatrixAdjoint, Op, Shader, Site, Staples, Vjp};
use crate::device::cpu::{Args, Kernel};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::group::{Group, with_group};
use crate::lanes::{Isa, Lane, Real, Vectorize};
use crate::lattice::{Lattice, Location};
use crate::layout::Hop;
use crate::spec::{Cost, Fibre, Spec};
use std::marker::PhantomData;

/// The planes of a lattice, in the order of channels.
pub fn planes(directions: usize) -> Vec<(usize, usize)> {
    (0..directions).flat_map(|mu| (mu + 1..directions).map(move |nu| (mu, nu))).collect()
}

/// The type of a number for each plane and site.
pub(super) fn plane_numbers(directions: usize) -> Spec {
    let planes = directions * (directions - 1) / 2;
    Spec::Field { location: Location::All, fibre: if planes == 1 { Fibre::Scalar } else { Fibre::Channels(planes) } }
}

/// `Re tr P / N` of every plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plaquettes;

impl Op for Plaquettes {
    const NAME: &'static str = "plaquette";

    fn infer(&self, lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        links(Self::NAME, lattice, inputs.first().filter(|_| inputs.len() == 1))?;
        match lattice.directions() {
            1 => Err(Error::op(Self::NAME, "a lattice of two directions or more", lattice.extents())),
            directions => Ok(plane_numbers(directions)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let Some((_, group, _)) = matrices(graph.spec(at.inputs[0])) else {
            return Err(Error::op(Self::NAME, "links", at.inputs));
        };
        let staples = graph.push(Staples, &[at.inputs[0], at.cotangent])?;
        let adjoint = graph.push(MatrixAdjoint, &[staples])?;
        Ok(vec![Vjp::Node(scaled(graph, adjoint, group.trace_scale() / group.rank() as f64)?)])
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        let each = matrices(inputs[0]).map_or(0.0, |(_, g, _)| 2.0 * g.product_flops() + 2.0 * g.matrix() as f64);
        Cost { flops: each * n, bytes: 4.0 * (n + inputs[0].numbers(lattice) as f64) }
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let Some((_, group, directions)) = matrices(at.inputs[0]) else {
            return Err(Error::op(Self::NAME, "links", at.inputs));
        };
        let steps: Vec<Vec<i32>> = (0..directions).map(|mu| displacement(directions, &[(mu, 1)])).collect();
        let (reach, planes) = (Reach::new(at.layout, &steps)?, planes(directions));
        Ok(with_group!(group, G => Box::new(Loops { reach, planes, directions, group: PhantomData::<G> })))
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let Some((_, group, directions)) = matrices(at.inputs[0]) else { return Ok(None) };
        let rows = at.layout.rows(Location::All)?.len();
        let planes = planes(directions);
        let mut words: Vec<u32> = planes.iter().flat_map(|&(mu, nu)| [mu as u32, nu as u32]).collect();
        for mu in 0..directions {
            words.extend(at.hop_table(Location::All, Location::All, &displacement(directions, &[(mu, 1)]))?);
        }
        let shader = Shader::new("plaquette", Form::Items(rows * planes.len()), &["u"]).of_group(group);
        let shader = shader.number("ROWS", rows).number("PLANES", planes.len()).number("N", group.rank());
        Ok(Some(shader.table("planes", words).turns(12 * group.matrix())))
    }
}

struct Loops<G> {
    reach: Reach,
    planes: Vec<(usize, usize)>,
    directions: usize,
    group: PhantomData<G>,
}

/// Rows that one thread takes at a time.
const PIECE: usize = 16;

impl<G: Group, R: Real> Kernel<R> for Loops<G> {
    fn run(&self, args: &mut Args<'_, R>) {
        args.level().run(Run { kernel: self, args });
    }

    fn pieces(&self) -> usize {
        self.reach.rows.div_ceil(PIECE)
    }
}

struct Run<'k, 'a, 'b, G, R: Real> {
    kernel: &'k Loops<G>,
    args: &'a mut Args<'b, R>,
}

impl<G: Group, R: Real> Vectorize for Run<'_, '_, '_, G, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Run { kernel, args } = self;
        let Loops { reach, planes, directions, .. } = kernel;
        let rows = rows_of(args.pieces(), PIECE, reach.rows);
        let (size, components) = (planes.len() * R::WIDTH, directions * G::MATRIX);
        let norm = Lane::<S, R>::constant(simd, G::NAME.trace_scale() / G::N as f64);
        let ([u], out) = args.fields_and_part(rows.start * size..rows.end * size);
        for (row, out) in rows.zip(out.chunks_exact_mut(size)) {
            let own = Hop { row: row as u32, twist: 0 };
            for part in 0..Lane::<S, R>::PARTS {
                for (p, &(mu, nu)) in planes.iter().enumerate() {
                    let links = Links { reach, u, components, part };
                    let a =
                        G::multiply(&links.at::<G, S>(simd, own, mu), &links.at::<G, S>(simd, reach.hop(mu, row), nu));
                    let b =
                        G::multiply(&links.at::<G, S>(simd, own, nu), &links.at::<G, S>(simd, reach.hop(nu, row), mu));
                    let mut sum = Lane::constant(simd, 0.0);
                    for (&a, &b) in a.as_ref().iter().zip(b.as_ref()) {
                        sum = a.mul_add(b, sum);
                    }
                    (sum * norm).put(out, p * R::WIDTH + part * Lane::<S, R>::LEN);
                }
            }
        }
    }
}
