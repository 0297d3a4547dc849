//! Periodic lattice fields: what they are, where their numbers lie, what can be done to them.
#![warn(missing_docs)]
pub mod lanes;
pub mod random;
