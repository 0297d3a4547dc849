//! `lattice flow-bench`: how noisy each estimator of the gradient is, and how long it takes, on one flow.

use super::args::{FlowBenchArgs, Precision, TargetArgs, TheoryArgs, TheoryName, TrainArgs};
use super::device;
use super::failure::Failure;
use super::given;
use super::output::say;
use super::progress::{bar, interrupted};
use super::report::Report;
use super::sample::theory_name;
use super::targets::PointTheory;
use super::theory::{FlowTheory, GaugeTheory, LinkTheory, Theory, check_memory};
use super::train::{check_link_memory, check_training_memory, model_file, precision_name};
use lattice_fields::autograd::optim::BatchSchedule;
use lattice_fields::flows::given::field;
use lattice_fields::flows::{GradientNoise, NoiseReport, Shape};
use lattice_fields::prelude::*;
use serde_json::{Value, json};

/// Batches that warm up, and are not counted.
const WARM: u64 = 2;

pub fn run(args: &FlowBenchArgs) -> Result<(), Failure> {
    let train = &args.train;
    let Some(folder) = &args.model else {
        if let Some(gauge) = GaugeTheory::new(&train.theory)? {
            let (theory, links) = (LinkTheory::new(gauge)?, train.link_flow(None)?);
            check_link_memory(&theory, &links, train.run.threads)?;
            return bench(train, &theory, || Ok(links.flow(&theory.lattice)?), 0);
        }
        if let Some(theory) = PointTheory::new(&train.theory)? {
            let shape = train.point_flow(theory.dimension)?;
            let flow = || Ok(shape.clone().flow(theory.subject().lattice)?);
            return bench(train, &theory, flow, 0);
        }
        train.refuse_flags_of_angles()?;
        let (theory, architecture) = (Theory::new(&train.theory)?, train.architecture());
        check_training_memory(&theory, &architecture, train.run.threads)?;
        return bench(train, &theory, || Ok(Flow::new(&theory.lattice, architecture.clone())?), 0);
    };
    let path = model_file("--model", folder)?;
    let name = theory_name(&format!("--model {}", folder.display()), &path)?;
    if name == TheoryName::U1 {
        let checkpoint = Checkpoint::read(&path)?;
        let Some(gauge) = GaugeTheory::new(&TheoryArgs::of_model(name, &checkpoint.description))? else {
            return Ok(());
        };
        return bench(train, &LinkTheory::new(gauge)?, || Ok(checkpoint.flow()?), checkpoint.step);
    }
    if matches!(name, TheoryName::Torus | TheoryName::Sphere) {
        let checkpoint = Checkpoint::read(&path)?;
        let target = TargetArgs::of_model("--model", &checkpoint.description)?;
        let theory =
            PointTheory::of_model(&TheoryArgs { target, ..TheoryArgs::of_model(name, &checkpoint.description) })?;
        return bench(train, &theory, || Ok(checkpoint.flow()?), checkpoint.step);
    }
    let checkpoint = Checkpoint::read(&path)?;
    let theory = Theory::new(&TheoryArgs::of_model(name, &checkpoint.description))?;
    bench(train, &theory, || Ok(checkpoint.flow()?), checkpoint.step)
}

/// Compares the estimators on copies of one flow, on batches from step `first` on.
fn bench<T: FlowTheory>(
    args: &TrainArgs,
    theory: &T,
    flow: impl Fn() -> Result<Flow<T::Field>, Failure>,
    first: u64,
) -> Result<(), Failure> {
    match args.run.precision {
        Precision::F32 => measure::<f32, T>(args, theory, flow, first),
        Precision::F64 => measure::<f64, T>(args, theory, flow, first),
    }
}

