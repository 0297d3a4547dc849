//! The workloads of `peers/`, one line of JSON each: `cargo bench --bench timing -- [threads] [seconds] [workload …]`.
//! `peers/compare.py` runs it beside the other frameworks.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod measure;
mod workloads;

use lattice_flows::Error;
use lattice_tensor::Device;
use measure::seconds_of;
use workloads::Workload;

fn main() -> Result<(), Error> {
    let mut words = std::env::args().skip(1).filter(|a| !a.starts_with('-'));
    let threads: usize = words.next().and_then(|w| w.parse().ok()).unwrap_or(1);
    let budget: f64 = words.next().and_then(|w| w.parse().ok()).unwrap_or(2.0);
    let wanted: Vec<String> = words.collect();
    let device = Device::cpu(threads)?;
    for workload in Workload::ALL {
        let name = workload.name();
        if !wanted.is_empty() && !wanted.contains(&name) {
            continue;
        }
        workload.prepare(&device, &mut |cost, run| {
            run(3);
            let time = seconds_of(budget, 0.0, &mut *run);
            println!(
                "{{\"workload\":\"{name}\",\"framework\":\"lattice-fields\",\"variant\":\"{}\",\"threads\":{threads},\"seconds\":{:.6e},\"best\":{:.6e},\"gflops\":{:.2}}}",
                device.processor().level().name(),
                time.median,
                time.best,
                cost.flops / time.median * 1e-9
            );
        })?;
    }
    Ok(())
}
