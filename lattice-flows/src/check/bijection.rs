//! Whether a bijection is what it claims to be: its inverse, its Jacobian, and what any program must satisfy.

use crate::bijection::{Bijection, Flat};
use lattice_autograd::check::{
    Determinant, Error, Finding, Jacobian, Options, Place, Report, Result, Subject, UNIT_F64, Value, Verdict, program,
};
use lattice_autograd::params::Parameters;
use lattice_tensor::{Fibre, Lattice};

/// Samples at which the full Jacobian is taken.
const POINTS: usize = 3;
/// What the reverse sweep may add to the rounding of the map itself.
const SWEEP: f64 = 16.0;
/// Step of the difference quotients that say which sites a missing factor depends on.
const STEP: f64 = 1.0 / 8192.0;

/// Checks a bijection at normally distributed fields, of [`Options::channels`] numbers on a site where it acts on channels. Maps of
/// angles want [`Options::inputs`] within `[−π, π]`, as `|x| 3.0 * x.tanh()`.
///
/// * `inverse(forward(x)) = x` and `forward(inverse(y)) = y`, and the two log-determinants cancel;
/// * `log |det ∂y/∂x|` is that of the dense Jacobian, whatever its structure (so keep the lattice small);
/// * gradients with respect to the field and every parameter, second gradients, lanes, `f32` against `f64`, of both
///   directions;
/// * translations by two sites, unless `options` say otherwise, and every symmetry that they claim.
///
/// A wrong log-determinant is reported with the sites on which the missing factor depends.
///
/// ```
/// use lattice_autograd::params::Parameters;
/// use lattice_flows::{Activation, Affine, ConvNet, check};
/// use lattice_tensor::Lattice;
///
/// let lattice = Lattice::periodic([4, 2])?;
/// let mut parameters = Parameters::new();
/// let net = ConvNet::new(&mut parameters, "net", &lattice, 3, &[4, 2], Activation::Tanh, 1)?;
/// check::bijection(&Affine::new(0, net), &parameters, &lattice, 1)?.assert();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the bijection cannot be traced or run, or a symmetry does not fit the lattice.
pub fn bijection<K: Flat>(
    map: &dyn Bijection<K>,
    parameters: &Parameters,
    lattice: &Lattice,
    options: impl Into<Options>,
) -> Result<Report> {
    let options = options.into();
    let options = Options { translations: options.translations.or(Some(2)), ..options };
    let fibre = fibre::<K>(lattice, &options);
    let mut forward = Subject::new(lattice, parameters, &options, |trace| {
        let (y, log_det) = map.forward(trace.field("x", fibre));
        vec![("y".into(), y.id()), ("log det".into(), log_det.id())]
    })?;
    let mut inverse = Subject::new(lattice, parameters, &options, |trace| {
        let (x, log_det) = map.inverse(trace.field("y", fibre));
        vec![("x".into(), x.id()), ("log det".into(), log_det.id())]
    })?;
    let mut report = Report::about(&map, lattice);
    program(&mut forward, &options)?.into_iter().for_each(|f| report.add(f));
    if !report.passed() && report.findings.len() == 1 {
        return Ok(report);
    }
    round_trip(&mut report, &forward, &mut inverse)?;
    report.add(determinant(&forward, &options)?);
    let mut other = Report::new("inverse");
    program(&mut inverse, &options)?.into_iter().for_each(|f| other.add(f));
    report.include("inverse", other);
    onto(&mut report, &mut forward, &inverse, map, parameters, &options)?;
    Ok(report)
}

/// What sits on a site: so many channels, where there may be several.
fn fibre<K: Flat>(lattice: &Lattice, options: &Options) -> Fibre {
    match K::fibre(lattice.directions()) {
        Fibre::Channels(_) => Fibre::Channels(options.channels),
        one => one,
    }
}

/// From `x` to `y` and back; leaves the inverse at `y`.
fn round_trip(report: &mut Report, forward: &Subject, inverse: &mut Subject) -> Result<()> {
    let [y, log_det] = pair(forward.run()?)?;
    let errors = forward.rounding()?;
    inverse.set(0, y);
    let [back, inverse_log_det] = pair(inverse.run()?)?;
    // Its own rounding, and what becomes of the rounding of y.
    let (own, passed_on) = (inverse.rounding()?, inverse.response(0, &errors[0])?);
    let mut field = Finding::new("inverse(forward(x)) = x");
    let mut log_dets = Finding::new("log det + log det of the inverse = 0");
    for s in 0..forward.samples() {
        let bound = UNIT_F64 * (own[0][s] + passed_on[0][s]);
        for (k, (found, expected)) in back.of_sample(s).iter().zip(forward.values()[0].of_sample(s)).enumerate() {
            field.compare(*found, expected, bound, || inverse.place_in(0, s, k));
        }
        let bound = UNIT_F64 * (errors[1][s] + own[1][s] + passed_on[1][s]);
        let sum = log_det.of_sample(s)[0] + inverse_log_det.of_sample(s)[0];
        log_dets.compare(sum, 0.0, bound, || inverse.place_in(1, s, 0));
    }
    report.add(field);
    report.add(log_dets);
    Ok(())
}

