//! A GPU, if there is one: whole programs beside the processor.

use lattice_tensor::Device;
use std::sync::OnceLock;

/// The GPU that tests use: any adapter, a processor's included. Where there is none, tests that need one say so and
/// pass, unless the environment has `REQUIRE_GPU`.
pub fn adapter() -> Option<Device> {
    static GPU: OnceLock<Option<Device>> = OnceLock::new();
    let open = || match Device::gpu() {
        Ok(device) => Some(device),
        Err(e) if std::env::var_os("REQUIRE_GPU").is_some() => panic!("REQUIRE_GPU is set: {e}"),
        Err(e) => {
            println!("skipped on GPUs: {e}");
            None
        }
    };
    GPU.get_or_init(open).clone()
}
