//! What the ops on matrices share: kernels that go through a field matrix by matrix, and the types they take.

use super::{Form, Shader, Site};
use crate::device::cpu::{Args, Kernel};
use crate::error::{Error, Result};
use crate::group::{Group, GroupName, with_group};
use crate::lanes::group::{AlgebraOf, MatrixOf, load};
use crate::lanes::{Isa, Lane, Real, Vectorize, prefetch_early};
use crate::lattice::Location;
use crate::layout::{Hop, Layout, Twist, Twists};
use crate::spec::{Fibre, Spec};
use std::marker::PhantomData;
use std::ops::Range;

/// A field of so many matrices or elements of the algebra a site: where it lives, its group, how many.
pub(super) type Shape = (Location, GroupName, usize);

/// The shape of a field of matrices.
pub(super) fn matrices(spec: Spec) -> Option<Shape> {
    match spec {
        Spec::Field { location, fibre: Fibre::Matrix { group, count } } => Some((location, group, count)),
        _ => None,
    }
}

/// The shape of a field of elements of the algebra.
pub(super) fn algebra(spec: Spec) -> Option<Shape> {
    match spec {
        Spec::Field { location, fibre: Fibre::Algebra { group, count } } => Some((location, group, count)),
        _ => None,
    }
}

/// A field of matrices of this shape.
pub(super) fn matrix_field((location, group, count): Shape) -> Spec {
    Spec::Field { location, fibre: Fibre::Matrix { group, count } }
}

/// A field of elements of the algebra of this shape.
pub(super) fn algebra_field((location, group, count): Shape) -> Spec {
    Spec::Field { location, fibre: Fibre::Algebra { group, count } }
}

/// A real number for each matrix.
pub(super) fn number_field((location, _, count): Shape) -> Spec {
    Spec::Field { location, fibre: if count == 1 { Fibre::Scalar } else { Fibre::Channels(count) } }
}

/// Whether a field has one real number for each matrix of a shape.
pub(super) fn is_number_field(spec: Spec, (location, _, count): Shape) -> bool {
    matches!(spec, Spec::Field { location: l, fibre: Fibre::Scalar } if l == location && count == 1)
        || matches!(spec, Spec::Field { location: l, fibre: Fibre::Channels(n) } if l == location && n == count)
}

/// Links: matrices for every direction on every site of a periodic lattice.
pub(super) fn links(name: &'static str, at: &crate::lattice::Lattice, spec: Option<&Spec>) -> Result<GroupName> {
    match spec.copied().and_then(matrices) {
        Some((Location::All, group, count)) if count == at.directions() && at.is_periodic() => Ok(group),
        _ => Err(Error::op(name, "a link for every direction on a periodic lattice", spec)),
    }
}

/// A kernel of one op on one group: what it does with one matrix of each input.
pub(super) trait ForMatrix: Copy + Send + Sync + 'static {
    /// Computes one item: `inputs` are the rows that belong to it, `out` what it writes.
    fn item<G: Group, S: Isa, R: Real>(self, simd: S, inputs: [&[R]; 2], out: &mut [R], part: usize);
}

/// Items that one thread takes at a time.
const PIECE: usize = 64;

/// Goes through matrix after matrix.
struct EachMatrix<F, G> {
    items: usize,
    /// Numbers of an item, in rows, for each input; 0 for those that are absent.
    inputs: [usize; 2],
    output: usize,
    f: F,
    group: PhantomData<G>,
}

/// A kernel that applies `f` to each matrix of its inputs, of which there are one or two.
pub(super) fn each_matrix<R: Real, F: ForMatrix>(
    at: &Site<'_>,
    group: GroupName,
    count: usize,
    f: F,
) -> Result<Box<dyn Kernel<R>>> {
    let Spec::Field { location, .. } = at.output else {
        return Err(Error::op("matrices", "a field", at.output));
    };
    let components = |spec: &Spec| match spec {
        Spec::Field { fibre, .. } => fibre.components() / count,
        _ => 0,
    };
    let items = at.layout.rows(location)?.len() * count;
    let mut inputs = [0; 2];
    inputs.iter_mut().zip(at.inputs).for_each(|(size, spec)| *size = components(spec));
    let output = components(&at.output);
    Ok(with_group!(group, G => Box::new(EachMatrix { items, inputs, output, f, group: PhantomData::<G> })))
}

