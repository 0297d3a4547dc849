// A plane wave: y(x) = cos(p·x) or sin(p·x), the same in every sample.
//
// in    waves: [row of y][node], the value at the site there, computed in f64 when the program is planned
// out   y: a scalar field
// run   an invocation for each row and lane of y
// see   lattice-tensor/src/ops/wave.rs
#import layout

struct Wave {
    y: vec2<u32>, // rows, components
    blocks: u32,
    nodes: u32, // lanes of a sample
}

@group(0) @binding(0) var<uniform> op: Wave;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<storage, read> waves: array<f32>;

fn wave(at: Place) -> f32 {
    return waves[at.row * op.nodes + at.lane % op.nodes];
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = place(id, groups, op.y.x);
    if (at.block >= op.blocks) {
        return;
    }
    y[index(op.y, at, 0u)] = wave(at);
}
