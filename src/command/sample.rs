//! `lattice sample`: exact samples from a trained flow.

use super::args::{Extents, Precision, SampleArgs, TargetArgs, TheoryArgs, TheoryName};
use super::device;
use super::ensemble::Record;
use super::export;
use super::failure::Failure;
use super::output::{Existing, Folder, say};
use super::progress::{bar, forecast, interrupted};
use super::report::{Report, table};
use super::targets::PointTheory;
use super::theory::{FlowTheory, GaugeTheory, Known, LinkTheory, Theory, check_memory};
use super::train::{model_file, precision_name};
use lattice_fields::flows::checkpoint::theory_of;
use lattice_fields::flows::sample::configurations_of;
use lattice_fields::mc::observables::FARTHEST;
use lattice_fields::mc::statistics::{
    TwoSided, Warning, repeat_warning, sign_warning, two_sided_warning, weight_warnings,
};
use lattice_fields::mc::{History, Stored};
use lattice_fields::prelude::*;
use lattice_fields::tensor::Field;
use std::path::Path;
use std::time::Instant;

/// A flow's exact chain and what its weights say.
#[derive(Debug)]
pub struct Sampled {
    pub ensemble: Ensemble,
    pub certificate: Certificate,
    pub two_sided: Option<TwoSided>,
    pub estimates: Vec<(String, Estimate)>,
    pub exact: Option<Known>,
    pub warnings: Vec<String>,
    pub seconds: f64,
}

/// What is to be drawn from a flow.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub samples: usize,
    /// Computed at a time.
    pub batch: usize,
    /// Configurations of the theory that are weighed too.
    pub two_sided: usize,
    /// Exact values are worked out if that takes less.
    pub exact_seconds: f64,
    /// Whether nothing is to be said of what it will take.
    pub quiet: bool,
}

impl Wanted {
    /// Refuses more samples than fit into memory.
    pub fn check(&self, lattice: &Lattice) -> Result<(), Failure> {
        check_memory(&format!("--samples {}", self.samples), self.bytes(lattice))?;
        check_memory(&format!("--two-sided {}", self.two_sided), 16.0 * self.two_sided as f64)
    }

    /// A log-weight, a state and a series for each observable, of the samples and of those computed at a time.
    fn bytes(&self, lattice: &Lattice) -> f64 {
        let last = lattice.extents().last().copied().unwrap_or(1);
        8.0 * (24 + FARTHEST.min(last / 2)) as f64 * (self.samples as f64 + self.batch as f64)
    }
}

pub fn run(args: &SampleArgs) -> Result<(), Failure> {
    let record = args.from.as_deref().map(Record::read).transpose()?;
    let folder = match (&args.model, &record) {
        (Some(model), _) => model.clone(),
        (None, Some(record)) => record.model.clone(),
        (None, None) => return Err(Failure::refused("--model", "a folder with model.safetensors", "none")),
    };
    let path = model_file("--model", &folder)?;
    let what = format!("--model {}", folder.display());
    let name = theory_name(&what, &path)?;
    match name {
        TheoryName::U1 => {
            let checkpoint = Checkpoint::read(&path)?;
            sample_from(args, &what, name, checkpoint, record.as_ref(), |asked| match GaugeTheory::new(asked)? {
                Some(gauge) => LinkTheory::new(gauge),
                None => Err(Failure::refused("--theory", "u1", asked.theory.name())),
            })
        }
        TheoryName::Torus | TheoryName::Sphere => sample_point(args, &what, name, &path, record.as_ref()),
        _ => sample_from(args, &what, name, Checkpoint::read(&path)?, record.as_ref(), Theory::new),
    }
}

/// Samples from a model of a density on a torus or a sphere.
fn sample_point(
    args: &SampleArgs,
    what: &str,
    name: TheoryName,
    path: &Path,
    record: Option<&Record>,
) -> Result<(), Failure> {
    let checkpoint = Checkpoint::read(path)?;
    let target = TargetArgs::of_model(what, &checkpoint.description)?;
    sample_from(args, what, name, checkpoint, record, |asked| {
        PointTheory::of_model(&TheoryArgs { target: target.clone(), ..asked.clone() })
    })
}

/// The theory of a model file.
pub fn theory_name(what: &str, path: &Path) -> Result<TheoryName, Failure> {
    let theory = theory_of(path)?;
    match theory.split('/').next() {
        Some("phi4") => Ok(TheoryName::Phi4),
        Some("free") => Ok(TheoryName::Free),
        Some("U(1)" | "u1") => Ok(TheoryName::U1),
        Some("torus") => Ok(TheoryName::Torus),
        Some("sphere") => Ok(TheoryName::Sphere),
        _ => Err(Failure::refused(what, "a model of phi4, free, u1, torus or sphere", theory)),
    }
}

