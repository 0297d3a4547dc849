//! `lattice exact`: what is known without sampling.

mod gauge;
mod phi4;

use super::args::ExactArgs;
use super::failure::Failure;
use super::output::{Existing, Folder};
use super::report::Report;
use super::theory::GaugeTheory;

pub fn run(args: &ExactArgs) -> Result<(), Failure> {
    match GaugeTheory::new(&args.theory)? {
        Some(theory) => gauge::run(args, &theory),
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
