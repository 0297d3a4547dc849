// Gradient of a convolution with respect to its input: f̄_i(x) = Σ_d Σ_o w_{d,i,o} ȳ_o(x − d).
//
// in    dy: O channels; w: weights [d][i][o] from `weights` on; hops: [d][row of df], at distance −d
// out   df: I channels
// run   x, y: an invocation for each row and lane of df; z: four channels of df each; taps · (O + 1) ≤ 60,000
// see   lattice-tensor/src/ops/conv.rs
#import hops

struct ConvInputGrad {
    dy: vec2<u32>, // rows, channels
    df: vec2<u32>, // rows, channels
    blocks: u32,
    taps: u32,
    weights: u32,
}

@group(0) @binding(0) var<uniform> op: ConvInputGrad;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> df: array<f32>;

fn weights(begin: u32, i: vec4<u32>) -> vec4<f32> {
    let at = begin + i * op.dy.y;
    return vec4(w[at.x], w[at.y], w[at.z], w[at.w]);
}

// The channels `i` of f̄.
fn conv_input_grad(at: Place, i: vec4<u32>) -> vec4<f32> {
    let inputs = op.df.y;
    let outputs = op.dy.y;
    var sums = vec4(0.0);
    for (var d = 0u; d < op.taps; d++) {
        let x = neighbour(at, d * op.df.x + at.row);
        if (x.exists) {
            for (var o = 0u; o < outputs; o++) {
                let number = x.phase.x * dy[index(op.dy, x.at, o)];
                sums += weights(op.weights + d * inputs * outputs + o, i) * number;
            }
        }
    }
    return sums;
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = place(id, groups, op.df.x);
    if (at.block >= op.blocks) {
        return;
    }
    let sums = conv_input_grad(at, four(id.z, op.df.y));
    for (var k = 0u; k < 4u && 4u * id.z + k < op.df.y; k++) {
        df[index(op.df, at, 4u * id.z + k)] = sums[k];
    }
}
