//! Numbers of 106 bits: the unevaluated sum of two `f64`.
//!
//! The character coefficients at large β are second differences of ratios of Bessel functions, which lose `β²` of the
//! precision; twice the bits leave more than enough. Algorithms: Dekker (1971); Hida, Li, Bailey (2001).

/// `high + low`, with `|low|` at most half a unit in the last place of `high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Twofold {
    pub high: f64,
    pub low: f64,
}

/// `a + b` and what rounding took away, for any `a`, `b`.
fn two_sum(a: f64, b: f64) -> Twofold {
    let high = a + b;
    let part = high - a;
    Twofold { high, low: (a - (high - part)) + (b - part) }
}

/// The same for `|a| ≥ |b|`.
fn fast_two_sum(a: f64, b: f64) -> Twofold {
    let high = a + b;
    Twofold { high, low: b - (high - a) }
}

impl Twofold {
    /// The quotient of two exact numbers.
    pub fn quotient(a: f64, b: f64) -> Twofold {
        let high = a / b;
        fast_two_sum(high, high.mul_add(-b, a) / b)
    }

    pub fn plus(self, other: Twofold) -> Twofold {
        let (s, t) = (two_sum(self.high, other.high), two_sum(self.low, other.low));
        let s = fast_two_sum(s.high, s.low + t.high);
        fast_two_sum(s.high, s.low + t.low)
    }

    pub fn minus(self, other: Twofold) -> Twofold {
        self.plus(Twofold { high: -other.high, low: -other.low })
    }

    /// The product with an exact number.
    pub fn times(self, b: f64) -> Twofold {
        let high = self.high * b;
        let low = self.high.mul_add(b, -high);
        fast_two_sum(high, self.low.mul_add(b, low))
    }

    /// `1/self`, by one Newton step from the rounded one.
    pub fn reciprocal(self) -> Twofold {
        let x = 1.0 / self.high;
        let residual = self.low.mul_add(-x, self.high.mul_add(-x, 1.0));
        fast_two_sum(x, x * residual)
    }

    /// The nearest `f64`.
    pub fn round(self) -> f64 {
        self.high + self.low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_the_digits() {
        let third = Twofold::quotient(1.0, 3.0);
        let rest = third.times(3.0).minus(Twofold { high: 1.0, low: 0.0 }).round();
        assert!(rest.abs() < 1e-31, "{rest}");
        let back = third.reciprocal().minus(Twofold { high: 3.0, low: 0.0 }).round();
        assert!(back.abs() < 1e-30, "{back}");
        // (1 + 1e-20) − 1 survives.
        let sum = Twofold { high: 1.0, low: 0.0 }.plus(Twofold { high: 1e-20, low: 0.0 });
        assert_eq!(sum.minus(Twofold { high: 1.0, low: 0.0 }).round(), 1e-20);
    }
}
