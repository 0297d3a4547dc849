//! Whether an integrator of Hamilton's equations is reversible, preserves volume, and is of its order.

use super::Thermal;
use super::update::{BOUNDED, HEAVY, WEIGHT, bounded, is_heavy};
use crate::Action;
use crate::hmc::Integrator;
use lattice_autograd::check::{
    Determinant, Error, Finding, Options, Place, Report, Result, Subject, UNIT_F64, Value, Verdict,
};
use lattice_autograd::params::Parameters;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::Lattice;
use lattice_tensor::field::Scalar;
use std::fmt::Debug;

/// A way from `(φ, π)` to `(φ′, π′)` under `H = ½ Σ π² + S(φ)`; implement it to check an integrator of your own.
pub trait Trajectory: Debug {
    /// `steps` steps of size `step`.
    fn trajectory<'t>(
        &self,
        action: &dyn Action,
        phi: Var<'t, Scalar>,
        pi: Var<'t, Scalar>,
        step: Var<'t, PerSample>,
        steps: usize,
    ) -> (Var<'t, Scalar>, Var<'t, Scalar>);
}

impl Trajectory for Integrator {
    fn trajectory<'t>(
        &self,
        action: &dyn Action,
        phi: Var<'t, Scalar>,
        pi: Var<'t, Scalar>,
        step: Var<'t, PerSample>,
        steps: usize,
    ) -> (Var<'t, Scalar>, Var<'t, Scalar>) {
        Integrator::trajectory(*self, |pi, phi, time| action.kick(pi, phi, time), phi, pi, step, steps)
    }
}

/// Steps, and their size, of the trajectories that are reversed.
const REVERSED: (usize, f64) = (6, 0.05);
/// Steps of a trajectory of unit length: the coarsest that is tried, and the finest.
const COARSEST: usize = 8;
const FINEST: usize = 256;
/// The bound on an exponent that says something.
const SETTLED: f64 = 0.4;
/// Trajectories from which the exponent is fitted, at least, and updates between those of one chain.
const TRAJECTORIES: usize = 1024;
const SPACING: usize = 5;
/// Blocks of the jackknife.
const BLOCKS: usize = 16;

/// Checks an integrator that claims `⟨ΔH⟩ ∝ ε^{2·order}`: 4 for leapfrog and Omelyan.
///
/// * it is reversible: with the momenta turned round it comes back, within rounding; and it moves at all;
/// * it preserves volume: `|det ∂(φ′, π′)/∂(φ, π)| = 1`, by the dense Jacobian;
/// * the exponent of `½⟨ΔH²⟩` in `ε`, which is `⟨ΔH⟩` to leading order (from I1) with a much smaller error, fitted at
///   `ε`, `ε/2`, `ε/4` from configurations in equilibrium. The local exponents `p(ε) = 2·order + O(ε²)` are
///   extrapolated; what separates them bounds the rest;
/// * `⟨e^{−ΔH}⟩ = 1` (I1) at the middle one of those steps, and its bounded form, as for [`update`](super::update()).
///
/// ```
/// use lattice_mc::{Integrator, Phi4, check};
/// use lattice_tensor::Lattice;
/// let action = Phi4 { mass2: -4.0, lambda: 8.0 };
/// check::integrator(&Integrator::Omelyan, 2, &action, &Lattice::periodic([4, 2])?, 1)?.assert();
/// # Ok::<(), check::Error>(())
/// ```
///
/// # Errors
/// If the trajectory cannot be traced or run.
pub fn integrator(
    way: &dyn Trajectory,
    order: u32,
    action: &dyn Action,
    lattice: &Lattice,
    options: impl Into<Options>,
) -> Result<Report> {
    let options = options.into();
    let mut report = Report::about(&way, lattice);
    let mut thermal = Thermal::hmc(action, lattice, &options)?;
    for finding in there_and_back(way, action, lattice, &thermal, &options)? {
        report.add(finding);
    }
    report.add(volume(way, action, lattice, &options)?);
    for finding in energy(way, order, action, lattice, &mut thermal, &options)? {
        report.add(finding);
    }
    Ok(report)
}

