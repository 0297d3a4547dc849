//! `lattice mc`: Markov chains.
//!
//! | file | what |
//! |---|---|
//! | `gauge` | gauge fields: actions, starts, updates |
//! | `results` | estimates, functions of them, warnings |
//! | `state` | the state of chains on disk |

mod gauge;
mod results;
mod state;

pub use results::{derived, split, warnings};
pub use state::Keep;

use super::args::{IntegratorName, McArgs, Precision, Steps, UpdateName};
use super::device;
use super::export;
use super::failure::Failure;
use super::output::{Existing, Folder, say};
use super::progress::{bar, forecast, interrupted};
use super::report::{Report, median, table};
use super::theory::{FlowTheory, GaugeTheory, Subject, Theory, check_memory};
use super::train::precision_name;
use lattice_fields::mc::observables::FARTHEST;
use lattice_fields::mc::{History, Recorder};
use lattice_fields::prelude::*;
use std::time::Instant;

pub fn run(args: &McArgs) -> Result<(), Failure> {
    if let Some(theory) = GaugeTheory::new(&args.theory)? {
        return gauge::run(args, &theory);
    }
    gauge::refuse_flags(args)?;
    let theory = Theory::new(&args.theory)?;
    let local = || -> Result<Box<dyn Update>, Failure> {
        Location::Parity(0).check(&theory.lattice)?;
        Ok(Box::new(LocalMetropolis::default()))
    };
    check(args)?;
    let update: Box<dyn Update> = match args.update {
        UpdateName::Hmc => Box::new(hmc(args)),
        UpdateName::Metropolis => local()?,
        UpdateName::Cluster => Box::new(Clusters { after: local()? }),
        UpdateName::Heatbath | UpdateName::Draws => {
            let found = if args.update == UpdateName::Draws { "draws" } else { "heatbath" };
            return Err(Failure::refused("--update", "hmc, metropolis or cluster for a scalar theory", found));
        }
    };
    let exact = theory.exact_within(2.0);
    let setting = Setting {
        subject: theory.subject(),
        chains: args.chains.unwrap_or(CHAINS),
        begin: &Begin::From(Start::Cold),
        watched: "phi2",
        exact: &|name| exact.as_ref().and_then(|exact| exact.observable(name)),
        work: &|_| Vec::new(),
        further: &|_| Vec::new(),
    };
    job(args, &setting, update)
}

/// Chains side by side, if nobody says how many.
const CHAINS: usize = 64;

/// HMC by the flags.
fn hmc(args: &McArgs) -> Hmc {
    let integrator = match args.integrator {
        IntegratorName::Leapfrog => Integrator::Leapfrog,
        IntegratorName::Omelyan => Integrator::Omelyan,
        IntegratorName::Omelyan4 => Integrator::Omelyan4,
    };
    let hmc = match args.steps {
        Steps::Auto => Hmc::new(integrator, args.length),
        Steps::Fixed(steps) => Hmc::fixed(integrator, args.length, steps),
    };
    Hmc { jitter: args.jitter, ..hmc }
}

/// Refuses numbers that make no run.
fn check(args: &McArgs) -> Result<(), Failure> {
    for (flag, found) in [("--chains", args.chains.unwrap_or(CHAINS)), ("--trajectories", args.trajectories)] {
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
    Ok(())
}

/// More updates than any run lives to see.
const MOST_UPDATES: u64 = 1_000_000_000_000;

/// Refuses folders that are not named, and more updates than there can be.
fn check_plan(args: &McArgs) -> Result<(), Failure> {
    for (flag, asked) in [("--export", !args.export.is_empty()), ("--save-every", args.save_every > 0)] {
        if asked && args.run.out.is_none() {
            return Err(Failure::refused(flag, "a folder in --out", "no --out"));
        }
    }
    args.keep.check(args.save_every)?;
    if args.thermalize as u64 > MOST_UPDATES || args.trajectories as u64 > MOST_UPDATES {
        let found = args.thermalize.max(args.trajectories);
        return Err(Failure::refused("--thermalize, --trajectories", &format!("at most {MOST_UPDATES}"), found));
    }
    Ok(())
}

/// What chains begin with.
pub enum Begin {
    From(Start),
    /// Configurations, `[site][component]`, one chain after the other.
    With(Vec<Vec<f64>>),
}

/// What a run of chains needs to know of its theory.
pub struct Setting<'a, K: Manifold> {
    pub subject: Subject<'a, K>,
    pub chains: usize,
    pub begin: &'a Begin,
    /// The observable that the progress bar shows.
    pub watched: &'static str,
    /// The exact value of an observable, where it is known.
    pub exact: &'a dyn Fn(&str) -> Option<f64>,
    /// Further entries of the report, from the seconds of an update.
    pub work: &'a dyn Fn(f64) -> Vec<(&'static str, f64)>,
    /// Further functions of the means.
    pub further: &'a dyn Fn(&History) -> Vec<(String, Estimate)>,
}

