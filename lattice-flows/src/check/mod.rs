//! Whether bijections and flows are what they claim to be.
//!
//! | to check | call |
//! |---|---|
//! | a bijection: inverse, Jacobian, gradients, symmetries, lanes, precision | [`bijection`] |
//! | a flow beside its theory: the floor of the loss, weights, `Z` from both sides | [`flow`] |
//! | one model on two volumes | [`volumes`] |
//!
//! The rest of the kit is re-exported: [`lattice_mc::check`] for actions, updates and integrators,
//! [`lattice_autograd::check`] for nets and ops, reports and options.

mod bijection;
mod flow;

pub use bijection::bijection;
pub use flow::{flow, volumes};
pub use lattice_mc::check::*;

#[cfg(test)]
mod tests;
