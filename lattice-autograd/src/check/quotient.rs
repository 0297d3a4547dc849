//! Difference quotients that know how wrong they are.
//!
//! `D(h) = [8 (f(h) − f(−h)) − (f(2h) − f(−2h))] / 12h = f′ + O(h⁴)` is taken at several steps. What separates two
//! neighbouring steps bounds the truncation error of the smaller (it is 8⁴ times larger at the larger one); the noise of
//! `f`, found from fourth differences at tiny steps (Moré and Wild, *Estimating computational noise*, 2011), bounds the
//! rounding error, `3/2 · noise / h`. A kink of `f` inside a step spoils that step and the larger ones only.

use super::error::Result;

/// Steps, each an eighth of the one before.
const STEPS: [f64; 7] = {
    let mut steps = [1.0 / 256.0; 7];
    let mut k = 1;
    while k < steps.len() {
        steps[k] = steps[k - 1] / 8.0;
        k += 1;
    }
    steps
};
/// A quotient is believed if its bound is this much smaller than the terms of the derivative, or as small as noise
/// permits. A kink must be `10⁻⁸` steps away from the point to pass for a derivative.
const RESOLUTION: f64 = 1e-8;
/// Where no quotient is that good, as beside kinks, one of this resolution will do.
const COARSE: f64 = 1e-4;
/// Rounding of the derivative under test, relative to `|f|` and its terms.
const ROUNDING: f64 = 1.0 / (1u64 << 40) as f64;
const NOISE_STEP: f64 = 1.0 / (1u64 << 30) as f64;

/// A claimed derivative: its value, and the sum of the magnitudes of its terms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub value: f64,
    pub terms: f64,
}

/// What the difference quotient says about a claim.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quotient {
    pub claimed: f64,
    pub value: f64,
    /// How far apart the two may be.
    pub bound: f64,
    /// Whether the quotient can be believed at all.
    pub settled: bool,
    /// Whether only a coarse one could be had, as beside kinks.
    pub coarse: bool,
}

impl Quotient {
    pub fn agrees(&self) -> bool {
        self.settled && (self.value - self.claimed).abs() <= self.bound
    }
}

/// Compares derivatives at 0 of the functions `f(step)[i]` with their claims.
pub(super) fn quotients(claims: &[Claim], mut f: impl FnMut(f64) -> Result<Vec<f64>>) -> Result<Vec<Quotient>> {
    let centre = f(0.0)?;
    let mut derivatives = vec![derivative(&mut f, STEPS[0])?, derivative(&mut f, STEPS[1])?];
    let noise: Vec<f64> = centre.iter().map(|f| 2.0 * f64::EPSILON * f.abs()).collect();
    let first = judge(claims, &centre, &derivatives, &noise);
    if first.iter().all(|q| q.agrees() && !q.coarse) {
        return Ok(first);
    }
    for &h in &STEPS[2..] {
        derivatives.push(derivative(&mut f, h)?);
    }
    let measured = noise_of(&mut f)?;
    let noise: Vec<f64> = noise.iter().zip(measured).map(|(floor, measured)| floor + 6.0 * measured).collect();
    Ok(judge(claims, &centre, &derivatives, &noise))
}

fn derivative(f: &mut impl FnMut(f64) -> Result<Vec<f64>>, h: f64) -> Result<Vec<f64>> {
    let [a, b, c, d] = [f(-2.0 * h)?, f(-h)?, f(h)?, f(2.0 * h)?];
    Ok((0..a.len()).map(|i| (8.0 * (c[i] - b[i]) - (d[i] - a[i])) / (12.0 * h)).collect())
}

/// The root mean square of the noise of `f`: fourth differences of white noise have `70` times its variance.
fn noise_of(f: &mut impl FnMut(f64) -> Result<Vec<f64>>) -> Result<Vec<f64>> {
    let values = (-4..=4).map(|k| f(k as f64 * NOISE_STEP)).collect::<Result<Vec<_>>>()?;
    let fourth = |w: &[Vec<f64>], i: usize| w[0][i] - 4.0 * w[1][i] + 6.0 * w[2][i] - 4.0 * w[3][i] + w[4][i];
    let variance = |i: usize| values.windows(5).map(|w| fourth(w, i).powi(2)).sum::<f64>() / (5.0 * 70.0);
    Ok((0..values[0].len()).map(|i| variance(i).sqrt()).collect())
}

