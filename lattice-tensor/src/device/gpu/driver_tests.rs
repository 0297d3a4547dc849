//! What drivers do where WGSL leaves it to them. The engine and its shaders rely on no more than these tests say.

use super::probe::compute;
use super::testing;

/// Kernels run at most 60,000 iterations an invocation, as llvmpipe of Mesa 22 ends the loops of a shader after 65,535.
#[test]
fn loops_of_sixty_thousand_are_whole() {
    let Some(gpu) = testing::shared().unwrap() else { return };
    let text = "@group(0) @binding(0) var<storage, read_write> y: array<u32>;
        @group(0) @binding(1) var<storage, read> n: array<u32>;
        @compute @workgroup_size(1) fn main() {
            var count = 0u;
            for (var k = 0u; k < n[0]; k++) { count += 1u + (k & n[1]); }
            y[0] = count;
        }";
    assert_eq!(compute(&gpu, text, &[&[60_000, 0]], 1, 1), Ok(vec![60_000]));
    let counted = compute(&gpu, text, &[&[100_000, 0]], 1, 1).unwrap()[0];
    let whole = if counted == 100_000 { "counts" } else { "cuts loops short, counting" };
    eprintln!("{} {whole} to {counted} of 100000", gpu.description());
    assert!(counted >= 60_000, "{counted}");
}

/// The error of a sum, in the way of `shaders/lib/sums.wgsl`: an XOR with a zero that no compiler knows keeps it.
#[test]
fn the_error_of_a_sum_is_exact() {
    let Some(gpu) = testing::shared().unwrap() else { return };
    let guarded = lattice_shaders::kernel("#import sums").unwrap();
    let text = guarded
        + "@group(0) @binding(0) var<storage, read_write> y: array<vec2<f32>>;
        @group(0) @binding(1) var<storage, read> x: array<vec2<f32>>;
        @group(0) @binding(2) var<storage, read> zero: array<u32>;
        @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
            if (id.x < arrayLength(&x)) { y[id.x] = two_sum(x[id.x].x, x[id.x].y, zero[0]); }
        }";
    let pairs: Vec<[f32; 2]> = (0..4096_u32)
        .map(|n| {
            let hash = n.wrapping_mul(2_654_435_761) ^ n.wrapping_mul(40_503).rotate_left(13);
            let size = |bits: u32, power: u32| (bits as f32 - 32_768.0) * ((power % 40) as f32 - 20.0).exp2();
            [size(hash & 0xffff, n), size(hash >> 16, n / 40)]
        })
        .collect();
    let words = compute(&gpu, &text, &[bytemuck::cast_slice(&pairs), &[0]], 2 * pairs.len(), 64).unwrap();
    let sums: &[[f32; 2]] = bytemuck::cast_slice(&words);
    for (&[a, b], &[sum, error]) in pairs.iter().zip(sums) {
        assert_eq!(sum, a + b);
        assert_eq!(f64::from(sum) + f64::from(error), f64::from(a) + f64::from(b), "{a} + {b} = {sum} + {error}");
    }
}

/// Comparisons do not find NaN on every driver (`x != x` is folded to `false`); its bits do, and it goes through
/// arithmetic.
#[test]
fn nan_is_found_by_its_bits() {
    let Some(gpu) = testing::shared().unwrap() else { return };
    let text = "@group(0) @binding(0) var<storage, read_write> y: array<u32>;
        @group(0) @binding(1) var<storage, read> x: array<f32>;
        fn is_nan(x: f32) -> u32 { return u32((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u); }
        @compute @workgroup_size(1) fn main() {
            for (var k = 0u; k < arrayLength(&x); k++) {
                y[k] = is_nan(x[k]) + 2u * is_nan(x[k] * 2.0 + 1.0) + 4u * is_nan(sqrt(x[k]));
            }
        }";
    let numbers = [f32::NAN, -f32::NAN, f32::INFINITY, 1.0, 0.0, f32::MAX, -1.0];
    let words = compute(&gpu, text, &[bytemuck::cast_slice(&numbers)], numbers.len(), 1).unwrap();
    assert_eq!(words[..6], [7, 7, 0, 0, 0, 0]);
    assert_eq!(words[6] & 3, 0);
}

/// Subnormal numbers are kept by some drivers and become 0 on others.
#[test]
fn subnormal_numbers_are_kept_or_become_zero() {
    let Some(gpu) = testing::shared().unwrap() else { return };
    let text = "@group(0) @binding(0) var<storage, read_write> y: array<f32>;
        @group(0) @binding(1) var<storage, read> x: array<f32>;
        @compute @workgroup_size(1) fn main() { y[0] = x[0] * 0.5; }";
    let word = compute(&gpu, text, &[bytemuck::cast_slice(&[f32::MIN_POSITIVE])], 1, 1).unwrap()[0];
    eprintln!("{} has {} subnormal numbers", gpu.description(), if word == 0 { "no" } else { "all" });
    assert!(word == 0 || word == (f32::MIN_POSITIVE / 2.0).to_bits(), "{word:x}");
}
