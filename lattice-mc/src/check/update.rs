//! Whether an update leaves `e^{−S}` invariant.

use super::Thermal;
use crate::Action;
use crate::statistics::{Estimate, GammaMethod};
use crate::update::Update;
use lattice_autograd::Trace;
use lattice_autograd::check::{Error, Finding, Options, Place, Report, Result, Subject, Verdict, program};
use lattice_autograd::params::Parameters;
use lattice_tensor::Lattice;

/// Checks an update by running chains of it, after [`Options::thermalize`] updates in which it tunes itself.
///
/// * lanes: a chain of NaN is no other's business, and a part of the chains gives what all gave;
/// * `⟨e^{−ΔH}⟩ = 1` (identity I1), where it reports `exp_minus_dh`, unless a few weights make the mean; and `⟨(1 − w)
///   min(w, 1/w)⟩ = 0` for `w = e^{−ΔH}`, from the same symmetry `P(−ΔH) = e^{−ΔH} P(ΔH)` and bounded;
/// * Schwinger–Dyson equations, from `∫ Π dφ ∂/∂φ(x) [f(φ(x)) e^{−S}] = 0`, summed over `x` and per site:
///   `⟨φ ∂S⟩ = 1` (identity I3 for any action), `⟨φ³ ∂S⟩ = 3 ⟨φ²⟩`, `⟨sin φ ∂S⟩ = ⟨cos φ⟩`.
///
/// Means are compared within [`Options::errors`] standard errors of the Γ-method.
///
/// ```
/// use lattice_mc::{LocalMetropolis, Phi4, check};
/// use lattice_tensor::Lattice;
/// let action = Phi4 { mass2: 1.0, lambda: 1.0 };
/// check::update(&LocalMetropolis::default(), &action, &Lattice::periodic([4, 2])?, 1)?.assert();
/// # Ok::<(), check::Error>(())
/// ```
///
/// # Errors
/// If the update does not fit the action or lattice, or cannot be run.
pub fn update<U: Update + Clone + 'static>(
    update: &U,
    action: &dyn Action,
    lattice: &Lattice,
    options: impl Into<Options>,
) -> Result<Report> {
    let options = options.into();
    let mut report = Report::new(format!("{} on {:?}", update.describe(), lattice.extents()));
    let mut subject = Subject::new(lattice, &Parameters::new(), &options, |trace| {
        let updated = update.trace(action, trace.scalar_field("phi"));
        let mut outputs = vec![("phi".to_string(), updated.phi.id())];
        outputs.extend(updated.numbers.iter().map(|(name, value)| (name.clone(), value.id())));
        outputs
    })?;
    // Decisions have no gradient; only the checks of lanes apply, which `program` knows by the random numbers.
    let lanes = ["finite numbers", "no leak from a lane of NaN", "a part of the batch alone"];
    for finding in program(&mut subject, &options.clone().first_gradient_only())? {
        if lanes.contains(&finding.check.as_str()) {
            report.add(finding);
        }
    }
    if !report.passed() {
        return Ok(report);
    }
    identities(&mut report, update, action, lattice, &options)?;
    Ok(report)
}

fn identities<U: Update + Clone + 'static>(
    report: &mut Report,
    update: &U,
    action: &dyn Action,
    lattice: &Lattice,
    options: &Options,
) -> Result<()> {
    let mut thermal = Thermal::new(action, Box::new(update.clone()), lattice, options)?;
    let trace = Trace::new(lattice);
    let phi = trace.scalar_field("phi");
    let force = trace.gradient(action.action(phi), phi);
    let per_site = 1.0 / lattice.volume() as f64;
    let equations = [
        ("⟨φ ∂S⟩ = 1", (phi * force - 1.0).sum_sites()),
        ("⟨φ³ ∂S⟩ = 3 ⟨φ²⟩", (phi.powi(3) * force - phi.square() * 3.0).sum_sites()),
        ("⟨sin φ ∂S⟩ = ⟨cos φ⟩", (phi.sin() * force - phi.cos()).sum_sites()),
    ];
    let nodes: Vec<_> = equations.iter().map(|(_, value)| (*value * per_site).id()).collect();
    let mut measuring = thermal.plan(&trace, &nodes)?;
    let uniforms = trace.uniform_values();
    let weight = thermal.chains.update_names().iter().position(|n| n == "exp_minus_dh");
    let mut series = vec![vec![Vec::with_capacity(options.updates); options.chains]; equations.len() + 1];
    for _ in 0..options.updates {
        let told = thermal.chains.advance().map_err(Error::while_doing("updating"))?;
        let mut row: Vec<Vec<f64>> = weight.map(|i| told[i].clone()).into_iter().collect();
        row.extend(thermal.measure(&mut measuring, &uniforms, &[], equations.len())?);
        let first = equations.len() + 1 - row.len();
        for (series, row) in series[first..].iter_mut().zip(&row) {
            series.iter_mut().zip(row).for_each(|(chain, &x)| chain.push(x));
        }
    }
    let weights = series.remove(0);
    for name in [WEIGHT, BOUNDED] {
        report.add(match weights[0].is_empty() {
            true => Finding::skipped(name, "the update reports no exp_minus_dh"),
            false if name == BOUNDED => mean(name, &bounded(&weights), 0.0, options)?,
            false if is_heavy(&weights) => Finding::skipped(name, HEAVY),
            false => mean(name, &weights, 1.0, options)?,
        });
    }
    for ((name, _), series) in equations.iter().zip(&series) {
        report.add(mean(name, series, 0.0, options)?);
    }
    Ok(())
}

/// Identity I1.
pub(super) const WEIGHT: &str = "⟨exp(−ΔH)⟩ = 1";
/// From `P(−ΔH) = e^{−ΔH} P(ΔH)`, of which I1 is the integral: bounded, so that its mean has an error that can be believed
/// for coarse trajectories too.
pub(super) const BOUNDED: &str = "⟨(1 − w) min(w, 1/w)⟩ = 0 for w = exp(−ΔH)";
pub(super) const HEAVY: &str = "the trajectories are too coarse: single ones make the mean";

/// `(1 − w) min(w, 1/w)` of each weight.
pub(super) fn bounded(weights: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let f = |&w: &f64| if w > 1.0 { 1.0 / w - 1.0 } else { (1.0 - w) * w };
    weights.iter().map(|chain| chain.iter().map(f).collect()).collect()
}

/// Whether one weight alone moves the mean by a good part of its error: a tail of which this is a poor sample.
pub(super) fn is_heavy(weights: &[Vec<f64>]) -> bool {
    let all = || weights.iter().flatten();
    let n = all().count() as f64;
    let variance = all().map(|w| (w - 1.0).powi(2)).sum::<f64>() / n;
    let largest = all().fold(1.0, |most: f64, w| most.max(*w));
    // The negation catches what is not a number.
    let light = largest - 1.0 <= 0.15 * (n * variance).sqrt();
    !light
}

/// The mean of a series over chains against what it should be.
fn mean(name: &str, series: &[Vec<f64>], expected: f64, options: &Options) -> Result<Finding> {
    let mut finding = Finding::new(name);
    let estimate: Estimate = match GammaMethod::default().estimate(series) {
        Ok(estimate) => estimate,
        Err(error) => {
            finding.verdict = Verdict::Failed;
            finding.deviation = f64::NAN;
            return Ok(finding.with_note(error.to_string()));
        }
    };
    finding.compare(estimate.mean, expected, options.errors * estimate.error, Place::default);
    let note = format!("mean {estimate}, τ_int {:.1}, {} standard errors allowed", estimate.tau_int, options.errors);
    Ok(finding.with_note(note))
}