/// From normally distributed `y` to `x` and back, where such a `y` is in the image.
fn onto<K: Flat>(
    report: &mut Report,
    forward: &mut Subject,
    inverse: &Subject,
    map: &dyn Bijection<K>,
    parameters: &Parameters,
    options: &Options,
) -> Result<()> {
    let mut field = Finding::new("forward(inverse(y)) = y");
    let fibre = fibre::<K>(inverse.lattice(), options);
    let at_normal = Subject::new(inverse.lattice(), parameters, options, |trace| {
        let (x, log_det) = map.inverse(trace.field("y", fibre));
        vec![("x".into(), x.id()), ("log det".into(), log_det.id())]
    })?;
    let [x, _] = pair(at_normal.run()?)?;
    if x.numbers().iter().any(|x| !x.is_finite()) {
        report.add(Finding::skipped(field.check, "normal numbers are not in the image"));
        return Ok(());
    }
    let errors = at_normal.rounding()?;
    let y = at_normal.values()[0].clone();
    forward.set(0, x);
    let [there, _] = pair(forward.run()?)?;
    let (own, passed_on) = (forward.rounding()?, forward.response(0, &errors[0])?);
    for s in 0..forward.samples() {
        let bound = UNIT_F64 * (own[0][s] + passed_on[0][s]);
        for (k, (found, expected)) in there.of_sample(s).iter().zip(y.of_sample(s)).enumerate() {
            field.compare(*found, expected, bound, || forward.place_in(0, s, k));
        }
    }
    report.add(field);
    Ok(())
}

/// The claimed log-determinant against that of the dense Jacobian.
fn determinant(forward: &Subject, options: &Options) -> Result<Finding> {
    let mut finding = Finding::new("log det against the full Jacobian");
    let numbers = forward.values()[0].of_sample(0).len();
    if numbers > options.most_numbers {
        let why = format!("{numbers} numbers, more than the {} of Options::most_numbers", options.most_numbers);
        return Ok(Finding::skipped(finding.check, why));
    }
    let mut jacobian = forward.jacobian(0, 0)?;
    let [_, log_det] = pair(forward.run()?)?;
    let errors = forward.rounding()?;
    let relative = UNIT_F64 * (SWEEP * (forward.depth() + 1) as f64 + 4.0 * numbers as f64);
    let mut worst = (0.0, 0);
    for s in 0..forward.samples().min(POINTS) {
        let matrix = jacobian.at(forward.values(), s, &forward.values()[0].of_sample(s))?;
        let exact = Determinant::of(&matrix)?;
        let bound = exact.rounding(&matrix, relative) + UNIT_F64 * errors[1][s];
        let claimed = log_det.of_sample(s)[0];
        finding.compare(claimed, exact.log_abs, bound, || forward.place_in(1, s, 0));
        let ratio = (claimed - exact.log_abs).abs() / bound;
        if ratio > worst.0 {
            worst = (ratio, s);
        }
    }
    if finding.verdict == Verdict::Failed {
        finding.note = missing_factor(forward, &mut jacobian, worst.1)?;
    }
    Ok(finding)
}

/// On which sites the gap between claimed and true log-determinant depends, by central differences.
fn missing_factor(forward: &Subject, jacobian: &mut Jacobian, sample: usize) -> Result<String> {
    let x = forward.values()[0].of_sample(sample);
    let mut slopes = Vec::with_capacity(x.len());
    for k in 0..x.len() {
        let mut gap = |step: f64| -> Result<f64> {
            let mut moved = x.clone();
            moved[k] += step;
            let exact = Determinant::of(&jacobian.at(forward.values(), sample, &moved)?)?.log_abs;
            let claimed = forward.with_sample(0, sample, &moved)?;
            Ok(pair(claimed)?[1].of_sample(sample)[0] - exact)
        };
        slopes.push((gap(STEP)? - gap(-STEP)?) / (2.0 * STEP));
    }
    let largest = slopes.iter().fold(0.0, |most: f64, d| most.max(d.abs()));
    if largest.is_nan() || largest < 1e-6 {
        return Ok("the gap does not depend on the field: a constant factor".into());
    }
    let volume = forward.lattice().volume();
    let channels = x.len() / volume;
    // The largest on each site.
    let slope = |site: usize| slopes[site * channels..][..channels].iter().fold(0.0, |most: f64, d| most.max(d.abs()));
    let mut sites: Vec<usize> = (0..volume).filter(|&k| slope(k) > 1e-6 * largest.max(1.0)).collect();
    let count = sites.len();
    sites.sort_by(|&a, &b| slope(b).total_cmp(&slope(a)));
    let at = |&k: &usize| Place::default().at(forward.lattice().coordinates(k)).to_string();
    let names: Vec<String> = sites.iter().take(3).map(at).collect();
    let rest = if count > 3 { ", …" } else { "" };
    Ok(format!("the gap depends on the field at {count} of {volume} sites, most at {}{rest}", names.join(", ")))
}

fn pair(values: Vec<Value>) -> Result<[Value; 2]> {
    let found = values.len();
    values.try_into().map_err(|_| Error::request("a bijection", "a field and a log-determinant", found))
}
