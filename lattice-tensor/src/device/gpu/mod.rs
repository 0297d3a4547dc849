//! A GPU: programs as WGSL compute shaders, through wgpu.
//!
//! | question | file |
//! |---|---|
//! | which adapters there are, opening one | `adapter`, `description` |
//! | memory, submissions, waiting, reading; what can go wrong | `work`, `fault` |
//! | what the host computes, which steps make a dispatch, where values lie | `plan` |
//! | how a kernel is written | `text`, and `shaders/` |
//! | buffers, and how they are bound | `buffers`, `kernels` |
//! | training: the optimiser's state and step | `descent` |
//! | a run: what is sent, encoded and brought back | `run`, `encode`, `host`, `fields` |
//!
//! A workgroup takes one sample and does as much of the program for it as one kernel holds: on small lattices a whole
//! coupling, with barriers in between and what nobody else reads in the workgroup's memory. Large lattices are cut into
//! chunks, one step a dispatch. Fields lie `[sample][component][row]`: rows of neighbouring sites side by side, for
//! many small lattices and one large one alike; there is no padding and there are no virtual nodes.

mod adapter;
mod buffers;
mod descent;
mod description;
#[cfg(test)]
mod driver_tests;
mod encode;
mod fault;
mod fields;
mod host;
mod kernels;
#[cfg(test)]
mod math_tests;
mod plan;
#[cfg(test)]
mod probe;
mod report;
mod run;
#[doc(hidden)]
pub mod testing;
mod text;
mod work;

pub use adapter::Gpu;
pub use description::{AdapterDescription, AdapterKind};
pub use report::{KernelReport, Report};
pub use run::{Counts, Plan};
