//! Densities on the torus.

use super::{MOST, combination, harmonics, log_mean_exp};
use crate::Action;
use crate::observables::Observable;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::Channels;
use lattice_tensor::{Fibre, Lattice};

/// `e^{−S} = (1/K) Σ_k exp(κ Σ_i cos(θ_i − c_{ki}))`, a mixture of products of von Mises densities, with the measure
/// `Π dθ_i`.
#[derive(Clone, Debug, PartialEq)]
pub struct TorusMixture {
    /// `κ ≥ 0`.
    pub concentration: f64,
    /// `c_k`, one number for each angle.
    pub centres: Vec<Vec<f64>>,
}

impl TorusMixture {
    /// The density of one peak on T² of 2002.02428: `exp[cos(θ₁ − 4.18) + cos(θ₂ − 5.96)]`.
    pub fn unimodal() -> TorusMixture {
        TorusMixture { concentration: 1.0, centres: vec![vec![4.18, 5.96]] }
    }

    /// The density of three peaks on T² of 2002.02428.
    pub fn multimodal() -> TorusMixture {
        let centres = [[0.21, 2.85], [1.89, 6.18], [3.77, 1.56]].map(Vec::from).to_vec();
        TorusMixture { concentration: 1.0, centres }
    }

    /// `N`, the number of angles.
    pub fn dimension(&self) -> usize {
        self.centres.first().map_or(0, Vec::len)
    }
}

impl Action<Channels> for TorusMixture {
    fn action<'t>(&self, angles: Var<'t, Channels>) -> Var<'t, PerSample> {
        let parts = angles.parts();
        let waves: Vec<_> =
            parts.iter().map(|theta| theta.cos()).chain(parts.iter().map(|theta| theta.sin())).collect();
        let exponent = |centre: &Vec<f64>| {
            let weights = centre.iter().map(|c| c.cos()).chain(centre.iter().map(|c| c.sin()));
            combination(&weights.map(|w| w * self.concentration).collect::<Vec<_>>(), &waves)
        };
        let exponents: Vec<_> = self.centres.iter().filter_map(exponent).collect();
        -log_mean_exp(&exponents).map_or(angles.trace().mask() * 0.0, Var::sum_sites)
    }

    fn fibre(&self, _lattice: &Lattice) -> Fibre {
        Fibre::Channels(self.dimension())
    }

    fn observables<'t>(&self, angles: Var<'t, Channels>) -> Option<Vec<Observable<'t>>> {
        Some(harmonics(angles))
    }

    fn formula(&self) -> String {
        format!("S = -ln (1/{}) sum_k exp(kappa sum_i cos(theta_i - c_ki))", self.centres.len())
    }

    fn couplings(&self) -> Vec<(&'static str, f64)> {
        vec![("kappa", self.concentration)]
    }

    fn check(&self) -> Result<(), String> {
        let n = self.dimension();
        if !(1..=MOST).contains(&n) || self.centres.iter().any(|c| c.len() != n || c.iter().any(|x| !x.is_finite())) {
            return Err(format!(
                "centres: expected 1 to {MOST} angles in each, as many in all, found {:?}",
                self.centres
            ));
        }
        if !(self.concentration >= 0.0 && self.concentration.is_finite()) {
            return Err(format!("concentration: expected a number of at least 0, found {}", self.concentration));
        }
        Ok(())
    }
}

/// `e^{−S} = exp(cos(Σ_i θ_i − c))`, with the measure `Π dθ_i`: each angle alone is uniform, all of them together are not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TorusSum {
    /// `N ≥ 1`, the number of angles.
    pub dimension: usize,
    /// `c`
    pub centre: f64,
}

impl TorusSum {
    /// The correlated density on T² of 2002.02428: `exp[cos(θ₁ + θ₂ − 1.94)]`.
    pub fn correlated() -> TorusSum {
        TorusSum { dimension: 2, centre: 1.94 }
    }
}

impl Action<Channels> for TorusSum {
    fn action<'t>(&self, angles: Var<'t, Channels>) -> Var<'t, PerSample> {
        let sum = angles.parts().into_iter().reduce(|a, b| a + b);
        -sum.map_or(angles.trace().mask() * 0.0, |sum| (sum - self.centre).cos().sum_sites())
    }

    fn fibre(&self, _lattice: &Lattice) -> Fibre {
        Fibre::Channels(self.dimension)
    }

    fn observables<'t>(&self, angles: Var<'t, Channels>) -> Option<Vec<Observable<'t>>> {
        Some(harmonics(angles))
    }

    fn formula(&self) -> String {
        "S = -cos(sum_i theta_i - c)".into()
    }

    fn couplings(&self) -> Vec<(&'static str, f64)> {
        vec![("c", self.centre)]
    }

    fn check(&self) -> Result<(), String> {
        if !(1..=MOST).contains(&self.dimension) {
            return Err(format!("dimension: expected 1 to {MOST}, found {}", self.dimension));
        }
        if !self.centre.is_finite() {
            return Err(format!("centre: expected an angle, found {}", self.centre));
        }
        Ok(())
    }
}
