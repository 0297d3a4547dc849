//! Densities on tori and spheres.

use super::publish;
use crate::command::args::ExactArgs;
use crate::command::failure::Failure;
use crate::command::report::Report;
use crate::command::targets::PointTheory;
use crate::command::theory::FlowTheory;
use serde_json::{Map, Value, json};

pub fn run(args: &ExactArgs, theory: &PointTheory) -> Result<(), Failure> {
    let subject = theory.subject();
    let Some(known) = theory.known() else {
        let expected = "a tip within reach, and no error far below the links: else the integral for Z cannot be taken";
        let what = "--center, --sigma, --links";
        return Err(Failure::refused(what, expected, format!("{:?}", subject.couplings())));
    };
    let mut report = Report::about("exact", &subject, args.run.seed, "f64");
    report.set("log_z", json!({"mean": known.log_z, "error": 0.0}));
    let map: Map<String, Value> = known.means.iter().map(|(name, x)| (name.clone(), json!({"mean": x}))).collect();
    report.set("observables", map);
    let mut text = format!("{}\n{:?}\n", subject.action.formula(), subject.action);
    text += &format!("{:<16}{:>20.12}\n", "log_z", known.log_z);
    for (name, value) in &known.means {
        text += &format!("{name:<16}{value:>20.12}\n");
    }
    publish(args, &report, &text)
}
