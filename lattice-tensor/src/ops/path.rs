//! Parallel transport along a path: the product of the links that it passes, `y(x) = Π_k L_k`.
//!
//! A step forward in direction `μ` from `z` is the link `U_μ(z)`, a step back `U_μ(z − μ)†`; the next step goes on from there.
//! Closed paths are loops (plaquettes, rectangles), a path once round the lattice is a Polyakov line.
//!
//! * in    `u`: a link for every direction
//! * out   one matrix a site
//! * vjp   for each step, `A† ȳ B†` with the paths `A` before and `B` behind it, moved to where its link lies
//! * cost  a product for every step but the first
//! * see   CONVENTIONS.md §10; extents that a path wraps around need no care: each factor counts once

use super::matrices::{Reach, links, matrices, rows_of};
use super::{Adjoint, Directions, Form, MatrixAdjoint, Multiply, Op, Pointwise, Shader, Shift, Site, Spread, Vjp};
use crate::device::cpu::{Args, Kernel};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::group::{Group, with_group};
use crate::lanes::group::{MatrixOf, store};
use crate::lanes::{Isa, Lane, Real, Vectorize};
use crate::lattice::{Lattice, Location};
use crate::spec::{Cost, Fibre, Spec};
use std::marker::PhantomData;

/// A step from a site to a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// The direction.
    pub mu: usize,
    /// Whether it goes against the direction.
    pub back: bool,
}

impl Step {
    /// Along `μ`.
    pub fn forward(mu: usize) -> Step {
        Step { mu, back: false }
    }

    /// Against `μ`.
    pub fn back(mu: usize) -> Step {
        Step { mu, back: true }
    }

    fn by(self) -> i32 {
        if self.back { -1 } else { 1 }
    }
}

/// The product of links along a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The loop around a rectangle of `a` links along `mu` and `b` along `nu`: `μᵃ νᵇ μ⁻ᵃ ν⁻ᵇ`.
    pub fn rectangle(mu: usize, a: usize, nu: usize, b: usize) -> Path {
        let side = |step: Step, n: usize| std::iter::repeat_n(step, n);
        let there = side(Step::forward(mu), a).chain(side(Step::forward(nu), b));
        Path(there.chain(side(Step::back(mu), a)).chain(side(Step::back(nu), b)).collect())
    }

    /// `steps` links along `mu`.
    pub fn line(mu: usize, steps: usize) -> Path {
        Path(vec![Step::forward(mu); steps])
    }

    /// For each step, where the site lies whose link it takes, relative to the beginning; and where the path ends.
    pub(super) fn places(&self, directions: usize) -> (Vec<Vec<i32>>, Vec<i32>) {
        let mut at = vec![0; directions];
        let mut places = Vec::with_capacity(self.0.len());
        for step in &self.0 {
            let mut place = at.clone();
            at[step.mu] += step.by();
            if step.back {
                place[step.mu] -= 1;
            }
            places.push(place);
        }
        (places, at)
    }
}

/// `f(x + d)` on all sites.
pub(super) fn moved(graph: &mut Graph, f: NodeId, displacement: Vec<i32>) -> Result<NodeId> {
    if displacement.iter().all(|&d| d == 0) {
        return Ok(f);
    }
    graph.push(Shift { to: Location::All, from: Location::All, displacement }, &[f])
}

impl Op for Path {
    const NAME: &'static str = "path";

