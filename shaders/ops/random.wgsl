// Uniform numbers in [0, 1) or normal ones: four elements e = site · components + component from one counter,
// (e / 4, sample, step, high bits of sample and step).
//
// in    key: seed and stream; step and first: the step and the first sample, low and high words, below 2⁴⁸;
//       sites: [row of y][node], the number of the site there
// out   y: any fibre
// run   an invocation for each lane of each four rows of y
// see   lattice-tensor/src/random.rs
#import layout
#import random

struct Random {
    y: vec2<u32>, // rows, components
    key: vec2<u32>,
    step: vec2<u32>,
    first: vec2<u32>,
    blocks: u32,
    nodes: u32, // lanes of a sample
    is_normal: u32,
}

@group(0) @binding(0) var<uniform> op: Random;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<storage, read> sites: array<u32>;

// The low and high words of the sample that a lane belongs to.
fn sample_of(at: Place) -> vec2<u32> {
    let low = op.first.x + at.block * (ROW / op.nodes) + at.lane / op.nodes;
    return vec2(low, op.first.y + select(0u, 1u, low < op.first.x));
}

// The elements 4 quad to 4 quad + 3.
fn random(sample: vec2<u32>, quad: u32) -> vec4<f32> {
    let words = philox4x32(vec4(quad, sample.x, op.step.x, (sample.y << 16u) | op.step.y), op.key);
    if (op.is_normal != 0u) {
        return normal(centred(words));
    }
    return unit(words);
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    var at = place(id, groups, (op.y.x + 3u) / 4u);
    if (at.block >= op.blocks) {
        return;
    }
    let sample = sample_of(at);
    let first_row = 4u * at.row;
    var quad = 0u;
    var numbers = vec4(0.0);
    for (var row = first_row; row < min(first_row + 4u, op.y.x); row++) {
        at.row = row;
        for (var c = 0u; c < op.y.y; c++) {
            let element = sites[row * op.nodes + at.lane % op.nodes] * op.y.y + c;
            if ((row == first_row && c == 0u) || element / 4u != quad) {
                quad = element / 4u;
                numbers = random(sample, quad);
            }
            y[index(op.y, at, c)] = numbers[element % 4u];
        }
    }
}
