//! `lattice` alone: a flow trains itself on φ⁴, and stands beside HMC and local Metropolis.

use super::args::{Extents, MainArgs, Precision, TargetArgs, TheoryArgs, TheoryName};
use super::device;
use super::failure::Failure;
use super::mc::{self, Begin, Keep, Setting};
use super::output::{Existing, Folder, say};
use super::plots::{self, Curve};
use super::progress::interrupted;
use super::report::{Report, median};
use super::sample::{self, Sampled, Wanted};
use super::theory::{FlowTheory, Known, Theory};
use super::train::{self, MODEL, Work};
use lattice_fields::mc::History;
use lattice_fields::prelude::*;
use serde_json::json;
use std::time::Instant;

/// Steps of the training: about 100 s on two cores.
const STEPS: u64 = 24_000;
/// Proposals drawn from the trained flow.
const SAMPLES: usize = 262_144;
const WANTED: Wanted = Wanted { samples: SAMPLES, batch: 1024, two_sided: 8192, exact_seconds: 60.0, quiet: true };
/// Chains of HMC and of local Metropolis, and their updates.
const CHAINS: usize = 64;
const TRAJECTORIES: usize = 4000;
const SWEEPS: usize = 12_000;
const THERMALIZE: usize = 500;

/// One column of the table.
struct Column {
    label: &'static str,
    estimates: Vec<(String, Estimate)>,
    /// Seconds for one configuration of one chain.
    seconds: f64,
}

pub fn run(args: &MainArgs) -> Result<(), Failure> {
    match args.run.precision {
        Precision::F32 => job::<f32>(args),
        Precision::F64 => job::<f64>(args),
    }
}

fn job<R: Real>(args: &MainArgs) -> Result<(), Failure> {
    let json = args.run.json;
    let theory = Theory::new(&TheoryArgs {
        theory: TheoryName::Phi4,
        lattice: Extents(vec![8, 8]),
        m2: Some(-4.0),
        lambda: Some(8.0),
        beta: None,
        target: TargetArgs::default(),
    })?;
    let device = device::open(&args.on, &args.run)?;
    let folder = Folder::open(args.run.out.as_deref(), Existing::new(args.run.force, false))?;
    folder.write_config(args)?;
    let steps = if args.steps == 0 { STEPS } else { args.steps };
    let start = Instant::now();
    say(
        json,
        &format!("{}, m2 = -4, lambda = 8, lattice 8x8; results into {}", theory.action.formula(), folder.0.display()),
    );

    let mut flow = Flow::new(&theory.lattice, Architecture { seed: args.run.seed, ..Default::default() })?;
    let training = Training { steps, seed: args.run.seed, ..Default::default() };
    say(json, &format!("training a flow of {} parameters on its own samples, {steps} steps", flow.parameters.len()));
    let description = train::describe(&theory, &flow, &training, args.run.precision);
    let (description, folder) = (&description, &folder);
    let work = Work {
        theory: &theory,
        training,
        description,
        resume: None,
        ensemble: None,
        folder,
        save_every: 1000,
        quiet: json,
    };
    let trained = train::train::<R, Theory>(&mut flow, work, &device)?;
    if trained.interrupted {
        let path = folder.file(MODEL);
        return Err(Failure::Interrupted(format!(
            "stopped at step {} of the training; the model is in {}",
            trained.steps,
            path.display()
        )));
    }

    say(json, "sampling exactly: the flow's proposals, HMC, local Metropolis");
    let sampled = sample::draw::<R, Theory>(&flow, &theory, args.run.seed, &WANTED, &device)?;
    let setting = Setting {
        subject: theory.subject(),
        chains: CHAINS,
        begin: &Begin::From(Start::Cold),
        watched: "phi2",
        exact: &|_| None,
        work: &|_| Vec::new(),
        further: &|_| Vec::new(),
    };
    let plan = |updates| MarkovRun { chains: CHAINS, updates, thermalize: THERMALIZE, seed: args.run.seed };
    let chains = |update, updates, what| {
        mc::chains_of::<R, Scalar>(&setting, update, &plan(updates), &device, what, &Keep::quiet())
    };
    let hmc = chains(Box::new(Hmc::new(Integrator::Leapfrog, 1.0)), TRAJECTORIES, "HMC")?;
    let local = chains(Box::<LocalMetropolis>::default(), SWEEPS, "Metropolis")?;
    if interrupted() {
        let path = folder.file(MODEL);
        return Err(Failure::Interrupted(format!("stopped while sampling; the model is in {}", path.display())));
    }
    let seconds = start.elapsed().as_secs_f64();

    let (hmc_acceptance, hmc_estimates) = mc::split(&hmc)?;
    let (local_acceptance, local_estimates) = mc::split(&local)?;
    let per_configuration = |history: &History| median(&history.seconds) / CHAINS as f64;
    let columns = [
        Column { label: "flow", estimates: sampled.estimates.clone(), seconds: sampled.seconds / SAMPLES as f64 },
        Column { label: "HMC", estimates: hmc_estimates, seconds: per_configuration(&hmc) },
        Column { label: "Metropolis", estimates: local_estimates, seconds: per_configuration(&local) },
    ];

    let mut report = Report::new("main", &theory, args.run.seed, train::precision_name(args.run.precision));
    report.set("steps", trained.steps);
    sampled.fill(&mut report)?;
    report.set("seconds", seconds);
    report.set("training_seconds", trained.seconds);
    report.set("seconds_per_step", median(&trained.step_seconds));
    report.set("samples_per_second", SAMPLES as f64 / sampled.seconds);
    device::fill(&mut report, &device);
    for (key, column, acceptance, history) in
        [("hmc", &columns[1], hmc_acceptance, &hmc), ("metropolis", &columns[2], local_acceptance, &local)]
    {
        let mut part = Report::default();
        part.set("update", history.update.as_str());
        part.set("acceptance", acceptance);
        part.set_observables(&column.estimates);
        let warnings = mc::warnings(history, &column.estimates, THERMALIZE);
        warnings.iter().for_each(|w| say(json, &format!("warning, {}: {w}", column.label)));
        part.set_warnings(&warnings);
        part.set("seconds_per_configuration", column.seconds);
        report.set(key, part.value());
    }
    if let Some(exact) = &sampled.exact {
        report.set("exact", json!({"log_z": exact.log_z(), "truncation_error": exact.truncation_error()}));
    }
    sampled.warnings.iter().for_each(|w| say(json, &format!("warning, flow: {w}")));
    folder.write("report.json", &report.text())?;
    draw_plots::<R>(folder, &theory, &flow, args.run.seed, &device, &columns, &sampled, &trained)?;
    let text = summary(&columns, &sampled, &trained, seconds, folder, [hmc_acceptance, local_acceptance]);
    report.print_or(json, &text)
}