    fn infer(&self, lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        let group = links(Self::NAME, lattice, inputs.first().filter(|_| inputs.len() == 1))?;
        if self.0.is_empty() || self.0.iter().any(|step| step.mu >= lattice.directions()) {
            let expected = format!("at least one step, in directions 0 to {}", lattice.directions() - 1);
            return Err(Error::op(Self::NAME, expected, &self.0));
        }
        Ok(Spec::Field { location: Location::All, fibre: Fibre::Matrix { group, count: 1 } })
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let u = at.inputs[0];
        let directions = graph.lattice().directions();
        let (places, _) = self.places(directions);
        let mut sums: Vec<Option<NodeId>> = vec![None; directions];
        for (k, (step, place)) in self.0.iter().zip(&places).enumerate() {
            // A† ȳ: all that stands before the step is taken away from the left.
            let mut bar = at.cotangent;
            if k > 0 {
                let before = graph.push(Path(self.0[..k].to_vec()), &[u])?;
                bar = graph.push(Multiply { adjoint_a: true, adjoint_b: false }, &[before, bar])?;
            }
            if k + 1 < self.0.len() {
                let behind = graph.push(Path(self.0[k + 1..].to_vec()), &[u])?;
                let mut start = place.clone();
                start[step.mu] += if step.back { 0 } else { 1 };
                let behind = moved(graph, behind, start)?;
                bar = graph.push(Multiply { adjoint_a: false, adjoint_b: true }, &[bar, behind])?;
            }
            if step.back {
                bar = graph.push(MatrixAdjoint, &[bar])?;
            }
            let bar = moved(graph, bar, place.iter().map(|d| -d).collect())?;
            sums[step.mu] = Some(match sums[step.mu] {
                None => bar,
                Some(sum) => graph.push(Pointwise::Add, &[sum, bar])?,
            });
        }
        let (zero, one) = (graph.constant(0.0), graph.spec(at.output));
        let zeros = graph.push(Spread { spec: one }, &[zero])?;
        let parts: Vec<NodeId> = sums.into_iter().map(|sum| sum.unwrap_or(zeros)).collect();
        // One direction alone needs no putting together.
        let gradient = if parts.len() == 1 { parts[0] } else { graph.push(Directions, &parts)? };
        Ok(vec![Vjp::Node(gradient)])
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        let each = matrices(inputs[0]).map_or(0.0, |(_, g, _)| g.product_flops() / g.matrix() as f64);
        let products = self.0.len().saturating_sub(1) as f64;
        Cost { flops: products * each * n, bytes: 4.0 * (n + inputs[0].numbers(lattice) as f64) }
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let Some((_, group, count)) = matrices(at.inputs[0]) else {
            return Err(Error::op(Self::NAME, "links", at.inputs));
        };
        let (places, _) = self.places(count);
        let reach = Reach::new(at.layout, &places)?;
        let (steps, rows) = (self.0.clone(), reach.rows);
        Ok(
            with_group!(group, G => Box::new(Transport { reach, steps, rows, directions: count, group: PhantomData::<G> })),
        )
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let Some((_, group, count)) = matrices(at.inputs[0]) else { return Ok(None) };
        let (places, _) = self.places(count);
        let rows = at.layout.rows(Location::All)?.len();
        // For each step the direction and sense, then the neighbours of all rows.
        let mut words: Vec<u32> = self.0.iter().map(|step| 2 * step.mu as u32 + u32::from(step.back)).collect();
        for place in &places {
            words.extend(at.hop_table(Location::All, Location::All, place)?);
        }
        let shader = Shader::new("path", Form::Items(rows), &["u"]).of_group(group);
        let turns = self.0.len() * 5 * group.matrix();
        Ok(Some(shader.number("ROWS", rows).number("STEPS", self.0.len()).table("steps", words).turns(turns)))
    }
}

struct Transport<G> {
    reach: Reach,
    steps: Vec<Step>,
    rows: usize,
    directions: usize,
    group: PhantomData<G>,
}

/// Rows that one thread takes at a time.
const PIECE: usize = 16;

impl<G: Group, R: Real> Kernel<R> for Transport<G> {
    fn run(&self, args: &mut Args<'_, R>) {
        args.level().run(Run { kernel: self, args });
    }

    fn pieces(&self) -> usize {
        self.rows.div_ceil(PIECE)
    }
}

struct Run<'k, 'a, 'b, G, R: Real> {
    kernel: &'k Transport<G>,
    args: &'a mut Args<'b, R>,
}

impl<G: Group, R: Real> Vectorize for Run<'_, '_, '_, G, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Run { kernel, args } = self;
        let rows = rows_of(args.pieces(), PIECE, kernel.rows);
        let size = G::MATRIX * R::WIDTH;
        let components = kernel.directions * G::MATRIX;
        let ([u], out) = args.fields_and_part(rows.start * size..rows.end * size);
        for (row, out) in rows.zip(out.chunks_exact_mut(size)) {
            for part in 0..Lane::<S, R>::PARTS {
                let mut y: Option<MatrixOf<G, S, R>> = None;
                for (k, step) in kernel.steps.iter().enumerate() {
                    let hop = kernel.reach.hop(k, row);
                    let link: MatrixOf<G, S, R> =
                        kernel.reach.load(simd, u, hop, (components, step.mu * G::MATRIX), part);
                    y = Some(match (y, step.back) {
                        (None, false) => link,
                        (None, true) => G::adjoint(&link),
                        (Some(y), false) => G::multiply(&y, &link),
                        (Some(y), true) => G::multiply_adjoint(&y, &link),
                    });
                }
                if let Some(y) = y {
                    store(&y, out, part);
                }
            }
        }
    }
}
