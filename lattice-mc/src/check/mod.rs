//! Whether actions, updates and integrators are what they claim to be.
//!
//! | to check | call |
//! |---|---|
//! | an action: force, symmetries, site terms, virial | [`action`] |
//! | an update: lanes, `⟨e^{−ΔH}⟩ = 1`, Schwinger–Dyson equations | [`update`] |
//! | an integrator: reversible, volume-preserving, of its order | [`integrator`] |
//!
//! The rest of the kit is re-exported from [`lattice_autograd::check`].

mod action;
mod integrator;
mod thermal;
mod update;

pub use action::action;
pub use integrator::{Trajectory, integrator};
pub use lattice_autograd::check::*;
pub use thermal::Thermal;
pub use update::update;

#[cfg(test)]
mod tests;
