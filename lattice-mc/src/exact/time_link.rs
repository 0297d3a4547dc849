//! The link energy along time, an operator between two rows.
//!
//! `Σ_x φ_x S φ'_x` stands where T has S. Between eigenvectors `|i⟩` of `T = S^½ D S^½` it becomes `S^{−½} (Σ_x φ_x S φ'_x)
//! S^{−½}`, which changes the level of one site at a time:
//! `κ_{nm} = Σ_p ⟨n|φ|p⟩ s_p ⟨p|φ|m⟩ / √(s_n s_m)`, of even `n − m`.

use super::{row::Row, site::Site};

/// The matrix κ between single-site levels.
pub(super) struct TimeLink {
    kappa: Vec<Vec<f64>>,
}

impl TimeLink {
    /// Tabulates κ for the levels that occur in a row.
    pub(super) fn new(site: &Site, row: &Row) -> Self {
        let levels = row.top_level() + 1;
        let phi: Vec<Vec<f64>> =
            (0..levels).map(|n| (0..site.s.len()).map(|p| site.power(n, p, 1)).collect()).collect();
        let element = |n: usize, m: usize| {
            let sum: f64 = phi[n].iter().zip(&phi[m]).zip(&site.s).map(|((a, b), s)| a * s * b).sum();
            sum / (site.s[n] * site.s[m]).sqrt()
        };
        Self { kappa: (0..levels).map(|n| (0..levels).map(|m| element(n, m)).collect()).collect() }
    }

    /// The sum of elements between the word `bra` and the words from `first` on, times `weights` on those words.
    pub(super) fn sum(&self, row: &Row, bra: usize, first: usize, weights: &[f64]) -> f64 {
        let mut ket = row.word(bra).to_vec();
        let mut sum = 0.0;
        for x in 0..row.width {
            let n = usize::from(ket[x]);
            for m in (n % 2..self.kappa.len()).step_by(2) {
                ket[x] = m as u16;
                let weight = row.find(&ket).and_then(|word| weights.get(word - first));
                sum += weight.map_or(0.0, |weight| weight * self.kappa[n][m]);
            }
            ket[x] = n as u16;
        }
        sum
    }
}
