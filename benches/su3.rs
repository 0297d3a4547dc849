//! One 4D configuration of SU(3) links in the project's layout, lanes holding virtual nodes: shift, matrix product and
//! plaquette, written over lanes like any kernel. A proof that the layout serves gauge fields; the fields themselves
//! are no part of the library yet.
//!
//! `[row][direction][component][lane]`, 18 components to a matrix: real and imaginary part of each element, row by row.

use lattice_tensor::device::cpu::Aligned;
use lattice_tensor::field::FieldData;
use lattice_tensor::lanes::{Isa, Lane, Level, Real, Vectorize, prefetch};
use lattice_tensor::layout::{Hop, Layout, Twist, Twists};
use lattice_tensor::random::{Draw, Stream, uniform_f64_at};
use lattice_tensor::{Fibre, Lattice, Location, Result};
use std::sync::Arc;

/// Real numbers of a matrix.
pub const MATRIX: usize = 18;
/// Flops of a product of two matrices.
pub const PRODUCT_FLOPS: f64 = 198.0;
/// Flops of the six plaquettes of a site: twelve products, and six traces of 18 multiply-adds.
pub const PLAQUETTE_FLOPS: f64 = 12.0 * PRODUCT_FLOPS + 6.0 * 36.0;

/// One configuration, with the neighbours in each direction.
pub struct Links<R: Real> {
    /// The links, 72 components a site.
    pub field: FieldData<R>,
    /// For each direction and row, the row one step on.
    hops: [Vec<Hop>; 4],
    twists: Vec<Twist>,
    /// The order in which a sweep visits the rows.
    order: Vec<u32>,
}

impl<R: Real> Links<R> {
    /// Random SU(3) matrices on a lattice that is split into as many virtual nodes as a row has lanes.
    pub fn random(extent: usize, seed: u64) -> Result<Self> {
        let lattice = Lattice::periodic([extent; 4])?;
        let layout = Arc::new(Layout::virtual_nodes(&lattice, R::WIDTH, &[1; 4], R::WIDTH));
        let mut field = FieldData::zeros(&layout, Location::All, Fibre::Channels(4 * MATRIX), 1)?;
        let draw = Draw { key: Stream::named("bench.links").key(seed), step: 0 };
        let mut numbers = Vec::with_capacity(lattice.volume() * 4 * MATRIX);
        for link in 0..4 * lattice.volume() {
            let element = |i: usize| uniform_f64_at(draw, 0, (link * MATRIX + i) as u64) - 0.5;
            numbers.extend(special_unitary(std::array::from_fn(element)).map(R::from_f64));
        }
        field.set_sample(0, &numbers)?;
        let mut twists = Twists::new(&layout);
        let mut hops = [const { Vec::new() }; 4];
        for (mu, hops) in hops.iter_mut().enumerate() {
            let mut step = [0; 4];
            step[mu] = 1;
            *hops = layout.hops(Location::All, Location::All, &step, &mut twists)?.into_iter().flatten().collect();
        }
        let order = order(&layout);
        Ok(Links { field, hops, twists: twists.list, order })
    }

    fn rows(&self) -> usize {
        self.hops[0].len()
    }

    /// Numbers of a field of one matrix a site.
    pub fn matrices(&self) -> usize {
        self.rows() * MATRIX * R::WIDTH
    }

    /// The links of direction `mu` as a field of their own, `[row][component][lane]`.
    pub fn direction(&self, mu: usize) -> Result<Aligned<R>> {
        let mut matrices = Aligned::zeros(self.matrices(), "a bench")?;
        let links = self.field.numbers()?.chunks_exact(MATRIX * R::WIDTH);
        for (to, from) in matrices.chunks_exact_mut(MATRIX * R::WIDTH).zip(links.skip(mu).step_by(4)) {
            to.copy_from_slice(from);
        }
        Ok(matrices)
    }

