//! The character expansion of the weight of one plaquette.

use super::bessel::Bessel;
use super::error::GaugeError;
use super::su3;
use lattice_tensor::group::GroupName;

/// The largest coupling: tests reach so far.
pub(super) const LARGEST_BETA: f64 = 1e6;
/// The smallest coupling that is told from 0.
const SMALLEST_BETA: f64 = 1e-200;
/// Irreducible representations whose share is below `e^{−LOST}` are left out.
const LOST: f64 = 60.0;
/// Terms of sums that are not begun.
const LARGEST_SUM: f64 = 3e8;

/// What an irreducible representation is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// U(1): the charge `n`, `χ_n(φ) = e^{inφ}`.
    Charge(i64),
    /// SU(2): the dimension `2j + 1`.
    Dimension(usize),
    /// SU(3): the Dynkin labels `(p, q)`; `(1, 0)` is the fundamental representation.
    Dynkin(usize, usize),
}

/// An irreducible representation `r` and its coefficient.
#[derive(Debug, Clone, PartialEq)]
pub struct Irrep {
    /// Its name.
    pub label: Label,
    /// `d_r`.
    pub dimension: f64,
    /// `log(u_r/u_0)`, `u_r = c_r/d_r`; 0 for the trivial representation, otherwise negative.
    pub log_ratio: f64,
    /// The representations in `r ⊗ f`, `f` the fundamental one, as places in [`Characters::irreps`]; each occurs once.
    pub(super) times_fundamental: Vec<usize>,
}

/// The character expansion `exp((β/N) Re tr U) = Σ_r d_r u_r χ_r(U)`, `u_r = c_r/d_r`,
/// `c_r = ∫ dU χ_r(U)* exp((β/N) Re tr U)` with the Haar measure normalised to 1.
///
/// U(1): `u_n = I_n(β)`; SU(2): `u = 2 I_d(β)/β`, `d = 2j + 1`; SU(3): `c = Σ_k det_ij I_{λ_j − j + i + k}(β/3)`,
/// `λ = (p + q, q, 0)` (Drouffe and Zuber, Phys. Rep. 102 (1983) 1, §3.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Characters {
    group: GroupName,
    log_trivial: f64,
    irreps: Vec<Irrep>,
}

impl Characters {
    /// All representations with `u_r > e^{−60} u_0`, and those next to them.
    ///
    /// # Errors
    /// `beta` negative, not a number or above 10⁶; SU(3) at `beta` far above 10⁴, where the representations are too many.
    pub fn new(group: GroupName, beta: f64) -> Result<Characters, GaugeError> {
        Characters::of_power(group, beta, 1)
    }

    /// As far as the powers `(u_r/u_0)^plaquettes` ask for.
    pub(super) fn of_power(group: GroupName, beta: f64, plaquettes: usize) -> Result<Characters, GaugeError> {
        if !(0.0..=LARGEST_BETA).contains(&beta) {
            return Err(GaugeError::Beta { beta, limit: LARGEST_BETA });
        }
        let power = plaquettes as f64;
        let bessel =
            (beta >= SMALLEST_BETA).then(|| Bessel::new(if group == GroupName::SU3 { beta / 3.0 } else { beta }));
        let bessel = bessel.as_ref();
        let is_lost = |log_ratio: f64| power * log_ratio < -LOST;
        let irreps = match group {
            GroupName::U1 => charges(|n| falls(bessel, n, 0), is_lost),
            GroupName::SU2 => spins(|d| falls(bessel, d, 1), is_lost),
            GroupName::SU3 => {
                let sum = 40.0 * beta / power * 10.0 * (beta / 3.0).sqrt();
                if sum > LARGEST_SUM {
                    return Err(GaugeError::Terms { group, beta, plaquettes, terms: sum, limit: LARGEST_SUM });
                }
                let trivial = bessel.map_or(0.0, |b| su3::log_coefficient(b, beta / 3.0, 0, 0));
                let log_ratio = |p: usize, q: usize| match bessel {
                    _ if p + q == 0 => 0.0,
                    Some(b) => su3::log_coefficient(b, beta / 3.0, p, q) - trivial,
                    None => f64::NEG_INFINITY,
                };
                weights(log_ratio, is_lost)
            }
        };
        let log_trivial = bessel.map_or(0.0, |b| match group {
            GroupName::U1 => b.log_i0(),
            GroupName::SU2 => b.log_i1_scaled(),
            GroupName::SU3 => su3::log_trivial(b, beta),
        });
        Ok(Characters { group, log_trivial, irreps })
    }

    /// The group.
    pub fn group(&self) -> GroupName {
        self.group
    }

