//! What spans crates.
#![allow(clippy::print_stdout, reason = "tests say what they skipped")]

/// The command, run as a user runs it.
mod command;
/// Random lattices, sub-lattices, batch sizes and numbers, the same in every run.
mod draw;
/// Estimators that hold configurations fixed: scores, given ensembles, their noise.
mod estimators;
/// Flows: inverse, Jacobian, symmetry, training, exactness.
mod flows;
/// Gauge fields: covariance, forces, large lattices.
mod gauge;
/// Whole programs on a GPU.
#[cfg(feature = "gpu")]
mod gpu;
/// Composite programs: random graphs, recomputation, errors, and that nothing panics.
mod gradients;
/// The verification kit on ops, and the page that shows it.
mod kit;
/// Which crate may import which, and where `unsafe` may stand.
mod layering;
/// Flows of U(1) links: covariance, Jacobian, inverse, scores, exact values.
mod links;
/// What tests of flows of angles share.
mod maps;
/// The battery: what every op must satisfy.
mod ops;
/// Monte Carlo against what is known exactly.
mod physics;
/// Flows of points on tori and spheres: Jacobian, inverse, scores, exact values.
mod points;
/// Random programs of many ops, and what they should give.
mod programs;
/// Random fields: the same numbers in every layout.
mod random;
/// Each op once more, slow and obvious.
mod reference;
/// The same bits for any number of threads and any cut of the batch.
mod reproducible;
/// Gradients against difference quotients.
mod rules;
/// Every op's shader exists and is valid.
mod shaders;
/// Training: estimators, memory, warm starts, conditions.
mod training;
