//! Flows of angles on one thread and on two: `cargo bench --bench angles`.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod measure;
mod workloads;

use lattice_tensor::lanes::Level;
use workloads::Workload;

fn main() -> Result<(), lattice_flows::Error> {
    measure::print_ceilings(Level::best());
    workloads::bench(&Workload::OF_ANGLES)
}
