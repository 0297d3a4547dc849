//! Densities on spheres.

use super::{MOST, combination, log_mean_exp, mean};
use crate::Action;
use crate::observables::Observable;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::Channels;
use lattice_tensor::{Fibre, Lattice};

/// `e^{−S} = Σ_k e^{κ x·μ_k}` of a unit vector `x` in `D + 1` dimensions, a mixture of von Mises–Fisher densities, with the measure
/// of the area of the sphere.
#[derive(Clone, Debug, PartialEq)]
pub struct SphereMixture {
    /// `κ ≥ 0`.
    pub concentration: f64,
    /// The unit vectors `μ_k`.
    pub centres: Vec<Vec<f64>>,
}

impl SphereMixture {
    /// The density of four peaks on S² of 2002.02428, at latitudes and longitudes (0.7, 1.5), (−1, 1), (0.6, 5) and (−0.7, 4), the
    /// axis last. The third longitude is printed as 0.5, but 5 is what the paper's figure shows.
    pub fn s2() -> SphereMixture {
        let at = |[latitude, longitude]: [f64; 2]| {
            vec![latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()]
        };
        let centres = [[0.7, 1.5], [-1.0, 1.0], [0.6, 5.0], [-0.7, 4.0]].map(at).to_vec();
        SphereMixture { concentration: 10.0, centres }
    }

    /// The density of four peaks on S³ of 2002.02428, at hyperspherical angles (1.7, −1.5, 2.3), (−3, 1, 3), (0.6, −2.6, 4.5) and
    /// (−2.5, 3, 5): `(cos a, sin a cos b, sin a sin b cos c, sin a sin b sin c)`.
    pub fn s3() -> SphereMixture {
        let at = |[a, b, c]: [f64; 3]| {
            vec![a.cos(), a.sin() * b.cos(), a.sin() * b.sin() * c.cos(), a.sin() * b.sin() * c.sin()]
        };
        let centres = [[1.7, -1.5, 2.3], [-3.0, 1.0, 3.0], [0.6, -2.6, 4.5], [-2.5, 3.0, 5.0]].map(at).to_vec();
        SphereMixture { concentration: 10.0, centres }
    }

    /// `D`, the dimension of the sphere.
    pub fn dimension(&self) -> usize {
        self.centres.first().map_or(0, Vec::len).saturating_sub(1)
    }
}

impl Action<Channels> for SphereMixture {
    fn action<'t>(&self, x: Var<'t, Channels>) -> Var<'t, PerSample> {
        let parts = x.parts();
        let exponent = |centre: &Vec<f64>| {
            combination(&centre.iter().map(|mu| mu * self.concentration).collect::<Vec<_>>(), &parts)
        };
        let exponents: Vec<_> = self.centres.iter().filter_map(exponent).collect();
        let count = (exponents.len() as f64).ln();
        -log_mean_exp(&exponents).map_or(x.trace().mask() * 0.0, |mean| (mean + count).sum_sites())
    }

    fn fibre(&self, _lattice: &Lattice) -> Fibre {
        Fibre::Channels(self.dimension() + 1)
    }

    fn observables<'t>(&self, x: Var<'t, Channels>) -> Option<Vec<Observable<'t>>> {
        Some(x.parts().into_iter().enumerate().map(|(i, part)| (format!("x_{}", i + 1), mean(part))).collect())
    }

    fn formula(&self) -> String {
        "S = -ln sum_k exp(kappa x.mu_k)".into()
    }

    fn couplings(&self) -> Vec<(&'static str, f64)> {
        vec![("kappa", self.concentration)]
    }

    fn check(&self) -> Result<(), String> {
        let n = self.dimension();
        let unit = |c: &Vec<f64>| c.len() == n + 1 && (c.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-9;
        if !(1..=MOST).contains(&n) || !self.centres.iter().all(unit) {
            return Err(format!(
                "centres: expected unit vectors of 2 to {} numbers, found {:?}",
                MOST + 1,
                self.centres
            ));
        }
        if !(self.concentration >= 0.0 && self.concentration.is_finite()) {
            return Err(format!("concentration: expected a number of at least 0, found {}", self.concentration));
        }
        Ok(())
    }
}
