//! Progress bars on stderr, on a terminal only, and Ctrl-C.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
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
