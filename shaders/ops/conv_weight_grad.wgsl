// Gradient of a convolution with respect to its weights and biases, summed over the batch:
// w̄_{d,i,o} = Σ_samples Σ_x f_i(x + d) ȳ_o(x), b̄_o = Σ_samples Σ_x ȳ_o(x).
//
// in    f: I channels; dy: O channels, zero in lanes that are not to be counted; hops: [d][row of dy]
// out   sums: two-float numbers [d][i][o], then [o], from `to` on, added to what is there
// run   main: x: an invocation for each slot and lane; y: four outputs each; z: d · ⌈I/4⌉ + (four inputs each), and one
//       more for the biases; finish: x, y: an invocation for each sum
// see   lattice-tensor/src/ops/conv.rs
//
// Slot s takes the rows s, s + slots, s + 2 slots … of all blocks in order, at most 60,000; then its lanes are added in
// pairs, pairs of pairs and so on, then the slots in order. The order depends on `slots` and the layout alone.
#import hops
#import sums

struct ConvWeightGrad {
    f: vec2<u32>, // rows, channels
    dy: vec2<u32>, // rows, channels
    blocks: u32,
    taps: u32,
    biased: u32,
    slots: u32,
    to: u32,
    zero: u32, // 0
}

@group(0) @binding(0) var<uniform> op: ConvWeightGrad;
@group(0) @binding(1) var<storage, read> f: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>; // [slot][weight]
@group(0) @binding(4) var<storage, read_write> sums: array<vec2<f32>>;

var<workgroup> lanes: array<mat4x4<f32>, WG>;

fn all_weights() -> u32 {
    return (op.taps * op.f.y + 1u) * op.dy.y;
}

// What the weights of one tap multiply at one site; the biases count as one more tap, and multiply 1.
fn inputs_of(at: Place, tap: u32, i: vec4<u32>) -> vec4<f32> {
    if (tap == op.taps) {
        return vec4(select(0.0, 1.0, op.biased != 0u), 0.0, 0.0, 0.0);
    }
    let x = neighbour(at, tap * op.dy.x + at.row);
    if (!x.exists) {
        return vec4(0.0);
    }
    let components = index(op.f, x.at, 0u) + i * ROW;
    return x.phase.x * vec4(f[components.x], f[components.y], f[components.z], f[components.w]);
}

// One lane's share in the gradients of the weights between the inputs `i` (columns) and the outputs `o` (rows).
fn conv_weight_grad(slot: u32, lane: u32, tap: u32, i: vec4<u32>, o: vec4<u32>) -> mat4x4<f32> {
    var sum = mat4x4<f32>();
    for (var n = slot; n < op.blocks * op.dy.x; n += op.slots) {
        let at = Place(n / op.dy.x, n % op.dy.x, lane);
        let x = inputs_of(at, tap, i);
        let components = index(op.dy, at, 0u) + o * ROW;
        let g = vec4(dy[components.x], dy[components.y], dy[components.z], dy[components.w]);
        sum += mat4x4(x.x * g, x.y * g, x.z * g, x.w * g);
    }
    return sum;
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let slot = id.x / ROW;
    let lane = id.x % ROW;
    let tiles = (op.f.y + 3u) / 4u;
    let tap = id.z / tiles;
    let input_tile = id.z % tiles;
    if (slot < op.slots) {
        lanes[local] = conv_weight_grad(slot, lane, tap, four(input_tile, op.f.y), four(id.y, op.dy.y));
    }
    workgroupBarrier();
    for (var step = ROW / 2u; step > 0u; step /= 2u) {
        if (lane < step) {
            lanes[local] += lanes[local + step];
        }
        workgroupBarrier();
    }
    // Sixteen lanes store a weight each.
    let i = 4u * input_tile + lane / 4u;
    let o = 4u * id.y + lane % 4u;
    let inputs = select(op.f.y, 1u, tap == op.taps);
    if (slot < op.slots && lane < 16u && i < inputs && o < op.dy.y) {
        partials[slot * all_weights() + (tap * op.f.y + i) * op.dy.y + o] = lanes[local - lane][lane / 4u][lane % 4u];
    }
}

@compute @workgroup_size(WG)
fn finish(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let weight = id.x + id.y * groups.x * WG;
    if (weight >= all_weights()) {
        return;
    }
    var sum = sums[op.to + weight];
    for (var slot = 0u; slot < op.slots; slot++) {
        sum = add(sum, vec2(partials[slot * all_weights() + weight], 0.0), op.zero);
    }
    sums[op.to + weight] = sum;
}
