//! Reverse-mode differentiation of programs on lattice fields.
//!
//! Ordinary Rust on typed handles ([`Var`]) writes a program ([`Trace`]); [`reverse`] appends the backward half by
//! asking each op for its gradient rule. This crate contains no op and no kernel.
#![forbid(unsafe_code)]

pub mod check;
pub mod optim;
pub mod params;
pub mod reverse;
pub mod trace;
pub mod var;

pub use trace::Trace;
pub use var::{BatchSum, Kind, PerSample, Uniform, Var, Weights};
