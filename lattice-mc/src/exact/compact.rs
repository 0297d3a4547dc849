//! Normalisations and means of the densities on tori and spheres ([`crate::action::compact`]), for each site.

use super::gauge::gauss_legendre;
use crate::action::compact::{RobotArm, SphereMixture, TorusMixture, TorusSum};
use std::f64::consts::{PI, TAU};

/// What is known of a density.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownDensity {
    /// `ln ∫ e^{−S}`, with the measure `Π dθ` of a torus or the area of a sphere.
    pub log_z: f64,
    /// Means of observables, by their names.
    pub means: Vec<(String, f64)>,
}

/// `ln I_ν(x)` for `x > 0`: the power series `Σ_k (x/2)^{ν+2k} / (k! Γ(ν+k+1))`, of positive terms, from the largest of them.
fn log_bessel(nu: f64, x: f64) -> f64 {
    let half = (0.5 * x).ln();
    let term = |k: f64| (nu + 2.0 * k) * half - libm::lgamma(k + 1.0) - libm::lgamma(nu + k + 1.0);
    // Terms rise as long as (x/2)² > k (ν + k).
    let peak = (0.5 * (nu.hypot(x) - nu)).floor();
    let top = term(peak);
    let width = 40.0 + 12.0 * peak.sqrt();
    let first = (peak - width).max(0.0);
    let count = (peak + width - first) as usize;
    let sum: f64 = (0..=count).map(|i| (term(first + i as f64) - top).exp()).sum();
    top + sum.ln()
}

/// `I_{ν+1}(κ) / I_ν(κ)`, the length of the mean of `x` with weight `e^{κ x·μ}`; 0 at `κ = 0`.
fn mean_length(nu: f64, kappa: f64) -> f64 {
    if kappa == 0.0 { 0.0 } else { (log_bessel(nu + 1.0, kappa) - log_bessel(nu, kappa)).exp() }
}

/// `ln I_0(κ)`
fn log_i0(kappa: f64) -> f64 {
    if kappa == 0.0 { 0.0 } else { log_bessel(0.0, kappa) }
}

/// Means of `e^{iθ_j}` and of `e^{i Σθ}`, by the names of the observables.
fn waves(each: impl Iterator<Item = (f64, f64)>, sum: (f64, f64)) -> Vec<(String, f64)> {
    let named = |(j, (c, s)): (usize, (f64, f64))| [(format!("cos_{}", j + 1), c), (format!("sin_{}", j + 1), s)];
    each.enumerate().flat_map(named).chain([("cos_sum".into(), sum.0), ("sin_sum".into(), sum.1)]).collect()
}

impl TorusMixture {
    /// `Z = (2π I₀(κ))^N`, whatever the centres; `⟨e^{iθ_j}⟩` is the mean of `e^{ic_j}` over them, times `I₁/I₀`.
    pub fn exact(&self) -> KnownDensity {
        let (n, kappa) = (self.dimension(), self.concentration);
        let length = mean_length(0.0, kappa);
        let over = |length: f64, angle: &dyn Fn(&Vec<f64>) -> f64| {
            let scale = length / self.centres.len() as f64;
            let angles = || self.centres.iter().map(angle);
            (scale * angles().map(f64::cos).sum::<f64>(), scale * angles().map(f64::sin).sum::<f64>())
        };
        let sum = over(length.powi(n as i32), &|centre| centre.iter().sum());
        let means = waves((0..n).map(|j| over(length, &move |centre| centre[j])), sum);
        KnownDensity { log_z: n as f64 * (TAU.ln() + log_i0(kappa)), means }
    }
}

impl TorusSum {
    /// `Z = (2π)^N I₀(1)`; the sum is von Mises distributed, and each of several angles is uniform.
    pub fn exact(&self) -> KnownDensity {
        let length = mean_length(0.0, 1.0);
        let sum = (length * self.centre.cos(), length * self.centre.sin());
        let each = if self.dimension == 1 { sum } else { (0.0, 0.0) };
        let log_z = self.dimension as f64 * TAU.ln() + log_i0(1.0);
        KnownDensity { log_z, means: waves((0..self.dimension).map(|_| each), sum) }
    }
}

impl SphereMixture {
    /// `∫ e^{κ x·μ} dΩ = (2π)^{ν+1} I_ν(κ) / κ^ν` with `ν = (D−1)/2` for each centre, with mean `μ I_{ν+1}/I_ν`.
    pub fn exact(&self) -> KnownDensity {
        let nu = 0.5 * (self.dimension() as f64 - 1.0);
        let (kappa, count) = (self.concentration, self.centres.len() as f64);
        let each = match kappa {
            0.0 => 2f64.ln() + (nu + 1.0) * PI.ln() - libm::lgamma(nu + 1.0),
            _ => (nu + 1.0) * TAU.ln() + log_bessel(nu, kappa) - nu * kappa.ln(),
        };
        let length = mean_length(nu, kappa) / count;
        let mean = |i: usize| length * self.centres.iter().map(|centre| centre[i]).sum::<f64>();
        let means = (0..=self.dimension()).map(|i| (format!("x_{}", i + 1), mean(i))).collect();
        KnownDensity { log_z: count.ln() + each, means }
    }
}

