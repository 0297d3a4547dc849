//! A flow beside its theory: what its weights must satisfy, whatever it has learnt.

use crate::bijection::Bijection;
use crate::flow::Flow;
use crate::sample::{Ensemble, Sampler};
use lattice_autograd::Trace;
use lattice_mc::Action;
use lattice_mc::check::{Error, Finding, Options, Place, Report, Result, Thermal, Verdict};
use lattice_mc::statistics::{self, normal_two_sided_p_value};
use lattice_tensor::Device;

/// Rounding of a log-weight, a sum of terms of order 1 on each site.
const ROUNDING: f64 = 64.0 * f64::EPSILON;
/// Updates between two configurations that are weighed.
const SPACING: usize = 5;
/// How far the acceptance may be from that of Gaussian log-weights, for the skewness allowed.
const ACCEPTANCE: f64 = 0.03;

/// Checks what holds for the weights `w = e^{−S}/q` of any flow `q`, trained or not, with [`Options::chains`] ·
/// [`Options::updates`] samples of it and as many chains of hybrid Monte Carlo.
///
/// * I6: the loss `⟨log q + S⟩_q ≥ −log Z`;
/// * I9: `⟨w⟩_q = Z`, and from the other side, through the inverse, `⟨1/w⟩_p = 1/Z`, which alone sees a mode that the
///   flow has missed. Where `log_z` is not known, the two are compared with each other;
/// * I7: where the log-weights are nearly Gaussian of variance `s²`, `KL = s²/2`, `ESS = e^{−s²}` and the acceptance is
///   `erfc(s/2)`. The next cumulants bound the rest: `KL − s²/2 = κ₃/6 + κ₄/24 + …`, `log ESS + s² = −κ₃ − 7κ₄/12 − …`.
///
/// Means are compared within [`Options::errors`] standard errors.
///
/// # Errors
/// If the flow does not fit the action, or cannot be run.
pub fn flow(flow: &Flow, action: &dyn Action, log_z: Option<f64>, options: impl Into<Options>) -> Result<Report> {
    let options = options.into();
    let mut report = Report::about(flow, &flow.lattice);
    let ensemble = draw(flow, action, &options)?;
    let log_w = &ensemble.log_weights;
    let failed = Error::while_doing("weighing samples");
    let rounding = ROUNDING * flow.lattice.volume() as f64;
    let from_q = statistics::log_z(log_w).map_err(&failed)?;
    let mut floor = Finding::new("I6: loss ≥ −log Z");
    let mut z = Finding::new("I9: ⟨w⟩ over the flow = Z");
    match log_z {
        None => {
            report.add(Finding::skipped(floor.check, "log Z is not known"));
            report.add(Finding::skipped(z.check, "log Z is not known"));
        }
        Some(log_z) => {
            let kl = statistics::kl_given_log_z(log_w, log_z, 0.0).map_err(&failed)?;
            floor.compare(kl.mean.min(0.0), 0.0, options.errors * kl.error + rounding, Place::default);
            report.add(floor.with_note(format!("KL = loss + log Z = {kl}")));
            z.compare(from_q.mean, log_z, options.errors * from_q.error + rounding, Place::default);
            report.add(z.with_note(format!("log Z {from_q}")));
        }
    }
    let (expected, error) = log_z.map_or((from_q.mean, from_q.error), |log_z| (log_z, 0.0));
    report.add(reversed(flow, action, expected, error, &options)?);
    gaussian(&mut report, &ensemble, &options)?;
    Ok(report)
}

/// Checks the locality of one model on two lattices, identity I8: the variance of its log-weights is proportional to the
/// volume, so that `ESS(V) ≈ ESS(V₀)^{V/V₀}`. `finite_size` is the relative deviation allowed besides the statistical
/// one: 0 for independent sites, a few times `e^{−L/ξ}` else.
///
/// # Errors
/// If a flow does not fit the action, or cannot be run.
pub fn volumes(
    small: &Flow,
    large: &Flow,
    action: &dyn Action,
    finite_size: f64,
    options: impl Into<Options>,
) -> Result<Report> {
    let options = options.into();
    let mut report = Report::new(format!("{:?} and {:?}", small.lattice.extents(), large.lattice.extents()));
    let [a, b] = [small, large].map(|flow| -> Result<[f64; 2]> {
        let moments = Moments::of(&draw(flow, action, &options)?.log_weights);
        let per_site = 1.0 / flow.lattice.volume() as f64;
        Ok([moments.variance * per_site, moments.variance_error() * per_site])
    });
    let ([found, found_error], [expected, error]) = (b?, a?);
    let mut finding = Finding::new("I8: variance of log w ∝ V");
    let bound = options.errors * found_error.hypot(error) + finite_size * expected;
    finding.compare(found, expected, bound, Place::default);
    report.add(finding.with_note("variances per site"));
    Ok(report)
}

fn draw(flow: &Flow, action: &dyn Action, options: &Options) -> Result<Ensemble> {
    let failed = Error::while_doing("drawing from the flow");
    let device = Device::cpu(0)?;
    let mut sampler = Sampler::<f64>::new(flow, action, options.seed, 1024, &device).map_err(&failed)?;
    Ensemble::draw(&mut sampler, options.chains * options.updates, options.seed, |_| true).map_err(&failed)
}

