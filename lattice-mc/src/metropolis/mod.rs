//! Metropolis: site by site, and with independent proposals of whole configurations.

mod independence;
mod local;

pub use independence::{Accepted, Independence, Proposal};
pub use local::LocalMetropolis;
