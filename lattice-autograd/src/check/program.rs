//! Everything that applies to any program; and what needs no more than that: nets and ops.

use super::error::{Error, Result};
use super::options::Options;
use super::report::{Finding, Place, Report};
use super::subject::Subject;
use super::symmetry::Symmetry;
use crate::params::Parameters;
use crate::{Kind, Trace, Var};
use lattice_tensor::field::Scalar;
use lattice_tensor::ops::Op;
use lattice_tensor::{Lattice, NodeId, Spec};

/// Checks a program: that its numbers are finite, its gradients and second gradients, its lanes, `f32` against `f64`,
/// and the symmetries that `options` claim.
///
/// # Errors
/// If it cannot be planned or run, or a symmetry does not fit the lattice.
pub fn program(subject: &mut Subject, options: &Options) -> Result<Vec<Finding>> {
    let mut findings = vec![finite(subject)?];
    if findings[0].verdict == super::Verdict::Failed {
        return Ok(findings);
    }
    let random = subject.is_random();
    findings.extend(subject.gradients(options.second_gradient)?);
    findings.extend(subject.lanes()?);
    findings.push(match random {
        true => Finding::skipped("f32 against f64", "the two draw different random numbers"),
        false => subject.precision()?,
    });
    let mut symmetries = Symmetry::translations(subject.lattice(), options.translations.unwrap_or(1));
    symmetries.extend(options.symmetries.iter().cloned());
    findings.extend(match random {
        true => symmetries.iter().map(|s| Finding::skipped(s.name(), "random numbers belong to sites")).collect(),
        false => subject.equivariance(&symmetries)?,
    });
    Ok(findings)
}

/// All outputs are numbers at ordinary inputs.
fn finite(subject: &Subject) -> Result<Finding> {
    let mut finding = Finding::new("finite numbers");
    for (i, value) in subject.run()?.iter().enumerate() {
        if let Some(k) = value.numbers().iter().position(|x| !x.is_finite()) {
            let bad = value.numbers()[k];
            let name = &subject.outputs[i].0;
            finding.compare(bad, 0.0, f64::MAX, || Place::named(name));
            finding.verdict = super::Verdict::Failed;
            let expected = format!("number {k} of {name} is {bad} at inputs of order 1; other checks were not made");
            return Ok(finding.with_note(expected));
        }
    }
    Ok(finding)
}

/// Checks any function of a real field, such as a net with its parameters: gradients with respect to the field and
/// every parameter, lanes, precision, and equivariance under the claimed symmetries (translations by one site unless
/// `options` say otherwise).
///
/// ```
/// use lattice_autograd::check;
/// use lattice_autograd::params::Parameters;
/// use lattice_tensor::{Lattice, Location};
///
/// let lattice = Lattice::periodic([4, 3])?;
/// let mut parameters = Parameters::new();
/// let weights = parameters.add("conv", &[3 * 3 * 2 + 2], |i| (i as f64).sin())?;
/// let report = check::net(&lattice, &parameters, 1, |x| {
///     x.conv(&[3, 3], Location::All, 2, x.trace().weights("conv", weights.clone())).tanh()
/// })?;
/// report.assert();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If it cannot be traced, planned or run, or a symmetry does not fit the lattice.
pub fn net<K: Kind>(
    lattice: &Lattice,
    parameters: &Parameters,
    options: impl Into<Options>,
    f: impl for<'t> Fn(Var<'t, Scalar>) -> Var<'t, K>,
) -> Result<Report> {
    let options = options.into();
    let mut subject = Subject::new(lattice, parameters, &options, |trace| {
        vec![("output".to_string(), f(trace.scalar_field("x")).id())]
    })?;
    let mut report = Report::new(format!("net on {:?}", lattice.extents()));
    program(&mut subject, &options)?.into_iter().for_each(|f| report.add(f));
    Ok(report)
}

/// Checks an op on inputs of these types: its gradient rule, and the gradient of that; its kernel's lanes, `f32` against
/// `f64`, and translations.
///
/// Weights are drawn like fields, from standard normal numbers through [`Options::inputs`]. An op that makes sums over
/// the batch has no functional to differentiate, and says so.
///
/// # Errors
/// If the op does not take the inputs, has no kernel, or a symmetry does not fit the lattice.
pub fn op(op: impl Op, inputs: &[Spec], lattice: &Lattice, options: impl Into<Options>) -> Result<Report> {
    let options = options.into();
    let length = inputs.iter().map(|spec| match *spec {
        Spec::Weights { offset, len } => offset + len,
        _ => 0,
    });
    let mut parameters = Parameters::new();
    let mut weights = weights(&options);
    let added = parameters.add("weights", &[length.max().unwrap_or(0)], &mut weights);
    added.map_err(Error::while_doing("drawing weights"))?;
    let mut subject = Subject::new(lattice, &parameters, &options, |trace: &Trace| {
        let arguments = inputs.iter().enumerate();
        let ids: Vec<NodeId> =
            arguments.map(|(i, &spec)| trace.argument::<Scalar>(&format!("x{i}"), spec).id()).collect();
        vec![("y".to_string(), trace.apply::<Scalar>(op.clone(), &ids).id())]
    })?;
    let uniforms = inputs.iter().enumerate().filter(|(_, spec)| **spec == Spec::Uniform);
    uniforms.for_each(|(i, _)| subject.set(i, super::Value::Uniform(weights(i))));
    let mut report = Report::about(&op, lattice);
    program(&mut subject, &options)?.into_iter().for_each(|f| report.add(f));
    Ok(report)
}

fn weights(options: &Options) -> impl FnMut(usize) -> f64 + use<> {
    use lattice_tensor::random::{Draw, Stream, normal_at};
    let draw = Draw { key: Stream::named("check.weights").key(options.seed), step: 0 };
    let inputs = options.inputs.clone();
    move |k| inputs(normal_at::<f64>(draw, 0, k as u64))
}