    /// `y(x) = f(x + μ)` for a field of matrices.
    pub fn shift(&self, level: Level, mu: usize, f: &[R], y: &mut [R]) {
        level.run(ShiftMatrices { links: self, mu, f, y });
    }

    /// The mean over sites and planes of `Re tr P / 3`.
    pub fn plaquette(&self, level: Level) -> f64 {
        let sum = level.run(Plaquette { links: self });
        sum / (18 * self.rows() * R::WIDTH) as f64
    }

    /// The same, site by site, in plain `f64`.
    pub fn plaquette_reference(&self) -> f64 {
        let lattice = self.field.layout().lattice();
        let numbers = self.field.sample(0).expect("numbers on the host");
        let numbers: Vec<f64> = numbers.into_iter().map(Real::to_f64).collect();
        let link = |site: usize, mu: usize| &numbers[(4 * site + mu) * MATRIX..][..MATRIX];
        let next = |site: usize, mu: usize| {
            let mut x = lattice.coordinates(site);
            x[mu] += 1;
            lattice.site(&x)
        };
        let mut sum = 0.0;
        for x in 0..lattice.volume() {
            for (mu, nu) in PLANES {
                let a = product(link(x, mu), link(next(x, mu), nu));
                let b = product(link(x, nu), link(next(x, nu), mu));
                sum += a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>();
            }
        }
        sum / (18 * lattice.volume()) as f64
    }
}

/// Rows tile by tile, a tile going through the whole lattice in direction 0: two of its slices stay in a second-level
/// cache, so that a link is fetched about once.
fn order(layout: &Layout) -> Vec<u32> {
    let extents = layout.lattice().extents().iter().zip(layout.inner()).map(|(l, inner)| l / inner);
    let outer: Vec<usize> = extents.collect();
    let tile = |row: usize| {
        let (x1, x2) = (row / outer[3] / outer[2] % outer[1], row / outer[3] % outer[2]);
        (x1 / TILE, x2 / TILE)
    };
    let mut rows: Vec<u32> = (0..outer.iter().product::<usize>() as u32).collect();
    rows.sort_by_key(|&row| tile(row as usize));
    rows
}

/// The extent of a tile in directions 1 and 2.
const TILE: usize = 4;

/// `c = a b` for fields of matrices.
pub fn multiply<R: Real>(level: Level, a: &[R], b: &[R], c: &mut [R]) {
    level.run(Multiply { a, b, c });
}

const PLANES: [(usize, usize); 6] = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];

/// A plain product of two matrices.
pub fn product(a: &[f64], b: &[f64]) -> [f64; MATRIX] {
    std::array::from_fn(|at| {
        let (i, j, imaginary) = (at / 6, at / 2 % 3, at % 2 == 1);
        let term = |k: usize| {
            let (a, b) = (&a[2 * (3 * i + k)..], &b[2 * (3 * k + j)..]);
            if imaginary { a[0] * b[1] + a[1] * b[0] } else { a[0] * b[0] - a[1] * b[1] }
        };
        (0..3).map(term).sum()
    })
}

/// Makes a matrix special unitary: two rows by Gram–Schmidt, the third their conjugate cross product.
fn special_unitary(m: [f64; MATRIX]) -> [f64; MATRIX] {
    let row = |i: usize| -> [(f64, f64); 3] { std::array::from_fn(|j| (m[6 * i + 2 * j], m[6 * i + 2 * j + 1])) };
    let mul = |a: (f64, f64), b: (f64, f64)| (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0);
    let conjugate = |a: (f64, f64)| (a.0, -a.1);
    let normal = |v: [(f64, f64); 3]| {
        let norm = v.iter().map(|z| z.0 * z.0 + z.1 * z.1).sum::<f64>().sqrt();
        v.map(|z| (z.0 / norm, z.1 / norm))
    };
    let u = normal(row(0));
    let overlap = row(1).iter().zip(&u).fold((0.0, 0.0), |sum, (&v, &u)| {
        let z = mul(v, conjugate(u));
        (sum.0 + z.0, sum.1 + z.1)
    });
    let v = row(1);
    let v = normal(std::array::from_fn(|j| {
        let along = mul(overlap, u[j]);
        (v[j].0 - along.0, v[j].1 - along.1)
    }));
    let w: [(f64, f64); 3] = std::array::from_fn(|j| {
        let (a, b) = ((j + 1) % 3, (j + 2) % 3);
        let (p, q) = (mul(u[a], v[b]), mul(u[b], v[a]));
        conjugate((p.0 - q.0, p.1 - q.1))
    });
    std::array::from_fn(|at| {
        let z = [u, v, w][at / 6][at / 2 % 3];
        if at % 2 == 0 { z.0 } else { z.1 }
    })
}

