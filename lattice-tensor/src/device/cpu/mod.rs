//! The processor: threads, kernels, and the run of a planned program.
//!
//! Each thread takes a block of samples and runs the *whole* program on it before the next block, so that a block's
//! working set stays in the second-level cache and threads meet only at the end.

mod args;
mod chain;
mod memory;
mod plan;
mod processor;
mod run;
mod team;

pub use args::{Args, Kernel, OutputRows};
pub use memory::Aligned;
pub use plan::Program;
pub use processor::Cpu;
pub use team::Tasks;
