//! Whether an action is what it claims to be.

use crate::Action;
use lattice_autograd::check::{
    Error, Finding, Options, Place, Report, Result, Subject, UNIT_F64, Value, Verdict, program,
};
use lattice_autograd::params::Parameters;
use lattice_tensor::{Lattice, Location};

/// Checks an action at normally distributed fields.
///
/// * its force, the derivatives with respect to its couplings, and the gradients of those, against difference
///   quotients; lanes; `f32` against `f64`;
/// * translations by one site, unless `options` say otherwise, and every symmetry that they claim;
/// * [`Action::site_terms`]: `S` changes by what they say, when one site changes, and when all of one parity do;
/// * [`Action::virial`]: it is `Σ_x φ(x) ∂S/∂φ(x)`, which is `2 S₂ + 4 S₄` and has the mean `V` (identity I3).
///
/// ```
/// use lattice_mc::{Phi4, check};
/// use lattice_mc::check::{Options, Symmetry};
/// use lattice_tensor::Lattice;
///
/// let lattice = Lattice::periodic([4, 4])?;
/// let action = Phi4 { mass2: -4.0, lambda: 8.0 };
/// check::action(&action, &lattice, Options::from(1).claim(Symmetry::sign_flip()))?.assert();
/// # Ok::<(), check::Error>(())
/// ```
///
/// # Errors
/// If there is no theory at these couplings, the action cannot be traced or run, or a symmetry does not fit the lattice.
pub fn action(action: &dyn Action, lattice: &Lattice, options: impl Into<Options>) -> Result<Report> {
    let options = options.into();
    action.check().map_err(|found| Error::request("couplings", "a theory", found))?;
    let none = Parameters::new();
    let mut subject = Subject::new(lattice, &none, &options, |trace| {
        vec![("S".into(), action.action(trace.scalar_field("phi")).id())]
    })?;
    let mut report = Report::about(&action, lattice);
    for mut finding in program(&mut subject, &options)? {
        if finding.check == "gradient" && finding.verdict == Verdict::Skipped {
            finding.verdict = Verdict::Failed;
            finding.note = format!("an action needs a force; {}", finding.note);
        }
        report.add(finding);
    }
    if report.passed() {
        report.add(site_terms(action, &subject, &options)?);
        report.add(virial(action, lattice, &options)?);
    }
    Ok(report)
}

/// `S(φ + δ) − S(φ) = Σ_x [s(φ + δ)(x) − s(φ)(x)]`, for `δ` on one site of a parity, and on all of them.
fn site_terms(action: &dyn Action, whole: &Subject, options: &Options) -> Result<Finding> {
    let mut finding = Finding::new("site terms");
    let lattice = whole.lattice();
    if Location::Parity(0).check(lattice).is_err() {
        return Ok(Finding::skipped(finding.check, "there is no checkerboard"));
    }
    let [before, after] = [whole.values()[0].clone(), other_fields(lattice, options)?];
    let (s_before, s_error) = (whole.run()?.swap_remove(0), whole.rounding()?.swap_remove(0));
    for parity in 0..2u8 {
        let here = Location::Parity(parity);
        let mut missing = false;
        let mut terms = Subject::new(lattice, &Parameters::new(), options, |trace| {
            let phi = trace.scalar_field("phi");
            let at = trace.scalar_field("at").on(here);
            match (action.site_terms(at, phi), action.site_terms(phi.on(here), phi)) {
                (Some(new), Some(old)) => vec![("s".into(), (new - old).id())],
                _ => {
                    missing = true;
                    vec![("s".into(), phi.id())]
                }
            }
        })?;
        if missing {
            return Ok(Finding::skipped(finding.check, "the action gives none"));
        }
        terms.set(0, before.clone());
        terms.set(1, after.clone());
        let (change, change_error) = (terms.run()?.swap_remove(0), terms.rounding()?.swap_remove(0));
        let sites: Vec<usize> = (0..lattice.volume()).filter(|&s| here.contains(&lattice.coordinates(s))).collect();
        let mut moved = whole.clone();
        // Each site alone, then all together.
        for which in (0..=sites.len()).map(|i| sites.get(i).map(|site| (i, *site))) {
            let moves = |site: usize| which.map_or(sites.contains(&site), |(_, only)| site == only);
            let volume = lattice.volume();
            let new = after.numbers();
            let phi = before.map(|x, i| if moves(i % volume) { new[i] } else { x });
            moved.set(0, phi);
            let s_after = moved.run()?.swap_remove(0);
            let after_error = moved.rounding()?.swap_remove(0);
            for s in 0..whole.samples() {
                let change = change.of_sample(s);
                let claimed: f64 = which.map_or(change.iter().sum(), |(i, _)| change[i]);
                let count = which.map_or(sites.len(), |_| 1) as f64;
                let bound = UNIT_F64 * (s_error[s] + after_error[s] + count * change_error[s]);
                let exact = s_after.of_sample(s)[0] - s_before.of_sample(s)[0];
                finding.compare(claimed, exact, bound, || match which {
                    Some((i, _)) => terms.place_in(0, s, i),
                    None => Place::named("all sites of a parity").of_sample(s),
                });
            }
        }
    }
    Ok(finding)
}

/// Another draw of the field.
fn other_fields(lattice: &Lattice, options: &Options) -> Result<Value> {
    let trace = |trace: &lattice_autograd::Trace| vec![("at".into(), trace.scalar_field("site terms").id())];
    Ok(Subject::new(lattice, &Parameters::new(), options, trace)?.values()[0].clone())
}

/// `virial = Σ_x φ(x) ∂S/∂φ(x)`.
fn virial(action: &dyn Action, lattice: &Lattice, options: &Options) -> Result<Finding> {
    let mut finding = Finding::new("virial");
    let mut missing = false;
    let subject = Subject::new(lattice, &Parameters::new(), options, |trace| {
        let phi = trace.scalar_field("phi");
        let exact = (phi * trace.gradient(action.action(phi), phi)).sum_sites();
        let claimed = action.virial(phi);
        missing = claimed.is_none();
        vec![("virial".into(), claimed.unwrap_or(exact).id()), ("exact".into(), exact.id())]
    })?;
    if missing {
        return Ok(Finding::skipped(finding.check, "the action gives none"));
    }
    let (values, errors) = (subject.run()?, subject.rounding()?);
    for s in 0..subject.samples() {
        let bound = UNIT_F64 * (errors[0][s] + errors[1][s]);
        let (claimed, exact) = (values[0].of_sample(s)[0], values[1].of_sample(s)[0]);
        finding.compare(claimed, exact, bound, || subject.place_in(0, s, 0));
    }
    Ok(finding)
}
