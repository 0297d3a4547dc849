// A chain of pointwise ops, in one pass through memory; `lattice_shaders::pointwise` fills it in.
//
// in    operands: fields of y's shape at `n`; fields through `neighbour` or with another shape through `index`;
//       two-float numbers, one a lane, at `sample`, or one for all
// out   fields of y's shape, at `n`
// run   an invocation for each row and lane of y
// see   lattice-tensor/src/ops/pointwise.rs
//
// The marks are comments. For `buffers`: a binding of group 0, from 1 on, for each field; one that is read and written
// is one binding. For `steps`: a `let` for each op, whose operands are names, as an expression put into another would
// need brackets; then the stores.
#import hops

struct Chain {
    y: vec2<u32>, // rows, components
    blocks: u32,
}

@group(0) @binding(0) var<uniform> op: Chain;
//@buffers

fn pointwise(at: Place, component: u32) {
    let n = index(op.y, at, component);
    let sample = at.block * ROW + at.lane;
    //@steps
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = place(id, groups, op.y.x);
    if (at.block >= op.blocks) {
        return;
    }
    for (var c = 0u; c < op.y.y; c++) {
        pointwise(at, c);
    }
}
