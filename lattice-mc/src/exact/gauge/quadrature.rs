//! Gauss–Legendre quadrature.

use std::f64::consts::PI;

/// Nodes and weights on `[from, to]`; the error falls exponentially in their number for analytic integrands.
///
/// Newton's method on the Legendre polynomial, from the nodes' asymptotic places.
pub(crate) fn gauss_legendre(count: usize, from: f64, to: f64) -> Vec<(f64, f64)> {
    let n = count as f64;
    let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
    let node = |i: usize| {
        let mut x = ((i as f64 + 0.75) / (n + 0.5) * PI).cos();
        let mut slope = 1.0;
        // Quadratic convergence from four digits.
        for _ in 0..5 {
            let (mut last, mut this) = (1.0, x);
            for k in 2..=count {
                let k = k as f64;
                (last, this) = (this, ((2.0 * k - 1.0) * x * this - (k - 1.0) * last) / k);
            }
            slope = n * (x * this - last) / (x * x - 1.0);
            x -= this / slope;
        }
        (middle - half * x, half * 2.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..count).map(node).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_and_oscillations_are_integrated() {
        for count in [2, 7, 64, 301] {
            let nodes = gauss_legendre(count, 0.0, 2.0);
            let power = (2 * count - 1).min(20) as i32;
            let sum: f64 = nodes.iter().map(|(x, w)| w * x.powi(power)).sum();
            let exact = 2f64.powi(power + 1) / f64::from(power + 1);
            assert!((sum / exact - 1.0).abs() < 1e-14, "{count}: {sum} {exact}");
        }
        let wave: f64 = gauss_legendre(80, 0.0, 1.0).iter().map(|(x, w)| w * (50.0 * x).cos()).sum();
        assert!((wave - 50f64.sin() / 50.0).abs() < 1e-15);
    }
}
