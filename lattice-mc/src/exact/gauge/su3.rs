//! Character coefficients of `exp((β/3) Re tr U)` for SU(3).

use super::bessel::Bessel;
use super::quadrature::gauss_legendre;
use super::twofold::Twofold;

/// Terms smaller than `e^{−LOST}` of the largest are left out.
const LOST: f64 = 50.0;

/// `log(c_r/d_r)` of the irreducible representation `(p, q)` up to the factor `I_0(x)³`, `x = β/3`.
///
/// `c_r = Σ_k det_ij I_{λ_j − j + i + k}(x)`, `λ = (p + q, q, 0)`, as a sum over the extensions of `r` to U(3), each of
/// whose coefficients is positive. With `m_j = λ_j − j + 2 + k` the rows of a determinant are `I_{m−1}`, `I_m`, `I_{m+1}`;
/// by `I_{m−1} − I_{m+1} = (2m/x) I_m` and `D(m) = I_m'/I_m = I_{m+1}/I_m + m/x` it is
///
/// ```text
/// (2/x) I_{m_1} I_{m_2} I_{m_3} · Π_{i<j} (m_i − m_j) · D[m_1, m_2, m_3],      Π_{i<j} (m_i − m_j) = 2 d_r,
/// ```
///
/// the last the second divided difference of `D`, of order `1/x²` and taken in twofold precision: no digit is lost at
/// any `x`.
pub(super) fn log_coefficient(bessel: &Bessel, x: f64, p: usize, q: usize) -> f64 {
    let (a, b) = ((p + 1) as f64, (q + 1) as f64);
    let weights = [(p + q + 1) as i64, q as i64, -1];
    let term = |k: i64| {
        let m = weights.map(|w| (w + k).unsigned_abs() as usize);
        if m.iter().any(|&m| m > bessel.orders()) {
            return None;
        }
        let fall: f64 = m.iter().map(|&m| bessel.fall(m)).sum();
        // |m|/x and I_{|m|+1}/I_|m| apart: at small x the former cancels exactly.
        let size = m.map(|m| m as f64);
        let linear = Twofold::quotient((size[0] - size[1]) * b - (size[1] - size[2]) * a, x);
        let ratio = m.map(|m| bessel.ratio(m + 1));
        let curved = ratio[0].minus(ratio[1]).times(b).minus(ratio[1].minus(ratio[2]).times(a));
        Some((fall, linear.plus(curved).round() / (a * b * (a + b))))
    };
    // The falls are convex in k; the smallest is near where the middle weight is 0.
    let mut terms: Vec<(f64, f64)> = Vec::new();
    let mut least = f64::INFINITY;
    let middle = -(q as i64);
    for step in [-1, 1] {
        let mut k = if step < 0 { middle } else { middle + 1 };
        let mut last = f64::INFINITY;
        while let Some((fall, difference)) = term(k) {
            if fall > last && fall > least + LOST {
                break;
            }
            least = least.min(fall);
            last = fall;
            terms.push((fall, difference));
            k += step;
        }
    }
    let sum: f64 = terms.iter().map(|(fall, difference)| (least - fall).exp() * difference).sum();
    sum.ln() - least + 4f64.ln() - x.ln()
}

/// `log c_0`, the logarithm of the one-plaquette integral `∫ dU exp((β/3) Re tr U)`.
pub(super) fn log_trivial(bessel: &Bessel, beta: f64) -> f64 {
    if beta >= 1.0 {
        return 3.0 * bessel.log_i0() + log_coefficient(bessel, beta / 3.0, 0, 0);
    }
    // The integral of its derivative, which is the plaquette: no cancellation where c_0 is close to 1.
    gauss_legendre(12, 0.0, beta).iter().map(|(beta, weight)| weight * plaquette(*beta)).sum()
}

/// `⟨Re tr U⟩/3` of one plaquette.
fn plaquette(beta: f64) -> f64 {
    let x = beta / 3.0;
    let bessel = Bessel::new(x);
    (log_coefficient(&bessel, x, 1, 0) - log_coefficient(&bessel, x, 0, 0)).exp()
}
