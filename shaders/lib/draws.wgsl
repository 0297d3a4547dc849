// Blocks of four uniform numbers for the updates of one link.
//
// in    the counter of the link's site, whose last word has room for 16 bits of the block; the key
// out   numbers in (0, 1], bit-equal to the processor's
// see   lattice-tensor/src/random.rs, four_uniforms; lattice-tensor/src/ops/local_update/kernel.rs
#import random

struct Draws {
    counter: vec4<u32>,
    key: vec2<u32>,
}

fn four_draws(draws: Draws, block: u32) -> vec4<f32> {
    let c = draws.counter;
    return vec4(1.0) - unit(philox4x32(vec4(c.xyz, c.w | block), draws.key));
}

// Attempts after which the old value is kept.
const MOST_ATTEMPTS: u32 = 1000u;