/// `log ⟨q/e^{−S}⟩_p = −log Z`, the error from independent chains.
fn reversed(flow: &Flow, action: &dyn Action, log_z: f64, error: f64, options: &Options) -> Result<Finding> {
    let mut finding = Finding::new("I9: ⟨1/w⟩ over the theory = 1/Z");
    let mut thermal = Thermal::hmc(action, &flow.lattice, options)?;
    let trace = Trace::new(&flow.lattice);
    let phi = trace.scalar_field("phi");
    let (prior, log_det) = flow.inverse(phi);
    let inverse_weight = flow.prior().log_density(prior) + log_det + action.action(phi);
    let mut measuring = thermal.plan(&trace, &[inverse_weight.id()])?;
    let uniforms = trace.uniform_values();
    let mut chains = vec![Vec::new(); options.chains];
    for _ in 0..options.updates.div_ceil(SPACING) {
        for _ in 0..SPACING {
            thermal.chains.advance().map_err(Error::while_doing("updating"))?;
        }
        let numbers = thermal.measure(&mut measuring, &uniforms, flow.parameters.values(), 1)?.swap_remove(0);
        chains.iter_mut().zip(numbers).for_each(|(chain, x)| chain.push(x));
    }
    // Of one chain, the logarithm of the mean; of all, the mean relative to the largest.
    let means: Vec<f64> = chains.iter().map(|chain| statistics::log_mean_exp(chain)).collect();
    let all = match statistics::log_z(&means) {
        Ok(all) => all,
        Err(error) => {
            finding.verdict = Verdict::Failed;
            return Ok(finding.with_note(error.to_string()));
        }
    };
    let rounding = ROUNDING * flow.lattice.volume() as f64;
    finding.compare(all.mean, -log_z, options.errors * all.error.hypot(error) + rounding, Place::default);
    let note = if error == 0.0 { "known" } else { "from the samples of the flow" };
    Ok(finding.with_note(format!("−log Z {all}, log Z {log_z:.4} {note}")))
}

fn gaussian(report: &mut Report, ensemble: &Ensemble, options: &Options) -> Result<()> {
    let log_w = &ensemble.log_weights;
    let moments = Moments::of(log_w);
    let s = moments.variance.sqrt();
    let perfect = s < 1e-6;
    let names = ["I7: KL = s²/2", "I7: ESS = exp(−s²)", "I7: acceptance = erfc(s/2)"];
    let (skewness, excess) = (moments.third / s.powi(3), moments.fourth / s.powi(4));
    if !perfect && (s > 1.5 || skewness.abs() > 0.6 || excess.abs() > 1.5) {
        let why = format!("log-weights are not Gaussian: s {s:.2}, skewness {skewness:.2}, excess {excess:.2}");
        names.iter().for_each(|name| report.add(Finding::skipped(*name, &why)));
        return Ok(());
    }
    let failed = Error::while_doing("weighing samples");
    let (n, variance) = (moments.count, moments.variance);
    let kl = statistics::kl(log_w).map_err(&failed)?;
    let ess = statistics::ess(log_w).map_err(&failed)?;
    let rounding = 1e-10;
    let mut findings = names.map(Finding::new);
    let allowed = options.errors * kl.error.hypot(0.5 * moments.variance_error());
    let rest = 2.0 * (moments.third.abs() / 6.0 + moments.fourth.abs() / 24.0);
    findings[0].compare(kl.mean, 0.5 * variance, allowed + rest + rounding, Place::default);
    let allowed = options.errors * log_ess_error(log_w).hypot(moments.variance_error());
    let rest = 2.0 * (moments.third.abs() + 7.0 / 12.0 * moments.fourth.abs());
    findings[1].compare(ess.ln(), -variance, allowed + rest + rounding, Place::default);
    findings[1].note = format!("logarithms; ESS {ess:.4}");
    let a = ensemble.acceptance;
    // A chain that accepts with probability a forgets in 1/a proposals.
    let error = (a * (1.0 - a) * (2.0 / a.max(1.0 / n) - 1.0) / n).sqrt();
    let predicted = normal_two_sided_p_value(s / std::f64::consts::SQRT_2);
    findings[2].compare(a, predicted, ACCEPTANCE + options.errors * error, Place::default);
    findings.into_iter().for_each(|f| report.add(f));
    Ok(())
}

/// `log ESS = 2 log Σw − log Σw² − log N`, by linear propagation.
fn log_ess_error(log_w: &[f64]) -> f64 {
    let n = log_w.len() as f64;
    let mean = statistics::log_mean_exp(log_w);
    let squares = statistics::log_mean_exp(&log_w.iter().map(|l| 2.0 * l).collect::<Vec<_>>());
    let influence = |l: &f64| 2.0 * ((l - mean).exp() - 1.0) - ((2.0 * l - squares).exp() - 1.0);
    (log_w.iter().map(|l| influence(l).powi(2)).sum::<f64>()).sqrt() / n
}

/// Central cumulants of independent numbers.
struct Moments {
    count: f64,
    variance: f64,
    third: f64,
    fourth: f64,
}

impl Moments {
    fn of(x: &[f64]) -> Moments {
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let central = |k: i32| x.iter().map(|x| (x - mean).powi(k)).sum::<f64>() / n;
        let variance = central(2);
        Moments { count: n, variance, third: central(3), fourth: central(4) - 3.0 * variance * variance }
    }

    /// `√((κ₄ + 2 κ₂²)/N)`.
    fn variance_error(&self) -> f64 {
        ((self.fourth + 2.0 * self.variance * self.variance).max(0.0) / self.count).sqrt()
    }
}
