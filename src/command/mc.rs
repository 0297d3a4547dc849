//! `lattice mc`: Markov chains.

use super::args::{IntegratorName, McArgs, Precision, Steps, UpdateName};
use super::device;
use super::export;
use super::failure::{Failure, differences};
use super::keep::KeepArgs;
use super::output::{Existing, Folder, say};
use super::progress::{bar, forecast, interrupted};
use super::report::{Report, median, table};
use super::theory::{Theory, check_memory};
use super::train::precision_name;
use lattice_fields::autograd::params::TensorFile;
use lattice_fields::mc::observables::{FARTHEST, Quantity, quantities};
use lattice_fields::mc::statistics::{GammaMethod, Warning, chain_warnings, sign_warning};
use lattice_fields::mc::{Chains, History, Recorder, Stored};
use lattice_fields::prelude::*;
use serde_json::Value;
use std::path::Path;
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
    let plan =
        MarkovRun { chains: args.chains, updates: args.trajectories, thermalize: args.thermalize, seed: args.run.seed };
    check_memory(&format!("{} chains of lattice {}", args.chains, args.theory.lattice), memory(&theory, &plan))?;
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
    let local = || -> Result<Box<dyn Update>, Failure> {
        Location::Parity(0).check(&theory.lattice)?;
        Ok(Box::new(LocalMetropolis::default()))
    };
    let update: Box<dyn Update> = match args.update {
        UpdateName::Metropolis => local()?,
        UpdateName::Cluster => Box::new(Clusters { after: local()? }),
        UpdateName::Hmc => {
            let integrator = match args.integrator {
                IntegratorName::Leapfrog => Integrator::Leapfrog,
                IntegratorName::Omelyan => Integrator::Omelyan,
                IntegratorName::Omelyan4 => Integrator::Omelyan4,
            };
            let hmc = match args.steps {
                Steps::Auto => Hmc::new(integrator, args.length),
                Steps::Fixed(steps) => Hmc::fixed(integrator, args.length, steps),
            };
            Box::new(Hmc { jitter: args.jitter, ..hmc })
        }
    };
    let device = device::open(&args.on, &args.run)?;
    if args.resume && args.run.out.is_none() {
        return Err(Failure::refused("--resume", "the folder of a run in --out", "no --out"));
    }
    let description = describe(args, &theory);
    let path = |out: &Path| out.join(STATE);
    let resumed = match (&args.run.out, args.resume) {
        (Some(out), true) => Some(read_state(&path(out), &description)?),
        _ => None,
    };
    if let Some(&[done, _]) = resumed.as_ref().and_then(|file| file.values("run/counters", &[2]).ok()) {
        let recorded = (done - args.thermalize as f64).max(0.0);
        if recorded > args.trajectories as f64 {
            let expected = format!("at least the {recorded} that are recorded already");
            return Err(Failure::refused("--trajectories", &expected, args.trajectories));
        }
    }
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
        Precision::F32 => chains_of::<f32>(&theory, update, &plan, &device, "chains", &keep)?,
        Precision::F64 => chains_of::<f64>(&theory, update, &plan, &device, "chains", &keep)?,
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
    let exact = theory.exact_within(2.0);
    let mut report = Report::new("mc", &theory, args.run.seed, precision_name(args.run.precision));
    report.set("update", history.update.as_str());
    report.set("chains", args.chains);
    report.set("trajectories", updates);
    report.set("acceptance", acceptance);
    report.set_observables(&estimates);
    let derived = derived(&history, &theory.lattice);
    report.set_derived(&derived);
    let warnings = warnings(&history, &estimates, args.thermalize);
    warnings.iter().for_each(|w| say(args.run.json, &format!("warning: {w}")));
    report.set_warnings(&warnings);
    report.set("seconds", seconds);
    // A run that was finished already has made no update now.
    if !history.seconds.is_empty() {
        report.set("seconds_per_step", median(&history.seconds) / history.steps as f64);
        let samples = (args.chains * history.seconds.len()) as f64;
        report.set("samples_per_second", samples / history.seconds.iter().sum::<f64>());
    }
    device::fill(&mut report, &device);
    if let Some(folder) = &folder {
        folder.write("report.json", &report.text())?;
        export::write(&history, &args.export, &description, folder)?;
    }
    let summary = format!(
        "{}\n{:?}\n{}: {} chains of {} updates in {seconds:.1} s, acceptance {acceptance:.4}\n{}",
        theory.action.formula(),
        theory.action,
        history.update,
        args.chains,
        updates,
        table(&[estimates, derived].concat(), exact.as_ref())
    );
    report.print_or(args.run.json, &summary)?;
    if history.interrupted { Err(stopped()) } else { Ok(()) }
}

