//! Couplings that a flow is told: one flow for a range of theories.

use lattice_autograd::{Trace, Uniform, Var};
use serde::{Deserialize, Serialize};

/// A coupling that the nets see, and the range in which they know it.
///
/// A layer reads it as [`Trace::coupling`], so it is what the action says: a number for all samples, or one for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The name of the coupling, as the action has it.
    pub coupling: String,
    /// Where the range begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
}

impl Condition {
    /// The coupling `g` scaled to `[−1, 1]`: `(2g − from − to) / (to − from)`.
    pub fn value<'t>(&self, trace: &'t Trace) -> Var<'t, Uniform> {
        let (middle, half) = (0.5 * (self.from + self.to), 0.5 * (self.to - self.from));
        (trace.coupling(&self.coupling, middle) - middle) * (1.0 / half)
    }

    /// Whether the nets have been trained for this value.
    pub fn contains(&self, value: f64) -> bool {
        (self.from..=self.to).contains(&value)
    }
}

/// The scaled values of all conditions.
pub fn values<'t>(conditions: &[Condition], trace: &'t Trace) -> Vec<Var<'t, Uniform>> {
    conditions.iter().map(|c| c.value(trace)).collect()
}
