//! `lattice sample`: exact samples from a trained flow.

use super::args::{Extents, Precision, SampleArgs, TheoryArgs, TheoryName};
use super::failure::Failure;
use super::output::Folder;
use super::progress::{bar, interrupted};
use super::report::{Report, table, warnings};
use super::theory::{Theory, check_memory};
use super::train::{precision_name, read_model};
use lattice_fields::mc::exact::Exact;
use lattice_fields::prelude::*;
use std::time::Instant;

/// A flow's exact chain and what its weights say.
#[derive(Debug)]
pub struct Sampled {
    pub ensemble: Ensemble,
    pub certificate: Certificate,
    pub estimates: Vec<(String, Estimate)>,
    pub exact: Option<Exact>,
    pub seconds: f64,
}

pub fn run(args: &SampleArgs) -> Result<(), Failure> {
    let checkpoint = read_model(&args.model)?;
    let model = &checkpoint.description;
    let what = format!("--model {}", args.model.display());
    let theory_name = match model.theory.as_str() {
        "phi4" => TheoryName::Phi4,
        "free" => TheoryName::Free,
        other => return Err(Failure::refused(&what, "a model of phi4 or free", other)),
    };
    if let Some(asked) = args.theory.filter(|&t| t != theory_name) {
        return Err(Failure::refused(&what, &format!("a model of {}", asked.name()), &model.theory));
    }
    if let Some(asked) = args.lattice.as_ref().filter(|l| l.0 != model.lattice) {
        return Err(Failure::refused(&what, &format!("a model of lattice {asked}"), Extents(model.lattice.clone())));
    }
    let coupling = |name: &str| model.couplings.get(name).copied().unwrap_or(0.0);
    let theory = Theory::new(&TheoryArgs {
        theory: theory_name,
        lattice: Extents(model.lattice.clone()),
        m2: args.m2.or(Some(coupling("m2"))),
        lambda: args.lambda.or(Some(coupling("lambda"))),
    })?;
    if args.batch == 0 || args.samples == 0 {
        let (flag, found) = if args.batch == 0 { ("--batch", args.batch) } else { ("--samples", args.samples) };
        return Err(Failure::refused(flag, "at least 1", found));
    }
    check_samples(args.samples, args.batch)?;
    let flow = checkpoint.flow()?;
    let cpu = Cpu::new(args.run.threads)?;
    let folder = match &args.run.out {
        Some(out) => Some(Folder::open(Some(out), args.run.force)?),
        None => None,
    };
    let sampled = match args.run.precision {
        Precision::F32 => draw::<f32>(&flow, &theory, args.run.seed, [args.samples, args.batch], 12.0, &cpu)?,
        Precision::F64 => draw::<f64>(&flow, &theory, args.run.seed, [args.samples, args.batch], 12.0, &cpu)?,
    };
    let mut report = Report::new("sample", &theory, args.run.seed, precision_name(args.run.precision));
    sampled.fill(&mut report)?;
    report.set("seconds", sampled.seconds);
    report.set("samples_per_second", sampled.ensemble.log_weights.len() as f64 / sampled.seconds);
    report.set("threads", cpu.threads());
    if let Some(folder) = &folder {
        folder.write_config(args)?;
        folder.write("report.json", &report.text())?;
    }
    report.print_or(args.run.json, &sampled.summary())?;
    if sampled.ensemble.interrupted {
        return Err(Failure::Interrupted(format!("stopped after {} samples", sampled.ensemble.log_weights.len())));
    }
    Ok(())
}

/// Refuses more samples than fit into memory, `batch` at a time.
pub fn check_samples(samples: usize, batch: usize) -> Result<(), Failure> {
    // A log-weight and a series for each observable.
    check_memory(&format!("{samples} samples"), 160.0 * samples as f64 + 800.0 * batch as f64)
}

/// Draws `samples` fresh samples, `batch` at a time, and runs the chain over them. The exact values are worked out if
/// that takes less than `exact_seconds`.
pub fn draw<R: Real>(
    flow: &Flow,
    theory: &Theory,
    seed: u64,
    [samples, batch]: [usize; 2],
    exact_seconds: f64,
    cpu: &Cpu,
) -> Result<Sampled, Failure> {
    let bar = bar("sampling", samples as u64);
    let start = Instant::now();
    let mut sampler = Sampler::<R>::new(flow, &*theory.action, seed, batch, cpu)?;
    let ensemble = Ensemble::draw(&mut sampler, samples, seed, |done| {
        bar.set_position(done as u64);
        !interrupted()
    })?;
    let seconds = start.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let exact = theory.exact_within(exact_seconds);
    let certificate = Certificate::new(&ensemble.log_weights, exact.as_ref().map(|e| e.log_z))?;
    let estimates = ensemble.estimates()?;
    Ok(Sampled { ensemble, certificate, estimates, exact, seconds })
}

impl Sampled {
    /// Puts the results into a report.
    pub fn fill(&self, report: &mut Report) -> Result<(), Failure> {
        report.set("samples", self.ensemble.log_weights.len());
        report.set("acceptance", self.ensemble.acceptance);
        report.set_certificate(&self.certificate, self.exact.is_some());
        report.set_observables(&self.estimates);
        let mut warnings = warnings(&self.estimates);
        if self.ensemble.not_finite > 0 {
            let (bad, all) = (self.ensemble.not_finite, self.ensemble.log_weights.len());
            warnings.push(format!("{bad} of {all} proposals had a weight that is not a number; they count as zero"));
        }
        if !warnings.is_empty() {
            report.set("warnings", warnings);
        }
        Ok(())
    }

    /// The results for people.
    pub fn summary(&self) -> String {
        let Certificate { samples, ess, log_z, kl } = &self.certificate;
        let reference = self.exact.as_ref().map_or("estimated".into(), |e| format!("exact, {:.6}", e.log_z));
        format!(
            "{samples} fresh samples in {:.1} s: acceptance {:.4}, ESS {ess:.4}, KL {kl} (log Z {reference}), log Z {log_z}\n{}",
            self.seconds,
            self.ensemble.acceptance,
            table(&self.estimates, self.exact.as_ref())
        )
    }
}
