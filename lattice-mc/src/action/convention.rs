//! φ⁴ couplings in the conventions in use, and the way from one to another.
//!
//! Every one is the theory of [`Phi4`], `S_A = Σ_x [Σ_μ (φ(x+μ) − φ(x))² + m² φ² + λ φ⁴]`, in a rescaled field
//! `φ_A = s φ` and up to a constant: `S(φ) = S_A(s φ) + c V`. Hence `log Z = log Z_A − V ln s − c V` with the flat measure
//! of each field, and an observable of `n` fields is `s^{−n}` times that of [`Phi4`].
//!
//! | | action density | `s` | `c` | `m²_A` | `λ_A` |
//! |---|---|---|---|---|---|
//! | A `NoHalf` | `Σ_μ (∂φ)² + m² φ² + λ φ⁴` | 1 | 0 | `m²` | `λ` |
//! | B `Half` | `½ Σ_μ (∂φ)² + ½ m² φ² + (λ/24) φ⁴` | `1/√2` | 0 | `m²` | `λ/6` |
//! | C `Kinetic` | `½ κ Σ_μ (∂φ)² + ½ m² φ² + λ φ⁴` | `√(κ/2)` | 0 | `m²/κ` | `4λ/κ²` |
//! | D `Hopping` | `−2κ Σ_μ φ φ₊ + φ² + λ (φ² − 1)²` | `√κ` | `λ` | `(1 − 2λ)/κ − 2d` | `λ/κ²` |
//! | E `BetaHopping` | D with `β = 2κ` | `√(β/2)` | `λ` | | |
//!
//! `∂φ = φ(x+μ) − φ(x)`, `φ₊ = φ(x+μ)`. D without its constant, `(1 − 2λ) φ² + λ φ⁴`, is met too: its `log Z` is larger
//! by `λ V`.

use super::{Action, Phi4, quartic::Quartic};
use crate::Error;
use lattice_autograd::{PerSample, Trace, Uniform, Var};
use lattice_tensor::field::Scalar;

/// φ⁴ couplings that know their convention. As an [`Action`] they are the theory in that convention, with the couplings
/// named as the fields of each case.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are the letters of the formulas")]
pub enum Phi4Couplings {
    /// A: `S = Σ [ Σ_μ (∂φ)² + m² φ² + λ φ⁴ ]`.
    NoHalf { mass2: f64, lambda: f64 },
    /// B: `S = Σ [ ½ Σ_μ (∂φ)² + ½ m² φ² + (λ/24) φ⁴ ]`.
    Half { mass2: f64, lambda: f64 },
    /// C: `S = Σ [ ½ κ Σ_μ (∂φ)² + ½ m² φ² + λ φ⁴ ]`.
    Kinetic { kappa: f64, mass2: f64, lambda: f64 },
    /// D: `S = Σ [ −2κ Σ_μ φ φ₊ + φ² + λ (φ² − 1)² ]`.
    Hopping { kappa: f64, lambda: f64 },
    /// E: `S = Σ [ −β Σ_μ φ φ₊ + φ² + λ (φ² − 1)² ]`.
    BetaHopping { beta: f64, lambda: f64 },
}

/// A convention to convert couplings to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Convention {
    /// A, of [`Phi4`] and of everything in this library.
    NoHalf,
    /// B.
    Half,
    /// C, which has one coupling more than the theory: `κ` fixes it.
    Kinetic {
        /// `κ > 0`.
        kappa: f64,
    },
    /// D.
    Hopping,
    /// E.
    BetaHopping,
}

impl From<Phi4> for Phi4Couplings {
    fn from(Phi4 { mass2, lambda }: Phi4) -> Self {
        Phi4Couplings::NoHalf { mass2, lambda }
    }
}

impl Phi4Couplings {
    /// The couplings of [`Phi4`] for the same theory on a lattice of so many directions.
    ///
    /// # Errors
    /// If the hopping is not positive: no real rescaling of the field leads to A.
    pub fn no_half(self, directions: usize) -> Result<Phi4, Error> {
        let s2 = self.field_scale()?.powi(2);
        Ok(match self {
            Phi4Couplings::NoHalf { mass2, lambda } => Phi4 { mass2, lambda },
            Phi4Couplings::Half { mass2, lambda } => Phi4 { mass2, lambda: lambda / 6.0 },
            Phi4Couplings::Kinetic { kappa, mass2, lambda } => {
                Phi4 { mass2: mass2 / kappa, lambda: 4.0 * lambda / (kappa * kappa) }
            }
            Phi4Couplings::Hopping { lambda, .. } | Phi4Couplings::BetaHopping { lambda, .. } => {
                Phi4 { mass2: (1.0 - 2.0 * lambda) / s2 - 2.0 * directions as f64, lambda: lambda / (s2 * s2) }
            }
        })
    }

