//! Metropolis: site by site, with independent proposals of whole configurations, flips of clusters; links one by one, and
//! jumps between sectors; independent draws where there are such.

mod clusters;
mod independence;
mod instantons;
mod links;
mod local;
mod open_draws;

pub use clusters::Clusters;
pub use independence::{Independence, Offered, Proposal};
pub use instantons::Instantons;
pub use links::{LinkRule, LinkSweeps};
pub use local::LocalMetropolis;
pub use open_draws::OpenDraws;
