//! Reverse-mode differentiation of programs on lattice fields.
//!
//! Ordinary Rust on typed handles ([`Var`]) writes a program ([`Trace`]); [`reverse`] appends the backward half by
//! asking each op for its gradient rule. This crate contains no op and no kernel.
#![forbid(unsafe_code)]

pub mod check;
pub mod complex;
pub mod components;
pub mod gauge;
pub mod maps;
pub mod optim;
pub mod params;
pub mod reverse;
pub mod trace;
pub mod var;

pub use complex::complex;
pub use gauge::{links, momenta};
pub use maps::{Family, Mapped};
pub use trace::Trace;
pub use var::{BatchSum, Kind, Linear, Number, OnSites, PerSample, Uniform, Var, Weights};