    /// The same theory in another convention.
    ///
    /// D and E have `1 − 2λ = (m²_A + 2d) κ` with `λ = λ_A κ²`: the positive root `κ` of a quadratic equation, the only
    /// one for `λ_A > 0`.
    ///
    /// # Errors
    /// If there is no such form of it.
    pub fn to(self, convention: Convention, directions: usize) -> Result<Phi4Couplings, Error> {
        let Phi4 { mass2, lambda } = self.no_half(directions)?;
        match convention {
            Convention::NoHalf => Ok(Phi4Couplings::NoHalf { mass2, lambda }),
            Convention::Half => Ok(Phi4Couplings::Half { mass2, lambda: 6.0 * lambda }),
            Convention::Kinetic { kappa } if kappa > 0.0 && kappa.is_finite() => {
                Ok(Phi4Couplings::Kinetic { kappa, mass2: mass2 * kappa, lambda: lambda * kappa * kappa / 4.0 })
            }
            Convention::Kinetic { kappa } => Err(positive("kappa", kappa)),
            Convention::Hopping | Convention::BetaHopping => {
                let b = mass2 + 2.0 * directions as f64;
                let root = (b * b + 8.0 * lambda).sqrt();
                let kappa = if b > 0.0 { 2.0 / (b + root) } else { (root - b) / (4.0 * lambda) };
                if !(kappa > 0.0 && kappa.is_finite()) {
                    return Err(Error::Couplings(format!(
                        "expected a theory with a hopping form, found m2 = {mass2}, lambda = {lambda}"
                    )));
                }
                let lambda = lambda * kappa * kappa;
                Ok(match convention {
                    Convention::BetaHopping => Phi4Couplings::BetaHopping { beta: 2.0 * kappa, lambda },
                    _ => Phi4Couplings::Hopping { kappa, lambda },
                })
            }
        }
    }

    /// `s`: `φ_A = s φ`.
    ///
    /// # Errors
    /// If the hopping is not positive.
    pub fn field_scale(self) -> Result<f64, Error> {
        let (name, coupling, s2) = match self {
            Phi4Couplings::NoHalf { .. } => return Ok(1.0),
            Phi4Couplings::Half { .. } => return Ok(0.5_f64.sqrt()),
            Phi4Couplings::Kinetic { kappa, .. } => ("kappa", kappa, kappa / 2.0),
            Phi4Couplings::Hopping { kappa, .. } => ("kappa", kappa, kappa),
            Phi4Couplings::BetaHopping { beta, .. } => ("beta", beta, beta / 2.0),
        };
        if s2 > 0.0 && s2.is_finite() { Ok(s2.sqrt()) } else { Err(positive(name, coupling)) }
    }

    /// `c`: `S(φ) = S_A(s φ) + c V`.
    pub fn constant(self) -> f64 {
        match self {
            Phi4Couplings::Hopping { lambda, .. } | Phi4Couplings::BetaHopping { lambda, .. } => lambda,
            _ => 0.0,
        }
    }

    /// `log Z` in this convention, given that of [`Phi4`]: `log Z_A − V ln s − c V`.
    ///
    /// # Errors
    /// If the hopping is not positive.
    pub fn log_z(self, no_half: f64, volume: usize) -> Result<f64, Error> {
        Ok(no_half - volume as f64 * (self.field_scale()?.ln() + self.constant()))
    }

    /// What becomes of a standard observable of [`Phi4`]: its mean times the first number plus the second, its error times
    /// the first. `None` for a name that is not an observable of the field.
    ///
    /// # Errors
    /// If the hopping is not positive.
    pub fn observable(self, name: &str) -> Result<Option<(f64, f64)>, Error> {
        let s = self.field_scale()?;
        let correlator = name.strip_prefix('g').is_some_and(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()));
        Ok(match name {
            "phi2" | "chi2" | "ising_energy" => Some((1.0 / (s * s), 0.0)),
            _ if correlator => Some((1.0 / (s * s), 0.0)),
            "phi4" => Some((s.powi(-4), 0.0)),
            "abs_m" => Some((1.0 / s, 0.0)),
            "action_density" => Some((1.0, self.constant())),
            "virial" => Some((1.0, 0.0)),
            _ => None,
        })
    }

    /// The coefficients of the action and its constant `c`.
    fn terms<'t>(&self, trace: &'t Trace) -> (Quartic<'t>, Option<Var<'t, Uniform>>) {
        let d = trace.lattice().directions() as f64;
        let hopping_form = |hopping, lambda| {
            let lambda = trace.coupling("lambda", lambda);
            (Quartic { quadratic: 1.0 - lambda * 2.0, hopping, quartic: Some(lambda) }, Some(lambda))
        };
        match *self {
            Phi4Couplings::NoHalf { mass2, lambda } => (Quartic::no_half(trace, mass2, Some(lambda)), None),
            Phi4Couplings::Half { mass2, lambda } => {
                let quadratic = trace.coupling("m2", mass2) * 0.5 + d;
                let quartic = Some(trace.coupling("lambda", lambda) * (1.0 / 24.0));
                (Quartic { quadratic, hopping: trace.constant(1.0), quartic }, None)
            }
            Phi4Couplings::Kinetic { kappa, mass2, lambda } => {
                let hopping = trace.coupling("kappa", kappa);
                let quadratic = trace.coupling("m2", mass2) * 0.5 + hopping * d;
                (Quartic { quadratic, hopping, quartic: Some(trace.coupling("lambda", lambda)) }, None)
            }
            Phi4Couplings::Hopping { kappa, lambda } => hopping_form(trace.coupling("kappa", kappa) * 2.0, lambda),
            Phi4Couplings::BetaHopping { beta, lambda } => hopping_form(trace.coupling("beta", beta), lambda),
        }
    }
}

