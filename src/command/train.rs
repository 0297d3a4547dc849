//! `lattice train`: a flow on its own samples, or on an ensemble.

use super::args::{EstimatorName, Precision, TrainArgs};
use super::device;
use super::failure::{Failure, differences};
use super::given;
use super::output::{Existing, Folder, say};
use super::plots;
use super::progress::{bar, forecast, interrupted};
use super::report::{Report, median};
use super::sample::{self, Wanted};
use super::targets::PointTheory;
use super::theory::{FlowTheory, GaugeTheory, Known, LinkTheory, Theory, check_memory};
use lattice_fields::autograd::optim::LearningRate;
use lattice_fields::flows::angles::{Architecture as AngleFlow, LinkFlow, Masks};
use lattice_fields::flows::checkpoint::Description;
use lattice_fields::flows::given::field;
use lattice_fields::flows::{Flat, History, Shape};
use lattice_fields::prelude::*;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The name of the model file in a run's folder.
pub const MODEL: &str = "model.safetensors";

/// What a training leaves behind, besides its model file.
#[derive(Debug)]
pub struct Trained {
    pub history: History,
    pub seconds: f64,
    pub step_seconds: Vec<f64>,
    pub steps: u64,
    pub interrupted: bool,
}

pub fn run(args: &TrainArgs) -> Result<(), Failure> {
    if let Some(gauge) = GaugeTheory::new(&args.theory)? {
        let theory = LinkTheory::new(gauge)?;
        // A training that goes on has its prior in its own model.
        let going_on = args.run.out.as_ref().filter(|_| args.resume && args.prior.is_some());
        let prior = args.prior.as_ref().filter(|_| !args.resume);
        let prior = prior.map(|folder| read_model::<Channels>("--prior", folder)).transpose()?;
        let shape = match going_on {
            Some(out) => shape_of_links("--resume", &read_model("--resume", out)?)?.prior.map(|prior| *prior),
            None => prior.as_ref().map(|model| shape_of_links("--prior", model)).transpose()?,
        };
        let links = args.link_flow(shape)?;
        check_link_memory(&theory, &links, args.run.threads)?;
        let mut flow = links.flow(&theory.lattice)?;
        if let Some(prior) = &prior {
            flow.restore_prior(prior)?;
        }
        return train_for(args, &theory, flow);
    }
    if let Some(theory) = PointTheory::new(&args.theory)? {
        let flow = args.point_flow(theory.dimension)?.flow(theory.subject().lattice)?;
        return train_for(args, &theory, flow);
    }
    args.refuse_flags_of_angles()?;
    let theory = Theory::new(&args.theory)?;
    let architecture = args.architecture();
    check_training_memory(&theory, &architecture, args.run.threads)?;
    let flow = Flow::new(&theory.lattice, architecture)?;
    train_for(args, &theory, flow)
}

/// The shape of a model of links.
fn shape_of_links(flag: &str, model: &Checkpoint<Channels>) -> Result<LinkFlow, Failure> {
    match &model.description.architecture {
        AngleFlow::Links(links) => Ok(links.clone()),
        _ => Err(Failure::refused(flag, "a model of u1", &model.description.theory)),
    }
}

