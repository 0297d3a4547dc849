//! The numbers that an exact solution gives.

/// Exact expectation values of a φ⁴ (or free) field on one periodic lattice.
///
/// The action is `S = Σ_x [ Σ_μ (φ_x − φ_{x+μ})² + m² φ_x² + λ φ_x⁴ ]` (no factor ½), the measure is the flat
/// `Π_x dφ_x`, `V` is the number of sites and `d` the number of directions. An extent of 2 has two links between the same
/// pair of sites, an extent of 1 links a site to itself. A number that the method at hand does not give is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Exact {
    /// `log Z`, `Z = ∫ Π_x dφ_x e^{−S}`.
    pub log_z: f64,
    /// `⟨φ²⟩` of one site.
    pub phi2: f64,
    /// `⟨φ⁴⟩` of one site.
    pub phi4: f64,
    /// `⟨(Σ_x φ_x)²⟩ / V`, nothing subtracted.
    pub chi2: f64,
    /// `⟨φ_x φ_{x+μ}⟩` averaged over the directions μ.
    pub ising_energy: f64,
    /// `⟨φ_x φ_{x+μ}⟩` for μ the last direction.
    pub last_link: Option<f64>,
    /// `⟨S⟩ / V`.
    pub action_density: f64,
    /// `⟨2 S₂ + 4 S₄⟩ / V` with the link energy measured directly, which must be 1 (Schwinger–Dyson, from `φ → (1+ε)φ`).
    /// Known where all extents (other than 1) are equal, so that one direction stands for all.
    pub virial: Option<f64>,
    /// `g[t] = Σ_x ⟨φ(0, 0) φ(x, t)⟩`, `t = 0, 1, …, T − 1` along the last direction, of extent `T`.
    pub g: Option<Vec<f64>>,
    /// Mass gap `−log(λ₁/λ₀)` of the transfer matrix along the last direction, the other extents as they are.
    pub gap: Option<f64>,
    /// Estimate of the error made by truncating the row states: the largest change of any number above (absolute for
    /// `log Z` and the gap, relative for the others, the largest `g` setting the scale of `g`) between this cut of the
    /// states and one ten times as coarse. For correlation lengths below the width the true error is usually ten times
    /// smaller still. Zero where nothing is truncated but rounding.
    pub truncation_error: f64,
    /// How the numbers were found.
    pub method: Method,
}

impl Exact {
    /// The value of a [standard observable](crate::observables::standard) by its name, if it is known.
    pub fn observable(&self, name: &str) -> Option<f64> {
        match name {
            "phi2" => Some(self.phi2),
            "phi4" => Some(self.phi4),
            "chi2" => Some(self.chi2),
            "m" => Some(0.0),
            "ising_energy" => Some(self.ising_energy),
            "action_density" => Some(self.action_density),
            "virial" | "exp_minus_dh" => Some(1.0),
            _ => {
                let t: usize = name.strip_prefix('g')?.parse().ok()?;
                self.g.as_ref()?.get(t).copied()
            }
        }
    }
}

/// How an exact result was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// Sums over the momenta of the free field.
    Momenta,
    /// The transfer matrix of one site, for a chain of sites or a single one.
    Chain,
    /// The transfer matrix of a ring of sites.
    Ring {
        /// Sites in the ring.
        width: usize,
        /// States of the ring kept.
        states: usize,
    },
}
