//! Progress bars on stderr, on a terminal only, and Ctrl-C.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lattice_fields::prelude::Device;
use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on the first Ctrl-C asks loops to stop, the second ends the program.
pub fn catch_interrupts() {
    // Where no handler can be set, Ctrl-C ends the program at once, as it would without.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    });
}

/// Whether Ctrl-C was pressed.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// A bar of `length` steps.
pub fn bar(what: &'static str, length: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(8));
    if let Ok(style) = ProgressStyle::with_template("{prefix:10} {bar:32} {pos}/{len} {elapsed}<{eta} {msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(what);
    bar
}

/// What a run will take, said before it starts: memory, and time by the seconds of one core of the machines known here;
/// nothing is known of GPUs.
pub fn forecast(device: &Device, bytes: f64, core_seconds: f64) -> String {
    if device.is_gpu() {
        return format!("on {}", device.describe());
    }
    let seconds = core_seconds / device.processor().threads() as f64;
    let (mib, gib) = (bytes / (1u64 << 20) as f64, bytes / (1u64 << 30) as f64);
    let memory = if gib < 1.0 { format!("{:.0} MiB", mib.max(1.0)) } else { format!("{gib:.1} GiB") };
    let time = match seconds {
        s if s < 90.0 => format!("{:.0} s", s.max(1.0)),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    };
    format!("about {memory} and {time} on a machine with wide registers")
}
