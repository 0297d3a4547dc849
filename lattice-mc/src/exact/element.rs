//! Matrix elements of the couplings within a ring, and of fields, between words of single-site levels.
//!
//! With `e^{−κ(φ−φ')²} = Σ_a f_a(φ) f_a(φ')` the coupling `D = Π_i e^{εφ_i²} e^{−κ(φ_i−φ_{i+1})²}` between words is a trace
//! of W small matrices, `⟨n|D|n'⟩ = tr Π_i V^{n_i n'_i}`, `V^{nn'}_{ab} = ∫ ψ_n ψ_n' f_a f_b e^{εφ²}`. The ring is cut into two halves: the
//! products over each half are tabulated for one bra and all kets, and an element is then one dot product.
//!
//! Parity makes half of every matrix vanish. The functions f_a are sorted, even ones first, so that what remains are
//! two contiguous blocks; a matrix of class 0 joins equal parities and one of class 1 unequal ones.

use super::{
    ExactError,
    row::{Row, parity},
    site::Site,
};
use std::ops::Range;

/// Powers of φ that may be inserted at a site.
const POWERS: [i32; 4] = [0, 1, 2, 4];

/// Sums over the sites of a half (and of the ring) that multiply the coupling.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Insert {
    /// 1.
    One,
    /// `Σ_i φ_i`.
    Field,
    /// `(Σ_i φ_i)²`.
    Square,
    /// `Σ_i φ_i²`.
    Phi2,
    /// `Σ_i φ_i⁴`.
    Phi4,
}

/// All insertions, in the order in which tables hold them.
const INSERTS: usize = 5;

/// A half of the ring: the distinct half words, and which of them each word contains.
struct Half {
    /// Sites of the half.
    sites: Range<usize>,
    /// Distinct half words in lexicographic order, and their parities.
    words: Vec<Vec<u16>>,
    /// For each word of the row the index of its half word.
    of_word: Vec<u32>,
}

impl Half {
    fn new(row: &Row, sites: Range<usize>) -> Self {
        let part = |i: usize| &row.word(i)[sites.clone()];
        let mut words: Vec<Vec<u16>> = (0..row.len()).map(|i| part(i).to_vec()).collect();
        words.sort();
        words.dedup();
        let find = |i| words.partition_point(|word| word.as_slice() < part(i)) as u32;
        let of_word = (0..row.len()).map(find).collect();
        Self { sites, words, of_word }
    }
}

/// Products over one half for one bra and all kets: for each insertion and ket the two blocks that do not vanish, padded
/// to `stride` numbers.
pub(super) struct HalfTable {
    data: Vec<f64>,
    kets: usize,
    stride: usize,
}

impl HalfTable {
    fn get(&self, insert: Insert, ket: u32) -> &[f64] {
        let start = (insert as usize * self.kets + ket as usize) * self.stride;
        &self.data[start..start + self.stride]
    }
}

/// Everything needed for matrix elements of a ring.
pub(super) struct Elements<'a> {
    row: &'a Row,
    left: Half,
    right: Half,
    levels: usize,
    /// Number of functions f_a, and of even ones, which come first.
    bonds: usize,
    even: usize,
    /// `V` with a power of φ inserted, by level, level and power; each a `bonds × bonds` matrix.
    vertex: Vec<f64>,
}

