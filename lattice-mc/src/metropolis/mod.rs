//! Metropolis: site by site, with independent proposals of whole configurations, and flips of clusters.

mod clusters;
mod independence;
mod links;
mod local;

pub use clusters::Clusters;
pub use independence::{Independence, Offered, Proposal};
pub use links::{LinkRule, LinkSweeps};
pub use local::LocalMetropolis;
