//! Gradients that are too large, or no numbers.
//!
//! ```text
//! g ← g min(1, c / |g|),   |g|² = Σ gᵢ²
//! ```
//! Pascanu, Mikolov and Bengio, arXiv:1211.5063, algorithm 1: the direction stays.

use super::OptimError;

/// The norm of the whole gradient: the root of the sum of squares, added in the order of the buffer.
///
/// ```
/// assert_eq!(lattice_autograd::optim::clip::norm(&[3.0, -4.0]), 5.0);
/// ```
pub fn norm(gradient: &[f64]) -> f64 {
    gradient.iter().map(|g| g * g).sum::<f64>().sqrt()
}

/// Whether all numbers are finite.
///
/// ```
/// use lattice_autograd::optim::clip::is_finite;
/// assert!(is_finite(&[0.0, -1e300]) && !is_finite(&[0.0, f64::NAN]));
/// ```
pub fn is_finite(gradient: &[f64]) -> bool {
    gradient.iter().all(|g| g.is_finite())
}

/// The norm before scaling the gradient down to a norm of at most `most`, which may be infinite.
///
/// A gradient that is not finite, or whose squared norm is not, is an error and left as it is: the step should be
/// left out, before the optimiser sees it.
///
/// ```
/// use lattice_autograd::optim::clip;
/// let mut gradient = [3.0, -4.0];
/// assert_eq!(clip::by_norm(&mut gradient, 1.0)?, 5.0);
/// assert!((clip::norm(&gradient) - 1.0).abs() < 1e-15);
/// # Ok::<(), lattice_autograd::optim::OptimError>(())
/// ```
pub fn by_norm(gradient: &mut [f64], most: f64) -> Result<f64, OptimError> {
    OptimError::setting("largest norm of a gradient", most, most > 0.0, "a positive number")?;
    let norm = norm(gradient);
    if !norm.is_finite() {
        let first = gradient.iter().enumerate().find(|(_, g)| !g.is_finite());
        return Err(match first {
            Some((index, &value)) => OptimError::NotFinite { index, value },
            None => OptimError::NormOverflow,
        });
    }
    if norm > most {
        let scale = most / norm;
        gradient.iter_mut().for_each(|g| *g *= scale);
    }
    Ok(norm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_gradient_keeps_its_direction_and_a_small_one_its_bits() -> Result<(), OptimError> {
        let gradient = [0.3, -7.0, 1e-9, 2.5];
        for most in [1e-6, 0.1, 1.0, 7.0] {
            let mut clipped = gradient;
            assert_eq!(by_norm(&mut clipped, most)?, norm(&gradient));
            assert!((norm(&clipped) / most - 1.0).abs() < 1e-14);
            for (c, g) in clipped.iter().zip(&gradient) {
                assert!((c / g * norm(&gradient) / most - 1.0).abs() < 1e-14);
            }
        }
        for most in [norm(&gradient), 8.0, f64::INFINITY] {
            let mut clipped = gradient;
            by_norm(&mut clipped, most)?;
            assert_eq!(clipped, gradient);
        }
        assert_eq!(by_norm(&mut [0.0; 3], 1.0)?, 0.0);
        assert_eq!(by_norm(&mut [], 1.0)?, 0.0);
        Ok(())
    }

    #[test]
    fn a_gradient_that_is_no_number_is_refused_and_kept() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut gradient = [1.0, bad, f64::NAN];
            let found = by_norm(&mut gradient, 0.5);
            assert!(matches!(&found, Err(e @ OptimError::NotFinite { index: 1, .. }) if e.is_recoverable()));
            assert_eq!(gradient[0], 1.0);
            assert!(!is_finite(&gradient));
        }
        assert_eq!(by_norm(&mut [1e200, 1.0], 0.5), Err(OptimError::NormOverflow));
    }

    #[test]
    fn a_bound_that_is_none_is_refused() {
        for most in [0.0, -1.0, f64::NAN] {
            assert!(matches!(by_norm(&mut [1.0], most), Err(OptimError::Setting { .. })));
        }
    }
}
