//! What works, and what comes back when it does not.

use super::super::probe::compute;
use super::super::testing;
use super::*;

const STORED: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_DST).union(BufferUsages::COPY_SRC);

/// Counts to `n` in each of many invocations.
const COUNT: &str = "@group(0) @binding(0) var<storage, read_write> y: array<u32>;
    @group(0) @binding(1) var<storage, read> n: array<u32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
        var x = id.x;
        for (var k = 0u; k < n[0]; k++) { x = x * 1664525u + 1013904223u; }
        y[id.x % arrayLength(&y)] = x;
    }";

impl Gpu {
    fn read(&self, buffer: &wgpu::Buffer, range: Range<u64>) -> Result<Vec<u8>> {
        let mut bytes = vec![0; range.end.saturating_sub(range.start) as usize];
        self.read_into(buffer, range.start, &mut bytes).map(|()| bytes)
    }
}

#[test]
fn what_is_written_is_read() {
    let Some(gpu) = testing::shared().unwrap() else { return };
    let numbers: Vec<f32> = (0..100_000).map(|n| n as f32 / 3.0).collect();
    let buffer = gpu.buffer("numbers", 400_000, STORED).unwrap();
    gpu.queue().write_buffer(&buffer, 0, bytemuck::cast_slice(&numbers));
    let mut part = [0.0_f32; 3];
    gpu.read_into(&buffer, 400, &mut part).unwrap();
    assert_eq!(part, numbers[100..103]);
    assert_eq!(gpu.read(&buffer, 0..400_000).unwrap(), bytemuck::cast_slice::<f32, u8>(&numbers));
    assert_eq!(gpu.read(&buffer, 8..8), Ok(vec![]));
}

#[test]
fn large_reads_go_piece_by_piece() {
    let Some(gpu) = testing::shared().unwrap() else { return };
    let buffer = gpu.buffer("two pieces", STAGED.end + 8, STORED).unwrap();
    gpu.queue().write_buffer(&buffer, STAGED.end - 4, bytemuck::cast_slice(&[1_u32, 2, 3]));
    let bytes = gpu.read(&buffer, 0..STAGED.end + 8).unwrap();
    let (zeros, words) = bytes.split_at(STAGED.end as usize - 4);
    assert!(zeros.iter().all(|&byte| byte == 0));
    assert_eq!(words, bytemuck::cast_slice::<u32, u8>(&[1, 2, 3]));
}

#[test]
fn reads_of_what_is_not_there_are_refused() {
    let gpu = Gpu::noop().unwrap();
    let buffer = gpu.buffer("numbers", 10, STORED).unwrap();
    assert_eq!(buffer.size(), 12);
    assert_eq!(gpu.buffer("nothing", 0, STORED).unwrap().size(), 4);
    for range in [0..16, 2..6, 0..3, 12..16] {
        let error = gpu.read(&buffer, range).unwrap_err();
        assert!(matches!(error, Error::Binding { .. }), "{error}");
    }
    // A buffer that cannot be copied from.
    let deaf = gpu.buffer("numbers", 16, BufferUsages::STORAGE).unwrap();
    let error = gpu.read(&deaf, 0..16).unwrap_err();
    assert!(matches!(error, Error::DeviceCall { .. }), "{error}");
    // Nothing of it remains.
    assert_eq!(gpu.read(&buffer, 0..12), Ok(vec![0; 12]));
}

#[test]
fn threads_share_a_gpu() {
    let Some(gpu) = testing::shared().unwrap() else { return };
    std::thread::scope(|scope| {
        for thread in 0..4_u32 {
            let gpu = &gpu;
            scope.spawn(move || {
                for round in 0..20 {
                    let buffer = gpu.buffer("numbers", 64, STORED).unwrap();
                    gpu.queue().write_buffer(&buffer, 0, bytemuck::cast_slice(&[100 * thread + round; 16]));
                    let mut words = [0_u32; 16];
                    gpu.read_into(&buffer, 0, &mut words).unwrap();
                    assert_eq!(words, [100 * thread + round; 16]);
                }
            });
        }
    });
}

#[test]
fn a_lost_device_says_so_at_every_call() {
    for open in [Gpu::noop, || Gpu::open(None)] {
        let Some(gpu) = testing::or_skip(open()).unwrap() else { return };
        let buffer = gpu.buffer("numbers", 64, STORED).unwrap();
        let encoder = gpu.device().create_command_encoder(&Default::default());
        let module = gpu.module("count", COUNT).unwrap();
        gpu.device().destroy();
        // The first call that would bring back wrong numbers finds out.
        let lost = gpu.read(&buffer, 0..64).unwrap_err();
        assert!(matches!(lost, Error::DeviceLost { .. }), "{lost}");
        assert!(lost.to_string().contains(&gpu.name()), "{lost}");
        assert_eq!(gpu.check(), Err(lost.clone()));
        assert_eq!(gpu.submit(encoder).unwrap_err(), lost);
        assert_eq!(gpu.read_mapped(&buffer, 64, |_| ()), Err(lost.clone()));
        assert_eq!(gpu.buffer("numbers", 64, STORED).unwrap_err(), lost);
        assert_eq!(gpu.module("count", COUNT).unwrap_err(), lost);
        assert_eq!(gpu.pipeline("count", &module, "main", None).unwrap_err(), lost);
    }
}

