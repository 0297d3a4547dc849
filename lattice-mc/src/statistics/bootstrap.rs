//! The blocked bootstrap, for any function of means, smooth or not.
//!
//! As many blocks as there are, drawn with replacement, make one resampled run; the error is the
//! standard deviation of f over the runs, times `√(g/(g-1))` for g blocks: for the mean this removes
//! the bias.
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::blocks::finite;
use super::{Blocks, Resampled, StatisticsError};

/// `f` of the means of `observables[α][r][i]`, with the error from `resamples` resampled runs.
///
/// The same seed gives the same error on every machine. The error is known to `1/√(2 resamples)`.
///
/// ```
/// use lattice_mc::statistics::{Blocks, bootstrap};
/// let x = [vec![1.0, 2.0, 3.0, 2.0], vec![2.0, 1.0, 2.0, 3.0]];
/// let largest = bootstrap(&[&x], Blocks::Length(1), 200, 17, |m| m[0].max(1.9))?;
/// assert_eq!(largest.mean, 2.0);
/// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
/// ```
pub fn bootstrap<C: AsRef<[f64]>>(
    observables: &[&[C]],
    blocks: Blocks,
    resamples: usize,
    seed: u64,
    mut f: impl FnMut(&[f64]) -> f64,
) -> Result<Resampled, StatisticsError> {
    if resamples < 2 {
        let (what, found) = ("resamples", resamples);
        return Err(StatisticsError::TooFew { what, needed: 2, found });
    }
    let cut = blocks.cut(observables)?;
    let mean = finite(f(&cut.means))?;
    let g = cut.lengths.len();
    let mut rng = Pcg64::seed_from_u64(seed);
    let (mut sum, mut squares) = (0.0, 0.0);
    for _ in 0..resamples {
        let mut shift = vec![0.0; cut.means.len()];
        let mut length = 0.0;
        for _ in 0..g {
            let k = rng.random_range(0..g);
            length += cut.lengths[k];
            for (total, x) in shift.iter_mut().zip(&cut.sums[k]) {
                *total += x;
            }
        }
        let means: Vec<f64> = cut.means.iter().zip(&shift).map(|(m, s)| m + s / length).collect();
        let x = finite(f(&means))? - mean;
        sum += x;
        squares += x * x;
    }
    let runs = resamples as f64;
    let bias = sum / runs;
    let variance = (squares - runs * bias * bias).max(0.0) / (runs - 1.0);
    let error = (variance * g as f64 / (g - 1) as f64).sqrt();
    Ok(Resampled { mean, error, bias, blocks: g })
}

#[cfg(test)]
mod tests {
    use super::super::jackknife;
    use super::super::synthetic::{ar1, rng};
    use super::*;

    #[test]
    fn error_agrees_with_the_jackknife() {
        let mut rng = rng(41);
        let a: Vec<Vec<f64>> = (0..3).map(|_| ar1(0.7, 3000, &mut rng)).collect();
        let b: Vec<Vec<f64>> = a.iter().map(|c| c.iter().map(|x| 3.0 + 0.2 * x * x).collect()).collect();
        let f = |m: &[f64]| m[0] / m[1];
        let boot = bootstrap(&[&a, &b], Blocks::Length(60), 4000, 1, f).expect("finite");
        let jack = jackknife(&[&a, &b], Blocks::Length(60), f).expect("finite");
        assert_eq!((boot.mean, boot.blocks), (jack.mean, 150));
        assert!((boot.error / jack.error - 1.0).abs() < 0.06, "{boot:?} {jack:?}");
    }

    #[test]
    fn few_chains_are_not_underestimated() {
        // Four chains: without the factor √(g/(g-1)) the variance would be a quarter too small.
        let mut rng = rng(42);
        let mut variance = 0.0;
        for seed in 0..300 {
            let x: Vec<Vec<f64>> = (0..4).map(|_| ar1(0.0, 1, &mut rng)).collect();
            let found = bootstrap(&[&x], Blocks::Chains, 200, seed, |m| m[0]).expect("finite");
            variance += found.error.powi(2) / 300.0;
        }
        assert!((variance / 0.25 - 1.0).abs() < 0.2, "{variance}");
    }

    #[test]
    fn same_seed_same_error() {
        let x = [ar1(0.5, 100, &mut rng(43))];
        let run = |seed| bootstrap(&[&x], Blocks::Length(5), 50, seed, |m| m[0]).expect("finite");
        assert_eq!(run(1), run(1));
        assert_ne!(run(1).error, run(2).error);
    }

    #[test]
    fn bad_arguments_are_errors() {
        let x = [vec![1.0, 2.0]];
        assert!(bootstrap(&[&x], Blocks::Length(1), 1, 0, |m| m[0]).is_err());
        assert!(bootstrap(&[&x], Blocks::Length(1), 50, 0, |_| f64::NAN).is_err());
    }
}
