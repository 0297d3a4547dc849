//! What tests do that need a GPU: where there is none they are skipped, with a notice, unless the environment variable
//! `REQUIRE_GPU` is set; then they fail. Tests return early where they get none:
//!
//! ```
//! # use lattice_tensor::device::gpu::testing;
//! # fn test() {
//! let Some(gpu) = testing::shared().unwrap() else { return };
//! # }
//! ```

use super::adapter::Gpu;
use crate::error::{Error, Result};
use std::sync::OnceLock;

/// The GPU that the tests of a process share.
///
/// # Errors
/// If it cannot be opened, or there is none and `REQUIRE_GPU` is set.
pub fn shared() -> Result<Option<Gpu>> {
    static SHARED: OnceLock<Result<Option<Gpu>>> = OnceLock::new();
    let open = || {
        let opened = or_skip(Gpu::open(None));
        if let Ok(Some(gpu)) = &opened {
            eprintln!("tests run on {}", gpu.description());
        }
        opened
    };
    SHARED.get_or_init(open).clone()
}

/// What was opened; nothing where there is no adapter.
///
/// # Errors
/// If it could not be opened, or there is no adapter and `REQUIRE_GPU` is set.
pub fn or_skip(opened: Result<Gpu>) -> Result<Option<Gpu>> {
    match opened {
        Ok(gpu) => Ok(Some(gpu)),
        Err(error @ Error::NoAdapter { .. }) if std::env::var_os("REQUIRE_GPU").is_none() => {
            eprintln!("skipped, as there is no GPU: {error}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
