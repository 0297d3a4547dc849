//! Metropolis: site by site, and with independent proposals of whole configurations.

mod independence;
mod local;

pub use independence::{Independence, Offered, Proposal};
pub use local::LocalMetropolis;
