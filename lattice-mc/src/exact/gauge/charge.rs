//! The topological charge of U(1) on a torus of two dimensions.

use super::error::GaugeError;
use super::phases::Phases;
use num_complex::Complex64;
use std::f64::consts::TAU;

/// On fewer plaquettes than this the tails of the sums are algebraic, and a tilt is a factor `e^{ηQ}` on few charges.
const FEW: usize = 16;
/// Terms of a sum over `n` to one side; three plaquettes without coupling need about 10⁵.
const MOST_TERMS: i64 = 500_000;
/// The largest `|η|`.
const LARGEST_TILT: f64 = 1000.0;
/// The absolute error of probabilities, for judging whether a tilt leaves anything of them.
const NOISE: f64 = 1e-16;
/// Probabilities below this are rounding.
const LEAST: f64 = 3e-17;

/// `⟨P²⟩` of one plaquette alone, `P` in `(−π, π]`.
pub(super) fn plaquette_variance(beta: f64) -> f64 {
    Phases::new(beta, 0.0, 0.0).variance()
}

/// The distribution of the topological charge `Q = Σ_P wrap(P)/2π` of U(1) on a torus of `V` plaquettes, with the weight
/// `e^{−S + ηQ}`; `η = 0` is the theory itself, and otherwise the vacuum angle is imaginary, `θ = −iη`.
///
/// With `χ(ν) = ⟨e^{iνP}⟩` of one plaquette alone, on `(−π, π]`,
///
/// ```text
/// Z(θ)/Z(0) = Σ_n χ(n + θ/2π)^V / Σ_n χ(n)^V = ⟨e^{iθQ}⟩,      P(Q) = ∫_0^{2π} dθ/2π e^{−iθQ} Z(θ)/Z(0),
/// ```
///
/// (Wiese, Nucl. Phys. B318 (1989) 153). `Z(θ)` is a trigonometric polynomial, `|Q| < V/2`: the integral is a finite sum,
/// exactly. On one and two plaquettes `Q = 0`. Probabilities have an absolute error of about `10⁻¹⁶`, on a few plaquettes
/// at small β `10⁻¹⁴`.
#[derive(Debug, Clone)]
pub struct ChargeDistribution {
    plaquettes: usize,
    log_weight: f64,
    mean: f64,
    charge2: f64,
    sums: Sums,
    /// Points in the sum over `θ`.
    points: usize,
    /// `Z(2πj/points)/Z(0)` from `j = 0` to where it has vanished or half of the points.
    transform: Vec<Complex64>,
    /// `η` on a few plaquettes, where the sums are without it.
    tilt: f64,
}

impl ChargeDistribution {
    pub(super) fn new(beta: f64, plaquettes: usize, eta: f64) -> Result<ChargeDistribution, GaugeError> {
        if eta.is_nan() || eta.abs() > LARGEST_TILT {
            return Err(GaugeError::Tilt { eta, limit: LARGEST_TILT });
        }
        let few = plaquettes < FEW;
        let sums = Sums::new(beta, plaquettes, if few { 0.0 } else { eta / TAU });
        let points = match plaquettes {
            0..=2 => 1,
            v if few => v,
            v => ((64.0 + 30.0 * (v as f64 * sums.phases.variance()).sqrt() / TAU) as usize).min(v),
        };
        let transform = sums.transform(points);
        let mut charge = ChargeDistribution {
            plaquettes,
            log_weight: 0.0,
            mean: 0.0,
            charge2: 0.0,
            sums,
            points,
            transform,
            tilt: 0.0,
        };
        if plaquettes > 2 {
            (charge.mean, charge.charge2) = charge.sums.moments();
        }
        match few {
            true if eta != 0.0 => charge.tilt_few(eta)?,
            false if eta != 0.0 => {
                let plain = Sums::new(beta, plaquettes, 0.0);
                let norm = charge.sums.phases.log_norm() - plain.phases.log_norm();
                charge.log_weight = plaquettes as f64 * norm + (charge.sums.norm / plain.norm).ln();
            }
            _ => charge.mean = 0.0,
        }
        Ok(charge)
    }

