//! φ⁴ and the free field.

use super::publish;
use crate::command::args::ExactArgs;
use crate::command::failure::Failure;
use crate::command::progress::interrupted;
use crate::command::report::Report;
use crate::command::theory::Theory;
use lattice_fields::mc::exact::{Effort, Exact, phi4_with};
use lattice_fields::mc::observables::FARTHEST;
use serde_json::{Map, Value, json};
use std::time::Instant;

pub fn run(args: &ExactArgs) -> Result<(), Failure> {
    let theory = Theory::new(&args.theory)?;
    let start = Instant::now();
    let exact = phi4_with(theory.lattice.extents(), theory.mass2, theory.lambda, &Effort::default())
        .map_err(|e| Failure::Refused(e.to_string()))?;
    if interrupted() {
        return Err(Failure::Interrupted("stopped".into()));
    }
    let mut report = Report::new("exact", &theory, args.run.seed, "f64");
    report.set("log_z", json!({"mean": exact.log_z, "error": exact.truncation_error}));
    report.set("method", format!("{:?}", exact.method));
    report.set("truncation_error", exact.truncation_error);
    report.set("gap", exact.gap);
    let values = observables(&exact);
    let map: Map<String, Value> = values.iter().map(|(name, x)| (name.clone(), json!({"mean": x}))).collect();
    report.set("observables", map);
    report.set("seconds", start.elapsed().as_secs_f64());
    let mut text = format!("{}\n{:?} on {}\n", theory.action.formula(), theory.action, args.theory.lattice);
    text += &format!("{:<16}{:>20.12}\n", "log_z", exact.log_z);
    for (name, value) in values {
        text += &format!("{name:<16}{value:>20.12}\n");
    }
    if let Some(gap) = exact.gap {
        text += &format!("{:<16}{gap:>20.12}\n", "gap");
    }
    text += &format!("by {:?}; truncation error {:.1e}\n", exact.method, exact.truncation_error);
    publish(args, &report, &text)
}

/// The exact values by the names of the observables.
fn observables(exact: &Exact) -> Vec<(String, f64)> {
    let mut values = vec![
        ("phi2".to_string(), exact.phi2),
        ("phi4".into(), exact.phi4),
        ("chi2".into(), exact.chi2),
        ("ising_energy".into(), exact.ising_energy),
        ("action_density".into(), exact.action_density),
    ];
    values.extend(exact.virial.map(|v| ("virial".into(), v)));
    if let Some(g) = &exact.g {
        values.extend(g.iter().take((g.len() / 2).min(FARTHEST) + 1).enumerate().map(|(t, g)| (format!("g{t}"), *g)));
    }
    values
}