/// A whole run, from the flags to the report.
fn job<K: Manifold>(args: &McArgs, setting: &Setting<'_, K>, update: Box<dyn Update<K>>) -> Result<(), Failure> {
    let Setting { subject, chains, .. } = setting;
    let plan =
        MarkovRun { chains: *chains, updates: args.trajectories, thermalize: args.thermalize, seed: args.run.seed };
    check_memory(&format!("{chains} chains of lattice {}", args.theory.lattice), memory(subject, &plan))?;
    check_plan(args)?;
    let device = device::open(&args.on, &args.run)?;
    if args.resume && args.run.out.is_none() {
        return Err(Failure::refused("--resume", "the folder of a run in --out", "no --out"));
    }
    let description = describe(args, setting);
    let resumed = match (&args.run.out, args.resume) {
        (Some(out), true) => Some(state::read(out, &description, args)?),
        _ => None,
    };
    let folder = match &args.run.out {
        Some(out) => Some(Folder::open(Some(out), Existing::new(args.run.force, args.resume))?),
        None => None,
    };
    if let Some(folder) = &folder {
        folder.write_config(args)?;
    }
    let keep = Keep {
        folder: folder.as_ref(),
        every: args.save_every,
        format: args.keep,
        description: &description,
        resumed,
        quiet: args.run.json,
    };
    let start = Instant::now();
    let history = match args.run.precision {
        Precision::F32 => chains_of::<f32, K>(setting, update, &plan, &device, "chains", &keep)?,
        Precision::F64 => chains_of::<f64, K>(setting, update, &plan, &device, "chains", &keep)?,
    };
    let seconds = start.elapsed().as_secs_f64();
    let updates = history.recorded();
    let stopped = || {
        let how = args.run.out.as_ref().map(|out| format!("; mc --resume --out {} continues", out.display()));
        Failure::Interrupted(format!("stopped after {updates} updates{}", how.unwrap_or_default()))
    };
    if updates == 0 {
        return Err(stopped());
    }
    let (acceptance, estimates) = split(&history)?;
    let mut report = Report::about("mc", subject, args.run.seed, precision_name(args.run.precision));
    report.set("update", history.update.as_str());
    report.set("chains", *chains);
    report.set("trajectories", updates);
    report.set("acceptance", acceptance);
    report.set_observables(&estimates);
    let derived = [derived(&history, K::quantities(subject.lattice)), (setting.further)(&history)].concat();
    report.set_derived(&derived);
    let warnings = warnings(&history, &estimates, args.thermalize);
    warnings.iter().for_each(|w| say(args.run.json, &format!("warning: {w}")));
    report.set_warnings(&warnings);
    report.set("seconds", seconds);
    // A run that was finished already has made no update now.
    let mut speed = String::new();
    if !history.seconds.is_empty() {
        let update = median(&history.seconds);
        report.set("seconds_per_step", update / history.steps as f64);
        let samples = (chains * history.seconds.len()) as f64;
        report.set("samples_per_second", samples / history.seconds.iter().sum::<f64>());
        for (name, value) in (setting.work)(update / history.steps as f64) {
            report.set(name, value);
            speed += &format!("; {} {value:.3e}", name.replace('_', " "));
        }
    }
    device::fill(&mut report, &device);
    if let Some(folder) = &folder {
        folder.write("report.json", &report.text())?;
        export::write(&history, &args.export, &description, folder)?;
    }
    let summary = format!(
        "{}\n{:?}\n{}: {chains} chains of {updates} updates in {seconds:.1} s, acceptance {acceptance:.4}{speed}\n{}",
        subject.action.formula(),
        subject.action,
        history.update,
        table(&[estimates, derived].concat(), setting.exact)
    );
    report.print_or(args.run.json, &summary)?;
    if history.interrupted { Err(stopped()) } else { Ok(()) }
}