/// Bytes of fields, tables of neighbours and series.
fn memory(theory: &Theory, plan: &MarkovRun) -> f64 {
    let (volume, chains) = (theory.lattice.volume() as f64, plan.chains as f64);
    let names = 20.0 + theory.lattice.extents().last().map_or(0.0, |&l| (l / 2).min(FARTHEST) as f64);
    8.0 * volume * (6.0 * chains.max(16.0) + 40.0) + 8.0 * names * chains * plan.updates as f64
}

/// More updates than any run lives to see.
const MOST_UPDATES: u64 = 1_000_000_000_000;

/// The file that keeps the state of the chains.
const STATE: &str = "chains.safetensors";
const FORMAT: &str = "lattice-fields chains 1";

/// All that the chains depend on, apart from how many updates are recorded.
fn describe(args: &McArgs, theory: &Theory) -> String {
    let McArgs { update, integrator, length, jitter, steps, chains, thermalize, ref run, .. } = *args;
    let steps = steps.to_string();
    let description = serde_json::json!({
        "lattice": theory.lattice.extents(), "action": theory.action.formula(), "couplings": theory.couplings(),
        "update": update, "integrator": integrator, "length": length, "jitter": jitter, "steps": steps,
        "chains": chains, "thermalize": thermalize, "seed": run.seed, "precision": run.precision,
    });
    description.to_string()
}

/// Reads the state of a run that must be the one described.
fn read_state(path: &Path, description: &str) -> Result<TensorFile, Failure> {
    let file = TensorFile::read(path)?;
    let entry = |key: &str| file.metadata.get(key).map_or("nothing", String::as_str);
    let what = format!("--resume {}", path.display());
    if entry("format") != FORMAT {
        return Err(Failure::refused(&what, FORMAT, entry("format")));
    }
    if entry("description") != description {
        let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        let (expected, found) = differences(&parsed(description), &parsed(entry("description")));
        return Err(Failure::refused(&what, &format!("chains with {expected}"), found));
    }
    if !file.is_checked() {
        return Err(Failure::refused(&what, "a file with a checksum", "none"));
    }
    Ok(file)
}

/// Where and when the state of chains is kept, and the state that they begin with.
#[derive(Default)]
pub struct Keep<'a> {
    folder: Option<&'a Folder>,
    every: usize,
    format: KeepArgs,
    description: &'a str,
    resumed: Option<TensorFile>,
    quiet: bool,
}

impl Keep<'_> {
    /// Keeps nothing and says nothing.
    pub fn quiet() -> Self {
        Keep { quiet: true, ..Keep::default() }
    }

    /// Whether a whole number of intervals has been recorded.
    fn is_due<R: Real>(&self, recorder: &Recorder<'_, '_, R, Scalar>) -> bool {
        let recorded = recorder.recorded();
        self.every > 0 && recorded > 0 && recorded.is_multiple_of(self.every)
    }

    fn save_configurations<R: Real>(&self, recorder: &Recorder<'_, '_, R, Scalar>) -> Result<(), Failure> {
        let Some(folder) = self.folder else { return Ok(()) };
        let folder = folder.subfolder("configurations")?;
        let fields = recorder.chains().fields();
        let extents = fields.layout().lattice().extents().to_vec();
        let mut numbers = Vec::new();
        for chain in 0..fields.samples() {
            numbers.extend(fields.sample(chain)?.into_iter().map(Real::to_f64));
        }
        self.format.write::<R>(&Stored { extents, numbers }, &folder, recorder.recorded())
    }

    fn save<R: Real>(&self, recorder: &Recorder<'_, '_, R, Scalar>) -> Result<(), Failure> {
        let Some(folder) = self.folder else { return Ok(()) };
        let mut file = TensorFile::new();
        recorder.store(&mut file)?;
        file.metadata
            .extend([("format", FORMAT), ("description", self.description)].map(|(k, v)| (k.into(), v.into())));
        Ok(file.write(folder.file(STATE))?)
    }
}

