//! `lattice measure`: the observables of stored configurations.

use super::args::{Axis, MeasureArgs, Precision, TargetArgs, TheoryArgs};
use super::device;
use super::failure::Failure;
use super::mc::{derived, warnings};
use super::output::{Existing, Folder, say};
use super::report::{Report, table};
use super::theory::Theory;
use super::train::precision_name;
use lattice_fields::mc::observables::quantities;
use lattice_fields::mc::{History, Measurement, Stored};
use lattice_fields::prelude::*;
use std::path::Path;
use std::time::Instant;

pub fn run(args: &MeasureArgs) -> Result<(), Failure> {
    let start = Instant::now();
    let device = device::open(&args.on, &args.run)?;
    let first = read(&args.files[0], None)?;
    let lattice = super::args::Extents(first.extents.clone());
    let theory = Theory::new(&TheoryArgs {
        theory: args.theory,
        lattice,
        m2: args.m2,
        lambda: args.lambda,
        beta: None,
        target: TargetArgs::default(),
    })?;
    let history = match args.run.precision {
        Precision::F32 => measure::<f32>(args, &theory, first, &device)?,
        Precision::F64 => measure::<f64>(args, &theory, first, &device)?,
    };
    let estimates = history.estimates()?;
    let mut report = Report::new("measure", &theory, args.run.seed, precision_name(args.run.precision));
    let chains = history.series.first().map_or(0, Vec::len);
    let updates = history.recorded();
    report.set("chains", chains);
    report.set("configurations", chains * updates);
    report.set_observables(&estimates);
    let warnings = warnings(&history, &estimates, usize::MAX);
    warnings.iter().for_each(|w| say(args.run.json, &format!("warning: {w}")));
    report.set_warnings(&warnings);
    let derived = derived(&history, quantities(&theory.lattice));
    report.set_derived(&derived);
    report.set("seconds", start.elapsed().as_secs_f64());
    device::fill(&mut report, &device);
    if let Some(out) = &args.run.out {
        let folder = Folder::open(Some(out), Existing::new(args.run.force, false))?;
        folder.write_config(args)?;
        folder.write("report.json", &report.text())?;
    }
    let exact = theory.exact_within(2.0);
    let known = |name: &str| exact.as_ref().and_then(|exact| exact.observable(name));
    let summary = format!(
        "{}\n{:?}\n{} configurations of {chains} chains\n{}",
        theory.action.formula(),
        theory.action,
        chains * updates,
        table(&[estimates, derived].concat(), &known)
    );
    report.print_or(args.run.json, &summary)
}

/// Reads a file of the same lattice, if there is one to compare with.
fn read(path: &Path, extents: Option<&[usize]>) -> Result<Stored, Failure> {
    let stored = Stored::read(path)?;
    match extents {
        Some(extents) if stored.extents != extents => {
            let expected = format!("configurations on lattice {extents:?}, as the file before");
            Err(Failure::refused(&path.display().to_string(), &expected, format!("lattice {:?}", stored.extents)))
        }
        _ => Ok(stored),
    }
}

/// Series `[name][chain][update]` over all files.
fn measure<R: Real>(args: &MeasureArgs, theory: &Theory, first: Stored, device: &Device) -> Result<History, Failure> {
    let mut measurement = Measurement::<R>::new(&*theory.action, &theory.lattice, device)?;
    let extents = first.extents.clone();
    let names = measurement.names().to_vec();
    let chains = if args.axis == Axis::Time { 1 } else { first.count() };
    let mut series = vec![vec![Vec::new(); chains]; names.len()];
    let mut first = Some(first);
    for path in &args.files {
        let stored = first.take().map_or_else(|| read(path, Some(&extents)), Ok)?;
        if args.axis == Axis::Chain && stored.count() != chains {
            let expected = format!("{chains} chains, as the file before (--axis time takes the first axis for time)");
            return Err(Failure::refused(&path.display().to_string(), &expected, stored.count()));
        }
        let values =
            measurement.of(&stored.numbers).map_err(|e| Failure::Refused(format!("{}: {e}", path.display())))?;
        for (series, values) in series.iter_mut().zip(values) {
            values.into_iter().enumerate().for_each(|(i, x)| series[i % chains].push(x));
        }
    }
    Ok(History { names, series, ..History::default() })
}
