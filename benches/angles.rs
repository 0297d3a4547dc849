//! Flows of angles on one thread and on two: `cargo bench --bench angles`.
//!
//! Throughput is in floating-point operations, counted by the ops themselves (`Gelem/s` is GFLOP/s), and in bytes that
//! the ops read and write, most of them from caches. The machine's ceilings are printed first.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod measure;
mod workloads;

use criterion::{BenchmarkId, Criterion, Throughput};
use lattice_flows::Error;
use lattice_tensor::Device;
use lattice_tensor::lanes::Level;
use std::time::Duration;
use workloads::Workload;

fn main() -> Result<(), Error> {
    measure::print_ceilings(Level::best());
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .sample_size(20)
        .configure_from_args();
    for workload in Workload::OF_ANGLES {
        let mut group = criterion.benchmark_group(workload.name());
        for threads in [1, 2] {
            let device = Device::cpu(threads)?;
            workload.prepare(&device, &mut |cost, run| {
                group
                    .throughput(Throughput::ElementsAndBytes { elements: cost.flops as u64, bytes: cost.bytes as u64 });
                group.bench_function(BenchmarkId::from_parameter(format!("{threads} threads")), |bencher| {
                    bencher.iter_custom(|steps| Duration::from_secs_f64(run(steps)));
                });
            })?;
        }
        group.finish();
    }
    criterion.final_summary();
    Ok(())
}
