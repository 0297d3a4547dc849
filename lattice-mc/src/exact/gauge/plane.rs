//! Pure gauge theory in two dimensions where nothing is periodic: all plaquettes are independent.

use super::characters::Characters;
use super::charge::plaquette_variance;
use super::error::GaugeError;
use lattice_tensor::group::GroupName;
use std::f64::consts::TAU;

/// The infinite plane, and any lattice of two dimensions with open boundaries: in axial gauge the links are the
/// plaquettes, independent of each other, each with the weight `exp((β/N) Re tr P)` (Gross and Witten 1980).
///
/// Bare action and Haar measure as for the [`Torus`](super::Torus), which it is the limit of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plane {
    group: GroupName,
    log_z: f64,
    log_plaquette: f64,
    variance: Option<f64>,
}

impl Plane {
    /// The theory at `beta`.
    ///
    /// # Errors
    /// `beta` negative, not a number or above 10⁶.
    pub fn new(group: GroupName, beta: f64) -> Result<Plane, GaugeError> {
        // A high power keeps the fundamental representation and leaves out what does not enter.
        let characters = Characters::of_power(group, beta, 1 << 40)?;
        let variance = (group == GroupName::U1).then(|| plaquette_variance(beta));
        Ok(Plane { group, log_z: characters.log_trivial(), log_plaquette: characters.log_plaquette(), variance })
    }

    /// The group.
    pub fn group(&self) -> GroupName {
        self.group
    }

    /// `log Z` for each plaquette, `log ∫ dU exp((β/N) Re tr U)`.
    pub fn log_z_per_plaquette(&self) -> f64 {
        self.log_z
    }

    /// `w = ⟨Re tr P⟩/N`: U(1) `I_1(β)/I_0(β)`, SU(2) `I_2(β)/I_1(β)`.
    pub fn plaquette(&self) -> f64 {
        self.log_plaquette.exp()
    }

    /// The Wilson loop around `area` plaquettes, `w^A`.
    pub fn wilson_loop(&self, area: usize) -> f64 {
        if area == 0 { 1.0 } else { (area as f64 * self.log_plaquette).exp() }
    }

    /// The string tension `−log w`, which is every Creutz ratio too; infinite at `β = 0`.
    pub fn string_tension(&self) -> f64 {
        -self.log_plaquette
    }

    /// U(1): `⟨Q²⟩/V = ⟨P²⟩/(4π²)`, `P` in `(−π, π]`. With open boundaries `Q = Σ P/2π` is no integer, and its variance is this
    /// times the number of plaquettes. `None` for other groups.
    pub fn chi_q(&self) -> Option<f64> {
        self.variance.map(|variance| variance / (TAU * TAU))
    }
}
