//! The kick of Wilson's action, in place: `p'_a = p_a + c ∂_a Σ_P Re tr P`.
//!
//! * in    `p`: an element of the algebra for every direction; `u`: a link for every direction; `c`: a number per sample or
//!   for all: `ε β/N` for `S = β Σ_P (1 − Re tr P/N)`
//! * out   like `p`, in its memory where nothing else reads it
//! * vjp   as the composite `p − c Im tr T_a U S` with the staples `S` has it
//! * cost  46 products and 10 projections a site in four dimensions
//! * see   CONVENTIONS.md §10; a plaquette is computed once for both of its links at a site, the two others in the sum
//!   of the staples below them

use super::matrices::{Links, algebra, links, matrices, rows_of};
use super::plaquette::plane_numbers;
use super::project::scaled;
use super::staple::{Around, around_table};
use super::{Adjoint, Embed, Form, Moments, Multiply, Op, Pointwise, Shader, Site, Spread, Staples, SumSites, Vjp};
use crate::device::cpu::{Args, Kernel};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::group::{Group, with_group};
use crate::lanes::group::{AlgebraOf, add, load, store};
use crate::lanes::{Isa, Lane, Real, Vectorize};
use crate::lattice::{Lattice, Location};
use crate::layout::Hop;
use crate::spec::{Cost, Spec};
use std::marker::PhantomData;

/// Momenta, changed by the force of the plaquettes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MomentumUpdate;

impl Op for MomentumUpdate {
    const NAME: &'static str = "momentum_update";

    fn infer(&self, lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        if let &[p, u, Spec::PerSample | Spec::Uniform] = inputs
            && let group = links(Self::NAME, lattice, Some(&u))?
            && algebra(p) == Some((Location::All, group, lattice.directions()))
            && lattice.directions() > 1
        {
            return Ok(p);
        }
        Err(Error::op(Self::NAME, "momenta, links of the same group and a number", inputs))
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let (&[_, u, c], bar) = (at.inputs, at.cotangent) else {
            return Err(Error::op(Self::NAME, "three inputs", at.inputs));
        };
        let one = graph.constant(1.0);
        let ones = graph.push(Spread { spec: plane_numbers(graph.lattice().directions()) }, &[one])?;
        let staples = graph.push(Staples, &[u, ones])?;
        let product = graph.push(Multiply::PLAIN, &[u, staples])?;
        let moments = graph.push(Moments, &[product])?;
        let along = graph.push(Pointwise::Mul, &[bar, moments])?;
        let along = graph.push(SumSites, &[along])?;
        let to_c = graph.push(Pointwise::Neg, &[along])?;
        // The cotangent of the product: −c g embed(p̄).
        let scale = matrices(graph.spec(u)).map_or(1.0, |(_, group, _)| group.trace_scale());
        let weighted = graph.push(Pointwise::Mul, &[bar, c])?;
        let embedded = graph.push(Embed, &[weighted])?;
        let bar_product = scaled(graph, embedded, -scale)?;
        let to_u = graph.push(Multiply { adjoint_a: false, adjoint_b: true }, &[bar_product, staples])?;
        let cotangent = graph.push(Multiply { adjoint_a: true, adjoint_b: false }, &[u, bar_product])?;
        let rule = Staples.vjp(graph, &Adjoint { inputs: &[u, ones], output: staples, cotangent })?;
        let to_u = match rule.first() {
            Some(&Vjp::Node(part)) => graph.push(Pointwise::Add, &[to_u, part])?,
            _ => to_u,
        };
        Ok(vec![Vjp::Node(bar), Vjp::Node(to_u), Vjp::Node(to_c)])
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        let d = lattice.directions() as f64;
        let planes = d * (d - 1.0) / 2.0;
        let product = matrices(inputs[1]).map_or(0.0, |(_, g, _)| g.product_flops());
        let products = 3.0 * planes + 2.0 * d * (d - 1.0) + d;
        let flops = lattice.volume() as f64 * (products * product + 2.0 * d * (d - 1.0) * 9.0);
        let bytes = 4.0 * (2.0 * output.numbers(lattice) as f64 + inputs[1].numbers(lattice) as f64);
        Cost { flops, bytes }
    }