impl<R: Real, F: ForMatrix, G: Group> Kernel<R> for EachMatrix<F, G> {
    fn run(&self, args: &mut Args<'_, R>) {
        args.level().run(Run { kernel: self, args });
    }

    fn pieces(&self) -> usize {
        self.items.div_ceil(PIECE)
    }
}

struct Run<'k, 'a, 'b, F, G, R: Real> {
    kernel: &'k EachMatrix<F, G>,
    args: &'a mut Args<'b, R>,
}

impl<F: ForMatrix, G: Group, R: Real> Vectorize for Run<'_, '_, '_, F, G, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Run { kernel, args } = self;
        let items = rows_of(args.pieces(), PIECE, kernel.items);
        let size = kernel.inputs.map(|n| n * R::WIDTH);
        let out_size = kernel.output * R::WIDTH;
        let (ins, out) = args.fields_and_part::<2>(items.start * out_size..items.end * out_size);
        for (i, out) in items.zip(out.chunks_exact_mut(out_size)) {
            let input = [&ins[0][i * size[0]..][..size[0]], &ins[1][i * size[1]..][..size[1]]];
            for part in 0..Lane::<S, R>::PARTS {
                kernel.f.item::<G, S, R>(simd, input, out, part);
            }
        }
    }
}

/// Goes through matrix after matrix and puts each result in its place.
struct InPlace<F, G> {
    items: usize,
    f: F,
    group: PhantomData<G>,
}

/// A kernel that replaces each matrix of its only input by `f` of it, in the input's memory where nothing else reads it.
pub(super) fn each_matrix_in_place<R: Real, F: ForMatrix>(
    at: &Site<'_>,
    (location, group, count): Shape,
    f: F,
) -> Result<Box<dyn Kernel<R>>> {
    let items = at.layout.rows(location)?.len() * count;
    Ok(with_group!(group, G => Box::new(InPlace { items, f, group: PhantomData::<G> })))
}

impl<R: Real, F: ForMatrix, G: Group> Kernel<R> for InPlace<F, G> {
    fn run(&self, args: &mut Args<'_, R>) {
        args.level().run(Replace { kernel: self, args });
    }

    fn pieces(&self) -> usize {
        self.items.div_ceil(PIECE)
    }
}

struct Replace<'k, 'a, 'b, F, G, R: Real> {
    kernel: &'k InPlace<F, G>,
    args: &'a mut Args<'b, R>,
}

impl<F: ForMatrix, G: Group, R: Real> Vectorize for Replace<'_, '_, '_, F, G, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Replace { kernel, args } = self;
        let items = rows_of(args.pieces(), PIECE, kernel.items);
        let size = G::MATRIX * R::WIDTH;
        // The largest matrix in the widest row.
        let mut before = [R::default(); 18 * 16];
        let (_, mut rows) = args.field_and_rows_in_place(usize::MAX, 0, size);
        for item in items {
            let row = rows.row(item);
            before[..size].copy_from_slice(row);
            for part in 0..Lane::<S, R>::PARTS {
                kernel.f.item::<G, S, R>(simd, [&before[..size], &[]], row, part);
            }
        }
    }
}

/// The rows of a range of pieces.
pub(super) fn rows_of(pieces: Range<usize>, piece: usize, rows: usize) -> Range<usize> {
    pieces.start * piece..(pieces.end * piece).min(rows)
}

