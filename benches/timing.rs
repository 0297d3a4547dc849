//! The workloads of `peers/`, one line of JSON each:
//! `cargo bench --bench timing -- [--device cpu|gpu|NAME] [threads] [seconds] [workload …]`.
//! `peers/compare.py` and `gpu/compare.py` run it beside the other frameworks. Workloads are those of `workloads.rs`, or any
//! of such a name: `train_16x16_batch16384`, `sample_8x8_batch64`, `hmc_16x16_chains1024`.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod measure;
mod workloads;

use lattice_tensor::Device;
use measure::seconds_of;
use workloads::Workload;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut plain, mut place) = (Vec::new(), String::from("cpu"));
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--device" => place = words.next().ok_or("--device: expected cpu, gpu or a name")?,
            // Cargo adds flags of its own.
            flag if flag.starts_with('-') => {}
            _ => plain.push(word),
        }
    }
    let mut words = plain.into_iter();
    let threads: usize = words.next().map_or(Ok(1), |w| w.parse())?;
    let budget: f64 = words.next().map_or(Ok(2.0), |w| w.parse())?;
    let named = |name: String| Workload::named(&name).ok_or(format!("{name}: no workload"));
    let wanted = words.map(named).collect::<Result<Vec<_>, _>>()?;
    let device = match place.as_str() {
        "cpu" => Device::cpu(threads)?,
        "gpu" => Device::gpu()?.with_threads(threads)?,
        name => Device::gpu_named(name)?.with_threads(threads)?,
    };
    let variant = if device.is_gpu() { "wgsl" } else { device.processor().level().name() };
    for workload in if wanted.is_empty() { Workload::ALL.to_vec() } else { wanted } {
        workload.prepare(&device, &mut |cost, run| {
            run(3);
            let time = seconds_of(budget, 0.0, &mut *run);
            let line = serde_json::json!({
                "workload": workload.name(),
                "framework": "lattice-fields",
                "variant": variant,
                "threads": device.processor().threads(),
                "device": device.describe(),
                "seconds": time.median,
                "best": time.best,
                "gflops": cost.flops / time.median * 1e-9,
            });
            println!("{line}");
        })?;
    }
    Ok(())
}
