// One component of a field as one component of another: y_to(x) = f_source(x).
//
// in    f: any fibre
// out   y: any fibre on the same sub-lattice; its other components stay as they are
// run   an invocation for each row and lane; `Channel` is one dispatch, `Stack` one for each of its inputs
// see   lattice-tensor/src/ops/channels.rs
#import layout

struct Channels {
    f: vec2<u32>, // rows, components
    y: vec2<u32>, // rows, components
    blocks: u32,
    source: u32,
    to: u32,
}

@group(0) @binding(0) var<uniform> op: Channels;
@group(0) @binding(1) var<storage, read> f: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn channels(at: Place) -> f32 {
    return f[index(op.f, at, op.source)];
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = place(id, groups, op.y.x);
    if (at.block < op.blocks) {
        y[index(op.y, at, op.to)] = channels(at);
    }
}
