//! Actions of gauge fields.
//!
//! | action | `S` |
//! |---|---|
//! | [`Wilson`] | `β Σ_P (1 − Re tr P/N)`, or without the constant; for U(1) `−β Σ cos P` |
//! | [`Rectangles`] | `β Σ_P c₀ (1 − Re tr P/N) + β Σ_R c₁ (1 − Re tr R/N)`: Symanzik, Iwasaki, DBW2 |
//! | [`Open`] | [`Wilson`] without the plaquettes across one boundary |
//! | [`ImaginaryTheta`] | [`Wilson`] of U(1) in two dimensions, and `−θ_I Q` |
//!
//! Each is an [`Action<Links<G>>`](super::Action) of every group that it exists for. Conventions: CONVENTIONS.md §10.

#[cfg(test)]
pub(crate) mod brute;
mod open;
mod rectangles;
#[cfg(test)]
mod tests;
mod theta;
mod wilson;

pub use open::Open;
pub(crate) use open::slices;
pub use rectangles::Rectangles;
pub use theta::ImaginaryTheta;
pub use wilson::{Form, Wilson};

use lattice_tensor::Lattice;
use lattice_tensor::group::GroupName;

/// Planes `(μ, ν)` with `μ < ν`.
pub fn planes(directions: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..directions).flat_map(move |mu| (mu + 1..directions).map(move |nu| (mu, nu)))
}

/// `Re tr P / N` as formulas have it.
fn trace_of(group: GroupName, letter: &str) -> String {
    match group {
        GroupName::U1 => format!("cos {letter}"),
        _ => format!("Re tr {letter}/{}", group.rank()),
    }
}

/// `Σ_a T_a T_a`: 1 for U(1), `(N² − 1)/2N` for SU(N).
pub(crate) fn casimir(group: GroupName) -> f64 {
    let n = group.rank() as f64;
    if group == GroupName::U1 { 1.0 } else { (n * n - 1.0) / (2.0 * n) }
}

fn finite(couplings: &[(&str, f64)]) -> Result<(), String> {
    match couplings.iter().find(|(_, x)| !x.is_finite()) {
        Some((name, x)) => Err(format!("{name}: expected a finite number, found {x}")),
        None => Ok(()),
    }
}

fn has_planes(lattice: &Lattice) -> Result<(), String> {
    match lattice.directions() {
        0 | 1 => Err("lattice: expected two directions or more for a gauge theory, found one".into()),
        _ => Ok(()),
    }
}