/// Trains a flow for a theory, and says how good it is.
fn train_for<T: FlowTheory>(args: &TrainArgs, theory: &T, mut flow: Flow<T::Field>) -> Result<(), Failure> {
    let training = args.training();
    let subject = theory.subject();
    if !(args.clip > 0.0 && args.clip.is_finite()) {
        return Err(Failure::refused("--clip", "a positive norm, 1e300 to clip nothing", args.clip));
    }
    if training.steps == 0 {
        return Err(Failure::refused("--steps", "at least 1", 0));
    }
    let rate = LearningRate::new(training.lr, training.schedule.clone(), training.steps);
    rate.map_err(|e| Failure::Refused(e.to_string()))?;
    if args.samples == 0 {
        return Err(Failure::refused("--samples", "at least 1", 0));
    }
    let forward = args.estimator == Some(EstimatorName::Forward);
    if forward == args.ensemble.is_empty() {
        return Err(match forward {
            true => Failure::refused("--estimator forward", "configurations to learn from, by --ensemble", "none"),
            false => Failure::refused("--ensemble", "--estimator forward, which learns from it", "another"),
        });
    }
    // A training that goes on has learnt from it already.
    if let Some(folder) = args.warm_start.as_ref().filter(|_| !args.resume) {
        flow.warm_start(&read_model("--warm-start", folder)?)?;
    }
    let device = device::open(&args.on, &args.run)?;
    if args.resume && args.run.out.is_none() {
        return Err(Failure::refused("--resume", "the folder of a training in --out", "no --out"));
    }
    let wanted =
        Wanted { samples: args.samples, batch: 1024, two_sided: args.two_sided, exact_seconds: 12.0, quiet: true };
    wanted.check(subject.lattice)?;
    let ensemble = match forward {
        true => Some(given::read(theory, &args.ensemble, args.run.json)?),
        false => None,
    };
    let description = describe(theory, &flow, &training, args.run.precision);
    let resume = if args.resume {
        let path = args.run.out.clone().unwrap_or_default().join(MODEL);
        let checkpoint = Checkpoint::<T::Field>::read(&path)?;
        if checkpoint.description != description {
            let text = |of: &Description<T::Field>| serde_json::to_value(of).unwrap_or_default();
            let (expected, found) = differences(&text(&description), &text(&checkpoint.description));
            let what = format!("--resume {}", path.display());
            return Err(Failure::refused(&what, &format!("a training with {expected}"), found));
        }
        Some(checkpoint)
    } else {
        None
    };
    let folder = Folder::open(args.run.out.as_deref(), Existing::new(args.run.force, args.resume))?;
    folder.write_config(args)?;
    say(
        args.run.json,
        &format!(
            "{}\n{:?}, {} parameters, into {}",
            subject.action.formula(),
            subject.action,
            flow.parameters.len(),
            folder.0.display()
        ),
    );
    let work = Work {
        theory,
        training,
        description: &description,
        resume: resume.as_ref(),
        ensemble: ensemble.as_deref(),
        folder: &folder,
        save_every: args.save_every,
        quiet: args.run.json,
    };
    let trained = match args.run.precision {
        Precision::F32 => train::<f32, T>(&mut flow, work, &device)?,
        Precision::F64 => train::<f64, T>(&mut flow, work, &device)?,
    };
    if trained.interrupted {
        let (step, out) = (trained.steps, folder.0.display());
        return Err(Failure::Interrupted(format!("stopped at step {step}; train --resume --out {out} continues")));
    }
    let sampled = match args.run.precision {
        Precision::F32 => sample::draw::<f32, T>(&flow, theory, args.run.seed, &wanted, &device)?,
        Precision::F64 => sample::draw::<f64, T>(&flow, theory, args.run.seed, &wanted, &device)?,
    };
    if sampled.ensemble.interrupted {
        let out = folder.0.display();
        return Err(Failure::Interrupted(format!(
            "stopped while sampling; train --resume --out {out} certifies again"
        )));
    }
    let mut report = Report::about("train", &subject, args.run.seed, precision_name(args.run.precision));
    report.set("steps", trained.steps);
    report.set("rejected_steps", trained.history.rejected);
    report.set("ensemble", ensemble.map(|numbers| numbers.len() / subject.numbers()));
    sampled.fill(&mut report)?;
    report.set("seconds", trained.seconds);
    report.set("seconds_per_step", (!trained.step_seconds.is_empty()).then(|| median(&trained.step_seconds)));
    report.set("samples_per_second", sampled.ensemble.log_weights.len() as f64 / sampled.seconds);
    device::fill(&mut report, &device);
    folder.write("report.json", &report.text())?;
    plots::training(
        &folder.file("training.svg"),
        &trained.history.rows,
        sampled.exact.as_ref().map(Known::log_z),
        forward,
    )?;
    sampled.warnings.iter().for_each(|w| say(args.run.json, &format!("warning: {w}")));
    report.print_or(args.run.json, &sampled.summary())
}