/// A shader of items, one for each matrix, in the arithmetic of a group.
pub(super) fn matrix_shader(
    name: &'static str,
    group: GroupName,
    at: &Site<'_>,
    count: usize,
    inputs: &[&'static str],
) -> Result<Shader> {
    let Spec::Field { location, .. } = at.output else {
        return Err(Error::op("matrices", "a field", at.output));
    };
    let rows = at.layout.rows(location)?.len();
    Ok(Shader::new(name, Form::Items(rows * count), inputs).of_group(group).number("ROWS", rows))
}

/// Neighbours of the rows at some displacements: where a kernel that reaches for links finds them.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    /// `[displacement][row]`.
    hops: Vec<Vec<Hop>>,
    twists: Vec<Twist>,
    /// How many rows there are.
    pub rows: usize,
}

impl Reach {
    /// The neighbours at the given displacements, numbered in their order.
    pub fn new(layout: &Layout, displacements: &[Vec<i32>]) -> Result<Reach> {
        let mut twists = Twists::new(layout);
        let mut reach = Reach { hops: Vec::new(), twists: Vec::new(), rows: layout.rows(Location::All)?.len() };
        for displacement in displacements {
            let hops = layout.hops(Location::All, Location::All, displacement, &mut twists)?;
            reach.hops.push(hops.into_iter().flatten().collect());
        }
        reach.twists = twists.list;
        Ok(reach)
    }

    /// Where a neighbour lies.
    #[inline(always)]
    pub fn hop(&self, displacement: usize, row: usize) -> Hop {
        self.hops[displacement][row]
    }

    /// The numbers that begin `offset` components into a row of `components`, as an array of registers.
    #[inline(always)]
    pub fn load<A: crate::group::Array<Lane<S, R>>, S: Isa, R: Real>(
        &self,
        simd: S,
        numbers: &[R],
        hop: Hop,
        (components, offset): (usize, usize),
        part: usize,
    ) -> A {
        let from = &numbers[(hop.row as usize * components + offset) * R::WIDTH..];
        if hop.twist == 0 {
            return load(simd, from, part);
        }
        let twist = &self.twists[hop.twist as usize];
        A::from_fn(
            #[inline(always)]
            |c| Lane::at_permuted(simd, from, c * R::WIDTH, &twist.from, part),
        )
    }
}

/// Links, as a kernel reads them.
#[derive(Clone, Copy)]
pub(super) struct Links<'a, R> {
    /// Where neighbours lie.
    pub reach: &'a Reach,
    /// All numbers of one block.
    pub u: &'a [R],
    /// Numbers of all links of a site.
    pub components: usize,
    /// The part of lane groups.
    pub part: usize,
}

impl<R: Real> Links<'_, R> {
    /// The link in direction `mu` at a site.
    #[inline(always)]
    pub fn at<G: Group, S: Isa>(self, simd: S, site: Hop, mu: usize) -> MatrixOf<G, S, R> {
        self.reach.load(simd, self.u, site, (self.components, mu * G::MATRIX), self.part)
    }

    /// Asks for lines of the links of a site, each of which holds a component.
    #[inline(always)]
    pub fn expect(self, site: Hop, lines: Range<usize>) {
        let first = site.row as usize * self.components;
        for line in lines {
            prefetch_early(self.u.as_ptr().wrapping_add((first + line) * R::WIDTH));
        }
    }
}

/// A displacement by `steps` in some directions.
pub(super) fn displacement(directions: usize, steps: &[(usize, i32)]) -> Vec<i32> {
    let mut d = vec![0; directions];
    steps.iter().for_each(|&(mu, by)| d[mu] += by);
    d
}

/// A matrix of the group, loaded.
#[inline(always)]
pub(super) fn matrix<G: Group, S: Isa, R: Real>(simd: S, from: &[R], part: usize) -> MatrixOf<G, S, R> {
    load(simd, from, part)
}

/// An element of the algebra, loaded.
#[inline(always)]
pub(super) fn element<G: Group, S: Isa, R: Real>(simd: S, from: &[R], part: usize) -> AlgebraOf<G, S, R> {
    load(simd, from, part)
}