/// Samples from a model of a theory, which is made from its flags.
fn sample_from<T: FlowTheory>(
    args: &SampleArgs,
    what: &str,
    theory_name: TheoryName,
    checkpoint: Checkpoint<T::Field>,
    record: Option<&Record>,
    theory: impl Fn(&TheoryArgs) -> Result<T, Failure>,
) -> Result<(), Failure> {
    let mut args = args.clone();
    if let Some(record) = record {
        record.check_model(what, &checkpoint)?;
        record.complete(&mut args);
    }
    let args = &args;
    let model = &checkpoint.description;
    if let Some(asked) = args.theory.filter(|&t| t != theory_name) {
        return Err(Failure::refused(what, &format!("a model of {}", asked.name()), &model.theory));
    }
    if let Some(asked) = args.lattice.as_ref().filter(|l| l.0 != model.lattice) {
        return Err(Failure::refused(what, &format!("a model of lattice {asked}"), Extents(model.lattice.clone())));
    }
    let trained = TheoryArgs::of_model(theory_name, model);
    let theory = theory(&TheoryArgs {
        m2: args.m2.or(trained.m2),
        lambda: args.lambda.or(trained.lambda),
        beta: args.beta.or(trained.beta),
        ..trained
    })?;
    let subject = theory.subject();
    if args.batch == 0 || args.samples == 0 {
        let (flag, found) = if args.batch == 0 { ("--batch", args.batch) } else { ("--samples", args.samples) };
        return Err(Failure::refused(flag, "at least 1", found));
    }
    for (flag, asked) in [("--export", !args.export.is_empty()), ("--save-every", args.save_every > 0)] {
        if asked && args.run.out.is_none() {
            return Err(Failure::refused(flag, "a folder in --out", "no --out"));
        }
    }
    args.keep.check(args.save_every)?;
    let batch = args.batch.min(args.samples);
    let wanted =
        Wanted { samples: args.samples, batch, two_sided: args.two_sided, exact_seconds: 12.0, quiet: args.run.json };
    wanted.check(subject.lattice)?;
    let flow = checkpoint.flow()?;
    let device = device::open(&args.on, &args.run)?;
    let folder = match &args.run.out {
        Some(out) => Some(Folder::open(Some(out), Existing::new(args.run.force, false))?),
        None => None,
    };
    let sampled = match args.run.precision {
        Precision::F32 => draw::<f32, T>(&flow, &theory, args.run.seed, &wanted, &device)?,
        Precision::F64 => draw::<f64, T>(&flow, &theory, args.run.seed, &wanted, &device)?,
    };
    let found = Record::new(args, &checkpoint, &subject.couplings(), &sampled.ensemble, &device);
    if let Some(record) = record {
        record.check_samples(&found)?;
    }
    let mut report = Report::about("sample", &subject, args.run.seed, precision_name(args.run.precision));
    sampled.fill(&mut report)?;
    report.set("checksum", found.checksum.as_str());
    report.set("seconds", sampled.seconds);
    report.set("samples_per_second", sampled.ensemble.log_weights.len() as f64 / sampled.seconds);
    device::fill(&mut report, &device);
    if let Some(folder) = &folder {
        folder.write_config(args)?;
        folder.write("report.json", &report.text())?;
        if !sampled.ensemble.interrupted {
            folder.write("ensemble.json", &found.text()?)?;
        }
        let series = sampled.ensemble.series.iter().map(|series| vec![series.clone()]).collect();
        let history = History { names: sampled.ensemble.names.clone(), series, ..History::default() };
        export::write(&history, &args.export, &subject.action.formula(), folder)?;
        match args.run.precision {
            Precision::F32 => {
                save_configurations::<f32, T>(args, folder, (&flow, &theory), &sampled.ensemble, &device)?
            }
            Precision::F64 => {
                save_configurations::<f64, T>(args, folder, (&flow, &theory), &sampled.ensemble, &device)?
            }
        }
    }
    sampled.warnings.iter().for_each(|w| say(args.run.json, &format!("warning: {w}")));
    report.print_or(args.run.json, &sampled.summary())?;
    if sampled.ensemble.interrupted {
        return Err(Failure::Interrupted(format!("stopped after {} samples", sampled.ensemble.log_weights.len())));
    }
    Ok(())
}

/// Configurations in one file.
const IN_A_FILE: usize = 1024;

/// Writes every so many states of the chain, 1024 to a file, which `measure --axis time` reads in order.
fn save_configurations<R: Real, T: FlowTheory>(
    args: &SampleArgs,
    folder: &Folder,
    (flow, theory): (&Flow<T::Field>, &T),
    ensemble: &Ensemble,
    device: &Device,
) -> Result<(), Failure> {
    if args.save_every == 0 {
        return Ok(());
    }
    let states: Vec<u64> = ensemble.states.iter().copied().skip(args.save_every - 1).step_by(args.save_every).collect();
    let extents = flow.lattice.extents().to_vec();
    for (number, states) in states.chunks(IN_A_FILE).enumerate() {
        if interrupted() {
            return Err(Failure::Interrupted(format!("stopped after {number} files of configurations")));
        }
        // States stand near each other: one run draws all proposals between the first and the last.
        let last = states[states.len() - 1];
        let mut numbers = Vec::with_capacity(states.len() * flow.lattice.volume());
        let mut drawn: Option<(u64, Field<T::Field, R>)> = None;
        for &state in states {
            let inside =
                |(from, field): &(u64, Field<T::Field, R>)| (*from..from + field.samples() as u64).contains(&state);
            if !drawn.as_ref().is_some_and(inside) {
                let count = (last - state + 1).min(4096) as usize;
                let action = theory.subject().action;
                drawn = Some((state, configurations_of::<R, _>(flow, action, args.run.seed, state, count, device)?));
            }
            if let Some((from, field)) = &drawn {
                numbers.extend(field.sample((state - from) as usize)?.into_iter().map(Real::to_f64));
            }
        }
        let (shape, numbers) = theory.stored(numbers);
        let stored = Stored { extents: [extents.as_slice(), &shape].concat(), numbers };
        args.keep.write::<R>(&stored, &folder.subfolder("configurations")?, number + 1)?;
    }
    Ok(())
}

