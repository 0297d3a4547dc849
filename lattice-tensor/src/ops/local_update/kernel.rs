//! The sweep over the links of one direction and colour.

use super::super::matrices::{Reach, rows_of};
use super::super::{Path, Site, Step};
use super::{Colouring, LocalUpdate, Rule};
use crate::device::cpu::{Args, Kernel};
use crate::error::{Error, Result};
use crate::group::Group;
use crate::lanes::group::{MatrixOf, add_scaled, load, scale, store};
use crate::lanes::{Isa, Lane, Real, Vectorize};
use crate::lattice::Location;
use crate::random::{Draw, Stream, four_uniforms};
use std::marker::PhantomData;

/// The staples and sites of an update in a layout.
pub(super) struct Prepared {
    update: LocalUpdate,
    directions: usize,
    reach: Reach,
    /// For each staple its coefficient, and its steps with the number of the displacement at which the link lies.
    pub paths: Vec<(f64, Vec<(Step, usize)>)>,
    displacements: Vec<Vec<i32>>,
    /// Whether a row's links are of this colour.
    active: Vec<bool>,
    /// `[row][node]`
    sites: Vec<u64>,
}

/// The staples of a link in direction `mu`: paths from `x + μ` to `x`, with their coefficients.
fn staples(directions: usize, mu: usize, c0: f64, c1: f64) -> Vec<(f64, Path)> {
    let mut list = Vec::new();
    let (ahead, back) = (Step::forward(mu), Step::back(mu));
    for nu in (0..directions).filter(|&nu| nu != mu) {
        for (out, home) in [(Step::forward(nu), Step::back(nu)), (Step::back(nu), Step::forward(nu))] {
            list.push((c0, Path(vec![out, back, home])));
            if c1 != 0.0 {
                list.push((c1, Path(vec![out, out, back, home, home])));
                list.push((c1, Path(vec![ahead, out, back, back, home])));
                list.push((c1, Path(vec![out, back, back, home, ahead])));
            }
        }
    }
    list
}

impl Prepared {
    pub fn new(update: &LocalUpdate, at: &Site<'_>) -> Result<Prepared> {
        let lattice = at.layout.lattice();
        let (mu, directions) = (update.mu, lattice.directions());
        let colouring = Colouring::of(lattice, mu, update.loops)?;
        let mut displacements: Vec<Vec<i32>> = Vec::new();
        let mut paths = Vec::new();
        for (coefficient, path) in staples(directions, mu, update.loops.c0, update.loops.c1) {
            let mut numbered = Vec::new();
            for (&step, mut place) in path.0.iter().zip(path.places(directions).0) {
                place[mu] += 1;
                let known = displacements.iter().position(|d| *d == place);
                let number = known.unwrap_or_else(|| {
                    displacements.push(place);
                    displacements.len() - 1
                });
                numbered.push((step, number));
            }
            paths.push((coefficient, numbered));
        }
        let reach = Reach::new(at.layout, &displacements)?;
        let (mut active, mut sites) = (Vec::new(), Vec::new());
        for outer in at.layout.rows(Location::All)? {
            let here: Vec<usize> = (0..at.layout.nodes()).map(|node| at.layout.site(outer, node)).collect();
            let colour = colouring.colour(here[0]);
            if here.iter().any(|&site| colouring.colour(site) != colour) {
                return Err(Error::Layout {
                    extents: lattice.extents().to_vec(),
                    inner: at.layout.inner().to_vec(),
                    expected: format!("parts that are multiples of the colours' periods {:?}", colouring.periods()),
                });
            }
            active.push(colour == update.colour);
            sites.extend(here.into_iter().map(|site| site as u64));
        }
        Ok(Prepared { update: update.clone(), directions, reach, paths, displacements, active, sites })
    }

    /// For a GPU: for each row whether it is of this colour; then for each staple its length and coefficient; then its
    /// steps, five words each for all staples, twice the direction and 1 for a step back; then, for each staple and step, the
    /// rows of its links. Lengths are 3 or 5.
    pub fn table(&self, at: &Site<'_>) -> Result<Vec<u32>> {
        let mut words: Vec<u32> = self.active.iter().map(|&a| u32::from(a)).collect();
        for (coefficient, steps) in &self.paths {
            words.extend([steps.len() as u32, (*coefficient as f32).to_bits()]);
        }
        let padded = |steps: &[(Step, usize)]| -> Vec<(Step, usize)> {
            (0..5).map(|k| steps.get(k).copied().unwrap_or((Step::forward(0), 0))).collect()
        };
        for (_, steps) in &self.paths {
            words.extend(padded(steps).iter().map(|(step, _)| 2 * step.mu as u32 + u32::from(step.back)));
        }
        for (_, steps) in &self.paths {
            for (_, number) in padded(steps) {
                words.extend(at.hop_table(Location::All, Location::All, &self.displacements[number])?);
            }
        }
        Ok(words)
    }
}

pub(super) struct Sweep<G> {
    prepared: Prepared,
    stream: Stream,
    group: PhantomData<G>,
}

/// Rows that one thread takes at a time.
const PIECE: usize = 16;

impl<G: Group> Sweep<G> {
    pub fn new(prepared: Prepared) -> Sweep<G> {
        Sweep { stream: Stream::named(&prepared.update.stream), prepared, group: PhantomData }
    }
}

impl<G: Group, R: Real> Kernel<R> for Sweep<G> {
    fn run(&self, args: &mut Args<'_, R>) {
        args.level().run(Run { kernel: self, args });
    }

    fn pieces(&self) -> usize {
        self.prepared.active.len().div_ceil(PIECE)
    }
}

