//! The states of a ring of sites that matter, and how the symmetries of the ring move them.
//!
//! A state is a word `n_1 … n_W` of single-site levels, of weight `s_{n_1} … s_{n_W}` (see [`super::site`]). Words of
//! weight below a cut are left out. The transfer matrix of the row is `S^½ D S^½`, with `S` the diagonal of weights and D
//! positive, and has the spectrum of `D^½ S D^½`: leaving out words can only lower its eigenvalues, so `log Z` is bounded
//! from below. Typically a few thousand words remain of the millions that a product of quadratures would need.
//!
//! Words with an even and an odd sum of levels do not mix (φ → −φ). Rotations and reflections of the ring permute the
//! words within an orbit.

use std::collections::HashMap;

/// Scale on which `−log s` is rounded to integers, so that a weight is the same in any order of its factors.
const SCALE: f64 = (1_u64 << 40) as f64;

/// `−log(s_n)` in units of `1/SCALE`, and the budget for their sum.
fn costs(s: &[f64], cut: f64) -> (Vec<u64>, u64) {
    (s.iter().map(|x| (-x.ln() * SCALE) as u64).collect(), (-cut.ln() * SCALE) as u64)
}

/// The number of words of `width` levels with weight above `cut`; counting stops at `limit`.
pub(super) fn count(s: &[f64], width: usize, cut: f64, limit: usize) -> usize {
    fn words(cost: &[u64], width: usize, budget: u64, limit: usize) -> usize {
        if width == 1 {
            return cost.partition_point(|&c| c <= budget);
        }
        let mut sum = 0;
        for &c in cost.iter().take_while(|&&c| c <= budget) {
            sum += words(cost, width - 1, budget - c, limit - sum.min(limit));
            if sum >= limit {
                break;
            }
        }
        sum
    }
    let (cost, budget) = costs(s, cut);
    words(&cost, width, budget, limit)
}

/// Words that the symmetries of the ring turn into each other: a range of the word list.
pub(super) struct Orbit {
    /// Index of the first word, the representative.
    pub(super) start: usize,
    /// Number of words.
    pub(super) len: usize,
    /// For each word an element of the group that takes the representative to it.
    pub(super) element: Vec<usize>,
}

/// The words of a row, even ones first, each orbit in one piece.
pub(super) struct Row {
    pub(super) width: usize,
    /// All words, `width` levels each.
    levels: Vec<u16>,
    /// `√(s_{n_1} … s_{n_W})` of each word.
    pub(super) root_weight: Vec<f64>,
    pub(super) orbits: Vec<Orbit>,
    /// Number of orbits, and of words, with an even sum of levels.
    pub(super) even_orbits: usize,
    pub(super) even_words: usize,
    /// `images[g][i]`: the word that group element `g` makes of word `i`. Elements `0..W` rotate by `g` sites, elements
    /// `W..2W` reflect first.
    images: Vec<Vec<u32>>,
    index: HashMap<Vec<u16>, u32>,
}

impl Row {
    /// Lists the words of `width` levels with weight above `cut`.
    pub(super) fn new(s: &[f64], width: usize, cut: f64) -> Self {
        let (cost, budget) = costs(s, cut);
        let mut found = Vec::new();
        enumerate(&cost, budget, &mut Vec::with_capacity(width), width, &mut found);
        let mut row = Self {
            width,
            levels: Vec::new(),
            root_weight: Vec::new(),
            orbits: Vec::new(),
            even_orbits: 0,
            even_words: 0,
            images: Vec::new(),
            index: HashMap::with_capacity(found.len()),
        };
        for odd in [false, true] {
            for word in found.iter().filter(|word| parity(word) == odd) {
                row.add_orbit(word);
            }
            if !odd {
                (row.even_orbits, row.even_words) = (row.orbits.len(), row.len());
            }
        }
        row.root_weight = (0..row.len())
            .map(|i| row.word(i).iter().map(|&n| s[n as usize].ln()).sum::<f64>())
            .map(|log| (0.5 * log).exp())
            .collect();
        row.images =
            (0..2 * width).map(|g| (0..row.len()).map(|i| row.index[&act(g, row.word(i))]).collect()).collect();
        row
    }