/// The matrix at `matrix`, all lanes of it.
#[inline(always)]
fn matrix<R: Real>(numbers: &[R], matrix: usize) -> &[R] {
    &numbers[matrix * MATRIX * R::WIDTH..][..MATRIX * R::WIDTH]
}

/// Part `part` of component `c`.
#[inline(always)]
fn at<S: Isa, R: Real>(simd: S, m: &[R], c: usize, part: usize) -> Lane<S, R> {
    Lane::at(simd, &m[..MATRIX * R::WIDTH], c * R::WIDTH + part * Lane::<S, R>::LEN)
}

/// A neighbour's matrix: where it lies, or, across the edge of a virtual node, with its lanes permuted in `scratch`.
#[inline(always)]
fn neighbour<'a, S: Isa, R: Real>(simd: S, m: &'a [R], twist: &Twist, permuted: bool, scratch: &'a mut [R]) -> &'a [R] {
    if !permuted {
        return m;
    }
    let scratch = &mut scratch[..MATRIX * R::WIDTH];
    for c in 0..MATRIX {
        for part in 0..Lane::<S, R>::PARTS {
            Lane::<S, R>::at_permuted(simd, m, c * R::WIDTH, &twist.from, part)
                .put(scratch, c * R::WIDTH + part * Lane::<S, R>::LEN);
        }
    }
    scratch
}

/// Row `i` of the product of two matrices: real and imaginary parts of its elements.
#[inline(always)]
fn product_row<S: Isa, R: Real>(simd: S, a: &[R], b: &[R], i: usize, part: usize) -> [[Lane<S, R>; 2]; 3] {
    let mut row = [[Lane::constant(simd, 0.0); 2]; 3];
    for k in 0..3 {
        let (re, im) = (at(simd, a, 6 * i + 2 * k, part), at(simd, a, 6 * i + 2 * k + 1, part));
        let minus_im = -im;
        for (j, y) in row.iter_mut().enumerate() {
            let (b_re, b_im) = (at(simd, b, 6 * k + 2 * j, part), at(simd, b, 6 * k + 2 * j + 1, part));
            *y = match k {
                0 => [minus_im.mul_add(b_im, re * b_re), im.mul_add(b_re, re * b_im)],
                _ => [minus_im.mul_add(b_im, re.mul_add(b_re, y[0])), im.mul_add(b_re, re.mul_add(b_im, y[1]))],
            };
        }
    }
    row
}

struct Multiply<'a, R> {
    a: &'a [R],
    b: &'a [R],
    c: &'a mut [R],
}

impl<R: Real> Vectorize for Multiply<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let size = MATRIX * R::WIDTH;
        for ((a, b), c) in self.a.chunks_exact(size).zip(self.b.chunks_exact(size)).zip(self.c.chunks_exact_mut(size)) {
            for part in 0..Lane::<S, R>::PARTS {
                for i in 0..3 {
                    for (j, y) in product_row(simd, a, b, i, part).into_iter().enumerate() {
                        let to = (6 * i + 2 * j) * R::WIDTH + part * Lane::<S, R>::LEN;
                        y[0].put(c, to);
                        y[1].put(c, to + R::WIDTH);
                    }
                }
            }
        }
    }
}

