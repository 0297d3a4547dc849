//! The phase of one plaquette of U(1) on the interval `(−π, π]`: its characteristic function.

use super::bessel::Bessel;
use super::quadrature::gauss_legendre;
use num_complex::Complex64;
use std::f64::consts::PI;

/// Densities below `e^{−LOST}` of the largest are left out.
const LOST: f64 = 45.0;
/// Points at which the density is looked at to find where it lives.
const GRID: usize = 8192;
/// Below this coupling the density at `±π` counts.
const TAILS: f64 = 25.0;

/// The density `e^{β cos φ + tφ}` on `(−π, π]`, normalised.
///
/// It is no function on the circle where `t ≠ 0`, and neither is `e^{iνφ}` where `ν` is no integer: so Gauss–Legendre
/// quadrature over the interval, or over that part of it where the density lives.
#[derive(Debug, Clone)]
pub(super) struct Phases {
    nodes: Vec<(f64, f64)>,
    symmetric: bool,
    /// The largest `|ν|` for which the nodes are fine enough.
    finest: f64,
    log_norm: f64,
    /// For larger ones, where the density at the ends counts; without tilt only.
    tails: Option<Bessel>,
}

impl Phases {
    /// At coupling `beta` and tilt `t`. `resolution` is the largest `|ν|` that will be asked for beyond those where the
    /// characteristic function falls like a Gaussian.
    pub fn new(beta: f64, tilt: f64, resolution: f64) -> Phases {
        let log_density = |phi: f64| tilt * phi - 2.0 * beta * (0.5 * phi).sin().powi(2);
        let grid = |i: usize| PI * (2.0 * i as f64 / GRID as f64 - 1.0);
        let largest = (0..=GRID).map(|i| log_density(grid(i))).fold(f64::NEG_INFINITY, f64::max);
        let lives = |i: &usize| log_density(grid(*i)) > largest - LOST;
        let first = (0..=GRID).find(lives).unwrap_or(0).saturating_sub(1);
        let last = (0..=GRID).rev().find(lives).map_or(GRID, |i| (i + 1).min(GRID));
        let (from, to) = (grid(first), grid(last));
        let half = 0.5 * (to - from);
        let finest = (100.0 / half).max(resolution);
        let count = 64 + (8.0 * half * beta.sqrt()) as usize + (0.6 * half * finest) as usize;
        let mut nodes = gauss_legendre(count, from, to);
        for (phi, weight) in &mut nodes {
            *weight *= (log_density(*phi) - largest).exp();
        }
        let sum: f64 = nodes.iter().map(|(_, weight)| weight).sum();
        nodes.iter_mut().for_each(|(_, weight)| *weight /= sum);
        let symmetric = tilt == 0.0;
        let tails = (symmetric && beta < TAILS).then(|| Bessel::new(beta.max(f64::MIN_POSITIVE.sqrt())));
        Phases { nodes, symmetric, finest, log_norm: sum.ln() + largest, tails }
    }

    /// `log ∫ dφ e^{β (cos φ − 1) + tφ}`.
    pub fn log_norm(&self) -> f64 {
        self.log_norm
    }

    /// `⟨φ²⟩ − ⟨φ⟩²`.
    pub fn variance(&self) -> f64 {
        let mean: f64 = self.nodes.iter().map(|(phi, weight)| weight * phi).sum();
        self.nodes.iter().map(|(phi, weight)| weight * (phi - mean).powi(2)).sum()
    }

    /// `log ⟨e^{iνφ}⟩`, `ν = n + a`; of its imaginary part any branch.
    ///
    /// From `1 − ⟨cos νφ⟩ = 2⟨sin²(νφ/2)⟩`, so that it keeps its digits where it is taken to a high power.
    pub fn log_mean(&self, n: i64, a: f64) -> Complex64 {
        let nu = n as f64 + a;
        if nu.abs() > self.finest {
            return Complex64::from(self.tail(n, a)).ln();
        }
        let (mut x, mut y) = (0.0, 0.0);
        for (phi, weight) in &self.nodes {
            x += weight * 2.0 * (0.5 * nu * phi).sin().powi(2);
            if !self.symmetric {
                y += weight * (nu * phi).sin();
            }
        }
        // |⟨e^{iνφ}⟩|² − 1, where that is small.
        let log = if x < 0.5 { 0.5 * x.mul_add(x - 2.0, y * y).ln_1p() } else { (1.0 - x).hypot(y).ln() };
        Complex64::new(log, y.atan2(1.0 - x))
    }

    /// `⟨φ e^{inφ}⟩` and `⟨φ² e^{inφ}⟩`; `None` for `n` too large for the nodes.
    pub fn moments(&self, n: i64) -> Option<(Complex64, Complex64)> {
        let n = n as f64;
        (n.abs() <= self.finest).then(|| {
            let mut sums = (Complex64::ZERO, Complex64::ZERO);
            for &(phi, weight) in &self.nodes {
                let term = Complex64::from_polar(weight * phi, n * phi);
                sums.0 += term;
                sums.1 += term * phi;
            }
            sums
        })
    }

    /// The same mean at large `ν`: `(sin πν/π) Σ_k (−1)^k (I_k/I_0)/(ν + k)`, from the Fourier series of `e^{β cos φ}`.
    fn tail(&self, n: i64, a: f64) -> f64 {
        let even = |n: i64| if n % 2 == 0 { 1.0 } else { -1.0 };
        let Some(bessel) = &self.tails else { return 0.0 };
        let order = n.unsigned_abs() as usize;
        if a == 0.0 {
            return if order <= bessel.orders() { bessel.relative(order) } else { 0.0 };
        }
        let sum: f64 = (-(bessel.orders() as i64)..=bessel.orders() as i64)
            .map(|k| even(k) * bessel.relative(k.unsigned_abs() as usize) / ((n + k) as f64 + a))
            .sum();
        even(n) * (PI * a).sin() / PI * sum
    }
}