fn positive(name: &str, found: f64) -> Error {
    Error::Couplings(format!("{name}: expected a number > 0 (the field is rescaled by its root), found {found}"))
}

impl Action for Phi4Couplings {
    fn action<'t>(&self, phi: Var<'t, Scalar>) -> Var<'t, PerSample> {
        let (terms, constant) = self.terms(phi.trace());
        let action = terms.action(phi);
        let volume = phi.trace().lattice().volume() as f64;
        constant.map_or(action, |constant| action + constant * volume)
    }

    fn site_terms<'t>(&self, at: Var<'t, Scalar>, phi: Var<'t, Scalar>) -> Option<Var<'t, Scalar>> {
        Some(self.terms(phi.trace()).0.site_terms(at, phi))
    }

    fn virial<'t>(&self, phi: Var<'t, Scalar>) -> Option<Var<'t, PerSample>> {
        Some(self.terms(phi.trace()).0.virial(phi))
    }

    fn hopping<'t>(&self, trace: &'t Trace) -> Option<Var<'t, Uniform>> {
        Some(self.terms(trace).0.hopping)
    }

    fn formula(&self) -> String {
        match self {
            Phi4Couplings::NoHalf { .. } => "S = sum_x [ sum_mu (d_mu phi)^2 + m2 phi^2 + lambda phi^4 ]",
            Phi4Couplings::Half { .. } => "S = sum_x [ 1/2 sum_mu (d_mu phi)^2 + 1/2 m2 phi^2 + lambda/24 phi^4 ]",
            Phi4Couplings::Kinetic { .. } => "S = sum_x [ kappa/2 sum_mu (d_mu phi)^2 + 1/2 m2 phi^2 + lambda phi^4 ]",
            Phi4Couplings::Hopping { .. } => {
                "S = sum_x [ -2 kappa sum_mu phi(x) phi(x+mu) + phi^2 + lambda (phi^2 - 1)^2 ]"
            }
            Phi4Couplings::BetaHopping { .. } => {
                "S = sum_x [ -beta sum_mu phi(x) phi(x+mu) + phi^2 + lambda (phi^2 - 1)^2 ]"
            }
        }
        .into()
    }

    fn couplings(&self) -> Vec<(&'static str, f64)> {
        match *self {
            Phi4Couplings::NoHalf { mass2, lambda } | Phi4Couplings::Half { mass2, lambda } => {
                vec![("m2", mass2), ("lambda", lambda)]
            }
            Phi4Couplings::Kinetic { kappa, mass2, lambda } => {
                vec![("kappa", kappa), ("m2", mass2), ("lambda", lambda)]
            }
            Phi4Couplings::Hopping { kappa, lambda } => vec![("kappa", kappa), ("lambda", lambda)],
            Phi4Couplings::BetaHopping { beta, lambda } => vec![("beta", beta), ("lambda", lambda)],
        }
    }

    fn check(&self) -> Result<(), String> {
        match *self {
            // With λ > 0 any hopping will do. With λ = 0 the mass decides, in A, B and C.
            Phi4Couplings::Hopping { kappa: hopping, lambda }
            | Phi4Couplings::BetaHopping { beta: hopping, lambda } => {
                if lambda > 0.0 && lambda.is_finite() && hopping.is_finite() {
                    return Ok(());
                }
                Err(format!("expected a finite hopping and lambda > 0, found {hopping} and {lambda}"))
            }
            Phi4Couplings::Kinetic { kappa, .. } if !(kappa > 0.0 && kappa.is_finite()) => {
                Err(positive("kappa", kappa).to_string())
            }
            Phi4Couplings::NoHalf { mass2, lambda }
            | Phi4Couplings::Half { mass2, lambda }
            | Phi4Couplings::Kinetic { mass2, lambda, .. } => Phi4 { mass2, lambda }.check(),
        }
    }
}

#[cfg(test)]
#[path = "convention_tests.rs"]
mod tests;
