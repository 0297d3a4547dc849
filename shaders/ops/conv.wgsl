// Periodic convolution: y_o(x) = b_o + Σ_d Σ_i w_{d,i,o} f_i(x + d); neighbours outside f's sub-lattice count as zero.
//
// in    f: I channels; w: weights [d][i][o], then biases [o], from `weights` on; hops: [d][row of y]
// out   y: O channels
// run   x, y: an invocation for each row and lane of y; z: four channels of y each; taps · (I + 1) ≤ 60,000
// see   lattice-tensor/src/ops/conv.rs
#import hops

struct Conv {
    f: vec2<u32>, // rows, channels
    y: vec2<u32>, // rows, channels
    blocks: u32,
    taps: u32,
    weights: u32,
    biased: u32,
}

@group(0) @binding(0) var<uniform> op: Conv;
@group(0) @binding(1) var<storage, read> f: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn weights(begin: u32, o: vec4<u32>) -> vec4<f32> {
    let at = begin + o;
    return vec4(w[at.x], w[at.y], w[at.z], w[at.w]);
}

// The channels `o` of y.
fn conv(at: Place, o: vec4<u32>) -> vec4<f32> {
    let inputs = op.f.y;
    let outputs = op.y.y;
    var sums = vec4(0.0);
    if (op.biased != 0u) {
        sums = weights(op.weights + op.taps * inputs * outputs, o);
    }
    for (var d = 0u; d < op.taps; d++) {
        let x = neighbour(at, d * op.y.x + at.row);
        if (x.exists) {
            for (var i = 0u; i < inputs; i++) {
                let number = x.phase.x * f[index(op.f, x.at, i)];
                sums += weights(op.weights + (d * inputs + i) * outputs, o) * number;
            }
        }
    }
    return sums;
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = place(id, groups, op.y.x);
    if (at.block >= op.blocks) {
        return;
    }
    let sums = conv(at, four(id.z, op.y.y));
    for (var k = 0u; k < 4u && 4u * id.z + k < op.y.y; k++) {
        y[index(op.y, at, 4u * id.z + k)] = sums[k];
    }
}
