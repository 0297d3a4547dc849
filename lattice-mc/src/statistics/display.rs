//! Numbers with errors as physicists print them.
//!
//! ```text
//! error < 1         0.7441(12)       two digits of the error, in units of the last digits
//! 1 <= error < 10   4.1(1.2)         with its point
//! 10 <= error       123(12)
//! error >= 100      1.234(12)e4      likewise where all digits are past the fourth decimal
//! ```
use std::fmt;

use super::Estimate;

/// Digits of the mean beyond which a double holds nothing.
const DIGITS: i32 = 17;

/// `mean` rounded to two significant digits of `error`, which follows in brackets.
///
/// ```
/// use lattice_mc::statistics::value_with_error;
/// assert_eq!(value_with_error(0.74412, 0.00123), "0.7441(12)");
/// assert_eq!(value_with_error(-4.06, 1.23), "-4.1(1.2)");
/// assert_eq!(value_with_error(1.2341e-9, 1.2e-11), "1.234(12)e-9");
/// ```
pub fn value_with_error(mean: f64, error: f64) -> String {
    if mean.is_nan() {
        return "nan".into();
    }
    if mean.is_infinite() || error.is_nan() || error.is_infinite() || error < 0.0 {
        return format!("{}({})", plain(mean), if error < 0.0 { "nan".into() } else { plain(error) });
    }
    if error == 0.0 {
        return format!("{}(0)", plain(mean));
    }
    let (digits, error_power) = rounded(error, 1);
    let last = error_power - 1;
    let mean_power = if mean == 0.0 { last } else { power_of(mean).max(last) };
    if mean_power - last > DIGITS {
        return format!("{} ± {}e{error_power}", plain(mean), digits);
    }
    // The power of ten of the mean once it is rounded at the last digit.
    let mean_power = if mean == 0.0 { last } else { rounded(mean, mean_power - last).1.max(last) };
    let power = mean_power.max(error_power);
    let scientific = error_power >= 2 || power < -4;
    let unit = if scientific { power } else { 0 };
    let decimals = unit - last;
    let places = usize::try_from(decimals).unwrap_or(0);
    let mut mantissa = format!("{:.places$}", divide_by_power(mean, unit));
    if mantissa.starts_with('-') && !mantissa.contains(|c: char| ('1'..='9').contains(&c)) {
        mantissa.remove(0);
    }
    let error = if decimals == 1 { digits } else { digits.replace('.', "") };
    match scientific {
        true => format!("{mantissa}({error})e{unit}"),
        false => format!("{mantissa}({error})"),
    }
}

impl fmt::Display for Estimate {
    /// `mean(error)`, as [`value_with_error`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&value_with_error(self.mean, self.error))
    }
}