impl<'a> Elements<'a> {
    /// Prepares the matrices V for links of strength `kappa`, resolved to `cut`, and a factor `e^{lean φ²}` at each site.
    pub(super) fn new(site: &Site, row: &'a Row, kappa: f64, lean: f64, cut: f64) -> Result<Self, ExactError> {
        let mut f = site.link(kappa, cut)?;
        let even = f.len().div_ceil(2);
        f = (0..f.len()).step_by(2).chain((1..f.len()).step_by(2)).map(|a| f[a].clone()).collect();
        let (bonds, levels) = (f.len(), row.top_level() + 1);
        let mut vertex = vec![0.0; levels * levels * POWERS.len() * bonds * bonds];
        let weight = |power| site.phi.iter().map(move |phi| (lean * phi * phi).exp() * phi.powi(power)).collect();
        let weights: [Vec<f64>; POWERS.len()] = POWERS.map(weight);
        let matrices = vertex.chunks_exact_mut(bonds * bonds).enumerate();
        for (place, matrix) in matrices {
            let (pair, power) = (place / POWERS.len(), place % POWERS.len());
            let (n, m) = (pair / levels, pair % levels);
            for a in 0..bonds {
                for b in 0..bonds {
                    let odd = (n + m) % 2 != usize::from(power == 1);
                    if odd == ((a < even) != (b < even)) {
                        matrix[a * bonds + b] = site.integrate(n, m, |i| f[a][i] * f[b][i] * weights[power][i]);
                    }
                }
            }
        }
        let middle = row.width / 2;
        let (left, right) = (Half::new(row, 0..middle), Half::new(row, middle..row.width));
        Ok(Self { row, left, right, levels, bonds, even, vertex })
    }

    /// Index of the half word on the left of a word: representatives that share it share the left table.
    pub(super) fn left_of(&self, word: usize) -> u32 {
        self.left.of_word[word]
    }

    /// The table of the left half for one bra; with insertions, or only without.
    pub(super) fn left_table(&self, bra: usize, insertions: bool) -> HalfTable {
        self.table(&self.left, bra, insertions, false)
    }

    /// The table of the right half.
    pub(super) fn right_table(&self, bra: usize, insertions: bool) -> HalfTable {
        self.table(&self.right, bra, insertions, true)
    }

    /// Elements of the coupling with an insertion between the tables' bra and the words in `kets`.
    pub(super) fn elements(
        &self,
        left: &HalfTable,
        right: &HalfTable,
        insert: Insert,
        kets: Range<usize>,
        out: &mut Vec<f64>,
    ) {
        let terms: &[(Insert, Insert, f64)] = match insert {
            Insert::One => &[(Insert::One, Insert::One, 1.0)],
            Insert::Field => &[(Insert::Field, Insert::One, 1.0), (Insert::One, Insert::Field, 1.0)],
            Insert::Square => &[
                (Insert::Square, Insert::One, 1.0),
                (Insert::Field, Insert::Field, 2.0),
                (Insert::One, Insert::Square, 1.0),
            ],
            Insert::Phi2 => &[(Insert::Phi2, Insert::One, 1.0), (Insert::One, Insert::Phi2, 1.0)],
            Insert::Phi4 => &[(Insert::Phi4, Insert::One, 1.0), (Insert::One, Insert::Phi4, 1.0)],
        };
        out.clear();
        out.extend(kets.map(|ket| {
            let (l, r) = (self.left.of_word[ket], self.right.of_word[ket]);
            terms.iter().map(|&(a, b, scale)| scale * dot(left.get(a, l), right.get(b, r))).sum::<f64>()
        }));
    }

    /// V for a pair of levels and the index of a power of φ.
    fn vertex(&self, n: u16, m: u16, power: usize) -> &[f64] {
        let size = self.bonds * self.bonds;
        let place = (n as usize * self.levels + m as usize) * POWERS.len() + power;
        &self.vertex[place * size..(place + 1) * size]
    }

    /// Products of V along a half for one bra and all kets, sharing the work of kets that begin alike.
    fn table(&self, half: &Half, bra: usize, insertions: bool, transposed: bool) -> HalfTable {
        let bra = &self.row.word(bra)[half.sites.clone()];
        let inserts = if insertions { INSERTS } else { 1 };
        let (kets, size) = (half.words.len(), self.bonds * self.bonds);
        let (even, odd) = (self.even, self.bonds - self.even);
        let stride = (even * even + odd * odd).max(2 * even * odd).next_multiple_of(LANES);
        let mut table = HalfTable { data: vec![0.0; inserts * kets * stride], kets, stride };
        let mut prefix = vec![vec![0.0; inserts * size]; bra.len()];
        let mut last: &[u16] = &[];
        for (k, ket) in half.words.iter().enumerate() {
            let shared = last.iter().zip(ket).take_while(|(a, b)| a == b).count();
            for i in shared..bra.len() {
                let (before, after) = prefix.split_at_mut(i);
                let odd = parity(&bra[..i]) != parity(&ket[..i]);
                self.extend(before.last().map(Vec::as_slice), odd, (bra[i], ket[i]), &mut after[0], inserts);
            }
            last = ket;
            let odd = parity(bra) != parity(ket);
            for (insert, matrix) in prefix[bra.len() - 1].chunks_exact(size).enumerate() {
                let start = (insert * kets + k) * stride;
                let unequal = odd != (insert == Insert::Field as usize);
                self.pack(matrix, unequal, transposed, &mut table.data[start..start + stride]);
            }
        }
        table
    }

