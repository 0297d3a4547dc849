// Sum over nearest neighbours: y(x) = Σ_μ [f(x+μ) + f(x−μ)].
//
// in    f: any fibre; hops: [2μ + (0 for +, 1 for −)][row of y]
// out   y: the same fibre
// run   an invocation for each row and lane of y
// see   lattice-tensor/src/ops/neighbours.rs
#import hops

struct Neighbours {
    f: vec2<u32>, // rows, components
    y: vec2<u32>, // rows, components
    blocks: u32,
    directions: u32,
}

@group(0) @binding(0) var<uniform> op: Neighbours;
@group(0) @binding(1) var<storage, read> f: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn one(x: Neighbour, component: u32) -> f32 {
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

// Both neighbours of a direction are added first, as on the processor.
fn neighbours(at: Place, component: u32) -> f32 {
    var sum = 0.0;
    for (var mu = 0u; mu < op.directions; mu++) {
        let forward = one(neighbour(at, 2u * mu * op.y.x + at.row), component);
        let backward = one(neighbour(at, (2u * mu + 1u) * op.y.x + at.row), component);
        sum += forward + backward;
    }
    return sum;
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = place(id, groups, op.y.x);
    if (at.block >= op.blocks) {
        return;
    }
    for (var c = 0u; c < op.y.y; c++) {
        y[index(op.y, at, c)] = neighbours(at, c);
    }
}
