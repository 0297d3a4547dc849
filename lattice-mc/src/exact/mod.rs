//! What is known exactly: the free field by momentum sums, φ⁴ on narrow lattices by transfer matrix, pure gauge theory in
//! two dimensions by character expansion ([`gauge`]).
//!
//! | file | idea |
//! |---|---|
//! | `phi4` | the entry: chooses a method and completes its numbers |
//! | `plan` | layout of a lattice, cost of its solution |
//! | `free` | λ = 0, any lattice |
//! | `site` | levels of the transfer matrix of one site |
//! | `chain` | one direction |
//! | `row`, `sector` | states of a ring of sites and their symmetries |
//! | `element`, `time_link` | operators between those states |
//! | `transfer` | traces of powers of the transfer matrix |
//! | `result`, `error` | what comes out |
//! | `compact` | densities on tori and spheres |
//! | `gauge` | U(1), SU(2), SU(3) in two dimensions |
mod chain;
pub mod compact;
mod element;
mod error;
mod free;
pub mod gauge;
mod phi4;
mod plan;
mod result;
mod row;
mod sector;
mod site;
#[cfg(test)]
mod tests;
mod time_link;
mod transfer;

pub use error::ExactError;
pub use free::free_field;
#[cfg(test)]
pub(crate) use gauge::gauss_legendre;
pub use phi4::{phi4, phi4_cost, phi4_with};
pub use plan::{Cost, Effort};
pub use result::{Exact, Method};