pub fn precision_name(precision: Precision) -> &'static str {
    match precision {
        Precision::F32 => "f32",
        Precision::F64 => "f64",
    }
}

pub fn describe<T: FlowTheory>(
    theory: &T,
    flow: &Flow<T::Field>,
    training: &Training,
    precision: Precision,
) -> Description<T::Field> {
    let subject = theory.subject();
    Description {
        lattice: subject.lattice.extents().to_vec(),
        theory: subject.theory(),
        action: subject.action.formula(),
        couplings: subject.couplings(),
        architecture: flow.architecture.clone(),
        training: training.clone(),
        precision: precision_name(precision).into(),
    }
}

/// Activations of one block a thread, and the tables of neighbours.
pub fn check_training_memory(theory: &Theory, architecture: &Architecture, threads: usize) -> Result<(), Failure> {
    let volume = theory.lattice.volume() as f64;
    let channels: usize = architecture.hidden.iter().sum::<usize>() + 8;
    let taps = (architecture.kernel as f64).powi(theory.lattice.directions() as i32);
    let layers = architecture.layers as f64;
    let cores = if threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { threads };
    let bytes = volume
        * layers
        * (64.0 * channels as f64 * cores as f64 + 24.0 * taps * (1 + architecture.hidden.len()) as f64);
    check_memory(&format!("a flow of {} layers on lattice {:?}", architecture.layers, theory.lattice.extents()), bytes)
}

/// The same for couplings of links, whose activations live on parts of the lattice.
pub fn check_link_memory(theory: &LinkTheory, flow: &LinkFlow, threads: usize) -> Result<(), Failure> {
    let volume = theory.lattice.volume() as f64;
    let directions = theory.lattice.directions() as i32;
    let cores = if threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { threads };
    let bytes = |flow: &LinkFlow| {
        let width = flow.hidden.iter().sum::<usize>() as f64;
        let layers = if flow.masks == Masks::Divisions { 2.0 } else { flow.layers as f64 };
        let taps = if flow.masks == Masks::Divisions { 1.0 } else { (flow.kernel as f64).powi(directions) };
        let each = 64.0 * (width + (4 * flow.mixtures) as f64 + 16.0) * cores as f64;
        volume * layers * (each + 24.0 * taps * (1 + flow.hidden.len()) as f64)
    };
    let all = std::iter::successors(Some(flow), |flow| flow.prior.as_deref()).map(bytes).sum();
    check_memory(&format!("a flow of links on lattice {:?}", theory.lattice.extents()), all)
}

/// A training, and where it is kept.
pub struct Work<'a, T: FlowTheory> {
    pub theory: &'a T,
    pub training: Training,
    pub description: &'a Description<T::Field>,
    /// Where it goes on from.
    pub resume: Option<&'a Checkpoint<T::Field>>,
    /// What it learns from, if not its own samples.
    pub ensemble: Option<&'a [f64]>,
    pub folder: &'a Folder,
    /// Steps between checkpoints; 0 for none but the last.
    pub save_every: u64,
    pub quiet: bool,
}