#[test]
fn more_memory_than_a_buffer_may_have_is_refused() {
    let limited = testing::or_skip(Gpu::at_default_limits(None)).unwrap();
    for gpu in limited.into_iter().chain([Gpu::noop().unwrap()]) {
        for bytes in [gpu.limits().max_buffer_size + 1, 1 << 60, u64::MAX] {
            let error = gpu.buffer("the values of a pass", bytes, STORED).unwrap_err();
            assert!(matches!(&error, Error::DeviceMemory { bytes: b, .. } if *b == bytes), "{error}");
            assert!(error.to_string().starts_with("the values of a pass on "), "{error}");
        }
        assert_eq!(gpu.check(), Ok(()));
        assert!(gpu.buffer("numbers", 64, STORED).is_ok());
    }
}

#[test]
#[ignore = "run by the test below where memory is short"]
fn takes_too_much() {
    let gpu = Gpu::noop().unwrap();
    let error = gpu.buffer("the values of a pass", (1 << 31) - 4, STORED).unwrap_err();
    let Error::DeviceMemory { what, bytes, .. } = &error else { panic!("{error}") };
    assert_eq!((what.as_str(), *bytes), ("the values of a pass", (1 << 31) - 4));
    assert!(error.to_string().contains("--device cpu"), "{error}");
    // The device is none the worse for it.
    assert_eq!(gpu.check(), Ok(()));
    assert!(gpu.buffer("numbers", 64, STORED).is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn memory_that_runs_out_is_an_error_of_the_call_alone() {
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -v 1500000 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "device::gpu::work::tests::takes_too_much", "--ignored"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn a_refused_kernel_is_named() {
    let gpu = Gpu::noop().unwrap();
    let refused = |error: Error, words: &[&str]| {
        assert!(matches!(&error, Error::Kernel { kernel, .. } if kernel == "chain 7"), "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "{error}");
        }
        assert_eq!(gpu.check(), Ok(()));
    };
    refused(gpu.module("chain 7", "fn f() -> f32 { return 1u; }").unwrap_err(), &["chain 7", "noop", "return 1u"]);
    let module = gpu.module("count", COUNT).unwrap();
    refused(gpu.pipeline("chain 7", &module, "begin", None).unwrap_err(), &["begin"]);
    let large = COUNT.replace("workgroup_size(64)", "workgroup_size(512)");
    refused(gpu.module("count", &large).and_then(|m| gpu.pipeline("chain 7", &m, "main", None)).unwrap_err(), &["512"]);
}

#[test]
fn what_no_call_takes_is_kept() {
    let gpu = Gpu::noop().unwrap();
    let buffer = gpu.buffer("numbers", 16, BufferUsages::STORAGE).unwrap();
    gpu.queue().write_buffer(&buffer, 0, &[0; 16]);
    let error = gpu.check().unwrap_err();
    assert!(matches!(error, Error::DeviceCall { .. }), "{error}");
    gpu.queue().write_buffer(&buffer, 1, &[0; 99]);
    assert_eq!(gpu.check(), Err(error));
}

#[test]
fn a_device_that_finishes_nothing_is_given_up() {
    let Some(gpu) = testing::or_skip(Gpu::open(None)).unwrap() else { return };
    assert!(compute(&gpu, COUNT, &[&[3]], 64, 1).is_ok());
    let module = gpu.module("count", COUNT).unwrap();
    let pipeline = gpu.pipeline("count", &module, "main", None).unwrap();
    let (out, n) = (gpu.buffer("out", 256, STORED).unwrap(), gpu.buffer("n", 4, STORED).unwrap());
    gpu.queue().write_buffer(&n, 0, bytemuck::cast_slice(&[60_000_u32]));
    let entries = [(0, &out), (1, &n)]
        .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() });
    let layout = &pipeline.get_bind_group_layout(0);
    let group = gpu.device().create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries });
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let mut pass = encoder.begin_compute_pass(&Default::default());
    pass.set_pipeline(&pipeline);
    pass.set_bind_group(0, &group, &[]);
    pass.dispatch_workgroups(1000, 1, 1);
    drop(pass);
    let submission = gpu.submit(encoder).unwrap();
    let silent = gpu.wait_at_most(Some(submission), Duration::from_millis(1)).unwrap_err();
    assert!(matches!(silent, Error::DeviceSilent { .. }), "{silent}");
    assert!(silent.to_string().contains(&gpu.name()), "{silent}");
    assert_eq!(gpu.check(), Err(silent));
}
