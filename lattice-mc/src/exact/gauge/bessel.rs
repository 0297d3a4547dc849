//! Modified Bessel functions of all integer orders at one argument, as ratios: nothing overflows.

use super::twofold::Twofold;

/// Below this `log I` is summed as a power series, whose terms are positive and which keeps its relative precision.
const SERIES: f64 = 15.0;

/// `I_n(x)` for `n = 0, 1, …`, `x > 0`.
///
/// Ratios `ρ_n = I_n/I_{n−1}` by backward recursion of `I_{n−1} − I_{n+1} = (2n/x) I_n` (Miller; Gautschi 1967), which
/// damps the error of its start by `ρ_n²` a step, in twofold precision.
#[derive(Debug, Clone)]
pub(super) struct Bessel {
    x: f64,
    /// `ρ_n` at `n`; the entry at 0 is not used.
    ratios: Vec<Twofold>,
    /// `−log(I_n/I_0)` at `n`, increasing.
    falls: Vec<f64>,
}

impl Bessel {
    /// At `x > 0`, for orders up to where `I_n < e^{−100} I_0`, and 60 at least.
    pub fn new(x: f64) -> Bessel {
        let orders = 60 + (200.0 * x).sqrt() as usize;
        let n = (orders + 1) as f64;
        let start = x / (n + n.hypot(x));
        let mut ratios = vec![Twofold { high: start, low: 0.0 }; orders + 2];
        for n in (1..=orders).rev() {
            ratios[n] = Twofold::quotient(2.0 * n as f64, x).plus(ratios[n + 1]).reciprocal();
        }
        let mut falls = vec![0.0; orders + 1];
        for n in 1..=orders {
            // 1 − ρ keeps all its digits where ρ is close to 1.
            let gap = Twofold { high: 1.0, low: 0.0 }.minus(ratios[n]).round();
            let log = if gap < 0.5 { (-gap).ln_1p() } else { ratios[n].round().ln() };
            falls[n] = falls[n - 1] - log;
        }
        Bessel { x, ratios, falls }
    }

    /// The largest order that is stored.
    pub fn orders(&self) -> usize {
        self.falls.len() - 1
    }

    /// `I_n/I_{n−1}`, `n ≥ 1`.
    pub fn ratio(&self, n: usize) -> Twofold {
        self.ratios[n]
    }

    /// `−log(I_n/I_0)`.
    pub fn fall(&self, n: usize) -> f64 {
        self.falls[n]
    }

    /// `I_n/I_0`.
    pub fn relative(&self, n: usize) -> f64 {
        (-self.falls[n]).exp()
    }

    /// `log I_0(x)`: the power series, or `e^x = I_0 + 2 Σ I_n`.
    pub fn log_i0(&self) -> f64 {
        if self.x <= SERIES {
            return self.log_series(0.0);
        }
        let tail: f64 = (1..=self.orders()).rev().map(|n| self.relative(n)).sum();
        self.x - (2.0 * tail).ln_1p()
    }

    /// `log(2 I_1(x)/x)`.
    pub fn log_i1_scaled(&self) -> f64 {
        match self.x <= SERIES {
            true => self.log_series(1.0),
            false => self.log_i0() - self.fall(1) + (2.0 / self.x).ln(),
        }
    }

    /// `log Σ_k ν!(x²/4)^k/(k!(k + ν)!)`.
    fn log_series(&self, order: f64) -> f64 {
        let quarter = 0.25 * self.x * self.x;
        let (mut sum, mut term, mut k) = (0.0, 1.0, 0.0);
        while term > 1e-18 * sum {
            k += 1.0;
            term *= quarter / (k * (k + order));
            sum += term;
            if term == 0.0 {
                break;
            }
        }
        f64::ln_1p(sum)
    }
}