/// Trains, with checkpoints, until the end or Ctrl-C.
pub fn train<R: Real, T: FlowTheory>(
    flow: &mut Flow<T::Field>,
    work: Work<'_, T>,
    device: &Device,
) -> Result<Trained, Failure> {
    let Work { theory, training, description, resume, ensemble, folder, save_every, quiet } = work;
    let steps = training.steps;
    let subject = theory.subject();
    let ensemble =
        ensemble.map(|numbers| field::<R, T::Field>(subject.lattice, subject.action, numbers)).transpose()?;
    let mut trainer = match &ensemble {
        Some(ensemble) => Trainer::on_ensemble(flow, subject.action, ensemble, training, device)?,
        None => Trainer::<R, T::Field>::new(flow, subject.action, training, device)?,
    };
    let mut clock = Vec::new();
    if let Some(checkpoint) = resume {
        trainer.resume(checkpoint)?;
        clock = read_clock(folder, trainer.history());
    }
    let parameters = trainer.flow()?.parameters.len();
    let bytes = std::mem::size_of::<R>() * trainer.program().arena() * device.processor().threads() + 48 * parameters;
    // The batch at a hundred moments of what is left.
    let left = steps.saturating_sub(trainer.steps_done());
    let moment = |i: u64| trainer.steps_done() + (left as u128 * u128::from(i) / 100) as u64;
    let batches = (0..100).map(|i| trainer.training().batch.size(moment(i), steps) as f64);
    let samples = left as f64 * batches.sum::<f64>() / 100.0;
    // What convolutions reach.
    say(quiet, &forecast(device, bytes as f64, trainer.cost().flops * samples / 80e9));
    let path = folder.file(MODEL);
    let save = |trainer: &mut Trainer<'_, R, T::Field>, clock: &[f64]| -> Result<(), Failure> {
        write_history(folder, trainer.history(), clock)?;
        Ok(Checkpoint::of(trainer, description)?.write(&path)?)
    };
    let bar = bar("training", steps);
    bar.set_position(trainer.steps_done());
    let before = clock.last().copied().unwrap_or(0.0);
    let start = Instant::now();
    let mut step_seconds = Vec::new();
    let interrupted = loop {
        if trainer.steps_done() >= steps {
            break false;
        }
        let begin = Instant::now();
        let report = match trainer.step() {
            Ok(report) => report,
            Err(error) => {
                save(&mut trainer, &clock)?;
                return Err(error.into());
            }
        };
        step_seconds.push(begin.elapsed().as_secs_f64());
        if let Some(row) = trainer.history().rows.get(clock.len()) {
            clock.push(before + start.elapsed().as_secs_f64());
            bar.set_position(report.step);
            bar.set_message(format!("loss {:.4} ESS in batch {:.2}", row.loss, row.ess));
        }
        // Not between steps that are left out: the file that is there may be the last good one.
        if save_every > 0 && report.step % save_every == 0 && !report.rejected {
            save(&mut trainer, &clock)?;
        }
        if interrupted() && report.step < steps {
            break true;
        }
    };
    bar.finish_and_clear();
    let seconds = start.elapsed().as_secs_f64();
    save(&mut trainer, &clock)?;
    let (history, steps) = (trainer.history().clone(), trainer.steps_done());
    Ok(Trained { history, seconds, step_seconds, steps, interrupted })
}

const HISTORY: &str = "history.csv";

/// Loss and ESS against step and seconds, as CSV.
fn write_history(folder: &Folder, history: &History, clock: &[f64]) -> Result<(), Failure> {
    let mut text = String::from("step,loss,ess_in_batch,seconds\n");
    for (row, seconds) in history.rows.iter().zip(clock) {
        text += &format!("{},{},{},{seconds:.3}\n", row.step, row.loss, row.ess);
    }
    folder.write(HISTORY, &text)
}

/// The seconds that a training before had reached at each row; the last one it knew where its file does not say.
fn read_clock(folder: &Folder, history: &History) -> Vec<f64> {
    let text = std::fs::read_to_string(folder.file(HISTORY)).unwrap_or_default();
    let mut seconds = text.lines().skip(1).map_while(|line| line.rsplit(',').next()?.parse::<f64>().ok());
    let mut last = 0.0;
    history.rows.iter().map(|_| seconds.next().inspect(|s| last = *s).unwrap_or(last)).collect()
}

/// Reads the model of a folder that a flag names.
pub fn read_model<K: Flat>(flag: &str, folder: &Path) -> Result<Checkpoint<K>, Failure> {
    Ok(Checkpoint::read(&model_file(flag, folder)?)?)
}

/// The model file of a folder that a flag names.
pub fn model_file(flag: &str, folder: &Path) -> Result<PathBuf, Failure> {
    if !folder.exists() {
        let what = format!("{flag} {}", folder.display());
        return Err(Failure::refused(&what, "a folder with model.safetensors", "nothing there"));
    }
    Ok(if folder.is_dir() { folder.join(MODEL) } else { folder.to_path_buf() })
}
