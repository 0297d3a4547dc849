//! Gradients against difference quotients, by the verification kit.

use lattice_autograd::check::{self, Value, Verdict};
use lattice_tensor::{Graph, NodeId};

pub use lattice_autograd::check::{gradients, pair};

/// Compares the gradients of `functional` with difference quotients along random directions, one argument at a time.
/// All quotients must be fine ones: cases keep away from kinks.
pub fn check(
    graph: &mut Graph,
    functional: NodeId,
    wanted: &[NodeId],
    values: &[Value],
    samples: usize,
    seed: u64,
) -> Result<(), String> {
    let findings = check::gradient(graph, functional, wanted, values, samples, seed).map_err(|e| e.to_string())?;
    match findings.iter().find(|f| f.verdict != Verdict::Passed || !f.note.is_empty()) {
        Some(finding) => Err(finding.to_string()),
        None => Ok(()),
    }
}