    /// Multiplies the products over some sites (`None` for no sites) by those of one more site.
    fn extend(&self, before: Option<&[f64]>, odd: bool, pair: (u16, u16), out: &mut [f64], inserts: usize) {
        use Insert::{Field, One, Phi2, Phi4, Square};
        // What becomes of each insertion: (after, before, index of the power of φ at the new site, coefficient).
        const STEPS: [(Insert, Insert, usize, f64); 10] = [
            (One, One, 0, 1.0),
            (Field, Field, 0, 1.0),
            (Field, One, 1, 1.0),
            (Square, Square, 0, 1.0),
            (Square, Field, 1, 2.0),
            (Square, One, 2, 1.0),
            (Phi2, Phi2, 0, 1.0),
            (Phi2, One, 2, 1.0),
            (Phi4, Phi4, 0, 1.0),
            (Phi4, One, 3, 1.0),
        ];
        let size = self.bonds * self.bonds;
        let part = |insert: Insert| insert as usize * size..(insert as usize + 1) * size;
        out.fill(0.0);
        for (to, from, power, scale) in STEPS.into_iter().filter(|step| (step.0 as usize) < inserts) {
            let vertex = self.vertex(pair.0, pair.1, power);
            match before {
                None if from == One => out[part(to)].copy_from_slice(vertex),
                None => {}
                Some(before) => {
                    let from_odd = odd != (from == Field);
                    let vertex_odd = ((pair.0 + pair.1) % 2 == 1) != (power == 1);
                    self.multiply(&before[part(from)], from_odd, vertex, vertex_odd, scale, &mut out[part(to)]);
                }
            }
        }
    }

    /// `out += scale · a b` for matrices of known class.
    fn multiply(&self, a: &[f64], a_odd: bool, b: &[f64], b_odd: bool, scale: f64, out: &mut [f64]) {
        let blocks = [0..self.even, self.even..self.bonds];
        for (i, block) in blocks.iter().enumerate() {
            let middle = &blocks[i ^ usize::from(a_odd)];
            let columns = &blocks[i ^ usize::from(a_odd) ^ usize::from(b_odd)];
            for row in block.clone() {
                let out = &mut out[row * self.bonds..][columns.clone()];
                for k in middle.clone() {
                    let factor = scale * a[row * self.bonds + k];
                    let b = &b[k * self.bonds..][columns.clone()];
                    out.iter_mut().zip(b).for_each(|(o, b)| *o += factor * b);
                }
            }
        }
    }

    /// Copies the two blocks that do not vanish; `transposed` so that a dot product with a plain one is a trace.
    fn pack(&self, matrix: &[f64], unequal: bool, transposed: bool, out: &mut [f64]) {
        let blocks = [0..self.even, self.even..self.bonds];
        let mut out = out.iter_mut();
        for (i, rows) in blocks.iter().enumerate() {
            let columns = &blocks[i ^ usize::from(unequal)];
            for row in rows.clone() {
                for column in columns.clone() {
                    let (r, c) = if transposed { (column, row) } else { (row, column) };
                    if let Some(out) = out.next() {
                        *out = matrix[r * self.bonds + c];
                    }
                }
            }
        }
    }
}

/// Independent partial sums of a dot product, so that it vectorises.
const LANES: usize = 8;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}
