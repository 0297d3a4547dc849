// Periodic shift between sub-lattices: y(x) = f(x + d) where x + d lies on f's sub-lattice, else 0.
//
// in    f: any fibre; hops: one for each row of y
// out   y: the same fibre
// run   an invocation for each row and lane of y
// see   lattice-tensor/src/ops/shift.rs
#import hops

struct Shift {
    f: vec2<u32>, // rows, components
    y: vec2<u32>, // rows, components
    blocks: u32,
}

@group(0) @binding(0) var<uniform> op: Shift;
@group(0) @binding(1) var<storage, read> f: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn shift(x: Neighbour, component: u32) -> f32 {
    if (!x.exists) {
        return 0.0;
    }
    let own = x.phase.x * f[index(op.f, x.at, component)];
    if (x.phase.y == 0.0) {
        return own;
    }
    // (a + ib)(p + iq): only complex fields meet complex phases.
    let cross = x.phase.y * f[index(op.f, x.at, 1u - component)];
    return own + select(cross, -cross, component == 0u);
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = place(id, groups, op.y.x);
    if (at.block >= op.blocks) {
        return;
    }
    let x = neighbour(at, at.row);
    for (var c = 0u; c < op.y.y; c++) {
        y[index(op.y, at, c)] = shift(x, c);
    }
}