/// The trajectory as a program of φ, π and the step.
fn subject(
    way: &dyn Trajectory,
    action: &dyn Action,
    lattice: &Lattice,
    options: &Options,
    steps: usize,
    back: bool,
) -> Result<Subject> {
    Subject::new(lattice, &Parameters::new(), options, |trace| {
        let (phi, pi, step) = (trace.scalar_field("phi"), trace.scalar_field("pi"), trace.per_sample("step"));
        let (mut end, mut momentum) = way.trajectory(action, phi, pi, step, steps);
        if back {
            (end, momentum) = way.trajectory(action, end, -momentum, step, steps);
            momentum = -momentum;
        }
        let dh = hamiltonian(action, end, momentum) - hamiltonian(action, phi, pi);
        vec![("phi".into(), end.id()), ("pi".into(), momentum.id()), ("dh".into(), dh.id())]
    })
}

fn hamiltonian<'t>(action: &dyn Action, phi: Var<'t, Scalar>, pi: Var<'t, Scalar>) -> Var<'t, PerSample> {
    action.action(phi) + (pi.square() * 0.5).sum_sites()
}

fn there_and_back(
    way: &dyn Trajectory,
    action: &dyn Action,
    lattice: &Lattice,
    thermal: &Thermal<'_>,
    options: &Options,
) -> Result<Vec<Finding>> {
    let (steps, step) = REVERSED;
    let mut reversible = Finding::new("reversible");
    let start = first_samples(thermal.fields()?, options.samples);
    let prepare = |back| -> Result<Subject> {
        let mut subject = subject(way, action, lattice, options, steps, back)?;
        subject.set(0, start.clone());
        subject.set(2, Value::PerSample(vec![step; options.samples]));
        Ok(subject)
    };
    let (away, back) = (prepare(false)?, prepare(true)?);
    let (there, ends, errors) = (away.run()?, back.run()?, back.rounding()?);
    for output in 0..2 {
        for s in 0..options.samples {
            let start = back.values()[output].of_sample(s);
            for (k, (end, start)) in ends[output].of_sample(s).iter().zip(&start).enumerate() {
                reversible.compare(*end, *start, UNIT_F64 * errors[output][s], || back.place_in(output, s, k));
            }
        }
    }
    // In the time τ a free particle moves by π τ; anything that integrates these equations moves by a part of that.
    let mut moves = Finding::new("it moves");
    let distance = |a: &Value, b: &Value| a.numbers().iter().zip(b.numbers()).map(|(a, b)| (a - b).abs()).sum::<f64>();
    let expected = steps as f64 * step * back.values()[1].numbers().iter().map(|p| p.abs()).sum::<f64>();
    moves.compare(distance(&there[0], &start), expected, 0.9 * expected, Place::default);
    Ok(vec![reversible, moves])
}

fn first_samples(fields: Value, count: usize) -> Value {
    let Value::Field(samples) = fields else { return fields };
    let count_of = samples.len().max(1);
    Value::Field((0..count).map(|s| samples[s % count_of].clone()).collect())
}

fn volume(way: &dyn Trajectory, action: &dyn Action, lattice: &Lattice, options: &Options) -> Result<Finding> {
    let mut finding = Finding::new("preserves volume");
    let sites = lattice.volume();
    if 2 * sites > options.most_numbers {
        let why = format!("2·{sites} numbers, more than the {} of Options::most_numbers", options.most_numbers);
        return Ok(Finding::skipped(finding.check, why));
    }
    let mut subject = subject(way, action, lattice, options, 2, false)?;
    subject.set(2, Value::PerSample(vec![REVERSED.1; options.samples]));
    let mut matrix = Vec::with_capacity(2 * sites);
    for output in 0..2 {
        let mut blocks = Vec::new();
        for input in 0..2 {
            let mut jacobian = match subject.jacobian(input, output) {
                Err(Error::Tensor(error)) => return Ok(Finding::skipped(finding.check, error.to_string())),
                other => other?,
            };
            blocks.push(jacobian.at(subject.values(), 0, &subject.values()[input].of_sample(0))?);
        }
        let rows = blocks[0].iter().zip(&blocks[1]).map(|(a, b)| [a.as_slice(), b].concat());
        matrix.extend(rows.collect::<Vec<_>>());
    }
    let found = Determinant::of(&matrix)?;
    let relative = UNIT_F64 * (16.0 * (subject.depth() + 1) as f64 + 8.0 * sites as f64);
    finding.compare(found.log_abs, 0.0, found.rounding(&matrix, relative), || Place::named("log |det|"));
    Ok(finding)
}