#[expect(clippy::too_many_arguments, reason = "the results of the job, each drawn once")]
fn draw_plots<R: Real>(
    folder: &Folder,
    theory: &Theory,
    flow: &Flow,
    seed: u64,
    device: &Device,
    columns: &[Column],
    sampled: &Sampled,
    trained: &train::Trained,
) -> Result<(), Failure> {
    plots::training(
        &folder.file("training.svg"),
        &trained.history.rows,
        sampled.exact.as_ref().map(Known::log_z),
        false,
    )?;
    let configurations = lattice_fields::flows::sample::configurations::<R, _>(flow, seed, 0, 5, device)?;
    let sample = |i| Ok(configurations.sample(i)?.into_iter().map(Real::to_f64).collect());
    let samples = (0..5).map(sample).collect::<Result<Vec<Vec<f64>>, Failure>>()?;
    plots::fields(&folder.file("fields.svg"), theory.lattice.extents(), &samples)?;
    let correlators: Vec<Curve> = columns
        .iter()
        .map(|column| {
            let g = |t: usize| column.estimates.iter().find(|(name, _)| *name == format!("g{t}"));
            let points = (0..).map_while(g).enumerate().map(|(t, (_, e))| (t as f64, e.mean, e.error)).collect();
            Curve { label: column.label.into(), points }
        })
        .collect();
    let exact: Vec<f64> = sampled.exact.iter().flat_map(Known::correlator).take(5).collect();
    plots::correlator(&folder.file("correlator.svg"), &correlators, &exact)?;
    let names: Vec<String> = columns[0].estimates.iter().map(|(name, _)| name.clone()).collect();
    let times: Vec<Curve> = columns
        .iter()
        .map(|column| {
            let find = |name: &String| column.estimates.iter().find(|(n, _)| n == name);
            let point = |(i, name)| find(name).map(|(_, e)| (i as f64, e.tau_int, e.tau_int_error));
            Curve { label: column.label.into(), points: names.iter().enumerate().filter_map(point).collect() }
        })
        .collect();
    plots::autocorrelation(&folder.file("tau_int.svg"), &names, &times)
}

fn summary(
    columns: &[Column],
    sampled: &Sampled,
    trained: &train::Trained,
    seconds: f64,
    folder: &Folder,
    [hmc_acceptance, local_acceptance]: [f64; 2],
) -> String {
    let mut text = format!("\n{:<16}", "");
    for column in columns {
        text += &format!("{:>16} {:>7}{:>9}", column.label, "tau", "s/ind.");
    }
    text += &format!("{:>14}\n", "exact");
    for (name, flow) in &sampled.estimates {
        text += &format!("{name:<16}");
        for column in columns {
            let estimate = column.estimates.iter().find(|(n, _)| n == name).map_or(flow, |(_, e)| e);
            let independent = 2.0 * estimate.tau_int * column.seconds;
            text += &format!("{:>16} {:>7.2}{:>9.1e}", estimate.to_string(), estimate.tau_int, independent);
        }
        let exact = sampled.exact.as_ref().and_then(|e| e.observable(name));
        text += &exact.map_or("\n".into(), |x| format!("{x:>14.8}\n"));
    }
    let certificate = &sampled.certificate;
    let exact = sampled.exact.as_ref().map_or(String::new(), |e| format!(" (exact {:.6})", e.log_z()));
    text += &format!(
        "\ntau: integrated autocorrelation time in updates; s/ind.: seconds for an independent value, training not counted\n\
         flow: {} proposals, acceptance {:.4}, ESS {:.4}, KL {}, log Z {}{exact}\n\
         HMC: acceptance {hmc_acceptance:.4}; Metropolis: acceptance {local_acceptance:.4}\n\
         training {:.1} s, {} steps of {:.2} ms; in all {seconds:.1} s; table, plots and model in {}\n",
        certificate.samples,
        sampled.ensemble.acceptance,
        certificate.ess,
        certificate.kl,
        certificate.log_z,
        trained.seconds,
        trained.steps,
        1e3 * median(&trained.step_seconds),
        folder.0.display()
    );
    text
}