/// Mantissa with so many decimals, and power of ten, after rounding.
fn rounded(x: f64, decimals: i32) -> (String, i32) {
    let places = usize::try_from(decimals).unwrap_or(0);
    let text = format!("{x:.places$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.to_string(), power.parse().unwrap_or(0))
}

/// Power of ten of the first digit.
fn power_of(x: f64) -> i32 {
    format!("{x:e}").split_once('e').and_then(|(_, p)| p.parse().ok()).unwrap_or(0)
}

/// `x / 10^power`, through decimal text: powers of ten below 1 are not exact in binary.
fn divide_by_power(x: f64, power: i32) -> f64 {
    if power == 0 {
        return x;
    }
    let text = format!("{x:e}");
    let (mantissa, old) = text.split_once('e').unwrap_or((&text, "0"));
    let new = old.parse::<i32>().unwrap_or(0) - power;
    format!("{mantissa}e{new}").parse().unwrap_or(x)
}

/// The shortest text that reads back as `x`, scientific outside `1e-4 .. 1e15`.
fn plain(x: f64) -> String {
    if x.is_nan() {
        return "nan".into();
    }
    let size = x.abs();
    if x == 0.0 || (1e-4..1e15).contains(&size) || x.is_infinite() { format!("{}", x + 0.0) } else { format!("{x:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_of_prints() {
        for (mean, error, text) in [
            (0.74412, 0.00123, "0.7441(12)"),
            (0.7, 0.0012, "0.7000(12)"),
            (0.74412, 0.000996, "0.7441(10)"),
            (0.74412, 0.00994, "0.7441(99)"),
            (0.74412, 0.00996, "0.744(10)"),
            (-0.74412, 0.00123, "-0.7441(12)"),
            (4.06, 1.23, "4.1(1.2)"),
            (-4.06, 9.94, "-4.1(9.9)"),
            (4.06, 9.96, "4(10)"),
            (12.3, 4.5, "12.3(4.5)"),
            (0.2, 0.96, "0.20(96)"),
            (0.2, 0.996, "0.2(1.0)"),
            (123.4, 12.3, "123(12)"),
            (123.4, 99.4, "123(99)"),
            (123.4, 99.6, "1.2(1.0)e2"),
            (12345.0, 123.0, "1.234(12)e4"),
            (99960.0, 123.0, "9.996(12)e4"),
            (99996.0, 123.0, "1.0000(12)e5"),
            (1234567.0, 12.3, "1234567(12)"),
            (1.0, 5000.0, "0.0(5.0)e3"),
            (1.2341e-9, 1.2e-11, "1.234(12)e-9"),
            (-1.2341e-9, 1.2e-11, "-1.234(12)e-9"),
            (1e-9, 1.2e-7, "0.0(1.2)e-7"),
            (0.0, 1.2e-7, "0.0(1.2)e-7"),
            (0.00012, 0.000012, "0.000120(12)"),
            (0.000012, 0.0000012, "1.20(12)e-5"),
            (0.0, 0.00012, "0.00000(12)"),
            (0.0, 0.12, "0.00(12)"),
            (-0.00001, 0.12, "0.00(12)"),
            (-0.0, 0.12, "0.00(12)"),
            (1e300, 1e298, "1.000(10)e300"),
            (3e-310, 1.5e-311, "3.00(15)e-310"),
            (1e300, 1.0, "1e300 ± 1.0e0"),
            (0.5, 1e-30, "0.5 ± 1.0e-30"),
            (1.0, 0.0, "1(0)"),
            (0.1, 0.0, "0.1(0)"),
            (-0.0, 0.0, "0(0)"),
            (1e-20, 0.0, "1e-20(0)"),
            (f64::NAN, 0.1, "nan"),
            (f64::NAN, f64::NAN, "nan"),
            (0.5, f64::NAN, "0.5(nan)"),
            (0.5, f64::INFINITY, "0.5(inf)"),
            (0.5, -1.0, "0.5(nan)"),
            (f64::INFINITY, 0.1, "inf(0.1)"),
            (f64::NEG_INFINITY, f64::NAN, "-inf(nan)"),
        ] {
            assert_eq!(value_with_error(mean, error), text, "{mean} {error}");
        }
    }

    #[test]
    fn print_reads_back_within_the_last_digit() {
        // The printed mean is never further than half a last digit, one 20th of the error.
        for power in -12..12 {
            for step in 1..400 {
                let error = 10f64.powi(power) * (1.0 + 0.021 * f64::from(step));
                let mean = 10f64.powi(power) * (f64::from(step * step) - 300.7);
                let text = value_with_error(mean, error);
                let (value, rest) = text.split_once('(').expect("brackets");
                let suffix = rest.split_once(')').expect("brackets").1;
                let back: f64 = format!("{value}{suffix}").parse().expect("a number");
                assert!((back - mean).abs() <= 0.0501 * error, "{mean} {error}: {text}");
            }
        }
    }

    #[test]
    fn estimate_pads() {
        let e = Estimate::independent(0.74412, 0.00123, 10);
        assert_eq!(format!("{e:>12}|{e:<12}|"), "  0.7441(12)|0.7441(12)  |");
    }
}
