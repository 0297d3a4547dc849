//! The transfer matrix of a ring of sites: two-dimensional φ⁴.
//!
//! `T = S^½ D S^½` between the words of [`super::row`]: S holds the links along time and the site weights (with mass
//! `m² + ε`), D the links along the ring and `e^{ε Σφ²}`. Then `Z = Tr T^L`, and an operator of the fields in one row multiplies D at that row. With the blocks
//! of [`super::sector`] small enough to be diagonalised, all traces are sums over eigenvalues, none left out:
//! `⟨Σ_x φ(x, 0) Σ_x φ(x, t)⟩ = Tr(F T^{t−1} F T^{L−t−1}) / Z`, `F = S^½ (Σ_x φ_x) D S^½`.

use super::{
    ExactError,
    element::{Elements, HalfTable, Insert},
    row::{Orbit, Row},
    sector::{Sector, sectors},
    site::Site,
    time_link::TimeLink,
};
use faer::{Mat, MatRef, Side};
use rayon::prelude::*;
use std::ops::Range;

/// Part of the site weight, `e^{εφ²}` with this ε, that is left to D, so that the levels of a lone site are as narrow as
/// those of a site among neighbours: of a few values tried on lattices from light to heavy, ε = ½ needs the fewest words.
pub(super) const LEAN: f64 = 0.5;

/// Orbits treated together between two passes through memory.
const BATCH: usize = 512;

/// A ring of sites that is repeated along time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ring {
    /// Sites in the ring.
    pub(super) width: usize,
    /// Strength κ of a link `κ (φ_x − φ_y)²` between neighbours in the ring.
    pub(super) kappa: f64,
    /// Number of rings, at least 2.
    pub(super) length: usize,
}

/// Expectation values on a ring times periodic time.
pub(super) struct Torus {
    pub(super) log_z: f64,
    pub(super) phi2: f64,
    pub(super) phi4: f64,
    /// `Σ_x ⟨φ(0, 0) φ(x, t)⟩`, t = 0, …, L − 1.
    pub(super) g: Vec<f64>,
    /// `⟨φ(x, t) φ(x, t + 1)⟩`.
    pub(super) time_link: f64,
    pub(super) gap: Option<f64>,
    pub(super) states: usize,
}

/// The single-site levels that words are made of.
pub(super) fn site(mass2: f64, lambda: f64) -> Result<Site, ExactError> {
    Site::new(mass2 + LEAN, lambda)
}

/// Solves a ring with words of weight above `cut`, made of the levels of [`site`].
pub(super) fn solve(site: &Site, ring: Ring, cut: f64) -> Result<Torus, ExactError> {
    let row = Row::new(&site.s, ring.width, cut);
    // Relative errors of D enter log Z once per row; far below those of the cut.
    let elements = Elements::new(site, &row, ring.kappa, LEAN, 1e-3 * cut)?;
    let blocks = Blocks { row: &row, elements, sectors: sectors(&row) };
    let spectra = blocks.coupling().into_iter().map(Spectrum::new).collect::<Result<Vec<_>, _>>()?;
    Ok(blocks.measure(site, ring, &spectra))
}

/// Eigenvalues and eigenvectors of one block.
struct Spectrum {
    values: Vec<f64>,
    vectors: Mat<f64>,
}

impl Spectrum {
    /// Diagonalises a block given by its upper triangle.
    fn new(block: Mat<f64>) -> Result<Self, ExactError> {
        let size = block.nrows();
        if size == 0 {
            return Ok(Self { values: Vec::new(), vectors: Mat::zeros(0, 0) });
        }
        let eigen = block.self_adjoint_eigen(Side::Upper);
        let eigen = eigen.map_err(|_| ExactError::Eigenproblem { what: "transfer matrix of a row", size })?;
        // Positive up to rounding.
        let values = eigen.S().column_vector().iter().map(|&x| x.max(0.0)).collect();
        Ok(Self { values, vectors: eigen.U().to_owned() })
    }

    /// `Σ_i |i⟩ (λ_i/λ_0)^power ⟨i|`.
    fn power(&self, largest: f64, power: usize) -> Mat<f64> {
        let size = self.values.len();
        let scaled = Mat::from_fn(size, size, |a, i| self.vectors[(a, i)] * raise(self.values[i] / largest, power));
        scaled * self.vectors.transpose()
    }
}

/// `x^power`.
fn raise(x: f64, power: usize) -> f64 {
    x.powf(power as f64)
}

/// The blocks of a row.
struct Blocks<'a> {
    row: &'a Row,
    elements: Elements<'a>,
    sectors: Vec<Sector>,
}

/// The tables of one representative's two halves; the left one is kept while representatives share it.
struct Tables<'a> {
    left: &'a HalfTable,
    right: HalfTable,
}

/// Sums over one orbit of operators times the density matrix.
#[derive(Default, Clone, Copy)]
struct Sums {
    phi2: f64,
    phi4: f64,
    square: f64,
    time_link: f64,
}

