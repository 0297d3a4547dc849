// A number on every site: y_c(x) = a.
//
// in    a: two-float numbers, one a lane of each block (each = 1) or one for all (each = 0)
// out   y: any fibre, the same number in every component
// run   an invocation for each row and lane of y
// see   lattice-tensor/src/ops/spread.rs
#import layout

struct Spread {
    y: vec2<u32>, // rows, components
    blocks: u32,
    each: u32,
}

@group(0) @binding(0) var<uniform> op: Spread;
@group(0) @binding(1) var<storage, read> a: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn spread(at: Place) -> f32 {
    let number = a[op.each * (at.block * ROW + at.lane)];
    return number.x + number.y;
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = place(id, groups, op.y.x);
    if (at.block >= op.blocks) {
        return;
    }
    let number = spread(at);
    for (var c = 0u; c < op.y.y; c++) {
        y[index(op.y, at, c)] = number;
    }
}
