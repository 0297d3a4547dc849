//! The `lattice` command: a thin layer over the public API.
//!
//! | file | what |
//! |---|---|
//! | `args` | the flags |
//! | `config` | the flags from a TOML file |
//! | `failure` | what goes wrong, and the exit code |
//! | `targets` | densities on tori and spheres |
//! | `theory` | from flags to an action; what fits into memory |
//! | `output` | where results go |
//! | `device` | where programs run; `lattice devices` |
//! | `progress` | bars and Ctrl-C |
//! | `report` | tables and JSON |
//! | `plots`, `export` | pictures; series for other programs |
//! | `ensemble`, `given` | ensembles that are drawn again; that flows learn from |
//! | `version` | which program this is |
//! | `train`, `sample`, `flow_bench`, `mc`, `measure`, `exact`, `main_job` | the subcommands |

mod args;
mod config;
mod device;
mod ensemble;
mod exact;
mod export;
mod failure;
mod flow_bench;
mod given;
mod keep;
mod main_job;
mod mc;
mod measure;
mod output;
mod plots;
mod progress;
mod report;
mod sample;
mod targets;
#[cfg(test)]
mod tests;
mod theory;
mod train;
mod version;

use args::{Cli, Command, SHAPE, TRAINING};
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches};
use failure::Failure;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

/// Runs the command with these arguments, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match dispatch(arguments.into_iter().collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(error)) => {
            // A closed terminal is no reason to fail louder.
            let _ = error.print();
            ExitCode::from(error.exit_code() as u8)
        }
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "error: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn dispatch(arguments: Vec<OsString>) -> Result<(), Failure> {
    let arguments = config::expand(arguments)?;
    let matches = Cli::command().version(version::line()).try_get_matches_from(arguments).map_err(Failure::Usage)?;
    let cli = Cli::from_arg_matches(&matches).map_err(Failure::Usage)?;
    if let Some(("sample", given)) = matches.subcommand()
        && given.contains_id("from")
    {
        // What the ensemble says and a flag says again had better be said once.
        for flag in ["seed", "samples", "m2", "lambda", "beta", "precision"] {
            if given.value_source(flag) == Some(ValueSource::CommandLine) {
                let expected = "no such flag beside --from, which says it";
                return Err(Failure::refused(&format!("--{flag}"), expected, "one"));
            }
        }
    }
    if let Some(("flow-bench", given)) = matches.subcommand() {
        let is_given = |flag: &str| given.value_source(flag) == Some(ValueSource::CommandLine);
        let of_model: &[&str] = if is_given("model") { &SHAPE } else { &[] };
        let meaningless = TRAINING.iter().map(|flag| (flag, "no such flag for flow-bench"));
        let said = of_model.iter().map(|flag| (flag, "no such flag beside --model, which says it"));
        if let Some((flag, expected)) = meaningless.chain(said).find(|(flag, _)| is_given(flag)) {
            return Err(Failure::refused(&format!("--{}", flag.replace('_', "-")), expected, "one"));
        }
    }
    progress::catch_interrupts();
    match cli.command {
        None => main_job::run(&cli.main),
        Some(Command::Train(mut args)) => {
            args.complete();
            train::run(&args)
        }
        Some(Command::Sample(args)) => sample::run(&args),
        Some(Command::FlowBench(mut args)) => {
            args.complete();
            flow_bench::run(&args)
        }
        Some(Command::Mc(mut args)) => {
            args.theory.complete();
            mc::run(&args)
        }
        Some(Command::Measure(mut args)) => {
            args.theory.complete(&mut args.m2, &mut args.lambda);
            measure::run(&args)
        }
        Some(Command::Exact(mut args)) => {
            args.theory.complete();
            exact::run(&args)
        }
        Some(Command::Devices(args)) => device::list(args.json),
    }
}
