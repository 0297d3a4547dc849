//! Where programs run, and `lattice devices`: what there is.

use super::args::{CPU, DeviceArgs, Precision, RunArgs};
use super::failure::Failure;
use super::report::Report;
use super::version;
use lattice_fields::prelude::*;
use lattice_fields::tensor::device::gpu::AdapterDescription;
use serde_json::{Value, json};

/// The best GPU's name as a device.
const GPU: &str = "gpu";

/// Opens the device that the flags name. To be called before anything is written: where it fails, all that there was
/// stays.
pub fn open(on: &DeviceArgs, run: &RunArgs) -> Result<Device, Failure> {
    if on.name() != CPU && run.precision != Precision::F32 {
        let expected = format!("f32 on a GPU, or --device {CPU}");
        return Err(Failure::refused(&format!("--precision with --device {}", on.name()), &expected, "f64"));
    }
    Ok(match on.name() {
        CPU => Device::cpu(run.threads)?,
        GPU => Device::gpu()?.with_threads(run.threads)?,
        name => Device::gpu_named(name)?.with_threads(run.threads)?,
    })
}

/// The name by which `--device` finds it again on this machine.
pub fn name(device: &Device) -> String {
    device.gpu_context().map_or(CPU.into(), |gpu| gpu.name())
}

/// What a report says of the device.
pub fn fill(report: &mut Report, device: &Device) {
    report.set("device", device.describe());
    report.set("threads", device.processor().threads());
    report.set("instruction_set_of_machine", device.processor().level().name());
}

/// Lists the processor and all adapters.
pub fn list(json: bool) -> Result<(), Failure> {
    let (processor, adapters) = (Device::cpu(0)?, Device::adapters());
    let best = AdapterDescription::best(&adapters);
    let mut report = Report::default();
    report.set("command", "devices");
    report.set("version", env!("CARGO_PKG_VERSION"));
    report.set("features", version::FEATURES);
    let (threads, level) = (processor.processor().threads(), processor.processor().level().name());
    report.set("processor", json!({"device": CPU, "threads": threads, "instruction_set": level}));
    let objects = adapters.iter().enumerate().map(|(place, adapter)| object(adapter, best == Some(place)));
    report.set("adapters", objects.collect::<Vec<Value>>());
    let mut text = format!("{CPU}  {}\n", processor.describe().trim_start_matches("cpu, "));
    for (place, adapter) in adapters.iter().enumerate() {
        let mark = if best == Some(place) { "*" } else { " " };
        text += &format!("{:<2}{mark} {}\n     {}\n", adapter.number, adapter.words(), limits(adapter));
    }
    text += &match (best, cfg!(feature = "gpu")) {
        (Some(_), _) => format!("--device {CPU}, {GPU} (the one marked *), a number, or a part of a name\n"),
        (None, false) => "no GPUs: this program was built without feature gpu\n".into(),
        // What to install, as the error says that this would be.
        (None, true) => Device::gpu().err().map_or(String::new(), |error| format!("no GPUs: {error}\n")),
    };
    report.print_or(json, &text)
}

fn limits(adapter: &AdapterDescription) -> String {
    let mib = |bytes: u64| bytes >> 20;
    let with = |has: bool, what: &str| if has { format!(", {what}") } else { String::new() };
    format!(
        "{} MiB a binding, {} MiB a buffer, {} buffers a kernel; workgroups of {} invocations and {} KiB{}{}",
        mib(adapter.binding_bytes),
        mib(adapter.buffer_bytes),
        adapter.storage_buffers,
        adapter.invocations,
        adapter.workgroup_bytes >> 10,
        with(adapter.half_precision, "half precision"),
        with(adapter.timestamps, "timestamps"),
    )
}

fn object(adapter: &AdapterDescription, best: bool) -> Value {
    json!({
        "number": adapter.number,
        "name": adapter.name,
        "kind": adapter.kind.to_string(),
        "backend": adapter.backend,
        "driver": adapter.driver,
        "binding_bytes": adapter.binding_bytes,
        "buffer_bytes": adapter.buffer_bytes,
        "storage_buffers": adapter.storage_buffers,
        "invocations": adapter.invocations,
        "workgroup_bytes": adapter.workgroup_bytes,
        "half_precision": adapter.half_precision,
        "timestamps": adapter.timestamps,
        "gpu": best,
    })
}