    /// Appends the orbit of `word`, if it is the first word of its orbit.
    fn add_orbit(&mut self, word: &[u16]) {
        let (start, mut element) = (self.len(), Vec::new());
        for g in 0..2 * self.width {
            let image = act(g, word);
            if image.as_slice() < word {
                return;
            }
            if g == 0 || image != word {
                element.push((image, g));
            }
        }
        element.sort();
        element.dedup_by(|a, b| a.0 == b.0);
        let len = element.len();
        for (i, (image, _)) in element.iter().enumerate() {
            self.levels.extend_from_slice(image);
            self.index.insert(image.clone(), (start + i) as u32);
        }
        self.orbits.push(Orbit { start, len, element: element.into_iter().map(|(_, g)| g).collect() });
    }

    /// Number of words.
    pub(super) fn len(&self) -> usize {
        self.levels.len() / self.width
    }

    /// The levels of word `i`.
    pub(super) fn word(&self, i: usize) -> &[u16] {
        &self.levels[i * self.width..(i + 1) * self.width]
    }

    /// The index of a word, if it is among those kept.
    pub(super) fn find(&self, word: &[u16]) -> Option<usize> {
        self.index.get(word).map(|&i| i as usize)
    }

    /// The permutation of words by a group element.
    pub(super) fn image(&self, g: usize) -> &[u32] {
        &self.images[g]
    }

    /// The permutation of words by the inverse of a group element.
    pub(super) fn inverse_image(&self, g: usize) -> &[u32] {
        // A reflection is its own inverse.
        &self.images[if g < self.width { (self.width - g) % self.width } else { g }]
    }

    /// The highest level of any site in any word.
    pub(super) fn top_level(&self) -> usize {
        self.levels.iter().max().map_or(0, |&n| n as usize)
    }
}

/// Whether the sum of levels is odd.
pub(super) fn parity(word: &[u16]) -> bool {
    word.iter().fold(false, |odd, n| odd ^ (n % 2 == 1))
}

/// The word after a rotation by `g` sites (`g < W`), or after a reflection `i → −i` and then a rotation by `g − W`.
fn act(g: usize, word: &[u16]) -> Vec<u16> {
    let width = word.len();
    let from = |i: usize| {
        let unrotated = i + width - g % width;
        if g < width { unrotated % width } else { (2 * width - unrotated) % width }
    };
    (0..width).map(|i| word[from(i)]).collect()
}

/// Appends to `found` all continuations of `word` within the budget, in lexicographic order.
fn enumerate(cost: &[u64], budget: u64, word: &mut Vec<u16>, width: usize, found: &mut Vec<Vec<u16>>) {
    if word.len() == width {
        found.push(word.clone());
        return;
    }
    for (n, &c) in cost.iter().enumerate().take_while(|&(_, &c)| c <= budget) {
        word.push(n as u16);
        enumerate(cost, budget - c, word, width, found);
        word.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(width: usize) -> Row {
        Row::new(&[1.0, 0.33, 0.05, 0.007, 8e-4], width, 1e-3)
    }

    #[test]
    fn count_agrees_with_the_list() {
        for width in 1..6 {
            let s = [1.0, 0.33, 0.05, 0.007, 8e-4];
            assert_eq!(count(&s, width, 1e-3, usize::MAX), row(width).len());
        }
    }

    #[test]
    fn orbits_partition_the_words_and_keep_parity() {
        let row = row(6);
        assert_eq!(row.orbits.iter().map(|o| o.len).sum::<usize>(), row.len());
        for (k, orbit) in row.orbits.iter().enumerate() {
            for member in 0..orbit.len {
                let word = orbit.start + member;
                assert_eq!(row.image(orbit.element[member])[orbit.start] as usize, word);
                assert_eq!(parity(row.word(word)), k >= row.even_orbits);
            }
        }
    }

    #[test]
    fn inverse_undoes_every_element() {
        for width in [1, 2, 5, 6] {
            let row = row(width);
            for g in 0..2 * width {
                let there_and_back = |i| row.inverse_image(g)[row.image(g)[i] as usize] as usize;
                assert!((0..row.len()).all(|i| there_and_back(i) == i));
            }
        }
    }
}