/// Draws fresh samples and runs the chain over them.
pub fn draw<R: Real, T: FlowTheory>(
    flow: &Flow<T::Field>,
    theory: &T,
    seed: u64,
    wanted: &Wanted,
    device: &Device,
) -> Result<Sampled, Failure> {
    let bar = bar("sampling", wanted.samples as u64);
    let start = Instant::now();
    let mut sampler = Sampler::<R>::new(flow, theory.subject().action, seed, wanted.batch, device)?;
    let flops = sampler.cost().flops * wanted.samples as f64;
    let expected = forecast(device, wanted.bytes(theory.subject().lattice), flops / 80e9);
    say(wanted.quiet, &format!("sampling: {expected}"));
    let ensemble = Ensemble::draw(&mut sampler, wanted.samples, seed, |done| {
        bar.set_position(done as u64);
        !interrupted()
    })?;
    let seconds = start.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let exact = if ensemble.interrupted { None } else { theory.known_within(wanted.exact_seconds) };
    let certificate = Certificate::new(&ensemble.log_weights, exact.as_ref().map(Known::log_z))?;
    let estimates = ensemble.estimates()?;
    let mut warnings = Vec::new();
    if ensemble.not_finite > 0 {
        let (bad, all) = (ensemble.not_finite, ensemble.log_weights.len());
        warnings.push(format!("{bad} of {all} proposals had a weight that is not a number; they count as zero"));
    }
    let two_sided = match wanted.two_sided {
        0 => None,
        _ if ensemble.log_weights.len() < 2 || ensemble.interrupted => None,
        count => {
            let plan = MarkovRun { chains: 64, updates: count.div_ceil(64), thermalize: 200, seed };
            // What keeps the other side from being seen speaks against the flow, and is said.
            match theory.two_sided::<R>(flow, &ensemble.log_weights, &plan, device, || !interrupted()) {
                Ok(sides) => sides,
                Err(error) => {
                    warnings.push(format!("configurations of the theory cannot be weighed by the flow: {error}"));
                    None
                }
            }
        }
    };
    if let Some(found) = two_sided.as_ref().map(|sides| sides.ess_of_theory.mean).filter(|e| *e < 0.1 * certificate.ess)
    {
        warnings.push(format!(
            "configurations of the theory give the flow an ESS of {found:.1e}, its own samples one of {:.4}: there are \
             regions where it hardly goes",
            certificate.ess
        ));
    }
    let series = |name: &str| ensemble.names.iter().position(|n| n == name).map(|i| ensemble.series[i].as_slice());
    let mut typed: Vec<Warning> = weight_warnings(&ensemble.log_weights)?;
    typed.extend(series("action_density").and_then(repeat_warning));
    typed.extend(series("m").and_then(|m| sign_warning(&[m])));
    typed.extend(two_sided.as_ref().and_then(two_sided_warning));
    warnings.extend(typed.iter().map(Warning::to_string));
    Ok(Sampled { ensemble, certificate, two_sided, estimates, exact, warnings, seconds })
}

impl Sampled {
    /// Puts the results into a report.
    pub fn fill(&self, report: &mut Report) -> Result<(), Failure> {
        report.set("samples", self.ensemble.log_weights.len());
        report.set("acceptance", self.ensemble.acceptance);
        report.set_certificate(&self.certificate, self.exact.is_some());
        if let Some(sides) = &self.two_sided {
            report.set_two_sided(sides);
        }
        report.set_observables(&self.estimates);
        report.set_warnings(&self.warnings);
        Ok(())
    }

    /// The results for people.
    pub fn summary(&self) -> String {
        let Certificate { samples, ess, log_z, kl } = &self.certificate;
        let reference = self.exact.as_ref().map_or("estimated".into(), |e| format!("exact, {:.6}", e.log_z()));
        let other = self.two_sided.as_ref().map_or(String::new(), |sides| {
            format!(
                "from the theory's side, by HMC and the inverse: ESS {}, log Z {}\n",
                sides.ess_of_theory, sides.log_z_of_theory
            )
        });
        format!(
            "{samples} fresh samples in {:.1} s: acceptance {:.4}, ESS {ess:.4}, KL {kl} (log Z {reference}), log Z {log_z}\n{other}{}",
            self.seconds,
            self.ensemble.acceptance,
            table(&self.estimates, &|name| self.exact.as_ref().and_then(|exact| exact.observable(name)))
        )
    }
}
