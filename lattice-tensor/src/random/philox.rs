//! Philox4x32-10, for one counter and for a register of them.

use crate::lanes::Isa;

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// What the key grows by after each round: the golden ratio and `sqrt(3) - 1`, in units of `2^-32`.
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// Four random words from a counter of four words and a key of two.
///
/// ```
/// use lattice_tensor::random::philox4x32;
/// assert_eq!(philox4x32([0; 4], [0; 2]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
/// ```
pub const fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let ([mut c0, mut c1, mut c2, mut c3], [mut k0, mut k1], mut round) = (counter, key, 0);
    while round < ROUNDS {
        let p0 = c0 as u64 * MULTIPLIERS[0] as u64;
        let p1 = c2 as u64 * MULTIPLIERS[1] as u64;
        (c0, c2) = ((p1 >> 32) as u32 ^ c1 ^ k0, (p0 >> 32) as u32 ^ c3 ^ k1);
        (c1, c3) = (p1 as u32, p0 as u32);
        (k0, k1) = (k0.wrapping_add(WEYL[0]), k1.wrapping_add(WEYL[1]));
        round += 1;
    }
    [c0, c1, c2, c3]
}

/// [`philox4x32`] for two registers of counters, whose rounds alternate: alone, each would wait for itself.
///
/// Words are the lower halves of 64-bit lanes: there a product needs one instruction and its upper word one shift. The
/// upper halves of the result are meaningless.
#[inline(always)]
pub(super) fn philox_lanes<S: Isa>(simd: S, mut sets: [[S::u64s; 4]; 2], mut key: [u32; 2]) -> [[S::u64s; 4]; 2] {
    for _ in 0..ROUNDS {
        let [k0, k1] = [simd.splat_u64s(key[0] as u64), simd.splat_u64s(key[1] as u64)];
        for [c0, c1, c2, c3] in &mut sets {
            let p0 = simd.mul_words(*c0, MULTIPLIERS[0]);
            let p1 = simd.mul_words(*c2, MULTIPLIERS[1]);
            *c0 = simd.xor_u64s(simd.xor_u64s(upper_word::<S>(p1), *c1), k0);
            *c2 = simd.xor_u64s(simd.xor_u64s(upper_word::<S>(p0), *c3), k1);
            (*c1, *c3) = (p1, p0);
        }
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    sets
}

#[inline(always)]
fn upper_word<S: Isa>(mut product: S::u64s) -> S::u64s {
    for lane in bytemuck::cast_slice_mut::<S::u64s, u64>(std::slice::from_mut(&mut product)) {
        *lane >>= 32;
    }
    product
}
