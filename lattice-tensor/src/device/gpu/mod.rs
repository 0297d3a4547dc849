//! A GPU: programs as WGSL compute shaders, through wgpu.
//!
//! | question | file |
//! |---|---|
//! | opening adapters, their limits, what can go wrong | `adapter` |
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
mod encode;
mod fields;
mod host;
mod kernels;
mod plan;
mod report;
mod run;
mod text;

pub use adapter::Gpu;
pub use report::{KernelReport, Report};
pub use run::{Counts, Plan};