fn measure<R: Real, T: FlowTheory>(
    args: &TrainArgs,
    theory: &T,
    flow: impl Fn() -> Result<Flow<T::Field>, Failure>,
    first: u64,
) -> Result<(), Failure> {
    let (subject, device) = (theory.subject(), device::open(&args.on, &args.run)?);
    let plan = args.training();
    let (batch, batches) = (plan.batch.last(), plan.steps);
    if batches < 3 {
        return Err(Failure::refused("--steps", "at least 3 batches", batches));
    }
    let ensemble = match args.ensemble.as_slice() {
        [] => None,
        paths => {
            Some(field::<R, T::Field>(subject.lattice, subject.action, &given::read(theory, paths, args.run.json)?)?)
        }
    };
    let mut estimators = vec![Estimator::Reparam, Estimator::Path, Estimator::Reinforce];
    estimators.extend(ensemble.as_ref().map(|_| Estimator::Forward));
    let mut flows = estimators.iter().map(|_| flow()).collect::<Result<Vec<_>, _>>()?;
    let parameters = flows[0].parameters.len();
    let bytes = 8.0 * parameters as f64 * estimators.len() as f64 * batches as f64;
    check_memory(&format!("--steps {batches} gradients of {parameters} parameters"), bytes)?;
    say(args.run.json, &format!("{}\n{:?}, {parameters} parameters", subject.action.formula(), subject.action));
    let mut trainers = Vec::new();
    for (flow, &estimator) in flows.iter_mut().zip(&estimators) {
        let constant = BatchSchedule::constant(batch).map_err(|e| Failure::Refused(e.to_string()))?;
        let training = Training { estimator, batch: constant, ..plan.clone() };
        trainers.push(match (estimator, &ensemble) {
            (Estimator::Forward, Some(ensemble)) => {
                Trainer::<R, T::Field>::on_ensemble(flow, subject.action, ensemble, training, &device)?
            }
            _ => Trainer::new(flow, subject.action, training, &device)?,
        });
    }
    let mut noise = vec![GradientNoise::default(); trainers.len()];
    let bar = bar("batches", batches);
    // In turn, so that all see the same machine.
    for step in 0..WARM + batches {
        for (trainer, noise) in trainers.iter_mut().zip(&mut noise) {
            match step < WARM {
                true => trainer.gradient_at(first + step).map(drop)?,
                false => noise.measure(trainer, first + step)?,
            }
        }
        bar.set_position((step + 1).saturating_sub(WARM));
        if interrupted() {
            return Err(Failure::Interrupted(format!("stopped after {} batches", step.saturating_sub(WARM))));
        }
    }
    bar.finish_and_clear();
    let found = noise.iter().map(GradientNoise::report).collect::<Result<Vec<NoiseReport>, _>>()?;
    // The forward gradient is that of another divergence.
    let reverse = estimators.iter().zip(&found).filter(|(estimator, _)| **estimator != Estimator::Forward);
    let best = reverse.map(|(_, found)| found.variance_seconds.mean).fold(f64::INFINITY, f64::min);
    let relative = |estimator: Estimator, found: &NoiseReport| {
        (estimator != Estimator::Forward && best > 0.0).then(|| found.variance_seconds.mean / best)
    };
    let rows = estimators.iter().zip(&found).map(|(&estimator, found)| (estimator, *found, relative(estimator, found)));
    let rows: Vec<(Estimator, NoiseReport, Option<f64>)> = rows.collect();
    let mut report = Report::about("flow-bench", &subject, args.run.seed, precision_name(args.run.precision));
    report.set("parameters", parameters);
    report.set("steps_trained", first);
    report.set("batch", batch);
    report.set("batches", batches);
    report.set("estimators", Value::Object(rows.iter().map(|row| (name(row.0), object(row))).collect()));
    device::fill(&mut report, &device);
    report.print_or(args.run.json, &table(&rows, batch, batches))
}

fn name(estimator: Estimator) -> String {
    format!("{estimator:?}").to_lowercase()
}

fn object((_, found, relative): &(Estimator, NoiseReport, Option<f64>)) -> Value {
    let pair = |estimate: &Estimate| json!({"mean": estimate.mean, "error": estimate.error});
    let mut object = Report::default();
    object.set("seconds", pair(&found.seconds));
    object.set("norm", pair(&found.norm));
    object.set("variance", pair(&found.variance));
    object.set("variance_seconds", pair(&found.variance_seconds));
    object.set("relative", *relative);
    object.value()
}

/// The comparison for people.
fn table(rows: &[(Estimator, NoiseReport, Option<f64>)], batch: usize, batches: u64) -> String {
    let mut text = format!(
        "{batches} batches of {batch} samples\n{:<10}{:>18}{:>18}{:>18}{:>20}{:>10}\n",
        "", "ms a batch", "|mean gradient|", "variance a sample", "variance x second", "relative"
    );
    for (estimator, found, relative) in rows {
        let milliseconds = Estimate::independent(1e3 * found.seconds.mean, 1e3 * found.seconds.error, batches as usize);
        let relative = relative.map_or("-".into(), |x| format!("{x:.2}"));
        text += &format!(
            "{:<10}{:>18}{:>18}{:>18}{:>20}{relative:>10}\n",
            name(*estimator),
            milliseconds.to_string(),
            found.norm.to_string(),
            found.variance.to_string(),
            found.variance_seconds.to_string()
        );
    }
    text
}
