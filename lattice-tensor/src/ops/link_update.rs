//! The drift of links, in place: `U'_μ(x) = exp(i ε Σ p_a T_a) U_μ(x)`.
//!
//! * in    `u`: matrices; `p`: as many elements of the algebra; `eps`: a number per sample or for all
//! * out   like `u`, in its memory where nothing else reads it
//! * vjp   `ū = E† ū'`; `p̄ = ε y`, `ε̄ = Σ p·y` with `y` the tangent of the exponential at `ε p`, as in `exp`
//! * cost  an exponential and a product a matrix
//! * see   CONVENTIONS.md §10; `exp`

use super::exp::left_derivative;
use super::matrices::{algebra, element, matrices, matrix_shader, rows_of};
use super::{Adjoint, Exp, ExpTangent, Multiply, Op, Pointwise, Shader, Site, SumSites, Vjp};
use crate::device::cpu::{Args, Kernel};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::group::{Group, with_group};
use crate::lanes::group::{MatrixOf, load, scale, store};
use crate::lanes::{Isa, Lane, Real, Vectorize, prefetch};
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};
use std::marker::PhantomData;

/// Links, moved along momenta.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkUpdate;

impl Op for LinkUpdate {
    const NAME: &'static str = "link_update";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [u, p, Spec::PerSample | Spec::Uniform] if matrices(u).is_some() && matrices(u) == algebra(p) => Ok(u),
            _ => Err(Error::op(Self::NAME, "matrices, elements of their algebra and a number", inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let (&[u, p, eps], bar) = (at.inputs, at.cotangent) else {
            return Err(Error::op(Self::NAME, "three inputs", at.inputs));
        };
        let omega = graph.push(Pointwise::Mul, &[p, eps])?;
        let step = graph.push(Exp, &[omega])?;
        let to_u = graph.push(Multiply { adjoint_a: true, adjoint_b: false }, &[step, bar])?;
        // ⟨ū', i T_a E u⟩: the derivative with respect to a factor on the left.
        let to_step = graph.push(Multiply { adjoint_a: false, adjoint_b: true }, &[bar, u])?;
        let g = left_derivative(graph, step, to_step)?;
        let y = graph.push(ExpTangent, &[omega, g])?;
        let to_p = graph.push(Pointwise::Mul, &[y, eps])?;
        let along = graph.push(Pointwise::Mul, &[y, p])?;
        Ok(vec![Vjp::Node(to_u), Vjp::Node(to_p), Vjp::Node(graph.push(SumSites, &[along])?)])
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        let product = matrices(inputs[0]).map_or(0.0, |(_, g, _)| g.product_flops() / g.matrix() as f64);
        Cost { flops: (33.0 + product) * n, bytes: 4.0 * (2.0 * n + inputs[1].numbers(lattice) as f64) }
    }

    fn in_place(&self) -> Option<usize> {
        Some(0)
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let (Some((location, group, count)), true) = (matrices(at.output), at.inputs.len() == 3) else {
            return Err(Error::op(Self::NAME, "matrices", at.output));
        };
        let items = at.layout.rows(location)?.len() * count;
        Ok(with_group!(group, G => Box::new(Drift { items, group: PhantomData::<G> })))
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let Some((_, group, count)) = matrices(at.output) else { return Ok(None) };
        Ok(Some(matrix_shader("link_update", group, at, count, &["u", "p", "eps"])?.turns(800)))
    }
}

struct Drift<G> {
    items: usize,
    group: PhantomData<G>,
}

/// Matrices that one thread takes at a time.
const PIECE: usize = 32;

/// How many matrices ahead numbers are asked for, as they may come from another core.
const AHEAD: usize = 2;

impl<G: Group, R: Real> Kernel<R> for Drift<G> {
    fn run(&self, args: &mut Args<'_, R>) {
        args.level().run(Run { kernel: self, args });
    }

    fn pieces(&self) -> usize {
        self.items.div_ceil(PIECE)
    }
}

struct Run<'k, 'a, 'b, G, R: Real> {
    kernel: &'k Drift<G>,
    args: &'a mut Args<'b, R>,
}

impl<G: Group, R: Real> Vectorize for Run<'_, '_, '_, G, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Run { kernel, args } = self;
        let numbers = args.number_lanes(2);
        let items = rows_of(args.pieces(), PIECE, kernel.items);
        let (size, tangent) = (G::MATRIX * R::WIDTH, G::ALGEBRA * R::WIDTH);
        let (momenta, mut links) = args.field_and_rows_in_place(1, 0, size);
        for item in items {
            let p = &momenta[item * tangent..][..tangent];
            links.expect(item + AHEAD);
            momenta.get((item + AHEAD) * tangent..(item + AHEAD + 1) * tangent).into_iter().for_each(prefetch);
            let link = links.row(item);
            for part in 0..Lane::<S, R>::PARTS {
                let eps = Lane::<S, R>::at(simd, &numbers, part * Lane::<S, R>::LEN);
                let step = G::exp(&scale(eps, &element::<G, S, R>(simd, p, part)));
                let u: MatrixOf<G, S, R> = load(simd, link, part);
                store(&G::multiply(&step, &u), link, part);
            }
        }
    }
}
