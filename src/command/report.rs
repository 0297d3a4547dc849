//! Results as JSON and as a table.

use super::failure::Failure;
use super::output;
use super::theory::{FlowTheory, GaugeTheory, Subject, Theory};
use super::version;
use lattice_fields::flows::Certificate;
use lattice_fields::mc::statistics::TwoSided;
use lattice_fields::prelude::{Estimate, Manifold};
use serde_json::{Map, Value, json};

/// A JSON object under construction. Values that are absent are left out.
#[derive(Clone, Debug, Default)]
pub struct Report(Map<String, Value>);

impl Report {
    /// What every report on a scalar theory begins with.
    pub fn new(command: &str, theory: &Theory, seed: u64, precision: &str) -> Report {
        Report::about(command, &theory.subject(), seed, precision)
    }

    /// What every report on a theory begins with.
    pub fn about<K: Manifold>(command: &str, subject: &Subject<'_, K>, seed: u64, precision: &str) -> Report {
        let mut report = Report::of(command);
        report.set("theory", subject.name.name());
        report.set("target", subject.target);
        report.set("action", subject.action.formula());
        report.set("couplings", json!(subject.couplings()));
        report.set("lattice", subject.lattice.extents());
        report.set("seed", seed);
        report.set("precision", precision);
        report
    }

    /// The same of a gauge theory of which exact values are printed.
    pub fn of_gauge(command: &str, theory: &GaugeTheory, seed: u64, precision: &str) -> Report {
        let mut report = Report::of(command);
        report.set("theory", theory.name.name());
        report.set("action", theory.formula());
        report.set("couplings", json!({"beta": theory.beta}));
        report.set("lattice", theory.extents.as_slice());
        report.set("seed", seed);
        report.set("precision", precision);
        report
    }

    /// What ran.
    fn of(command: &str) -> Report {
        let mut report = Report::default();
        report.set("command", command);
        report.set("version", env!("CARGO_PKG_VERSION"));
        report.set("commit", version::COMMIT);
        report.set("features", version::FEATURES);
        report
    }

    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        match value.into() {
            Value::Null => {}
            value => drop(self.0.insert(key.into(), value)),
        }
    }

    /// Mean and error of `log_z`, ESS and KL.
    pub fn set_certificate(&mut self, certificate: &Certificate, exact: bool) {
        self.set("ess", certificate.ess);
        self.set("kl", certificate.kl.mean);
        self.set("kl_error", certificate.kl.error);
        self.set("kl_reference", if exact { "exact" } else { "estimate" });
        let mut log_z = Report::default();
        log_z.set("mean", certificate.log_z.mean);
        log_z.set("error", certificate.log_z.error);
        self.set("log_z", log_z.value());
    }

    /// What configurations of the theory say about a flow.
    pub fn set_two_sided(&mut self, sides: &TwoSided) {
        let mut part = Report::default();
        part.set("log_z_of_theory", json!({"mean": sides.log_z_of_theory.mean, "error": sides.log_z_of_theory.error}));
        part.set("ess_of_theory", json!({"mean": sides.ess_of_theory.mean, "error": sides.ess_of_theory.error}));
        part.set("pull", sides.pull);
        part.set("p_value", sides.p_value);
        self.set("two_sided", part.value());
    }

    /// Reasons not to believe the numbers, if there are any.
    pub fn set_warnings(&mut self, warnings: &[String]) {
        if !warnings.is_empty() {
            self.set("warnings", warnings);
        }
    }

    /// The observables by name.
    pub fn set_observables(&mut self, estimates: &[(String, Estimate)]) {
        let observables: Map<String, Value> =
            estimates.iter().map(|(name, estimate)| (name.clone(), json!(estimate))).collect();
        self.set("observables", observables);
    }

    /// Functions of the observables' means by name, if there are any.
    pub fn set_derived(&mut self, derived: &[(String, Estimate)]) {
        if !derived.is_empty() {
            let map: Map<String, Value> = derived.iter().map(|(name, e)| (name.clone(), json!(e))).collect();
            self.set("derived", map);
        }
    }

    pub fn text(&self) -> String {
        let text = serde_json::to_string_pretty(&self.0).unwrap_or_default();
        text + "\n"
    }

    /// The object itself.
    pub fn value(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// Prints the object if JSON is asked for, else the summary for people.
    pub fn print_or(&self, json: bool, summary: &str) -> Result<(), Failure> {
        match json {
            true => output::print(&self.text()),
            false => output::print(summary),
        }
    }
}

/// The median; 0 of nothing.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// A table of observables: value, autocorrelation time, and the exact value where known.
pub fn table(estimates: &[(String, Estimate)], exact: &dyn Fn(&str) -> Option<f64>) -> String {
    let mut text = format!("{:<16}{:>18}{:>14}{:>16}\n", "", "value", "tau_int", "exact");
    for (name, estimate) in estimates {
        let known = exact(name).map_or(String::new(), |x| format!("{x:.8}"));
        let tau = lattice_fields::mc::statistics::value_with_error(estimate.tau_int, estimate.tau_int_error);
        text += &format!("{name:<16}{:>18}{tau:>14}{known:>16}\n", estimate.to_string());
    }
    text
}
