//! Metropolis: site by site, with independent proposals of whole configurations, flips of clusters; links one by one, and
//! jumps between sectors.

mod clusters;
mod independence;
mod instantons;
mod links;
mod local;

pub use clusters::Clusters;
pub use independence::{Independence, Offered, Proposal};
pub use instantons::Instantons;
pub use links::{LinkRule, LinkSweeps};
pub use local::LocalMetropolis;