/// Bytes of fields, tables of neighbours and series.
fn memory<K: Manifold>(subject: &Subject<'_, K>, plan: &MarkovRun) -> f64 {
    let lattice = subject.lattice;
    let (volume, chains) = (lattice.volume() as f64, plan.chains as f64);
    let components = subject.action.fibre(lattice).components() as f64;
    let names = 20.0 + lattice.extents().last().map_or(0.0, |&l| (l / 2).min(FARTHEST) as f64);
    // One chain of many components fills the lanes with parts of the lattice.
    let lanes = if components > 1.0 { chains } else { chains.max(16.0) };
    8.0 * volume * (6.0 * components * lanes + 40.0) + 8.0 * names * chains * plan.updates as f64
}

/// All that the chains depend on, apart from how many updates are recorded.
fn describe<K: Manifold>(args: &McArgs, setting: &Setting<'_, K>) -> String {
    let McArgs { update, integrator, length, jitter, steps, thermalize, ref run, .. } = *args;
    let (subject, steps) = (&setting.subject, steps.to_string());
    let mut description = serde_json::json!({
        "lattice": subject.lattice.extents(), "action": subject.action.formula(), "couplings": subject.couplings(),
        "update": update, "integrator": integrator, "length": length, "jitter": jitter, "steps": steps,
        "chains": setting.chains, "thermalize": thermalize, "seed": run.seed, "precision": run.precision,
    });
    let gauge = &args.gauge;
    let given = [
        ("start", gauge.start.as_ref().map(ToString::to_string)),
        ("overrelax", gauge.overrelax.map(|sweeps| sweeps.to_string())),
        ("instantons", gauge.instantons.then(|| "yes".into())),
    ];
    for (name, value) in given {
        if let Some(value) = value {
            description[name] = value.into();
        }
    }
    description.to_string()
}

/// Runs chains under a progress bar.
pub fn chains_of<R: Real, K: Manifold>(
    setting: &Setting<'_, K>,
    update: Box<dyn Update<K>>,
    plan: &MarkovRun,
    device: &Device,
    what: &'static str,
    keep: &Keep<'_>,
) -> Result<History, Failure> {
    let Setting { subject, begin, watched, .. } = setting;
    let mut chains = Chains::<R, K>::new(subject.action, update, subject.lattice, plan.chains, plan.seed, device)?;
    match begin {
        Begin::From(start) => chains.begin(*start)?,
        Begin::With(configurations) => chains.begin_from(configurations)?,
    }
    let mut recorder = Recorder::new(plan, &mut chains)?;
    if let Some(file) = &keep.resumed {
        recorder.restore(file)?;
    }
    let updates = recorder.total() - recorder.done();
    let flops = recorder.chains().cost().flops * (plan.chains * updates) as f64;
    // What chains of pointwise operations reach.
    say(keep.quiet, &forecast(device, memory(subject, plan), flops / 25e9));
    let bar = bar(what, recorder.total() as u64);
    let mut shown = Instant::now();
    while recorder.done() < recorder.total() && !interrupted() {
        recorder.advance()?;
        if !bar.is_hidden() && shown.elapsed().as_secs_f64() > 0.25 {
            shown = Instant::now();
            bar.set_position(recorder.done() as u64);
            bar.set_message(live(&mut recorder, watched)?);
        }
        if keep.is_due(&recorder) {
            // In this order: a run killed in between writes the same configurations once more.
            keep.save_configurations(&recorder)?;
            keep.save(&recorder)?;
        }
    }
    bar.finish_and_clear();
    keep.save(&recorder)?;
    Ok(recorder.finish())
}

/// The mean over chains of acceptance and of one observable, as they are now.
fn live<R: Real, K: Manifold>(recorder: &mut Recorder<'_, '_, R, K>, watched: &str) -> Result<String, Failure> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let acceptance = recorder.told("acceptance").map(mean);
    let observed = recorder.observe(watched)?.map(mean);
    let texts = [("acceptance", acceptance), (watched, observed)];
    let texts = texts.into_iter().filter_map(|(name, x)| Some(format!("{name} {:.4}", x?)));
    Ok(texts.collect::<Vec<_>>().join(", "))
}
