//! Numbers of about 100 bits, in which the tests know what is exact.

/// A number as an unevaluated sum of two `f64`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Double(pub f64, pub f64);

impl Double {
    pub fn sum(a: f64, b: f64) -> Double {
        let s = a + b;
        let t = s - a;
        Double(s, (a - (s - t)) + (b - t))
    }
    pub fn product(a: f64, b: f64) -> Double {
        Double(a * b, a.mul_add(b, -(a * b)))
    }
    pub fn plus(self, o: Double) -> Double {
        let (s, t) = (Double::sum(self.0, o.0), Double::sum(self.1, o.1));
        let s = Double::sum(s.0, s.1 + t.0);
        Double::sum(s.0, s.1 + t.1)
    }
    pub fn times(self, o: Double) -> Double {
        let p = Double::product(self.0, o.0);
        Double::sum(p.0, p.1 + (self.0 * o.1 + self.1 * o.0))
    }
    pub fn minus(self, o: Double) -> Double {
        self.plus(Double(-o.0, -o.1))
    }
    pub fn over(self, o: Double) -> Double {
        let q = self.0 / o.0;
        let r = self.minus(o.times(Double(q, 0.0)));
        let q2 = r.0 / o.0;
        let r = r.minus(o.times(Double(q2, 0.0)));
        Double::sum(q, q2).plus(Double(r.0 / o.0, 0.0))
    }
    pub fn exp(self) -> Double {
        let n = (self.0 * std::f64::consts::LOG2_E).round();
        let ln_2 = [std::f64::consts::LN_2, 2.3190468138462996e-17, 5.707708438416212e-34];
        let r = ln_2.iter().fold(self, |r, &part| r.minus(Double::product(n, part)));
        let r = r.times(Double(1.0 / 256.0, 0.0));
        let mut sum = Double(1.0, 0.0);
        for k in (1..16).rev() {
            sum = sum.times(r).over(Double(k as f64, 0.0)).plus(Double(1.0, 0.0));
        }
        let power = (0..8).fold(sum, |p, _| p.times(p));
        // In two steps, as 2^n may lie just outside the range.
        let (half, rest) = ((n / 2.0).floor().exp2(), (n - (n / 2.0).floor()).exp2());
        Double(power.0 * half * rest, power.1 * half * rest)
    }
    pub fn sin_cos(x: f64) -> (Double, Double) {
        let n = (x * std::f64::consts::FRAC_2_PI).round();
        let quarter = [6.123233995736766e-17, -1.4973849048591698e-33, 5.562271104316826e-50];
        let first = Double((-n).mul_add(std::f64::consts::FRAC_PI_2, x), 0.0);
        let r = quarter.iter().fold(first, |r, &part| r.minus(Double::product(n, part)));
        Self::series(r, n)
    }
    /// Sine and cosine of `r + n pi/2`.
    pub fn series(r: Double, n: f64) -> (Double, Double) {
        let (square, one) = (r.times(r), Double(1.0, 0.0));
        let (mut sin, mut cos) = (one, one);
        for k in (1..15).rev() {
            let k = 2.0 * k as f64;
            sin = one.minus(sin.times(square).over(Double(k * (k + 1.0), 0.0)));
            cos = one.minus(cos.times(square).over(Double(k * (k - 1.0), 0.0)));
        }
        let sin = sin.times(r);
        let minus = |a: Double| Double(-a.0, -a.1);
        match n.rem_euclid(4.0) as u32 {
            0 => (sin, cos),
            1 => (cos, minus(sin)),
            2 => (minus(sin), minus(cos)),
            _ => (minus(cos), sin),
        }
    }
}
