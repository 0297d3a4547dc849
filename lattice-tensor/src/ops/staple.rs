//! Weighted staples: `S_μ(x) = Σ_ν [w_p(x) U_ν(x+μ) U_μ(x+ν)† U_ν(x)† + w_p(x−ν) U_ν(x+μ−ν)† U_μ(x−ν)† U_ν(x−ν)]`, `p` the plane
//! of `μ` and `ν`, so that `Σ_p w_p Re tr P` depends on the link as `Re tr U_μ(x) S_μ(x)` (where extents exceed 1).
//!
//! * in    `u`: a link for every direction; `w`: a real number for each plane and site
//! * out   a matrix for every direction
//! * vjp   written with `path`, one staple after the other
//! * cost  four products and two multiples of matrices for each direction and plane
//! * see   CONVENTIONS.md §10; the gradient rule of `plaquette`

use super::matrices::{Links, Reach, displacement, links, matrices, rows_of};
use super::path::moved;
use super::plaquette::{plane_numbers, planes};
use super::{Adjoint, Channel, Direction, Dot, Form, Op, Path, Pointwise, Scale, Shader, Site, Stack, Step, Vjp};
use crate::device::cpu::{Args, Kernel};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::group::{Group, with_group};
use crate::lanes::group::{MatrixOf, add_scaled, scale, store};
use crate::lanes::{Isa, Lane, Real, Vectorize};
use crate::lattice::{Lattice, Location};
use crate::layout::Hop;
use crate::spec::{Cost, Fibre, Spec};
use std::marker::PhantomData;

/// The weighted sum of the staples of every link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Staples;

impl Op for Staples {
    const NAME: &'static str = "staple";

