//! Densities on circles, tori and spheres: the targets of Rezende et al., "Normalizing flows on tori and spheres"
//! (2002.02428). A torus is a field of angles on the sites, a sphere one of unit vectors; sites are independent, and a
//! lattice of one site is the density itself.

mod robot_arm;
mod sphere;
#[cfg(test)]
mod tests;
mod torus;

pub use robot_arm::RobotArm;
pub use sphere::SphereMixture;
pub use torus::{TorusMixture, TorusSum};

use crate::observables::Observable;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::{Channels, Scalar};

/// The mean over the lattice.
fn mean(field: Var<'_, Scalar>) -> Var<'_, PerSample> {
    field.sum_sites() * (1.0 / field.trace().lattice().volume() as f64)
}

/// `ln (1/n) Σ_k e^{x_k}`, from the largest exponent; nothing of nothing.
fn log_mean_exp<'t>(exponents: &[Var<'t, Scalar>]) -> Option<Var<'t, Scalar>> {
    let largest = exponents.iter().copied().reduce(Var::max)?;
    let sum = exponents.iter().map(|&x| (x - largest).exp()).reduce(|a, b| a + b)?;
    Some(largest + sum.ln() - (exponents.len() as f64).ln())
}

/// `Σ_i a_i x_i` of a field's channels.
fn combination<'t>(weights: &[f64], parts: &[Var<'t, Scalar>]) -> Option<Var<'t, Scalar>> {
    weights.iter().zip(parts).map(|(&a, &x)| x * a).reduce(|sum, x| sum + x)
}

/// Names of a number of things, for couplings and observables: enough for every density here.
const MOST: usize = 16;

/// `cos θ_i`, `sin θ_i` and those of `Σ_i θ_i`: what is measured on a torus.
fn harmonics<'t>(angles: Var<'t, Channels>) -> Vec<Observable<'t>> {
    let parts = angles.parts();
    let each = parts.iter().enumerate().flat_map(|(i, &theta)| {
        [(format!("cos_{}", i + 1), mean(theta.cos())), (format!("sin_{}", i + 1), mean(theta.sin()))]
    });
    let mut list: Vec<Observable<'t>> = each.collect();
    if let Some(sum) = parts.iter().copied().reduce(|a, b| a + b) {
        list.extend([("cos_sum".into(), mean(sum.cos())), ("sin_sum".into(), mean(sum.sin()))]);
    }
    list
}