/// Runs chains under a progress bar.
pub fn chains_of<R: Real>(
    theory: &Theory,
    update: Box<dyn Update>,
    plan: &MarkovRun,
    device: &Device,
    what: &'static str,
    keep: &Keep<'_>,
) -> Result<History, Failure> {
    let mut chains = Chains::<R>::new(&*theory.action, update, &theory.lattice, plan.chains, plan.seed, device)?;
    let mut recorder = Recorder::new(plan, &mut chains)?;
    if let Some(file) = &keep.resumed {
        recorder.restore(file)?;
    }
    let updates = recorder.total() - recorder.done();
    let flops = recorder.chains().cost().flops * (plan.chains * updates) as f64;
    // What chains of pointwise operations reach.
    say(keep.quiet, &forecast(device, memory(theory, plan), flops / 25e9));
    let bar = bar(what, recorder.total() as u64);
    let recorder = device.install(move || -> Result<_, Failure> {
        while recorder.done() < recorder.total() && !interrupted() {
            recorder.advance()?;
            if recorder.done() % 16 == 0 {
                bar.set_position(recorder.done() as u64);
            }
            if keep.is_due(&recorder) {
                // In this order: a run killed in between writes the same configurations once more.
                keep.save_configurations(&recorder)?;
                keep.save(&recorder)?;
            }
        }
        bar.finish_and_clear();
        keep.save(&recorder)?;
        Ok(recorder)
    })?;
    Ok(recorder.finish())
}

/// Functions of the means: susceptibilities, Binder cumulant, masses. Those that noise makes undefined are left out.
pub fn derived(history: &History, lattice: &Lattice) -> Vec<(String, Estimate)> {
    let method = GammaMethod::default();
    let estimate = |quantity: Quantity| {
        let found = quantity.estimate(&method, |name| history.chains(name)).ok()?;
        Some((quantity.name, found))
    };
    quantities(lattice).into_iter().filter_map(estimate).collect()
}

/// Reasons not to believe the estimates.
pub fn warnings(history: &History, estimates: &[(String, Estimate)], thermalize: usize) -> Vec<String> {
    let mut list = chain_warnings(estimates.iter().map(|(name, e)| (name.as_str(), e)), thermalize);
    list.extend(history.chains("m").and_then(sign_warning));
    let mut texts: Vec<String> = list.iter().map(Warning::to_string).collect();
    let find = |name: &str| estimates.iter().find(|(n, _)| n == name).map(|(_, e)| e);
    if history.chains("acceptance").is_some_and(|chains| chains.iter().flatten().all(|&a| a == 0.0)) {
        texts.push("no update was accepted: the numbers are those of the start; take smaller steps".into());
    }
    if let Some(e) = find("exp_minus_dh").filter(|e| (e.mean - 1.0).abs() > 5.0 * e.error) {
        texts.push(format!(
            "exp_minus_dh: {e} where 1 is exact: some trajectories are unstable, and their weight is not seen; take more steps"
        ));
    }
    texts
}

/// The mean acceptance, and the estimates of all else but the energy violation itself.
pub fn split(history: &History) -> Result<(f64, Vec<(String, Estimate)>), Failure> {
    let estimates = history.estimates()?;
    let acceptance = estimates.iter().find(|(name, _)| name == "acceptance").map_or(f64::NAN, |(_, e)| e.mean);
    let rest = estimates.into_iter().filter(|(name, _)| name != "acceptance" && name != "dh").collect();
    Ok((acceptance, rest))
}
