//! A chain of sites, and a single site: one-dimensional φ⁴.
//!
//! `Z = Σ_n s_n^T` over the eigenvalues of the single-site transfer matrix, and fields are matrices between its states:
//! `⟨φ_0 φ_t⟩ = Σ_{nm} |⟨n|φ|m⟩|² s_n^{T−t} s_m^t / Z`. A single site is a chain of length 1 that is its own neighbour.

use super::site::Site;

/// Expectation values on a periodic chain.
pub(super) struct Chain {
    pub(super) log_z: f64,
    pub(super) phi2: f64,
    pub(super) phi4: f64,
    /// `⟨φ_0 φ_t⟩`, t = 0, …, T − 1.
    pub(super) g: Vec<f64>,
    /// `⟨φ_0 φ_1⟩`.
    pub(super) link: f64,
    pub(super) gap: Option<f64>,
}

/// Solves the chain of `length` sites.
pub(super) fn solve(site: &Site, length: usize) -> Chain {
    let states = site.s.len();
    let power = |n: usize, t: usize| site.s[n].powf(t as f64);
    let z: f64 = (0..states).map(|n| power(n, length)).sum();
    let mean = |p| (0..states).map(|n| power(n, length) * site.power(n, n, p)).sum::<f64>() / z;
    // |⟨n|φ|m⟩|²
    let square = |n, m| site.power(n, m, 1).powi(2);
    let phi2_of: Vec<Vec<f64>> = (0..states).map(|n| (0..states).map(|m| square(n, m)).collect()).collect();
    let (phi2, phi4) = (mean(2), mean(4));
    let g: Vec<f64> = (0..length)
        .map(|t| match t {
            0 => phi2,
            _ => {
                let (near, far): (Vec<f64>, Vec<f64>) =
                    (0..states).map(|n| (power(n, t), power(n, length - t))).unzip();
                let row = |n: usize| phi2_of[n].iter().zip(&near).map(|(f, s)| f * s).sum::<f64>();
                far.iter().enumerate().map(|(n, s)| s * row(n)).sum::<f64>() / z
            }
        })
        .collect();
    Chain {
        log_z: length as f64 * site.log_s0 + z.ln(),
        phi2,
        phi4,
        link: g[1 % length],
        g,
        gap: site.s.get(1).map(|s| -s.ln()),
    }
}