struct Run<'k, 'a, 'b, G: Group, R: Real> {
    kernel: &'k Sweep<G>,
    args: &'a mut Args<'b, R>,
}

impl<G: Group, R: Real> Vectorize for Run<'_, '_, '_, G, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Run { kernel, args } = self;
        let Prepared { update, directions, reach, paths, active, sites, .. } = &kernel.prepared;
        let (directions, mu, nodes) = (*directions, update.mu, args.layout().nodes());
        let draws = args.draws();
        let draw = Draw { key: kernel.stream.key(draws.seed), step: draws.step };
        let (strength, width) = match update.rule {
            Rule::HeatBath => (args.number_lanes(1), [R::default(); 16]),
            Rule::Overrelax => ([R::default(); 16], [R::default(); 16]),
            Rule::Metropolis => (args.number_lanes(1), args.number_lanes(2)),
        };
        let rows = rows_of(args.pieces(), PIECE, active.len());
        let (components, size) = (directions * G::MATRIX, G::MATRIX * R::WIDTH);
        let (u, mut links) = args.field_and_rows_in_place(0, 0, size);
        for row in rows {
            if links.are_copied() {
                (0..directions).filter(|&nu| nu != mu || !active[row]).for_each(|nu| {
                    links.row(row * directions + nu);
                });
            }
            if !active[row] {
                continue;
            }
            let link = links.row(row * directions + mu);
            for part in 0..Lane::<S, R>::PARTS {
                let mut sum: Option<MatrixOf<G, S, R>> = None;
                for (coefficient, steps) in paths {
                    let mut product: Option<MatrixOf<G, S, R>> = None;
                    for &(step, number) in steps {
                        let hop = reach.hop(number, row);
                        let next: MatrixOf<G, S, R> = reach.load(simd, u, hop, (components, step.mu * G::MATRIX), part);
                        product = Some(match (product, step.back) {
                            (None, false) => next,
                            (None, true) => G::adjoint(&next),
                            (Some(p), false) => G::multiply(&p, &next),
                            (Some(p), true) => G::multiply_adjoint(&p, &next),
                        });
                    }
                    let coefficient = Lane::constant(simd, *coefficient);
                    sum = match (sum, product) {
                        (None, Some(product)) => Some(scale(coefficient, &product)),
                        (Some(sum), Some(product)) => Some(add_scaled(&sum, coefficient, &product)),
                        (sum, None) => sum,
                    };
                }
                let Some(staples) = sum else { continue };
                let old: MatrixOf<G, S, R> = load(simd, link, part);
                let c = Lane::<S, R>::at(simd, &strength, part * Lane::<S, R>::LEN);
                let source =
                    Source { draw, first: draws.first_sample, nodes, sites: &sites[row * nodes..][..nodes], part };
                let new = match update.rule {
                    Rule::HeatBath => G::heat_bath(
                        &old,
                        &staples,
                        c,
                        #[inline(always)]
                        |turn| {
                            // In (0, 1].
                            let [u0, u1, u2, u3] = source.four(simd, turn);
                            let one = Lane::constant(simd, 1.0);
                            [one - u0, one - u1, one - u2, one - u3]
                        },
                    ),
                    Rule::Overrelax => G::overrelax(&old, &staples),
                    Rule::Metropolis => {
                        let width = Lane::<S, R>::at(simd, &width, part * Lane::<S, R>::LEN);
                        offered::<G, S, R>(&old, &staples, c, width, source)
                    }
                };
                store(&new, link, part);
            }
        }
    }
}

/// Uniform numbers of each lane's own link.
#[derive(Clone, Copy)]
struct Source<'a> {
    draw: Draw,
    first: u64,
    nodes: usize,
    /// The site of each virtual node.
    sites: &'a [u64],
    part: usize,
}

impl Source<'_> {
    /// The numbers of a turn, in [0, 1).
    #[inline(always)]
    fn four<S: Isa, R: Real>(self, simd: S, turn: u32) -> [Lane<S, R>; 4] {
        four_uniforms(
            simd,
            self.draw,
            turn,
            self.part,
            #[inline(always)]
            |lane| (self.first + (lane / self.nodes) as u64, self.sites[lane % self.nodes]),
        )
    }
}

/// One step of Metropolis: `exp(i width Σ (2u_a − 1) T_a) U`, taken with probability `min(1, e^{c Re tr (U' − U) A})`.
#[inline(always)]
fn offered<G: Group, S: Isa, R: Real>(
    old: &MatrixOf<G, S, R>,
    staples: &MatrixOf<G, S, R>,
    c: Lane<S, R>,
    width: Lane<S, R>,
    source: Source<'_>,
) -> MatrixOf<G, S, R> {
    use crate::lanes::group::{AlgebraOf, Array};
    let (simd, one) = (c.simd(), Lane::constant(c.simd(), 1.0));
    let numbers: [[Lane<S, R>; 4]; 2] = [source.four(simd, 1), source.four(simd, 2)];
    let omega = AlgebraOf::<G, S, R>::from_fn(
        #[inline(always)]
        |a| {
            let u = numbers[a / 4][a % 4];
            ((u + u) - one) * width
        },
    );
    let new = G::multiply(&G::exp(&omega), old);
    let gain = (G::re_trace(&G::multiply(&new, staples)) - G::re_trace(&G::multiply(old, staples))) * c;
    let [u, ..]: [Lane<S, R>; 4] = source.four(simd, 0);
    let accept = u.lt(gain.min(Lane::constant(simd, 0.0)).exp());
    MatrixOf::<G, S, R>::from_fn(
        #[inline(always)]
        |i| Lane::select(accept, new.as_ref()[i], old.as_ref()[i]),
    )
}