fn judge(claims: &[Claim], centre: &[f64], derivatives: &[Vec<f64>], noise: &[f64]) -> Vec<Quotient> {
    let judge_one = |(i, claim): (usize, &Claim)| {
        let rounding = |h: f64| 1.5 * noise[i] / h + ROUNDING * (centre[i].abs() + claim.terms);
        let pairs: Vec<Quotient> = (1..derivatives.len())
            .map(|k| {
                let (coarse, value) = (derivatives[k - 1][i], derivatives[k][i]);
                let bound = (coarse - value).abs() + rounding(STEPS[k]);
                let size = claim.terms.max(value.abs());
                // A jump looks like noise; noise is smaller.
                let noise = (8.0 * rounding(STEPS[1])).min(COARSE * (size + centre[i].abs()));
                let fine = (RESOLUTION * size).max(noise);
                Quotient { claimed: claim.value, value, bound, settled: bound <= fine, coarse: false }
            })
            .collect();
        let any = pairs.iter().any(|q| q.settled);
        let allow =
            |q: Quotient| Quotient { settled: q.bound <= COARSE * claim.terms.max(q.value.abs()), coarse: true, ..q };
        let pairs = pairs.into_iter().map(|q| if any { q } else { allow(q) });
        let order = |q: &Quotient| (!q.agrees(), !q.settled);
        let unknown = Quotient { claimed: claim.value, value: f64::NAN, bound: f64::NAN, settled: false, coarse: true };
        pairs.min_by(|a, b| order(a).cmp(&order(b)).then(a.bound.total_cmp(&b.bound))).unwrap_or(unknown)
    };
    claims.iter().enumerate().map(judge_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(claim: f64, f: impl Fn(f64) -> f64) -> Quotient {
        let claim = Claim { value: claim, terms: claim.abs() };
        quotients(&[claim], |step| Ok(vec![f(step)])).expect("numbers")[0]
    }

    #[test]
    fn right_derivatives_agree_and_slightly_wrong_ones_do_not() {
        type Case = (fn(f64) -> f64, f64);
        let cases: [Case; 6] = [
            (|x| (1.0 + x).exp(), std::f64::consts::E),
            (|x| (30.0 * x).sin(), 30.0),
            (|x| 1e6 + 3.0 * x, 3.0),
            (|x| (x + 0.7).powi(6), 6.0 * 0.16807),
            (|x| 1.0 / (0.3 + x), -1.0 / 0.09),
            (|x| 5.0 * x * x, 0.0),
        ];
        for (i, (f, derivative)) in cases.into_iter().enumerate() {
            assert!(check(derivative, f).agrees(), "case {i}: {:?}", check(derivative, f));
            let off = derivative + 1e-4 * derivative.abs().max(1.0);
            let found = check(off, f);
            assert!(found.settled && !found.agrees(), "case {i}: {found:?}");
        }
    }

    #[test]
    fn kinks_near_the_point_do_not_matter() {
        for exponent in 1..23 {
            let kink = 0.5f64.powi(exponent);
            let f = |x: f64| x.cos() + 2.0 * x + (x - kink).max(0.0) * 3.0;
            assert!(check(2.0, f).agrees(), "kink at {kink}: {:?}", check(2.0, f));
            let wrong = check(2.0002, f);
            assert!(wrong.settled && !wrong.agrees(), "kink at {kink}: {wrong:?}");
        }
    }

    #[test]
    fn noise_is_allowed_for() {
        // Rounding to multiples of 1e-9 is noise of that size.
        let f = |x: f64| ((x + 0.3).sin() * 1e9).round() / 1e9;
        assert!(check(0.3f64.cos(), f).agrees(), "{:?}", check(0.3f64.cos(), f));
        assert!(!check(1.01 * 0.3f64.cos(), f).agrees());
    }

    #[test]
    fn a_function_without_derivative_is_not_settled() {
        assert!(!check(1.0, |x| if x > 0.0 { 1.0 } else { 0.0 }).settled);
        assert!(!check(1.0, |x| if x > 0.0 { f64::NAN } else { x }).settled);
    }
}
