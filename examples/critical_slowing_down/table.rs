//! What was measured, in print: tables, exponents, break-even, agreement with values from elsewhere.

use crate::Failure;
use crate::measured::{Method, Row, Study};
use crate::points::{LINE, Point, TUTORIAL};
use crate::scaling::{PowerLaw, break_even};
use lattice_fields::mc::statistics::{chi_squared_of_pulls, value_with_error};
use std::fmt::Write;

/// A value further than this from a known one, in combined errors, ends the program with an error.
const LAST: f64 = 5.0;

/// The rows on the line of constant physics.
pub fn line(study: &Study, method: Method) -> Result<Vec<&Row>, Failure> {
    LINE.iter().map(|point| study.find(point.name, method)).collect()
}

/// The power law of `τ_int` of an observable.
pub fn tau_law(study: &Study, method: Method, name: &str) -> Result<PowerLaw, Failure> {
    let point = |row: &&Row| {
        let number = row.number(name)?;
        Ok((row.extent as f64, number.tau, number.tau_error))
    };
    PowerLaw::fit(&line(study, method)?.iter().map(point).collect::<Result<Vec<_>, Failure>>()?)
}

/// The power law of the seconds for an independent `χ₂`.
pub fn seconds_law(study: &Study, method: Method) -> Result<PowerLaw, Failure> {
    let point = |row: &&Row| {
        let (seconds, error) = row.independent("chi2")?;
        Ok((row.extent as f64, seconds, error))
    };
    PowerLaw::fit(&line(study, method)?.iter().map(point).collect::<Result<Vec<_>, Failure>>()?)
}

/// The power law of the seconds of training up to the common acceptance, its error from scatter alone.
pub fn training_law(study: &Study) -> Result<PowerLaw, Failure> {
    let point = |row: &&Row| {
        let seconds = row.training.map_or(f64::NAN, |cost| cost.seconds);
        (row.extent as f64, seconds, 1e-3 * seconds)
    };
    PowerLaw::fit(&line(study, Method::Flow)?.iter().map(point).collect::<Vec<_>>())
}

/// The whole report.
pub fn report(study: &Study) -> Result<String, Failure> {
    let mut text = String::new();
    writeln!(
        text,
        "{:9} {:>2} {:17} {:>6} {:>13} {:>11} {:>11} {:>9} {:>9} {:>6} {:>8}",
        "point", "L", "", "accept", "chi2", "tau chi2", "tau |M|", "s/update", "s/ind.", "steps", "training"
    )?;
    for row in &study.rows {
        let chi2 = row.number("chi2")?;
        let (steps, training) = match row.training {
            Some(cost) => (cost.steps.to_string(), format!("{:.2} s", cost.seconds)),
            None => ("".into(), "".into()),
        };
        let line = format!(
            "{:9} {:2} {:17} {:6.3} {:>13} {:>11} {:>11} {:9.2e} {:9.2e} {steps:>6} {training:>8}",
            row.point,
            row.extent,
            row.method.name(),
            row.acceptance,
            value_with_error(chi2.mean, chi2.error),
            chi2.tau_text(),
            row.number("abs_m")?.tau_text(),
            row.seconds,
            row.independent("chi2")?.0
        );
        writeln!(text, "{}", line.trim_end())?;
    }
    writeln!(
        text,
        "\nexponents: tau ~ L^z, seconds for an independent chi2 ~ L^x; errors widened by sqrt(chi^2/dof) above 1"
    )?;
    for method in Method::ALL {
        let [chi2, abs_m] = [tau_law(study, method, "chi2")?, tau_law(study, method, "abs_m")?];
        writeln!(
            text,
            "{:17} z(chi2) {:>9} (chi^2/dof {:6.2})   z(|M|) {:>9} (chi^2/dof {:6.2})   x {:>9}",
            method.name(),
            chi2.text(),
            chi2.chi_squared.chi2 / chi2.chi_squared.dof as f64,
            abs_m.text(),
            abs_m.chi_squared.chi2 / abs_m.chi_squared.dof as f64,
            seconds_law(study, method)?.text()
        )?;
    }
    writeln!(text, "training to acceptance {}: seconds ~ L^{}", study.target, training_law(study)?.text())?;
    break_evens(study, &mut text)?;
    Ok(text)
}

fn break_evens(study: &Study, text: &mut String) -> Result<(), Failure> {
    writeln!(
        text,
        "\nindependent chi2 from which the flow has paid for its training, and how much dearer one of its own is"
    )?;
    for flow in line(study, Method::Flow)? {
        write!(text, "{:4}", flow.point)?;
        let training = flow.training.map_or(f64::NAN, |cost| cost.seconds);
        let own = flow.independent("chi2")?.0;
        for method in [Method::Hmc, Method::Metropolis, Method::Clusters] {
            let other = study.find(&flow.point, method)?.independent("chi2")?.0;
            let number = break_even(training, own, other).map_or("never".into(), |n| format!("{n:.1e}"));
            write!(text, "   {} {number} ({:.1} times)", method.name(), own / other)?;
        }
        writeln!(text)?;
    }
    Ok(())
}

/// Compares with the values that are known at the points; an error beyond five combined errors.
pub fn agreement(study: &Study) -> Result<String, Failure> {
    let (mut text, mut pulls, mut bad) = (String::new(), Vec::new(), Vec::new());
    for point in LINE.iter().chain([&TUTORIAL]).filter(|point| !point.known.is_empty()) {
        for method in Method::ALL {
            write!(text, "{:9} {:17}", point.name, method.name())?;
            for found in pulls_of(study, point, method)? {
                write!(text, "  {} {} ({:+.1})", found.name, found.value, found.pull)?;
                pulls.push(found.pull);
                if found.pull.is_nan() || found.pull.abs() > LAST {
                    let name = found.name;
                    bad.push(format!("{}, {}: {name} is {:+.1} errors off", point.name, method.name(), found.pull));
                }
            }
            writeln!(text)?;
        }
    }
    let all = chi_squared_of_pulls(&pulls)?;
    writeln!(
        text,
        "{} pulls, chi^2 {:.1}, largest {:.1}",
        pulls.len(),
        all.chi2,
        pulls.iter().fold(0.0, |m: f64, p| m.max(p.abs()))
    )?;
    match bad.is_empty() {
        true => Ok(text),
        false => Err(format!("{text}{}", bad.join("\n")).into()),
    }
}

struct Pull {
    name: &'static str,
    value: String,
    pull: f64,
}

fn pulls_of(study: &Study, point: &Point, method: Method) -> Result<Vec<Pull>, Failure> {
    let row = study.find(point.name, method)?;
    let compare = |&(name, known, error): &(&'static str, f64, f64)| {
        let number = row.number(name)?;
        let pull = (number.mean - known) / number.error.hypot(error);
        Ok(Pull { name, value: value_with_error(number.mean, number.error), pull })
    };
    point.known.iter().map(compare).collect()
}
