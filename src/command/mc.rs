//! `lattice mc`: Markov chains.

use super::args::{IntegratorName, McArgs, Precision, Steps, UpdateName};
use super::failure::Failure;
use super::output::{Folder, say};
use super::progress::{bar, interrupted};
use super::report::{Report, median, table, warnings};
use super::theory::{Theory, check_memory};
use super::train::precision_name;
use lattice_fields::mc::History;
use lattice_fields::prelude::*;
use std::time::Instant;

pub fn run(args: &McArgs) -> Result<(), Failure> {
    let theory = Theory::new(&args.theory)?;
    for (flag, found) in [("--chains", args.chains), ("--trajectories", args.trajectories)] {
        if found == 0 {
            return Err(Failure::refused(flag, "at least 1", found));
        }
    }
    if !(args.length > 0.0 && args.length.is_finite()) {
        return Err(Failure::refused("--length", "a positive number", args.length));
    }
    if !(0.0..1.0).contains(&args.jitter) {
        return Err(Failure::refused("--jitter", "a fraction from 0 to below 1", args.jitter));
    }
    let (volume, chains) = (theory.lattice.volume() as f64, args.chains as f64);
    let bytes = 8.0 * volume * (6.0 * chains.max(16.0) + 40.0) + 8.0 * 20.0 * chains * args.trajectories as f64;
    check_memory(&format!("{} chains of lattice {}", args.chains, args.theory.lattice), bytes)?;
    let update: Box<dyn Update> = match args.update {
        UpdateName::Metropolis => {
            Location::Parity(0).check(&theory.lattice)?;
            Box::new(LocalMetropolis::default())
        }
        UpdateName::Hmc => {
            let integrator = match args.integrator {
                IntegratorName::Leapfrog => Integrator::Leapfrog,
                IntegratorName::Omelyan => Integrator::Omelyan,
            };
            let hmc = match args.steps {
                Steps::Auto => Hmc::new(integrator, args.length),
                Steps::Fixed(steps) => Hmc::fixed(integrator, args.length, steps),
            };
            Box::new(Hmc { jitter: args.jitter, ..hmc })
        }
    };
    let cpu = Cpu::new(args.run.threads)?;
    let folder = match &args.run.out {
        Some(out) => Some(Folder::open(Some(out), args.run.force)?),
        None => None,
    };
    let plan =
        MarkovRun { chains: args.chains, updates: args.trajectories, thermalize: args.thermalize, seed: args.run.seed };
    let start = Instant::now();
    let history = match args.run.precision {
        Precision::F32 => chains_of::<f32>(&theory, update, &plan, &cpu, "chains")?,
        Precision::F64 => chains_of::<f64>(&theory, update, &plan, &cpu, "chains")?,
    };
    let seconds = start.elapsed().as_secs_f64();
    if history.seconds.is_empty() {
        return Err(Failure::Interrupted("stopped before the first update was recorded".into()));
    }
    let (acceptance, estimates) = split(&history)?;
    let exact = theory.exact_within(2.0);
    let mut report = Report::new("mc", &theory, args.run.seed, precision_name(args.run.precision));
    report.set("update", history.update.as_str());
    report.set("chains", args.chains);
    report.set("trajectories", history.seconds.len());
    report.set("acceptance", acceptance);
    report.set_observables(&estimates);
    let warnings = warnings(&estimates);
    warnings.iter().for_each(|w| say(args.run.json, &format!("warning: {w}")));
    if !warnings.is_empty() {
        report.set("warnings", warnings);
    }
    report.set("seconds", seconds);
    report.set("seconds_per_step", median(&history.seconds) / history.steps as f64);
    report
        .set("samples_per_second", (args.chains * history.seconds.len()) as f64 / history.seconds.iter().sum::<f64>());
    report.set("threads", cpu.threads());
    if let Some(folder) = &folder {
        folder.write_config(args)?;
        folder.write("report.json", &report.text())?;
    }
    let summary = format!(
        "{}\n{:?}\n{}: {} chains of {} updates in {seconds:.1} s, acceptance {acceptance:.4}\n{}",
        theory.action.formula(),
        theory.action,
        history.update,
        args.chains,
        history.seconds.len(),
        table(&estimates, exact.as_ref())
    );
    report.print_or(args.run.json, &summary)?;
    if history.interrupted {
        return Err(Failure::Interrupted(format!("stopped after {} updates", history.seconds.len())));
    }
    Ok(())
}

/// Runs chains under a progress bar.
pub fn chains_of<R: Real>(
    theory: &Theory,
    update: Box<dyn Update>,
    plan: &MarkovRun,
    cpu: &Cpu,
    what: &'static str,
) -> Result<History, Failure> {
    let bar = bar(what, (plan.thermalize + plan.updates) as u64);
    let history = plan.run::<R>(&*theory.action, update, &theory.lattice, cpu, |done| {
        if done % 16 == 0 {
            bar.set_position(done as u64);
        }
        !interrupted()
    })?;
    bar.finish_and_clear();
    Ok(history)
}

/// The mean acceptance, and the estimates of all else but the energy violation itself.
pub fn split(history: &History) -> Result<(f64, Vec<(String, Estimate)>), Failure> {
    let estimates = history.estimates()?;
    let acceptance = estimates.iter().find(|(name, _)| name == "acceptance").map_or(f64::NAN, |(_, e)| e.mean);
    let rest = estimates.into_iter().filter(|(name, _)| name != "acceptance" && name != "dh").collect();
    Ok((acceptance, rest))
}
