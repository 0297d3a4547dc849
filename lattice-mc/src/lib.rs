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
pub mod hmc;
pub mod metropolis;
pub mod observables;
pub mod run;
pub mod statistics;
pub mod update;

pub use action::{Action, Free, Phi4};
pub use chains::Chains;
pub use error::Error;
pub use hmc::{Hmc, Integrator};
pub use metropolis::{Independence, LocalMetropolis, Proposal};
pub use run::{History, MarkovRun};
pub use update::{Update, Updated};