impl Blocks<'_> {
    /// The blocks of T, upper triangles.
    fn coupling(&self) -> Vec<Mat<f64>> {
        let mut blocks: Vec<_> = self.sectors.iter().map(|s| Mat::zeros(s.len(), s.len())).collect();
        for odd in [false, true] {
            self.fill(odd, &mut blocks, false, |tables, orbit, columns| {
                let mut elements = Vec::new();
                self.weighted(tables, Insert::One, odd, orbit, self.words_up_to(odd, orbit), &mut elements);
                for (sector, columns) in self.sectors.iter().zip(columns).filter(|(s, _)| s.odd == odd) {
                    let states = sector.of_orbit(orbit).map(|a| sector.state(a));
                    columns.extend(states.map(|a| sector.project(self.row, a, &elements, orbit + 1)));
                }
            });
        }
        blocks
    }

    /// The blocks of F from even states (columns) to odd ones, in the places of the even sectors.
    fn field(&self) -> Vec<Mat<f64>> {
        let pairs = self.sectors.chunks_exact(2);
        let mut blocks: Vec<_> =
            pairs.flat_map(|pair| [Mat::zeros(pair[1].len(), pair[0].len()), Mat::zeros(0, 0)]).collect();
        let (words, orbits) = (self.row.even_words..self.row.len(), self.orbits(true).len());
        self.fill(false, &mut blocks, true, |tables, orbit, columns| {
            let mut elements = Vec::new();
            self.weighted(tables, Insert::Field, false, orbit, words.clone(), &mut elements);
            for (pair, columns) in self.sectors.chunks_exact(2).zip(columns.chunks_exact_mut(2)) {
                let states = pair[0].of_orbit(orbit).map(|a| pair[0].state(a));
                columns[0].extend(states.map(|a| pair[1].project(self.row, a, &elements, orbits)));
            }
        });
        blocks
    }

    /// Fills the columns of blocks, orbit by orbit of one field parity, on all cores.
    fn fill(
        &self,
        odd: bool,
        blocks: &mut [Mat<f64>],
        insertions: bool,
        columns_of: impl Fn(&Tables<'_>, usize, &mut [Vec<Vec<f64>>]) + Sync,
    ) {
        let (orbits, count) = (self.orbits(odd), blocks.len());
        for start in (0..orbits.len()).step_by(BATCH) {
            let range = start..orbits.len().min(start + BATCH);
            let batch: Vec<_> = range
                .clone()
                .into_par_iter()
                .map_init(Default::default, |cache, orbit| {
                    let mut columns = vec![Vec::new(); count];
                    columns_of(&self.tables(cache, odd, orbit, insertions), orbit, &mut columns);
                    columns
                })
                .collect();
            for (orbit, columns) in range.zip(batch) {
                let places = self.sectors.iter().zip(blocks.iter_mut()).zip(columns);
                for ((sector, block), columns) in places.filter(|((sector, _), _)| sector.odd == odd) {
                    for (a, column) in sector.of_orbit(orbit).zip(columns) {
                        block.col_mut(a).iter_mut().zip(column).for_each(|(x, y)| *x = y);
                    }
                }
            }
        }
    }

    /// All expectation values, from the spectra of the blocks.
    fn measure(&self, site: &Site, ring: Ring, spectra: &[Spectrum]) -> Torus {
        let (width, length) = (ring.width as f64, ring.length);
        let mut levels: Vec<f64> = spectra.iter().flat_map(|s| s.values.iter().copied()).collect();
        levels.sort_by(|a, b| b.total_cmp(a));
        let largest = levels[0];
        let weighted = self.sectors.iter().zip(spectra);
        let z: f64 = weighted
            .map(|(sector, s)| sector.multiplicity * s.values.iter().map(|x| raise(x / largest, length)).sum::<f64>())
            .sum();
        let sums = self.local(&TimeLink::new(site, self.row), largest, length, spectra);
        let per_site = 1.0 / (z * width);
        let correlators = self.correlators(largest, length, spectra);
        let g = std::iter::once(sums.square / largest)
            .chain(correlators.into_iter().map(|x| x / (largest * largest)))
            .map(|x| x * per_site)
            .collect();
        Torus {
            log_z: length as f64 * (width * site.log_s0 + largest.ln()) + z.ln(),
            phi2: sums.phi2 / largest * per_site,
            phi4: sums.phi4 / largest * per_site,
            g,
            time_link: sums.time_link * per_site,
            gap: levels.get(1).map(|next| (largest / next).ln()),
            states: self.row.len(),
        }
    }

    /// `Tr(O T^{L−1})` for the operators within a row and `Tr(O T^L)` for the one between rows, T in units of λ₀.
    fn local(&self, time_link: &TimeLink, largest: f64, length: usize, spectra: &[Spectrum]) -> Sums {
        let mut total = Sums::default();
        for odd in [false, true] {
            let densities: Vec<_> = self
                .sectors
                .iter()
                .zip(spectra)
                .filter(|(sector, _)| sector.odd == odd)
                .map(|(sector, s)| (sector, s.power(largest, length - 1), s.power(largest, length)))
                .collect();
            let sums: Vec<Sums> = (0..self.orbits(odd).len())
                .into_par_iter()
                .map_init(Default::default, |cache, orbit| {
                    let words = self.words_up_to(odd, orbit);
                    let mut within = vec![0.0; words.len()];
                    let mut between = vec![0.0; words.len()];
                    for (sector, shorter, full) in &densities {
                        for a in sector.of_orbit(orbit) {
                            let state = sector.state(a);
                            sector.fold(self.row, state, &row_twice(shorter.as_ref(), sector, orbit, a), &mut within);
                            sector.fold(self.row, state, &row_twice(full.as_ref(), sector, orbit, a), &mut between);
                        }
                    }
                    let tables = self.tables(cache, odd, orbit, true);
                    let mut elements = Vec::new();
                    let mut sum = |insert| {
                        self.weighted(&tables, insert, odd, orbit, words.clone(), &mut elements);
                        elements.iter().zip(&within).map(|(x, r)| x * r).sum()
                    };
                    Sums {
                        phi2: sum(Insert::Phi2),
                        phi4: sum(Insert::Phi4),
                        square: sum(Insert::Square),
                        time_link: time_link.sum(self.row, self.representative(odd, orbit), words.start, &between),
                    }
                })
                .collect();
            for s in sums {
                total.phi2 += s.phi2;
                total.phi4 += s.phi4;
                total.square += s.square;
                total.time_link += s.time_link;
            }
        }
        total
    }

    /// `Tr(F T^{t−1} F T^{L−t−1})` for t = 1, …, L − 1, T in units of λ₀.
    fn correlators(&self, largest: f64, length: usize, spectra: &[Spectrum]) -> Vec<f64> {
        let mut sums = vec![0.0; length - 1];
        for ((place, field), sector) in self.field().iter().enumerate().step_by(2).zip(self.sectors.iter().step_by(2)) {
            let (even, odd) = (&spectra[place], &spectra[place + 1]);
            let between = odd.vectors.transpose() * field * &even.vectors;
            let powers =
                |s: &Spectrum, p: usize| -> Vec<f64> { s.values.iter().map(|x| raise(x / largest, p)).collect() };
            for t in 1..=length / 2 {
                let (short, long) = (t - 1, length - t - 1);
                let (x, y) = ((powers(even, short), powers(even, long)), (powers(odd, short), powers(odd, long)));
                let mut sum = 0.0;
                for (i, column) in between.col_iter().enumerate() {
                    for (j, f) in column.iter().enumerate() {
                        sum += f * f * (x.0[i] * y.1[j] + x.1[i] * y.0[j]);
                    }
                }
                sums[t - 1] += sector.multiplicity * sum;
            }
        }
        for t in length / 2 + 1..length {
            sums[t - 1] = sums[length - t - 1];
        }
        sums
    }

    /// `S^½ O D S^½` between the representative of an orbit and words.
    fn weighted(
        &self,
        tables: &Tables<'_>,
        insert: Insert,
        odd: bool,
        orbit: usize,
        words: Range<usize>,
        elements: &mut Vec<f64>,
    ) {
        self.elements.elements(tables.left, &tables.right, insert, words.clone(), elements);
        let bra = self.row.root_weight[self.representative(odd, orbit)];
        elements.iter_mut().zip(&self.row.root_weight[words]).for_each(|(x, ket)| *x *= bra * ket);
    }

    fn tables<'c>(
        &self,
        cache: &'c mut Option<(u32, HalfTable)>,
        odd: bool,
        orbit: usize,
        insertions: bool,
    ) -> Tables<'c> {
        let bra = self.representative(odd, orbit);
        let half = self.elements.left_of(bra);
        if cache.as_ref().is_none_or(|(cached, _)| *cached != half) {
            *cache = None;
        }
        let (_, left) = cache.get_or_insert_with(|| (half, self.elements.left_table(bra, insertions)));
        Tables { left, right: self.elements.right_table(bra, insertions) }
    }

    /// The orbits of one field parity.
    fn orbits(&self, odd: bool) -> &[Orbit] {
        let (even, odd_orbits) = self.row.orbits.split_at(self.row.even_orbits);
        if odd { odd_orbits } else { even }
    }

    /// The first word of an orbit.
    fn representative(&self, odd: bool, orbit: usize) -> usize {
        self.orbits(odd)[orbit].start
    }

    /// The words of one field parity up to the end of an orbit.
    fn words_up_to(&self, odd: bool, orbit: usize) -> Range<usize> {
        let last = &self.orbits(odd)[orbit];
        (if odd { self.row.even_words } else { 0 })..last.start + last.len
    }
}

/// Row `a` of a symmetric matrix up to the states of its orbit, those of earlier orbits twice, times the multiplicity: in a
/// trace they stand for the other triangle too.
fn row_twice(matrix: MatRef<'_, f64>, sector: &Sector, orbit: usize, a: usize) -> Vec<f64> {
    let states = sector.of_orbit(orbit);
    let column = matrix.col(a).iter().take(states.end).enumerate();
    column.map(|(b, x)| sector.multiplicity * if b < states.start { 2.0 * x } else { *x }).collect()
}
