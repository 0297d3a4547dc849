//! The transfer matrix of a single site and its eigenstates.
//!
//! `k(φ, φ') = e^{−u(φ)/2} e^{−(φ−φ')²} e^{−u(φ')/2}`, `u(φ) = m²φ² + λφ⁴`, is positive definite:
//! `k = Σ_n s_n ψ_n(φ) ψ_n(φ')` with `s_0 > s_1 > … > 0`, and ψ_n has the parity of n. The trapezoidal rule on points
//! `±(i + ½)h` converges geometrically for such integrands (Trefethen and Weideman, SIAM Review 56 (2014) 385), and
//! parity leaves two eigenproblems on the positive points.

use super::ExactError;
use faer::{Mat, Side};

/// Points on the positive half line beyond which the quadrature is refused.
const POINTS_LIMIT: usize = 1200;
/// Points on the positive half line that are always used.
const POINTS: usize = 160;
/// Widest spacing: `e^{−2φ²}` and wider Gaussians are integrated to `e^{−π²/2h²}`.
const SPACING: f64 = 0.2;
/// The weight is cut where `u` is this far above its minimum: ψ is then below `e^{−40}`.
const DEPTH: f64 = 80.0;
/// Eigenvalues below this fraction of the largest are rounding noise.
const FLOOR: f64 = 1e-15;

/// Eigenstates of the transfer matrix of one site.
pub(super) struct Site {
    /// Positive quadrature points φ_i; the spacing is `h`.
    pub(super) phi: Vec<f64>,
    h: f64,
    /// `e^{−(u(φ_i) − min u)/2}`.
    weight: Vec<f64>,
    /// `s_n / s_0`, descending.
    pub(super) s: Vec<f64>,
    /// `log s_0`.
    pub(super) log_s0: f64,
    /// `√(2h) ψ_n(φ_i)`: unit vectors on the positive points.
    psi: Vec<Vec<f64>>,
}

impl Site {
    /// Diagonalises the single-site transfer matrix.
    pub(super) fn new(mass2: f64, lambda: f64) -> Result<Self, ExactError> {
        let u = |x: f64| (mass2 + lambda * x * x) * x * x;
        let u_min = if mass2 < 0.0 { -0.25 * mass2 * mass2 / lambda } else { 0.0 };
        let out_of_range = ExactError::OutOfRange { mass2, lambda };
        // The larger root of λy² + m²y = u_min + DEPTH for y = φ², in the form without cancellation.
        let top = u_min + DEPTH;
        let root = (mass2 * mass2 + 4.0 * lambda * top).sqrt();
        let y = if mass2 > 0.0 { 2.0 * top / (mass2 + root) } else { (root - mass2) / (2.0 * lambda) };
        let extent = y.sqrt();
        if !(extent > 0.0 && extent.is_finite() && u_min.is_finite()) {
            return Err(out_of_range);
        }
        let points = POINTS.max((extent / SPACING).ceil() as usize);
        if points > POINTS_LIMIT {
            return Err(ExactError::WideSite { mass2, lambda, points, limit: POINTS_LIMIT });
        }
        let h = extent / points as f64;
        let phi: Vec<f64> = (0..points).map(|i| (i as f64 + 0.5) * h).collect();
        let weight: Vec<f64> = phi.iter().map(|&x| (-0.5 * (u(x) - u_min)).exp()).collect();
        let (s, psi) = mercer(&phi, h, &weight, 1.0)?;
        let Some(&s0) = s.first() else { return Err(out_of_range) };
        let log_s0 = s0.ln() - u_min;
        let s = s.iter().map(|x| x / s0).collect();
        Ok(Self { phi, h, weight, s, log_s0, psi })
    }

    /// `⟨n| φ^power |m⟩`, exactly zero where parity says so.
    pub(super) fn power(&self, n: usize, m: usize, power: i32) -> f64 {
        if (n + m + power as usize) % 2 == 1 {
            return 0.0;
        }
        self.integrate(n, m, |i| self.phi[i].powi(power))
    }

    /// `∫ ψ_n ψ_m f`, for `f` such that the integrand is even, given at the positive points.
    pub(super) fn integrate(&self, n: usize, m: usize, f: impl Fn(usize) -> f64) -> f64 {
        self.psi[n].iter().zip(&self.psi[m]).enumerate().map(|(i, (a, b))| a * b * f(i)).sum()
    }