struct ShiftMatrices<'a, R: Real> {
    links: &'a Links<R>,
    mu: usize,
    f: &'a [R],
    y: &'a mut [R],
}

impl<R: Real> Vectorize for ShiftMatrices<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let ShiftMatrices { links, mu, f, y } = self;
        for (hop, y) in links.hops[mu].iter().zip(y.chunks_exact_mut(MATRIX * R::WIDTH)) {
            let from = matrix(f, hop.row as usize);
            if hop.twist == 0 {
                for c in 0..MATRIX {
                    for part in 0..Lane::<S, R>::PARTS {
                        at(simd, from, c, part).put(y, c * R::WIDTH + part * Lane::<S, R>::LEN);
                    }
                }
            } else {
                neighbour(simd, from, &links.twists[hop.twist as usize], true, y);
            }
        }
    }
}

/// A matrix of permuted lanes that begins on a cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Scratch<R>([R; 16 * MATRIX]);

struct Plaquette<'a, R: Real> {
    links: &'a Links<R>,
}

impl<R: Real> Vectorize for Plaquette<'_, R> {
    type Output = f64;

    /// `Σ Re tr U_μ(x) U_ν(x+μ) [U_ν(x) U_μ(x+ν)]†`: two products a plane, row by row, and the trace as they come.
    #[inline(always)]
    fn run<S: Isa>(self, simd: S) -> f64 {
        let Links { field, hops, twists, order } = self.links;
        let u = field.numbers().expect("numbers on the host");
        let mut sums = [0.0; 16];
        let mut scratch = [Scratch([R::default(); 16 * MATRIX]); 2];
        let [scratch_a, scratch_b] = &mut scratch;
        let reach = |row: usize, step: usize, of: usize| {
            let hop = hops[step][row];
            (matrix(u, 4 * hop.row as usize + of), hop.twist as usize)
        };
        for (i, &row) in order.iter().enumerate() {
            let row = row as usize;
            // A lane group takes at most four registers.
            let mut total = [[Lane::<S, R>::constant(simd, 0.0); 2]; 4];
            for (p, (mu, nu)) in PLANES.into_iter().enumerate() {
                // The neighbours of the next plane are on their way while this one is computed.
                let (next, (a, b)) = match PLANES.get(p + 1) {
                    Some(&plane) => (row, plane),
                    None => (order.get(i + 1).map_or(row, |&row| row as usize), PLANES[0]),
                };
                prefetch(reach(next, a, b).0);
                prefetch(reach(next, b, a).0);
                let (u_mu, u_nu) = (matrix(u, 4 * row + mu), matrix(u, 4 * row + nu));
                let (far_nu, twist) = reach(row, mu, nu);
                let far_nu = neighbour(simd, far_nu, &twists[twist], twist != 0, &mut scratch_a.0);
                let (far_mu, twist) = reach(row, nu, mu);
                let far_mu = neighbour(simd, far_mu, &twists[twist], twist != 0, &mut scratch_b.0);
                for part in 0..Lane::<S, R>::PARTS {
                    let [mut re, mut im] = total[part];
                    for i in 0..3 {
                        let a = product_row(simd, u_mu, far_nu, i, part);
                        let b = product_row(simd, u_nu, far_mu, i, part);
                        for (a, b) in a.into_iter().zip(b) {
                            re = a[0].mul_add(b[0], re);
                            im = a[1].mul_add(b[1], im);
                        }
                    }
                    total[part] = [re, im];
                }
            }
            for (part, [re, im]) in total.into_iter().enumerate().take(Lane::<S, R>::PARTS) {
                (re + im).add_to_sums(&mut sums, part * Lane::<S, R>::LEN);
            }
        }
        sums.iter().sum()
    }
}
