//! Actions, Monte Carlo updates, observables and honest error bars.
#![forbid(unsafe_code)]
pub mod exact;
pub mod statistics;
