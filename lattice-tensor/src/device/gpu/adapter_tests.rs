//! Opening adapters, with and without one.

use super::super::testing;
use super::*;
use std::process::{Command, Output};

#[test]
fn an_opened_gpu_has_what_its_description_says() {
    let Some(gpu) = testing::or_skip(Gpu::open(None)).unwrap() else { return };
    let (description, limits) = (gpu.description(), gpu.limits());
    assert_eq!(Gpu::adapters().get(description.number), Some(description));
    assert_eq!(limits.max_storage_buffer_binding_size, description.binding_bytes);
    assert_eq!(limits.max_compute_invocations_per_workgroup, description.invocations);
    assert!(limits.max_storage_buffers_per_shader_stage >= Limits::default().max_storage_buffers_per_shader_stage);
    assert_eq!(gpu.device().features().contains(Features::SHADER_F16), description.half_precision);
    assert_eq!(gpu.device().features().contains(Features::TIMESTAMP_QUERY), description.timestamps);
    assert_eq!(gpu.is_processor(), description.kind == AdapterKind::Software);
    assert_eq!((gpu.check(), gpu.clone()), (Ok(()), gpu));
}

#[test]
fn default_limits_are_those_of_every_adapter() {
    let Some(gpu) = testing::or_skip(Gpu::at_default_limits(None)).unwrap() else { return };
    assert_eq!(gpu.limits().max_storage_buffers_per_shader_stage, 8);
    assert_eq!(gpu.limits().max_compute_invocations_per_workgroup, 256);
    assert_eq!(gpu.most_bytes_bound(), 1 << 27);
}

#[test]
fn every_adapter_opens_by_its_number() {
    for adapter in Gpu::adapters() {
        let gpu = Gpu::open(Some(&adapter.number.to_string())).unwrap();
        assert_eq!(*gpu.description(), adapter);
        assert_ne!(gpu, Gpu::open(Some(&adapter.number.to_string())).unwrap());
    }
}

#[test]
fn a_name_that_fits_nothing_lists_what_there_is() {
    if testing::or_skip(Gpu::open(None)).unwrap().is_none() {
        return;
    }
    let error = Gpu::open(Some("no such adapter")).unwrap_err();
    assert!(matches!(error, Error::WhichAdapter { .. }), "{error}");
    for adapter in Gpu::adapters() {
        assert!(error.to_string().contains(&adapter.name), "{error}");
    }
}

#[test]
fn the_stub_opens_everywhere() {
    let gpu = Gpu::noop().unwrap();
    assert_eq!(gpu.check(), Ok(()));
    assert!(!gpu.name().is_empty());
}

#[test]
fn a_gpu_can_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<Gpu>();
}

/// Runs one ignored test of this file by itself, where no driver can be found.
fn without_a_driver(test: &str, require: bool) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("device::gpu::adapter::tests::{test}"), "--ignored", "--nocapture"]);
    command.env("VK_DRIVER_FILES", "/nonexistent").env("WGPU_BACKEND", "vulkan").env_remove("REQUIRE_GPU");
    if require {
        command.env("REQUIRE_GPU", "1");
    }
    command.output().unwrap()
}

#[test]
#[ignore = "run by the test below where no driver can be found"]
fn opens_nothing() {
    for name in [None, Some("llvmpipe"), Some("0")] {
        let error = Gpu::open(name).unwrap_err();
        assert!(matches!(error, Error::NoAdapter { .. }), "{error}");
        eprintln!("{error}");
    }
    assert!(Gpu::adapters().is_empty());
}

#[test]
fn without_a_driver_the_error_says_what_to_install() {
    let output = without_a_driver("opens_nothing", true);
    let (said, noted) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}{noted}");
    for word in ["mesa-vulkan-drivers", "libvulkan1", "--device cpu", "device llvmpipe:"] {
        assert!(noted.contains(word), "no {word} in {noted}");
    }
}

#[test]
#[ignore = "run by the test below where no driver can be found"]
fn wants_a_gpu() {
    assert!(testing::shared().unwrap().is_none());
}

#[test]
fn tests_are_skipped_with_a_notice_unless_a_gpu_is_required() {
    let skipped = without_a_driver("wants_a_gpu", false);
    assert!(skipped.status.success());
    assert!(String::from_utf8_lossy(&skipped.stderr).contains("skipped, as there is no GPU"));
    assert!(!without_a_driver("wants_a_gpu", true).status.success());
}
