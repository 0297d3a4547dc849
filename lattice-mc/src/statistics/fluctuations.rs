//! Deviations from the common mean, and their autocovariance over several chains.
//!
//! ```text
//! Γ(t) = Σ_r Σ_i δ_{r,i} δ_{r,i+t} / Σ_r max(N_r - t, 0),   δ = a - ā,   ā over all chains
//! ```
//! Cost: N multiplications a lag. Lags are summed eight at a time, in pieces of fixed length that
//! are added in order, so the result depends on neither the number of threads nor how far it grew.
use rayon::prelude::*;

use super::StatisticsError;

/// Lags summed in one pass over the data.
const LAGS: usize = 8;
/// Samples summed by one thread at a time.
const PIECE: usize = 1 << 16;

/// Deviations of all chains from the common mean, in units of the largest.
pub(super) struct Fluctuations {
    /// Mean over all samples of all chains.
    pub mean: f64,
    /// The largest deviation; 0 if all samples are equal to rounding.
    pub scale: f64,
    /// Number of samples.
    pub samples: usize,
    chains: Vec<Vec<f64>>,
    products: Vec<f64>,
}

impl Fluctuations {
    /// Checks the samples and takes their mean away.
    pub fn new<C: AsRef<[f64]>>(chains: &[C]) -> Result<Self, StatisticsError> {
        let samples = check(chains)?;
        // Summing distances from the first sample makes the mean of equal samples exact.
        let first = chains[0].as_ref()[0];
        let sum: f64 = chains.iter().map(|c| c.as_ref().iter().map(|x| x - first).sum::<f64>()).sum();
        let mean = first + sum / samples as f64;
        let distance = |x: f64| (x - mean).abs();
        let all = || chains.iter().flat_map(|c| c.as_ref());
        let mut scale = all().fold(0.0, |s: f64, &x| s.max(distance(x)));
        if scale <= 4.0 * f64::EPSILON * mean.abs() {
            scale = 0.0;
        }
        let unit = if scale > 0.0 { scale } else { 1.0 };
        let deviations = |c: &C| c.as_ref().iter().map(|x| (x - mean) / unit).collect();
        let chains = chains.iter().map(deviations).collect();
        Ok(Self { mean, scale, samples, chains, products: Vec::new() })
    }

    /// `Γ(t)` in units of `scale²`.
    pub fn gamma(&mut self, t: usize) -> f64 {
        while self.products.len() <= t {
            let from = self.products.len();
            let mut sums = [0.0; LAGS];
            for chain in &self.chains {
                add(&mut sums, &chain_products(chain, from));
            }
            self.products.extend(sums);
        }
        let pairs: usize = self.lengths().map(|n| n.saturating_sub(t)).sum();
        self.products[t] / pairs.max(1) as f64
    }

    /// Lengths of the chains.
    pub fn lengths(&self) -> impl Iterator<Item = usize> {
        self.chains.iter().map(Vec::len)
    }

    /// Length and mean deviation of each chain, in units of `scale`.
    pub fn chain_means(&self) -> impl Iterator<Item = (f64, f64)> {
        self.chains.iter().map(|c| (c.len() as f64, c.iter().sum::<f64>() / c.len() as f64))
    }
}

/// Total number of samples, if there are any and all are finite.
pub(super) fn check<C: AsRef<[f64]>>(chains: &[C]) -> Result<usize, StatisticsError> {
    if chains.is_empty() {
        return Err(StatisticsError::Empty { what: "chains" });
    }
    for (chain, samples) in chains.iter().enumerate() {
        let samples = samples.as_ref();
        if samples.is_empty() {
            return Err(StatisticsError::EmptyChain { chain });
        }
        if let Some(index) = samples.iter().position(|x| !x.is_finite()) {
            return Err(StatisticsError::NotFinite { chain, index, value: samples[index] });
        }
    }
    Ok(chains.iter().map(|c| c.as_ref().len()).sum())
}

/// `Σ_i d_i d_{i+t}` of one chain for the lags `from .. from + LAGS`.
fn chain_products(d: &[f64], from: usize) -> [f64; LAGS] {
    if d.len() <= PIECE {
        return piece_products(d, 0, d.len(), from);
    }
    let pieces: Vec<[f64; LAGS]> = (0..d.len().div_ceil(PIECE))
        .into_par_iter()
        .map(|p| piece_products(d, p * PIECE, ((p + 1) * PIECE).min(d.len()), from))
        .collect();
    pieces.iter().fold([0.0; LAGS], |mut sums, piece| {
        add(&mut sums, piece);
        sums
    })
}

/// The part of the sum with `start <= i < end`.
fn piece_products(d: &[f64], start: usize, end: usize, from: usize) -> [f64; LAGS] {
    let mut sums = [0.0; LAGS];
    let Some(ahead) = d.get(start + from..) else {
        return sums;
    };
    let mut done = start;
    for (x, later) in d[start..end].iter().zip(ahead.array_windows::<LAGS>()) {
        for (sum, y) in sums.iter_mut().zip(later) {
            *sum += x * y;
        }
        done += 1;
    }
    for i in done..end {
        for (sum, y) in sums.iter_mut().zip(d.get(i + from..).unwrap_or_default()) {
            *sum += d[i] * y;
        }
    }
    sums
}

fn add(sums: &mut [f64; LAGS], more: &[f64; LAGS]) {
    for (sum, x) in sums.iter_mut().zip(more) {
        *sum += x;
    }
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::{ar1, rng};
    use super::*;

    #[test]
    fn gamma_is_the_plain_double_sum() {
        let mut rng = rng(1);
        let long = ar1(0.7, PIECE + 100, &mut rng);
        let chains = [ar1(0.7, 37, &mut rng), long, ar1(0.7, 5, &mut rng), vec![0.3]];
        let mut fluctuations = Fluctuations::new(&chains).expect("finite");
        let (mean, scale) = (fluctuations.mean, fluctuations.scale);
        for t in [0, 1, 4, 5, 7, 8, 20, 36, 37, 40] {
            let (mut sum, mut pairs) = (0.0, 0);
            for chain in &chains {
                for i in t..chain.len() {
                    sum += (chain[i] - mean) * (chain[i - t] - mean);
                    pairs += 1;
                }
            }
            let plain = sum / pairs as f64;
            let found = fluctuations.gamma(t) * scale * scale;
            assert!((found - plain).abs() < 1e-12, "lag {t}: {found} against {plain}");
        }
    }

    #[test]
    fn scale_of_equal_samples_is_zero() {
        for value in [0.0, 0.1, -7e300, 3e-310] {
            let f = Fluctuations::new(&[vec![value; 1000], vec![value; 7]]).expect("finite");
            assert_eq!((f.mean, f.scale), (value, 0.0));
        }
    }

    #[test]
    fn bad_samples_are_named() {
        assert!(matches!(check::<Vec<f64>>(&[]), Err(StatisticsError::Empty { .. })));
        assert_eq!(check(&[vec![1.0], vec![]]), Err(StatisticsError::EmptyChain { chain: 1 }));
        let bad = check(&[vec![1.0, 2.0], vec![1.0, 2.0, f64::NAN]]);
        assert!(matches!(bad, Err(StatisticsError::NotFinite { chain: 1, index: 2, .. })));
    }
}
