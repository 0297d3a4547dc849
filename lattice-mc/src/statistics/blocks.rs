//! Chains cut into blocks that are taken as independent, for resampling.
//!
//! A block should be much longer than `τ_int`, and there should be many: `length ≥ 10 τ_int`.
use std::fmt;

use serde::Serialize;

use super::derived::means;
use super::{StatisticsError, value_with_error};

/// How to cut chains into independent blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocks {
    /// Each chain is one block.
    Chains,
    /// Blocks of this length along each chain; the last of a chain may be shorter.
    Length(usize),
}

/// A function of means with its error from resampling.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Resampled {
    /// The function of the means of all samples, its bias left in.
    pub mean: f64,
    /// One standard deviation of `mean`.
    pub error: f64,
    /// Estimate of the bias of `mean`, of order 1/N; `mean - bias` has it removed.
    pub bias: f64,
    /// Number of blocks.
    #[serde(skip)]
    pub blocks: usize,
}

impl fmt::Display for Resampled {
    /// `mean(error)`, as [`value_with_error`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&value_with_error(self.mean, self.error))
    }
}

/// Sums over blocks of the deviations of each observable from its mean.
pub(super) struct BlockSums {
    /// Mean of each observable over all samples.
    pub means: Vec<f64>,
    /// Number of samples in each block.
    pub lengths: Vec<f64>,
    /// `sums[k][α]`: deviations of observable α summed over block k.
    pub sums: Vec<Vec<f64>>,
}

impl Blocks {
    /// Cuts `observables[α][r][i]`; at least two blocks.
    pub(super) fn cut<C: AsRef<[f64]>>(self, observables: &[&[C]]) -> Result<BlockSums, StatisticsError> {
        let means = means(observables)?;
        if self == Self::Length(0) {
            let expected = "at least 1";
            return Err(StatisticsError::Parameter { name: "block length", expected, value: 0.0 });
        }
        let (mut lengths, mut sums) = (Vec::new(), Vec::new());
        for r in 0..observables[0].len() {
            let samples = observables[0][r].as_ref().len();
            let length = match self {
                Self::Chains => samples,
                Self::Length(length) => length,
            };
            for start in (0..samples).step_by(length) {
                let block = start..samples.min(start.saturating_add(length));
                lengths.push(block.len() as f64);
                let sum =
                    |(chains, mean): (&&[C], &f64)| chains[r].as_ref()[block.clone()].iter().map(|x| x - mean).sum();
                sums.push(observables.iter().zip(&means).map(sum).collect());
            }
        }
        if lengths.len() < 2 {
            let (what, found) = ("blocks", lengths.len());
            return Err(StatisticsError::TooFew { what, needed: 2, found });
        }
        Ok(BlockSums { means, lengths, sums })
    }
}

/// The number, or which is missing.
pub(super) fn finite(value: f64) -> Result<f64, StatisticsError> {
    if value.is_finite() { Ok(value) } else { Err(StatisticsError::Undefined { what: "value", value }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_every_sample_once() {
        let data = [vec![1.0, 2.0, 3.0, 4.0, 5.0], vec![6.0, 7.0]];
        for (blocks, lengths) in [
            (Blocks::Chains, vec![5.0, 2.0]),
            (Blocks::Length(2), vec![2.0, 2.0, 1.0, 2.0]),
            (Blocks::Length(usize::MAX), vec![5.0, 2.0]),
        ] {
            let cut = blocks.cut(&[&data]).expect("seven samples");
            assert_eq!((cut.means[0], &cut.lengths), (4.0, &lengths));
            assert!(cut.sums.iter().map(|s| s[0]).sum::<f64>().abs() < 1e-12);
        }
        assert!(Blocks::Length(0).cut(&[&data]).is_err());
        assert!(Blocks::Chains.cut(&[&data[..1]]).is_err());
    }
}
