//! The blocked jackknife, for any function of means.
//!
//! ```text
//! θ = f(ā),   θ_(k) = f(mean without block k),   h_k = N / n_k
//! θ_J = g θ - Σ (1 - 1/h_k) θ_(k),   θ̃_k = h_k θ - (h_k - 1) θ_(k)
//! error² = (1/g) Σ (θ̃_k - θ_J)² / (h_k - 1),   bias = θ - θ_J
//! ```
//! for g blocks of n_k samples (Busing, Meijer and van der Leeden, Stat. Comput. 9 (1999) 3); for
//! equal blocks this is the textbook `error² = (g-1)/g Σ (θ_(k) - mean)²`.
use super::blocks::finite;
use super::{Blocks, Resampled, StatisticsError};

/// `f` of the means of `observables[α][r][i]`, with the error from leaving out one block at a time.
///
/// ```
/// use lattice_mc::statistics::{Blocks, jackknife};
/// let x = [vec![1.0, 2.0, 3.0, 2.0], vec![2.0, 1.0, 2.0, 3.0]];
/// let squared = jackknife(&[&x], Blocks::Length(1), |m| m[0] * m[0])?;
/// assert_eq!(squared.mean, 4.0);
/// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
/// ```
pub fn jackknife<C: AsRef<[f64]>>(
    observables: &[&[C]],
    blocks: Blocks,
    mut f: impl FnMut(&[f64]) -> f64,
) -> Result<Resampled, StatisticsError> {
    let cut = blocks.cut(observables)?;
    let mean = finite(f(&cut.means))?;
    let n: f64 = cut.lengths.iter().sum();
    let g = cut.lengths.len() as f64;
    // Everything relative to the mean, so that nothing large cancels.
    let mut without = Vec::with_capacity(cut.lengths.len());
    for (sums, length) in cut.sums.iter().zip(&cut.lengths) {
        let left = |(m, s): (&f64, &f64)| m - s / (n - length);
        let means: Vec<f64> = cut.means.iter().zip(sums).map(left).collect();
        without.push(finite(f(&means))? - mean);
    }
    let part = |(x, length): (&f64, &f64)| (1.0 - length / n) * x;
    let bias: f64 = without.iter().zip(&cut.lengths).map(part).sum();
    let square = |(x, length): (&f64, &f64)| {
        let h = n / length;
        (bias - (h - 1.0) * x).powi(2) / (h - 1.0)
    };
    let variance = without.iter().zip(&cut.lengths).map(square).sum::<f64>() / g;
    Ok(Resampled { mean, error: variance.sqrt(), bias, blocks: cut.lengths.len() })
}

#[cfg(test)]
mod tests {
    use super::super::estimate;
    use super::super::synthetic::{ar1, moments, rng};
    use super::*;

    #[test]
    fn mean_of_single_samples_has_the_naive_error() {
        let x = [ar1(0.0, 100, &mut rng(1))];
        let found = jackknife(&[&x], Blocks::Length(1), |m| m[0]).expect("finite");
        let naive = (moments(&x[0]).1 / 100.0).sqrt();
        assert!((found.error - naive).abs() < 1e-13 && found.bias.abs() < 1e-13);
    }

    #[test]
    fn bias_of_a_square_is_the_variance_of_the_mean() {
        let x = [ar1(0.0, 100, &mut rng(2))];
        let found = jackknife(&[&x], Blocks::Length(1), |m| m[0] * m[0]).expect("finite");
        assert!((found.bias - moments(&x[0]).1 / 100.0).abs() < 1e-12);
    }

    #[test]
    fn error_agrees_with_the_gamma_method() {
        let mut rng = rng(3);
        let x: Vec<Vec<f64>> = [20_030, 15_000, 9_000].map(|n| ar1(0.8, n, &mut rng)).into();
        let gamma = estimate(&x).expect("finite").error;
        let found = jackknife(&[&x], Blocks::Length(100), |m| m[0]).expect("finite");
        assert_eq!(found.blocks, 201 + 150 + 90);
        assert!((found.error / gamma - 1.0).abs() < 0.15, "{found:?} {gamma}");
    }

    #[test]
    fn undefined_function_is_an_error() {
        let x = [vec![1.0, 2.0]];
        assert!(jackknife(&[&x], Blocks::Length(1), |m| (m[0] - 1.7).sqrt()).is_err());
    }
}
