//! The table for other programs.

use crate::Failure;
use crate::measured::{NAMES, Study};
use std::fmt::Write;

pub fn text(study: &Study) -> Result<String, Failure> {
    let mut text =
        String::from("point,extent,method,acceptance,updates,seconds_per_update,training_steps,training_seconds");
    for name in NAMES {
        write!(text, ",{name},{name}_error,{name}_tau,{name}_tau_error")?;
    }
    writeln!(text)?;
    for row in &study.rows {
        let (steps, seconds) = match row.training {
            Some(cost) => (cost.steps.to_string(), cost.seconds.to_string()),
            None => Default::default(),
        };
        let (point, extent, method) = (&row.point, row.extent, row.method.name());
        write!(text, "{point},{extent},\"{method}\",{},{},{:e},", row.acceptance, row.updates, row.seconds)?;
        write!(text, "{steps},{seconds}")?;
        for name in NAMES {
            let number = row.number(name)?;
            write!(text, ",{},{},{},{}", number.mean, number.error, number.tau, number.tau_error)?;
        }
        writeln!(text)?;
    }
    Ok(text)
}