    /// Functions with `e^{−κ(φ−φ')²} = Σ_a f_a(φ) f_a(φ')`, most important under the site weight first, at the positive
    /// points; f_a has the parity of a. Those that matter less than `cut` times the first are left out.
    ///
    /// They are `f_a = √s_a ψ_a e^{u/2}` for the eigenstates of coupling κ, continued to where `e^{u/2}` is large by
    /// the integral equation (Nyström).
    pub(super) fn link(&self, kappa: f64, cut: f64) -> Result<Vec<Vec<f64>>, ExactError> {
        let (s, psi) = mercer(&self.phi, self.h, &self.weight, kappa)?;
        let kept = s.iter().take_while(|&&x| x > cut.max(FLOOR) * s[0]).count();
        let at = |a: usize, x: f64| {
            let sign = if a.is_multiple_of(2) { 1.0 } else { -1.0 };
            let points = self.phi.iter().zip(&self.weight).zip(&psi[a]);
            let sum: f64 = points.map(|((&y, w), p)| folded(x, y, kappa, sign) * w * p).sum();
            sum * (0.5 * self.h / s[a]).sqrt()
        };
        Ok((0..kept).map(|a| self.phi.iter().map(|&x| at(a, x)).collect()).collect())
    }
}

/// `e^{−κ(x−y)²} ± e^{−κ(x+y)²}`.
fn folded(x: f64, y: f64, kappa: f64, sign: f64) -> f64 {
    (-kappa * (x - y).powi(2)).exp() + sign * (-kappa * (x + y).powi(2)).exp()
}

/// Eigenvalues and unit eigenvectors of `w(φ) e^{−κ(φ−φ')²} w(φ')`, even and odd in turn.
///
/// The kernel is totally positive, so eigenvalues are simple and parities alternate.
fn mercer(phi: &[f64], h: f64, weight: &[f64], kappa: f64) -> Result<(Vec<f64>, Vec<Vec<f64>>), ExactError> {
    let size = phi.len();
    let parity = |sign: f64| {
        let kernel = Mat::from_fn(size, size, |i, j| h * weight[i] * folded(phi[i], phi[j], kappa, sign) * weight[j]);
        let eigen = kernel.self_adjoint_eigen(Side::Lower);
        let eigen = eigen.map_err(|_| ExactError::Eigenproblem { what: "transfer matrix of one site", size })?;
        let values: Vec<f64> = eigen.S().column_vector().iter().rev().copied().collect();
        let vectors = (0..size).rev().map(|j| eigen.U().col(j).iter().copied().collect());
        Ok(values.into_iter().zip(vectors.collect::<Vec<Vec<f64>>>()))
    };
    let (even, odd) = (parity(1.0)?, parity(-1.0)?);
    let (mut s, mut psi) = (Vec::new(), Vec::new());
    let mut largest = 0.0_f64;
    for (value, vector) in even.zip(odd).flat_map(|(e, o)| [e, o]) {
        largest = largest.max(value);
        // Also where it is not a number.
        if value.partial_cmp(&(FLOOR * largest)) != Some(std::cmp::Ordering::Greater) {
            break;
        }
        s.push(value);
        psi.push(vector);
    }
    Ok((s, psi))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_orthonormal_and_eigenvalues_descend() {
        let site = Site::new(-4.0, 8.0).unwrap();
        for n in 0..10 {
            for m in (n % 2..10).step_by(2) {
                let expected = if n == m { 1.0 } else { 0.0 };
                assert!((site.power(n, m, 0) - expected).abs() < 1e-13);
            }
        }
        assert!(site.s.windows(2).all(|s| s[0] > s[1]));
        assert_eq!(site.power(0, 1, 2), 0.0);
    }

    #[test]
    fn harmonic_site_has_the_spectrum_of_an_oscillator() {
        // λ → 0: s_n / s_0 = e^{−nω}, ω = 2 asinh(m/2).
        let site = Site::new(1.0, 1e-14).unwrap();
        let w = 2.0 * 0.5_f64.asinh();
        for (n, s) in site.s.iter().enumerate().take(10) {
            assert!((s * (w * n as f64).exp() - 1.0).abs() < 1e-9, "{n} {s}");
        }
    }

    #[test]
    fn link_functions_rebuild_the_coupling() {
        let site = Site::new(-4.0, 6.975).unwrap();
        for kappa in [1.0, 2.0] {
            let f = site.link(kappa, 1e-14).unwrap();
            for (i, j) in [(0, 0), (20, 60), (70, 70), (3, 50)] {
                let sum: f64 = f.iter().map(|f| f[i] * f[j]).sum();
                let exact = (-kappa * (site.phi[i] - site.phi[j]).powi(2)).exp();
                assert!((sum - exact).abs() < 1e-10, "{kappa} {i} {j} {sum} {exact}");
            }
        }
    }

    #[test]
    fn a_flat_weight_is_refused() {
        assert!(matches!(Site::new(-1.0, 1e-6), Err(ExactError::WideSite { .. })));
    }
}