impl RobotArm {
    /// By the Fourier transform of the weight, with directions that are independent and uniform without it:
    /// `Z = (2π)^N σ² ∫₀^∞ k J₀(k|c|) e^{−k²σ²/2} Π_i J₀(k l_i) dk`, and `⟨r⟩`, `⟨|r−c|²⟩` from its derivatives with respect to
    /// `|c|` and `σ`. None where the terms cancel so far that fewer than eight digits are left, as for a tip far out of reach, or where
    /// `σ` is so small beside the links that there are too many of them.
    pub fn exact(&self) -> Option<KnownDensity> {
        let RobotArm { ref links, centre: [x, y], sigma } = *self;
        let c = x.hypot(y);
        let reach: f64 = links.iter().sum();
        // e^{−k²σ²/2} < 1e-24 beyond; panels of less than one oscillation of the product.
        let end = 10.5 / sigma;
        let panels = (end * (c + reach) / PI).ceil().max(8.0);
        if panels.is_nan() || panels > 1e5 {
            return None;
        }
        let nodes = gauss_legendre(16, 0.0, end / panels);
        let (mut z, mut along, mut k2, mut size) = (0.0, 0.0, 0.0, 0.0);
        for panel in 0..panels as usize {
            let start = end * panel as f64 / panels;
            for &(from, weight) in &nodes {
                let k = start + from;
                let arms: f64 = links.iter().map(|l| libm::j0(k * l)).product();
                let f = weight * k * (-0.5 * (k * sigma).powi(2)).exp() * arms;
                z += f * libm::j0(k * c);
                along -= f * k * libm::j1(k * c);
                k2 += f * k * k * libm::j0(k * c);
                size += f.abs();
            }
        }
        if z.is_nan() || z <= 1e-6 * size {
            return None;
        }
        let s2 = sigma * sigma;
        let outward = s2 * along / z;
        let tip = |part: f64| if c > 0.0 { part * (1.0 + outward / c) } else { 0.0 };
        let means = [("tip_x", tip(x)), ("tip_y", tip(y)), ("distance2", 2.0 * s2 - s2 * s2 * k2 / z)];
        let log_z = links.len() as f64 * TAU.ln() + (s2 * z).ln();
        Some(KnownDensity { log_z, means: means.map(|(name, mean)| (name.to_string(), mean)).to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalisations_are_those_of_the_literature() {
        let z = |known: KnownDensity| known.log_z.exp();
        approx(z(TorusMixture::unimodal().exact()), 63.280855954714, 1e-13);
        approx(z(TorusMixture::multimodal().exact()), 63.280855954714, 1e-13);
        approx(z(TorusSum::correlated().exact()), 49.982277436521, 1e-13);
        approx(z(SphereMixture::s2().exact()), 55358.54639, 1e-9);
        approx(z(SphereMixture::s3().exact()), 42178.55667, 1e-9);
    }

    fn approx(found: f64, expected: f64, error: f64) {
        assert!((found - expected).abs() <= error * expected.abs().max(1e-3), "{found} {expected}");
    }

    #[test]
    fn bessel_functions_are_those_of_closed_forms() {
        for x in [1e-3, 0.7, 10.0, 300.0, 5000.0] {
            // I_{1/2} = √(2/πx) sinh x
            let closed = 0.5 * (2.0 / (PI * x)).ln() + x + (-(-2.0 * x).exp_m1()).ln() - 2f64.ln();
            approx(log_bessel(0.5, x), closed, 1e-12);
            // I_1 from the derivative of I_0
            let h = 1e-4 * x.min(1.0);
            let slope = (log_bessel(0.0, x + h) - log_bessel(0.0, x - h)) / (2.0 * h);
            approx(mean_length(0.0, x), slope, 1e-6);
        }
    }

    #[test]
    fn an_arm_of_one_link_is_a_von_mises_density() {
        for (l, c, sigma) in [(1.0, 0.8, 0.5), (0.3, 0.2, 0.1), (1.0, 0.0, 1.0)] {
            let arm = RobotArm { links: vec![l], centre: [0.6 * c, -0.8 * c], sigma };
            let known = arm.exact().unwrap();
            let kappa = l * c / (sigma * sigma);
            approx(known.log_z, TAU.ln() + log_i0(kappa) - 0.5 * (l * l + c * c) / (sigma * sigma), 1e-11);
            let length = l * mean_length(0.0, kappa);
            let distance2 = l * l + c * c - 2.0 * c * length;
            for (found, expected) in known.means.iter().zip([0.6 * length, -0.8 * length, distance2]) {
                approx(found.1, expected, 1e-10);
            }
        }
    }

    /// Means over a grid of angles converge exponentially.
    #[test]
    fn an_arm_of_three_links_is_what_sums_over_angles_give() {
        let arm = RobotArm { links: vec![0.5, 0.4, 0.2], centre: [0.3, -0.5], sigma: 0.3 };
        let known = arm.exact().unwrap();
        let points = 64;
        let angle = |i: usize| TAU * i as f64 / points as f64;
        let (mut z, mut sums) = (0.0, [0.0; 3]);
        for place in 0..points * points * points {
            let angles = [place % points, place / points % points, place / points / points].map(angle);
            let tip = |f: fn(f64) -> f64| arm.links.iter().zip(angles).map(|(l, a)| l * f(a)).sum::<f64>();
            let (x, y) = (tip(f64::cos), tip(f64::sin));
            let distance2 = (x - 0.3).powi(2) + (y + 0.5).powi(2);
            let weight = (-0.5 * distance2 / 0.09).exp();
            z += weight;
            [x, y, distance2].iter().zip(&mut sums).for_each(|(value, sum)| *sum += weight * value);
        }
        approx(known.log_z, (z * (TAU / points as f64).powi(3)).ln(), 1e-11);
        for ((_, found), sum) in known.means.iter().zip(sums) {
            approx(*found, sum / z, 1e-10);
        }
    }

    #[test]
    fn a_tip_out_of_reach_is_not_known() {
        let arm = RobotArm { links: vec![0.2; 6], centre: [5.0, 0.0], sigma: 0.1 };
        assert_eq!(arm.exact(), None);
        assert!(RobotArm::default().exact().is_some());
    }
}