    /// `log u_0 = log c_0`, the logarithm of the one-plaquette integral.
    pub fn log_trivial(&self) -> f64 {
        self.log_trivial
    }

    /// The representations, the trivial one among them.
    pub fn irreps(&self) -> &[Irrep] {
        &self.irreps
    }

    /// `log w`, `w = u_f/u_0 = ⟨Re tr U⟩/N` of one plaquette alone; `−∞` at `β = 0`.
    pub fn log_plaquette(&self) -> f64 {
        let fundamental = match self.group {
            GroupName::U1 => Label::Charge(1),
            GroupName::SU2 => Label::Dimension(2),
            GroupName::SU3 => Label::Dynkin(1, 0),
        };
        let found = self.irreps.iter().find(|r| r.label == fundamental);
        found.map_or(f64::NEG_INFINITY, |r| r.log_ratio)
    }

    /// `d log u_r/dβ = Σ_s d_s u_s/(2N d_r u_r)` over `s` in `r ⊗ f` and `r ⊗ f*`: a sum of positive terms.
    pub(super) fn log_slopes(&self) -> Vec<f64> {
        let mut slopes = vec![0.0; self.irreps.len()];
        for (i, r) in self.irreps.iter().enumerate() {
            for &j in &r.times_fundamental {
                let s = &self.irreps[j];
                slopes[i] += s.dimension / r.dimension * (s.log_ratio - r.log_ratio).exp();
                slopes[j] += r.dimension / s.dimension * (r.log_ratio - s.log_ratio).exp();
            }
        }
        slopes.iter().map(|slope| slope / (2 * self.group.rank()) as f64).collect()
    }
}

/// `log(I_n/I_first)`; without a coupling all but the first are lost.
fn falls(bessel: Option<&Bessel>, n: usize, first: usize) -> f64 {
    match bessel {
        _ if n == first => 0.0,
        Some(bessel) => bessel.fall(first) - bessel.fall(n.min(bessel.orders())),
        None => f64::NEG_INFINITY,
    }
}

/// The charges `−n, …, n` of U(1), the outermost the first that are lost.
fn charges(log_ratio: impl Fn(usize) -> f64, is_lost: impl Fn(f64) -> bool) -> Vec<Irrep> {
    let last = (1..).find(|&n| is_lost(log_ratio(n))).unwrap_or(1);
    let irrep = |i: usize| Irrep {
        label: Label::Charge(i as i64 - last as i64),
        dimension: 1.0,
        log_ratio: log_ratio(i.abs_diff(last)),
        times_fundamental: (i < 2 * last).then_some(i + 1).into_iter().collect(),
    };
    (0..=2 * last).map(irrep).collect()
}

/// The dimensions 1, 2, … of SU(2), the last the first that is lost.
fn spins(log_ratio: impl Fn(usize) -> f64, is_lost: impl Fn(f64) -> bool) -> Vec<Irrep> {
    let last = (2..).find(|&d| is_lost(log_ratio(d))).unwrap_or(2);
    let irrep = |i: usize| Irrep {
        label: Label::Dimension(i + 1),
        dimension: (i + 1) as f64,
        log_ratio: log_ratio(i + 1),
        times_fundamental: [i.checked_sub(1), (i + 1 < last).then_some(i + 1)].into_iter().flatten().collect(),
    };
    (0..last).map(irrep).collect()
}

/// The representations of SU(3) with `p + q` up to where all are lost; `p = q` is the last to go.
fn weights(log_ratio: impl Fn(usize, usize) -> f64, is_lost: impl Fn(f64) -> bool) -> Vec<Irrep> {
    let last = (1..).find(|&sum: &usize| is_lost(log_ratio(sum.div_ceil(2), sum / 2))).unwrap_or(1);
    let place = |p: usize, q: usize| (p + q) * (p + q + 1) / 2 + q;
    let mut irreps: Vec<Irrep> = Vec::with_capacity(place(0, last) + 1);
    for sum in 0..=last {
        for q in 0..=sum {
            let p = sum - q;
            // (p, q) and (q, p) are conjugate.
            let log_ratio = if q > p { irreps[place(q, p)].log_ratio } else { log_ratio(p, q) };
            let mut products = Vec::new();
            if sum < last {
                products.push(place(p + 1, q));
            }
            if p > 0 {
                products.push(place(p - 1, q + 1));
            }
            if q > 0 {
                products.push(place(p, q - 1));
            }
            let dimension = ((p + 1) * (q + 1) * (p + q + 2) / 2) as f64;
            irreps.push(Irrep { label: Label::Dynkin(p, q), dimension, log_ratio, times_fundamental: products });
        }
    }
    irreps
}
