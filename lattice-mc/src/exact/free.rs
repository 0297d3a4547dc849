//! The free field, λ = 0: sums over momenta.
//!
//! `S = Σ_p |φ_p|² (p̂² + m²)` with `p̂² = Σ_μ (2 − 2 cos p_μ)`, `p_μ = 2πk/L_μ`, so every mode is a Gaussian of variance
//! `1 / 2(p̂² + m²)`. Extents 1 and 2 need no special care.

use super::{
    ExactError, error,
    result::{Exact, Method},
};
use std::f64::consts::PI;

/// Solves the free field of squared mass `mass2 > 0` on a periodic lattice.
///
/// # Errors
/// Bad extents, a mass that is not finite, or `mass2 ≤ 0`, where the zero mode makes `Z` diverge.
///
/// ```
/// let free = lattice_mc::exact::free_field(&[8, 8], 1.0)?;
/// assert!((free.log_z + 11.6228852573).abs() < 1e-9);
/// assert_eq!(free.chi2, 0.5);
/// # Ok::<(), lattice_mc::exact::ExactError>(())
/// ```
pub fn free_field(extents: &[usize], mass2: f64) -> Result<Exact, ExactError> {
    error::check(extents, mass2, 0.0)?;
    let d = extents.len() as f64;
    // p and −p are one term, k = 0 … L/2 in each direction.
    let halves: Vec<usize> = extents.iter().map(|&l| l / 2 + 1).collect();
    let waves: Vec<Vec<f64>> = extents.iter().map(|&l| (0..=l / 2).map(|k| cosine(k, l)).collect()).collect();
    let volume = extents.iter().map(|&l| l as f64).product::<f64>();
    let (mut log_z, mut phi2, mut link, mut last_link) = (0.0, 0.0, 0.0, 0.0);
    let mut mode = vec![0; extents.len()];
    for _ in 0..halves.iter().product() {
        let times = mode.iter().zip(extents).map(|(&k, &l)| if k == 0 || 2 * k == l { 1.0 } else { 2.0 });
        let times = times.product::<f64>();
        let mut cosines = mode.iter().zip(&waves).map(|(&k, wave)| wave[k]);
        let mean = cosines.clone().sum::<f64>() / d;
        let stiffness = cosines.clone().map(|c| 2.0 - 2.0 * c).sum::<f64>() + mass2;
        log_z += times * 0.5 * (PI / stiffness).ln();
        phi2 += times * 0.5 / stiffness;
        link += times * 0.5 * mean / stiffness;
        last_link += times * 0.5 * cosines.next_back().unwrap_or(1.0) / stiffness;
        advance(&mut mode, &halves);
    }
    phi2 /= volume;
    link /= volume;
    // g(t) = cosh ω(T/2 − t) / (4 sinh ω sinh ωT/2), 2 sinh ω/2 = m, without the overflow of its parts.
    let time = extents[extents.len() - 1];
    let omega = 2.0 * (0.5 * mass2.sqrt()).asinh();
    let decay = |t: usize| (-omega * t as f64).exp();
    let scale = 0.25 / (omega.sinh() * -(-omega * time as f64).exp_m1());
    let g = (0..time).map(|t| scale * (decay(t) + decay(time - t))).collect();
    Ok(Exact {
        log_z,
        phi2,
        phi4: 3.0 * phi2 * phi2,
        chi2: 0.5 / mass2,
        ising_energy: link,
        last_link: Some(last_link / volume),
        action_density: 0.5,
        virial: Some(2.0 * ((2.0 * d + mass2) * phi2 - 2.0 * d * link)),
        g: Some(g),
        gap: Some(omega),
        truncation_error: 0.0,
        method: Method::Momenta,
    })
}

/// cos(2πk/l).
fn cosine(k: usize, l: usize) -> f64 {
    (2.0 * PI * k as f64 / l as f64).cos()
}

/// Estimated seconds for the sum over momenta.
pub(super) fn seconds(extents: &[usize]) -> f64 {
    2e-8 * extents.iter().map(|&l| (l / 2 + 1) as f64).product::<f64>()
}

/// The next mode, last direction fastest.
fn advance(mode: &mut [usize], extents: &[usize]) {
    for (k, &l) in mode.iter_mut().zip(extents).rev() {
        *k += 1;
        if *k < l {
            return;
        }
        *k = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() < tolerance, "{a} and {b} differ by {:e}", a - b);
    }

    #[test]
    fn reference_lattices() {
        // Extents, m², log Z, ⟨φ²⟩, nearest neighbour; the last two are half of the canonical ones.
        let rows: [(&[usize], f64, f64, f64, f64); 4] = [
            (&[8], 1.0, 0.7296781495, 0.447619047619, 0.171428571429),
            (&[8, 8], 1.0, -11.6228852573, 0.254173997690, 0.067717497113),
            (&[8, 8], 1.25, -13.5723761395, 0.233967001547, 0.057081689530),
            (&[16, 16], 0.1, -9.6011508750, 0.456834935169, 0.218255808549),
        ];
        for (extents, mass2, log_z, phi2, link) in rows {
            let free = free_field(extents, mass2).unwrap();
            close(free.log_z, log_z, 1e-9);
            close(free.phi2, 0.5 * phi2, 1e-11);
            close(free.ising_energy, 0.5 * link, 1e-11);
        }
    }

    #[test]
    fn correlator_is_a_cosh_and_sums_to_chi2() {
        for (extents, mass2) in [(vec![3, 5], 0.7), (vec![4, 2, 8], 2.0), (vec![2, 2], 0.3), (vec![3, 1], 1.5)] {
            let free = free_field(&extents, mass2).unwrap();
            let (g, w) = (free.g.unwrap(), free.gap.unwrap());
            let l = g.len() as f64;
            for (t, &value) in g.iter().enumerate() {
                let cosh = (w * (0.5 * l - t as f64)).cosh() / (4.0 * w.sinh() * (0.5 * w * l).sinh());
                close(value, cosh, 1e-13);
            }
            close(g.iter().sum(), free.chi2, 1e-13);
        }
    }

    #[test]
    fn equipartition_gives_half_per_site() {
        // ⟨S⟩/V = (2d + m²)⟨φ²⟩ − 2d E = 1/2, with every direction counted.
        for extents in [vec![1], vec![2], vec![1, 1, 4], vec![2, 3, 4], vec![6, 6]] {
            let (d, mass2) = (extents.len() as f64, 0.9);
            let free = free_field(&extents, mass2).unwrap();
            close(free.action_density, (2.0 * d + mass2) * free.phi2 - 2.0 * d * free.ising_energy, 1e-13);
            close(free.virial.unwrap(), 1.0, 1e-13);
        }
    }

    #[test]
    fn a_massless_or_undefined_field_is_refused() {
        assert!(matches!(free_field(&[4], 0.0), Err(ExactError::Divergent { .. })));
        assert!(matches!(free_field(&[4], -1.0), Err(ExactError::Divergent { .. })));
        assert!(matches!(free_field(&[4], f64::NAN), Err(ExactError::NotFinite { name: "mass2", .. })));
        assert!(matches!(free_field(&[], 1.0), Err(ExactError::NoExtents)));
        assert!(matches!(free_field(&[4, 0], 1.0), Err(ExactError::ZeroExtent { axis: 1, .. })));
    }
}