fn energy(
    way: &dyn Trajectory,
    order: u32,
    action: &dyn Action,
    lattice: &Lattice,
    thermal: &mut Thermal<'_>,
    options: &Options,
) -> Result<Vec<Finding>> {
    let name = format!("½⟨ΔH²⟩ ∝ ε^{}", 2 * order);
    let mut finding = Finding::new(&name);
    let mut samples = Vec::new();
    while samples.len() < TRAJECTORIES {
        if let Value::Field(fields) = thermal.fields()? {
            samples.extend(fields);
        }
        for _ in 0..SPACING {
            thermal.chains.advance().map_err(Error::while_doing("updating"))?;
        }
    }
    let count = samples.len();
    let fields = Value::Field(samples);
    let violation = |steps: usize| -> Result<Vec<f64>> {
        let options = options.clone().samples(count);
        let mut subject = subject(way, action, lattice, &options, steps, false)?;
        subject.set(0, fields.clone());
        subject.set(2, Value::PerSample(vec![1.0 / steps as f64; count]));
        Ok(subject.run()?.swap_remove(2).numbers())
    };
    let mut steps = COARSEST;
    let mut dh = [violation(steps)?, violation(2 * steps)?, violation(4 * steps)?];
    let mut fit = Fit::new(&dh, options.errors);
    while fit.bound > SETTLED && 4 * steps < FINEST {
        steps *= 2;
        let [_, b, c] = dh;
        dh = [b, c, violation(4 * steps)?];
        fit = Fit::new(&dh, options.errors);
    }
    let Fit { local: [p, q], found, error, bound } = fit;
    finding.compare(found, f64::from(2 * order), bound, Place::default);
    if bound.is_nan() || bound > SETTLED {
        finding.verdict = Verdict::Failed;
        finding.note =
            format!("local exponents {p:.2}, {q:.2} do not settle down to {} steps of unit length; ", 4 * steps);
    }
    finding.note += &format!("exponent {found:.3} ± {error:.3} from {steps}, {} and {} steps", 2 * steps, 4 * steps);
    let weights = vec![dh[1].iter().map(|dh| (-dh).exp()).collect::<Vec<f64>>()];
    let identity = match is_heavy(&weights) {
        true => Finding::skipped(WEIGHT, HEAVY),
        false => mean(WEIGHT, &weights[0], 1.0, options),
    };
    let bounded = mean(BOUNDED, &bounded(&weights)[0], 0.0, options);
    Ok(vec![finding, identity, bounded])
}

/// The mean of independent numbers against what it should be.
fn mean(name: &str, numbers: &[f64], expected: f64, options: &Options) -> Finding {
    let mut finding = Finding::new(name);
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let error = (numbers.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / (n * (n - 1.0))).sqrt();
    finding.compare(mean, expected, options.errors * error, Place::default);
    finding.with_note(format!("mean {mean:.4} ± {error:.4} from {n} trajectories"))
}

/// The exponent of `⟨ΔH²⟩` from three steps.
struct Fit {
    /// Between neighbouring steps.
    local: [f64; 2],
    /// Extrapolated to `ε = 0`.
    found: f64,
    /// By jackknife.
    error: f64,
    /// How far it may be off.
    bound: f64,
}

impl Fit {
    fn new(dh: &[Vec<f64>; 3], errors: f64) -> Fit {
        let extrapolated = |[p, q]: [f64; 2]| (4.0 * q - p) / 3.0;
        let local = exponents(dh, |_| true);
        let found = extrapolated(local);
        let deleted = (0..BLOCKS).map(|b| extrapolated(exponents(dh, |i| i % BLOCKS != b)) - found);
        let error = (deleted.map(|d| d * d).sum::<f64>() * (BLOCKS - 1) as f64 / BLOCKS as f64).sqrt();
        Fit { local, found, error, bound: (local[0] - local[1]).abs() / 3.0 + errors * error }
    }
}

/// The local exponents of `⟨ΔH²⟩` between steps that differ by factors of two.
fn exponents(dh: &[Vec<f64>; 3], kept: impl Fn(usize) -> bool) -> [f64; 2] {
    let square = |dh: &Vec<f64>| dh.iter().enumerate().filter(|(i, _)| kept(*i)).map(|(_, dh)| dh * dh).sum::<f64>();
    let [a, b, c] = [square(&dh[0]), square(&dh[1]), square(&dh[2])];
    [(a / b).log2(), (b / c).log2()]
}