    fn infer(&self, lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        links(Self::NAME, lattice, inputs.first())?;
        match *inputs {
            [u, w] if lattice.directions() > 1 && w == plane_numbers(lattice.directions()) => Ok(u),
            _ => Err(Error::op(Self::NAME, "links, and a real number for each plane", inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let &[u, w] = at.inputs else {
            return Err(Error::op(Self::NAME, "two inputs", at.inputs));
        };
        let directions = graph.lattice().directions();
        let planes = planes(directions);
        let mut to_u: Option<NodeId> = None;
        let mut to_w: Vec<Option<NodeId>> = vec![None; planes.len()];
        let add = |graph: &mut Graph, to: &mut Option<NodeId>, new: NodeId| -> Result<()> {
            *to = Some(match *to {
                None => new,
                Some(sum) => graph.push(Pointwise::Add, &[sum, new])?,
            });
            Ok(())
        };
        for (p, &(a, b)) in planes.iter().enumerate() {
            let weight = if planes.len() == 1 { w } else { graph.push(Channel(p), &[w])? };
            for ((mu, nu), below) in [(a, b), (b, a)].into_iter().flat_map(|pair| [(pair, false), (pair, true)]) {
                let bar = graph.push(Direction(mu), &[at.cotangent])?;
                let path = Path(match below {
                    false => vec![Step::forward(nu), Step::back(mu), Step::back(nu)],
                    true => vec![Step::back(nu), Step::back(mu), Step::forward(nu)],
                });
                // The staple begins at x + μ.
                let product = graph.push(path.clone(), &[u])?;
                let staple = moved(graph, product, displacement(directions, &[(mu, 1)]))?;
                let here = if below { moved(graph, weight, displacement(directions, &[(nu, -1)]))? } else { weight };
                let along = graph.push(Dot, &[staple, bar])?;
                let along = if below { moved(graph, along, displacement(directions, &[(nu, 1)]))? } else { along };
                add(graph, &mut to_w[p], along)?;
                let scaled = graph.push(Scale, &[bar, here])?;
                let cotangent = moved(graph, scaled, displacement(directions, &[(mu, -1)]))?;
                let rule = path.vjp(graph, &Adjoint { inputs: &[u], output: product, cotangent })?;
                if let [Vjp::Node(part)] = rule[..] {
                    add(graph, &mut to_u, part)?;
                }
            }
        }
        let to_w: Vec<NodeId> = to_w.into_iter().flatten().collect();
        let to_w = if let [one] = to_w[..] {
            one
        } else {
            graph.push(Stack { fibre: Fibre::Channels(planes.len()) }, &to_w)?
        };
        Ok(vec![to_u.map_or(Vjp::Zero, Vjp::Node), Vjp::Node(to_w)])
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        let others = lattice.directions() as f64 - 1.0;
        let each = matrices(inputs[0]).map_or(0.0, |(_, g, _)| g.product_flops() / g.matrix() as f64);
        Cost { flops: others * (4.0 * each + 4.0) * n, bytes: 8.0 * n }
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let Some((_, group, directions)) = matrices(at.inputs[0]) else {
            return Err(Error::op(Self::NAME, "links", at.inputs));
        };
        let around = Around::new(at, directions)?;
        Ok(with_group!(group, G => Box::new(Sums { around, group: PhantomData::<G> })))
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let Some((_, group, directions)) = matrices(at.inputs[0]) else { return Ok(None) };
        let rows = at.layout.rows(Location::All)?.len();
        let shader = Shader::new("staple", Form::Items(rows * directions), &["u", "w"]).of_group(group);
        let shader = shader.number("ROWS", rows).number("DIRECTIONS", directions);
        let turns = directions * 20 * group.matrix();
        Ok(Some(shader.table("around", around_table(at, directions)?).turns(turns)))
    }
}

/// The neighbours that staples reach: for every direction one step on and one back, then for every pair `(μ, ν)` one step
/// along `μ` and back along `ν`. The shaders' table has them in the same order, `[displacement][row]`.
pub(super) fn around_table(at: &Site<'_>, directions: usize) -> Result<Vec<u32>> {
    let mut words = Vec::new();
    for displacement in around_displacements(directions) {
        words.extend(at.hop_table(Location::All, Location::All, &displacement)?);
    }
    Ok(words)
}

fn around_displacements(directions: usize) -> Vec<Vec<i32>> {
    let mut list = Vec::new();
    for step in [1, -1] {
        list.extend((0..directions).map(|mu| displacement(directions, &[(mu, step)])));
    }
    for mu in 0..directions {
        list.extend((0..directions).map(|nu| displacement(directions, &[(mu, 1), (nu, -1)])));
    }
    list
}

/// The neighbourhood of a site that staples reach.
#[derive(Clone, Debug)]
pub(super) struct Around {
    /// Where they lie.
    pub reach: Reach,
    /// Directions of the lattice.
    pub directions: usize,
}

impl Around {
    /// The neighbourhood in a layout.
    pub fn new(at: &Site<'_>, directions: usize) -> Result<Around> {
        Ok(Around { reach: Reach::new(at.layout, &around_displacements(directions))?, directions })
    }

    /// Rows of the layout.
    pub fn rows(&self) -> usize {
        self.reach.rows
    }

    /// `x + μ`
    #[inline(always)]
    pub fn ahead(&self, row: usize, mu: usize) -> Hop {
        self.reach.hop(mu, row)
    }

    /// `x − μ`
    #[inline(always)]
    pub fn behind(&self, row: usize, mu: usize) -> Hop {
        self.reach.hop(self.directions + mu, row)
    }

    /// `x + μ − ν`
    #[inline(always)]
    pub fn aside(&self, row: usize, mu: usize, nu: usize) -> Hop {
        self.reach.hop((2 + mu) * self.directions + nu, row)
    }

    /// The staple above a link: `U_ν(x+μ) U_μ(x+ν)† U_ν(x)†`.
    #[inline(always)]
    pub fn above<G: Group, S: Isa, R: Real>(
        &self,
        simd: S,
        links: Links<'_, R>,
        row: usize,
        (mu, nu): (usize, usize),
    ) -> MatrixOf<G, S, R> {
        let own = Hop { row: row as u32, twist: 0 };
        let there = links.at::<G, S>(simd, self.ahead(row, mu), nu);
        let back = G::multiply_adjoint(&there, &links.at::<G, S>(simd, self.ahead(row, nu), mu));
        G::multiply_adjoint(&back, &links.at::<G, S>(simd, own, nu))
    }

    /// The staple below a link: `U_ν(x+μ−ν)† U_μ(x−ν)† U_ν(x−ν)`.
    #[inline(always)]
    pub fn below<G: Group, S: Isa, R: Real>(
        &self,
        simd: S,
        links: Links<'_, R>,
        row: usize,
        (mu, nu): (usize, usize),
    ) -> MatrixOf<G, S, R> {
        let behind = self.behind(row, nu);
        let edge =
            G::multiply(&links.at::<G, S>(simd, behind, mu), &links.at::<G, S>(simd, self.aside(row, mu, nu), nu));
        G::adjoint_multiply(&edge, &links.at::<G, S>(simd, behind, nu))
    }
}

struct Sums<G> {
    around: Around,
    group: PhantomData<G>,
}

/// Rows that one thread takes at a time.
const PIECE: usize = 8;

impl<G: Group, R: Real> Kernel<R> for Sums<G> {
    fn run(&self, args: &mut Args<'_, R>) {
        args.level().run(Run { kernel: self, args });
    }

    fn pieces(&self) -> usize {
        self.around.rows().div_ceil(PIECE)
    }
}

struct Run<'k, 'a, 'b, G, R: Real> {
    kernel: &'k Sums<G>,
    args: &'a mut Args<'b, R>,
}

impl<G: Group, R: Real> Vectorize for Run<'_, '_, '_, G, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Run { kernel, args } = self;
        let around = &kernel.around;
        let directions = around.directions;
        let planes = planes_of(directions);
        let rows = rows_of(args.pieces(), PIECE, around.rows());
        let (components, size) = (directions * G::MATRIX, directions * G::MATRIX * R::WIDTH);
        let ([u, w], out) = args.fields_and_part(rows.start * size..rows.end * size);
        for (row, out) in rows.zip(out.chunks_exact_mut(size)) {
            let own = Hop { row: row as u32, twist: 0 };
            for part in 0..Lane::<S, R>::PARTS {
                let links = Links { reach: &around.reach, u, components, part };
                for mu in 0..directions {
                    let mut sum: Option<MatrixOf<G, S, R>> = None;
                    for nu in (0..directions).filter(|&nu| nu != mu) {
                        let plane = (planes, plane_number(directions, mu, nu));
                        let [above]: [Lane<S, R>; 1] = around.reach.load(simd, w, own, plane, part);
                        let [below]: [Lane<S, R>; 1] = around.reach.load(simd, w, around.behind(row, nu), plane, part);
                        let staple = around.above::<G, S, R>(simd, links, row, (mu, nu));
                        let so_far = match sum {
                            None => scale(above, &staple),
                            Some(sum) => add_scaled(&sum, above, &staple),
                        };
                        let staple = around.below::<G, S, R>(simd, links, row, (mu, nu));
                        sum = Some(add_scaled(&so_far, below, &staple));
                    }
                    if let Some(sum) = sum {
                        store(&sum, &mut out[mu * G::MATRIX * R::WIDTH..], part);
                    }
                }
            }
        }
    }
}

/// How many planes there are.
#[inline(always)]
fn planes_of(directions: usize) -> usize {
    directions * (directions - 1) / 2
}

/// The place of a plane among [`planes`].
#[inline(always)]
fn plane_number(directions: usize, mu: usize, nu: usize) -> usize {
    let (a, b) = (mu.min(nu), mu.max(nu));
    a * directions - a * (a + 1) / 2 + b - a - 1
}