    fn in_place(&self) -> Option<usize> {
        Some(0)
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let Some((_, group, directions)) = matrices(at.inputs[1]) else {
            return Err(Error::op(Self::NAME, "links", at.inputs));
        };
        let around = Around::new(at, directions)?;
        Ok(with_group!(group, G => Box::new(Kick { around, group: PhantomData::<G> })))
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let Some((_, group, directions)) = matrices(at.inputs[1]) else { return Ok(None) };
        let rows = at.layout.rows(Location::All)?.len();
        let form = Form::Items(rows * directions);
        let shader = Shader::new("momentum_update", form, &["p", "u", "strength"]).of_group(group);
        let shader = shader.number("ROWS", rows).number("DIRECTIONS", directions);
        let turns = directions * 20 * group.matrix();
        Ok(Some(shader.table("around", around_table(at, directions)?).turns(turns)))
    }
}

struct Kick<G> {
    around: Around,
    group: PhantomData<G>,
}

/// Rows that one thread takes at a time.
const PIECE: usize = 8;

impl<G: Group, R: Real> Kernel<R> for Kick<G> {
    fn run(&self, args: &mut Args<'_, R>) {
        args.level().run(Run { kernel: self, args });
    }

    fn pieces(&self) -> usize {
        self.around.rows().div_ceil(PIECE)
    }
}

struct Run<'k, 'a, 'b, G, R: Real> {
    kernel: &'k Kick<G>,
    args: &'a mut Args<'b, R>,
}

/// The most directions a lattice has.
const MOST: usize = Lattice::MAX_DIRECTIONS;

impl<G: Group, R: Real> Vectorize for Run<'_, '_, '_, G, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Run { kernel, args } = self;
        let around = &kernel.around;
        let directions = around.directions;
        let numbers = args.number_lanes(2);
        let pieces = args.pieces();
        let rows = rows_of(pieces, PIECE, around.rows());
        let (components, size) = (directions * G::MATRIX, G::ALGEBRA * R::WIDTH);
        let (u, mut momenta) = args.field_and_rows_in_place(1, 0, directions * size);
        for row in rows {
            let own = Hop { row: row as u32, twist: 0 };
            // They are needed last.
            momenta.expect(row);
            let out = momenta.row(row);
            // What is new to the sweep at its next row, or was written by another thread since, is asked for bit by bit: the
            // slices before and behind.
            let next = (row + 1).min(around.rows() - 1);
            let soon = [around.ahead(next, 0), around.behind(next, 0)];
            let each = components.div_ceil(directions * (directions - 1));
            let mut asked = 0;
            for part in 0..Lane::<S, R>::PARTS {
                let links = Links { reach: &around.reach, u, components, part };
                let c = Lane::<S, R>::at(simd, &numbers, part * Lane::<S, R>::LEN);
                let mut force = [G::moments(&G::one::<S, R>(simd)); MOST];
                for mu in 0..directions {
                    // Plaquettes that begin here, of which both sides are at this site.
                    let own_mu = links.at::<G, S>(simd, own, mu);
                    let mut staples = None;
                    for nu in (0..directions).filter(|&nu| nu != mu) {
                        let lines = asked..(asked + each).min(components);
                        links.expect(soon[0], lines.clone());
                        links.expect(soon[1], lines);
                        asked += each;
                        if nu > mu {
                            let a = G::multiply(&own_mu, &links.at::<G, S>(simd, around.ahead(row, mu), nu));
                            let b = G::multiply(
                                &links.at::<G, S>(simd, own, nu),
                                &links.at::<G, S>(simd, around.ahead(row, nu), mu),
                            );
                            let turn = G::moments(&G::multiply_adjoint(&a, &b));
                            force[mu] = add(&force[mu], &turn);
                            force[nu] = subtract(&force[nu], &turn);
                        }
                        let staple = around.below::<G, S, R>(simd, links, row, (mu, nu));
                        staples = Some(match staples {
                            None => staple,
                            Some(sum) => add(&sum, &staple),
                        });
                    }
                    if let Some(staples) = staples {
                        force[mu] = add(&force[mu], &G::moments(&G::multiply(&own_mu, &staples)));
                    }
                }
                for (mu, force) in force.iter().enumerate().take(directions) {
                    let p = &mut out[mu * size..][..size];
                    let old: AlgebraOf<G, S, R> = load(simd, p, part);
                    store(&crate::lanes::group::add_scaled(&old, -c, force), p, part);
                }
            }
        }
    }
}

/// `a − b`
#[inline(always)]
fn subtract<S: Isa, R: Real, A: crate::group::Array<Lane<S, R>>>(a: &A, b: &A) -> A {
    A::from_fn(
        #[inline(always)]
        |i| a.as_ref()[i] - b.as_ref()[i],
    )
}