    /// `log ⟨e^{ηQ}⟩ = log Z(−iη)/Z(0)`, in the theory without the tilt.
    pub fn log_weight(&self) -> f64 {
        self.log_weight
    }

    /// `⟨Q⟩`; 0 for `η = 0`.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// `⟨Q²⟩`, unsubtracted.
    pub fn charge2(&self) -> f64 {
        self.charge2
    }

    /// `⟨Q²⟩/V`.
    pub fn chi_q(&self) -> f64 {
        self.charge2 / self.plaquettes as f64
    }

    /// The probability of charge `q`; 0 if below `3·10⁻¹⁷`.
    pub fn p_q(&self, q: i64) -> f64 {
        // |Q| = V/2 needs every plaquette at ±π.
        if 2 * u128::from(q.unsigned_abs()) >= self.plaquettes.max(1) as u128 && q != 0 {
            return 0.0;
        }
        // Only one period of the sum over θ is meant.
        if (q as f64 - self.sums.mean_phase_sum().round()).abs() > 0.5 * self.points as f64 {
            return 0.0;
        }
        let terms = self.transform.iter().enumerate().map(|(j, z)| {
            let turn = (j as i128 * i128::from(q)).rem_euclid(self.points as i128) as f64 / self.points as f64;
            let term = (Complex64::from_polar(1.0, -TAU * turn) * z).re;
            if j == 0 || 2 * j == self.points { term } else { 2.0 * term }
        });
        let p = terms.sum::<f64>() / self.points as f64;
        match p {
            p if p < LEAST => 0.0,
            p if self.tilt == 0.0 => p,
            p => p * (self.tilt * q as f64 - self.log_weight).exp(),
        }
    }

    /// `⟨e^{iθQ}⟩ = Z(θ)/Z(0)`: real for `η = 0`, of period 2π.
    pub fn phase(&self, theta: f64) -> Complex64 {
        if self.plaquettes <= 2 {
            return Complex64::ONE;
        }
        if self.tilt == 0.0 {
            return self.sums.at((theta / TAU) - (theta / TAU).round()) / self.sums.norm;
        }
        self.few().map(|q| Complex64::from_polar(self.p_q(q), theta * q as f64)).sum()
    }

    /// All charges that a few plaquettes can have.
    fn few(&self) -> std::ops::RangeInclusive<i64> {
        let most = (self.plaquettes as i64 - 1) / 2;
        -most..=most
    }

    /// Weights the charges of a few plaquettes by `e^{ηQ}`.
    fn tilt_few(&mut self, eta: f64) -> Result<(), GaugeError> {
        let charges: Vec<(f64, f64)> = self.few().map(|q| (q as f64, self.p_q(q))).collect();
        let largest = charges.iter().filter(|(_, p)| *p > 0.0).map(|(q, p)| p.ln() + eta * q).fold(0.0, f64::max);
        let most = charges.last().map_or(0.0, |(q, _)| *q);
        // What rounding leaves at the largest charge must not count.
        if NOISE.ln() + eta.abs() * most > largest - 18.0 {
            let limit = ((largest - 18.0 - NOISE.ln()) / most).floor();
            return Err(GaugeError::Tilt { eta, limit });
        }
        let moment = |k: i32| charges.iter().map(|(q, p)| p * q.powi(k) * (eta * q - largest).exp()).sum::<f64>();
        let norm = moment(0);
        (self.mean, self.charge2) = (moment(1) / norm, moment(2) / norm);
        (self.tilt, self.log_weight) = (eta, largest + norm.ln());
        Ok(())
    }
}

/// Sums over `n` of powers of `χ(n + a)`, the Poisson-dual of sums over charges.
#[derive(Debug, Clone)]
struct Sums {
    plaquettes: usize,
    phases: Phases,
    /// `Σ_n χ(n)^V`.
    norm: f64,
}

