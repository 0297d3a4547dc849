//! `lattice exact`: what is known without sampling.

mod gauge;
mod phi4;
mod points;

use super::args::ExactArgs;
use super::failure::Failure;
use super::output::{Existing, Folder};
use super::report::Report;
use super::targets::PointTheory;
use super::theory::GaugeTheory;

pub fn run(args: &ExactArgs) -> Result<(), Failure> {
    if let Some(theory) = GaugeTheory::new(&args.theory)? {
        return gauge::run(args, &theory);
    }
    if let Some(theta) = args.theta {
        return Err(Failure::refused("--theta", "no such flag but for u1", theta));
    }
    match PointTheory::new(&args.theory)? {
        Some(theory) => points::run(args, &theory),
        None => phi4::run(args),
    }
}

/// Leaves the report in --out, if it was given, and prints it.
fn publish(args: &ExactArgs, report: &Report, text: &str) -> Result<(), Failure> {
    if let Some(out) = &args.run.out {
        let folder = Folder::open(Some(out), Existing::new(args.run.force, false))?;
        folder.write_config(args)?;
        folder.write("report.json", &report.text())?;
    }
    report.print_or(args.run.json, text)
}
