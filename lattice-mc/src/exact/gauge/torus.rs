//! Pure gauge theory on a torus of two dimensions.

use super::characters::Characters;
use super::charge::ChargeDistribution;
use super::error::GaugeError;
use lattice_tensor::group::GroupName;

/// Pure gauge theory with the Wilson action on a periodic lattice of two dimensions, solved by character expansion.
///
/// Bare action `S = −(β/N) Σ_P Re tr P` (U(1): `−β Σ cos P`), Haar measure normalised to 1. Only the number of plaquettes
/// `V` enters, not the lattice's shape: `Z = Σ_r u_r^V`, `u_r` as in [`Characters`] (Migdal 1975; Rusakov 1990). All numbers
/// are sums of positive terms relative to the trivial representation; they are exact to rounding, about `10⁻¹⁵` times `V`
/// where powers of `u_r` other than the largest matter.
///
/// ```
/// use lattice_mc::exact::gauge::{GroupName, Torus};
/// let torus = Torus::new(GroupName::SU3, 6.0, 64)?;
/// assert!((torus.plaquette() - 0.42253173964998).abs() < 1e-13);
/// assert!((torus.log_z() - 79.096965862203).abs() < 1e-11);
/// # Ok::<(), lattice_mc::exact::gauge::GaugeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Torus {
    characters: Characters,
    beta: f64,
    plaquettes: usize,
    /// `Σ (u_r/u_0)^V − 1`.
    excess: f64,
}

impl Torus {
    /// The theory at `beta` on a torus of this many plaquettes.
    ///
    /// # Errors
    /// `beta` negative, not a number or above 10⁶; no plaquettes or more than 2⁵³; too many representations (SU(3) on a few
    /// plaquettes at `beta` far above 10⁴).
    pub fn new(group: GroupName, beta: f64, plaquettes: usize) -> Result<Torus, GaugeError> {
        if plaquettes == 0 || plaquettes as u64 > 1 << f64::MANTISSA_DIGITS {
            return Err(GaugeError::Plaquettes { plaquettes });
        }
        let characters = Characters::of_power(group, beta, plaquettes)?;
        let mut torus = Torus { characters, beta, plaquettes, excess: 0.0 };
        let volume = plaquettes as f64;
        let shares = torus.characters.irreps().iter().map(|r| (volume * r.log_ratio).exp());
        // From small to large, and without the trivial representation, whose share is 1.
        let mut shares: Vec<f64> = shares.collect();
        shares.sort_by(f64::total_cmp);
        shares.pop();
        torus.excess = shares.iter().sum();
        Ok(torus)
    }

    /// The group.
    pub fn group(&self) -> GroupName {
        self.characters.group()
    }

    /// The coupling.
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// The number of plaquettes `V`.
    pub fn plaquettes(&self) -> usize {
        self.plaquettes
    }

    /// `log Z = V log u_0 + log Σ_r (u_r/u_0)^V`, with the bare action and the Haar measure normalised to 1.
    ///
    /// With the measure `dθ` on the links of U(1) it is larger by `2V log 2π`; with the action `β Σ (1 − Re tr P/N)` smaller
    /// by `βV`.
    pub fn log_z(&self) -> f64 {
        (self.plaquettes as f64).mul_add(self.characters.log_trivial(), self.excess.ln_1p())
    }

    /// `⟨Re tr P⟩/N = (1/V) d log Z/dβ`, the Wilson loop of area 1.
    pub fn plaquette(&self) -> f64 {
        self.loops(1, |r, s| s / r)
    }

    /// The Wilson loop `⟨Re tr W⟩/N` around a disk of `area` plaquettes,
    /// `W(A) = Σ_{r,r'} N_{r,f}^{r'} (d_r'/d_r) u_r^{V−A} u_r'^A/(N Z)`; `None` beyond the torus.
    ///
    /// A rectangle that goes once around the torus is no disk; see [`Torus::rectangle`].
    pub fn wilson_loop(&self, area: usize) -> Option<f64> {
        (area <= self.plaquettes).then(|| self.loops(area, |r, s| s / r))
    }

    /// The rectangle `R × T` on a lattice of these extents; `None` if `R` or `T` is as large as its extent, or the lattice has
    /// another number of plaquettes.
    pub fn rectangle(&self, extents: [usize; 2], sides: [usize; 2]) -> Option<f64> {
        let here = extents[0].checked_mul(extents[1]) == Some(self.plaquettes);
        let disk = here && sides[0] < extents[0] && sides[1] < extents[1];
        disk.then(|| self.wilson_loop(sides[0] * sides[1]))?
    }

    /// The Creutz ratio `−log[W(R,T) W(R−1,T−1)/(W(R−1,T) W(R,T−1))]`, of which the infinite volume's is the string tension
    /// at any `R`, `T`; `None` where [`Torus::rectangle`] is, or a side is 0.
    pub fn creutz_ratio(&self, extents: [usize; 2], sides: [usize; 2]) -> Option<f64> {
        let [r, t] = sides;
        let (less, shorter) = (r.checked_sub(1)?, t.checked_sub(1)?);
        let log = |r, t| self.rectangle(extents, [r, t]).map(f64::ln);
        let ratio = log(less, t)? + log(r, shorter)? - log(r, t)? - log(less, shorter)?;
        ratio.is_finite().then_some(ratio)
    }

    /// `⟨tr L(0) tr L(R)*⟩/N²` of two Polyakov loops with `area` plaquettes between them (`R` times their length),
    /// `Σ_{r,r'} N_{r,f}^{r'} u_r^{V−A} u_r'^A/(N² Z)`; `None` beyond the torus. One Polyakov loop is 0.
    pub fn polyakov_correlator(&self, area: usize) -> Option<f64> {
        let n = self.group().rank() as f64;
        (area <= self.plaquettes).then(|| self.loops(area, |_, _| 1.0) / n)
    }

    /// The topological charge of U(1).
    ///
    /// # Errors
    /// Other groups have none in two dimensions.
    pub fn charge(&self) -> Result<ChargeDistribution, GaugeError> {
        self.charge_at(0.0)
    }

    /// The same at the imaginary vacuum angle `θ = −iη`, where the weight is `e^{−S + ηQ}`.
    ///
    /// # Errors
    /// Other groups than U(1); `|η|` above 1000 or not a number.
    pub fn charge_at(&self, eta: f64) -> Result<ChargeDistribution, GaugeError> {
        match self.group() {
            GroupName::U1 => ChargeDistribution::new(self.beta, self.plaquettes, eta),
            group => Err(GaugeError::NoCharge { group }),
        }
    }

    /// `Σ_{r,r'} N_{r,f}^{r'} factor(d_r, d_r') u_r^{V−A} u_r'^A/(N Z)`.
    fn loops(&self, area: usize, factor: impl Fn(f64, f64) -> f64) -> f64 {
        let irreps = self.characters.irreps();
        let (inside, outside) = (area as f64, (self.plaquettes - area) as f64);
        // At β = 0 logarithms are −∞, and u^0 is still 1.
        let power = |log: f64, n: f64| if n == 0.0 { 0.0 } else { n * log };
        let mut sum = 0.0;
        for r in irreps {
            for &place in &r.times_fundamental {
                let s = &irreps[place];
                let log = power(r.log_ratio, outside) + power(s.log_ratio, inside);
                sum += factor(r.dimension, s.dimension) * log.exp();
            }
        }
        sum / (self.group().rank() as f64 * (1.0 + self.excess))
    }
}
