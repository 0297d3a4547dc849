//! Actions, Monte Carlo updates, observables and honest error bars.
//!
//! Ordinary physics that would be useful with no learning at all. Forces come from the reverse sweep; a flow enters
//! only as a [`metropolis::Proposal`].
#![forbid(unsafe_code)]

pub mod action;
pub mod chains;
pub mod check;
pub mod error;
pub mod exact;
pub mod exchange;
pub mod hmc;
pub mod manifold;
pub mod measure;
pub mod metropolis;
pub mod observables;
pub mod planned;
pub mod recorder;
pub mod run;
pub mod stage;
pub mod statistics;
pub mod stored;
#[cfg(test)]
mod testing;
pub mod update;

pub use action::{
    Action, ComplexPhi4, Convention, Form, Free, ImaginaryTheta, Open, Phi4, Phi4Couplings, Rectangles, VectorPhi4,
    Wilson,
};
pub use chains::Chains;
pub use error::Error;
pub use exchange::Exchange;
pub use hmc::{Hmc, Integrator};
pub use manifold::{Manifold, Start};
pub use measure::Measurement;
pub use metropolis::{Clusters, Independence, Instantons, LinkRule, LinkSweeps, LocalMetropolis, OpenDraws, Proposal};
pub use planned::ChainCouplings;
pub use recorder::Recorder;
pub use run::{History, MarkovRun};
pub use stage::{Configuration, Stage};
pub use stored::Stored;
pub use update::{Then, Update, Updated};