impl Sums {
    fn new(beta: f64, plaquettes: usize, tilt: f64) -> Sums {
        // χ(ν) falls like 2J/ν at last, J the density at the ends: (2J/ν)^V vanishes from here on.
        let resolution = if plaquettes < FEW {
            0.0
        } else {
            2.0 * end_density(beta, tilt) * (1e18f64).powf(1.0 / (plaquettes as f64 - 1.0))
        };
        let mut sums = Sums { plaquettes, phases: Phases::new(beta, tilt, resolution), norm: 1.0 };
        if plaquettes > 2 {
            sums.norm = sums.at(0.0).re;
        }
        sums
    }

    /// `V⟨P⟩/2π`, near which the charge is.
    fn mean_phase_sum(&self) -> f64 {
        let (mean, _) = self.phases.moments(0).unwrap_or_default();
        self.plaquettes as f64 * mean.re / TAU
    }

    /// `Σ_n χ(n + a)^V`, `|a| ≤ 1/2`.
    fn at(&self, a: f64) -> Complex64 {
        let volume = self.plaquettes as f64;
        let term = |n: i64| {
            let log = self.phases.log_mean(n, a) * volume;
            if log.re == f64::NEG_INFINITY { Complex64::ZERO } else { log.exp() }
        };
        let mut terms = vec![term(0)];
        let mut scale = terms[0].norm();
        for sign in [1, -1] {
            let mut small = 0;
            for n in 1..=MOST_TERMS {
                let term = term(sign * n);
                terms.push(term);
                scale = scale.max(term.norm());
                // The tail of an alternating sum is half a term, of another about n/(V − 1) terms.
                let rest = term.norm() * if self.plaquettes % 2 == 1 { 0.5 } else { n as f64 / (volume - 1.0) };
                small = if rest <= 1e-17 * scale { small + 1 } else { 0 };
                // A tilted density may have two humps, whose waves beat.
                if small > 8 {
                    break;
                }
            }
        }
        // From small to large: on three or four plaquettes small terms are many.
        terms.sort_by(|a, b| a.norm_sqr().total_cmp(&b.norm_sqr()));
        terms.iter().sum()
    }

    /// `Z(2πj/points)/Z(0)`, `j = 0, 1, …`
    fn transform(&self, points: usize) -> Vec<Complex64> {
        let mut values = vec![Complex64::ONE];
        for j in 1..=points / 2 {
            let value = self.at(j as f64 / points as f64) / self.norm;
            values.push(value);
            if values.iter().rev().take(3).all(|z| z.norm() < 1e-19) {
                break;
            }
        }
        values
    }

    /// `⟨Q⟩` and `⟨Q²⟩ = V/4π² Σ_n [χ^{V−1} m_2 + (V − 1) χ^{V−2} m_1²]/Σ_n χ^V`, `m_k = ⟨P^k e^{inP}⟩`.
    fn moments(&self) -> (f64, f64) {
        let volume = self.plaquettes as f64;
        let (mut first, mut second) = (0.0, 0.0);
        let mut add = |n: i64| {
            let (m1, m2) = self.phases.moments(n)?;
            let log = self.phases.log_mean(n, 0.0);
            if log.re == f64::NEG_INFINITY {
                return Some(0.0);
            }
            let power = |k: f64| (log * (volume - k)).exp();
            let terms = (power(1.0) * m1, power(1.0) * m2 + power(2.0) * m1 * m1 * (volume - 1.0));
            first += terms.0.re;
            second += terms.1.re;
            Some(power(2.0).norm() * volume)
        };
        let whole = add(0).unwrap_or(1.0);
        for sign in [1, -1] {
            let mut small = 0;
            for n in 1..=MOST_TERMS {
                match add(sign * n) {
                    Some(size) => small = if size <= 1e-18 * whole { small + 1 } else { 0 },
                    None => break,
                }
                if small > 8 {
                    break;
                }
            }
        }
        let per = volume / (TAU * self.norm);
        (per * first, (per / TAU * second).max(0.0))
    }
}

/// The larger of the normalised densities at `±π`.
fn end_density(beta: f64, tilt: f64) -> f64 {
    let log_norm = Phases::new(beta, tilt, 0.0).log_norm();
    (tilt.abs() * std::f64::consts::PI - 2.0 * beta - log_norm).exp()
}
