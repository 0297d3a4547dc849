// Gradient of a convolution with respect to its weights and biases, summed over the batch:
// w̄_{d,i,o} = Σ_samples Σ_x f_i(x + d) ȳ_o(x), b̄_o = Σ_samples Σ_x ȳ_o(x).
//
// in    f_at(sample, n): INPUTS channels on F_ROWS rows; dy_at(sample, n): OUTPUTS channels on ROWS rows; hops: [d][row of
//       dy]; op: for each convolution of this shape (f, dy, hops, to), where its operands begin and its sums go
// out   field_out: [group of GROUP samples][TOTAL], from `to` on [d][i][o], then the biases [o]
// see   lattice-tensor/src/ops/conv.rs
//
// A workgroup of 64 takes one group, one convolution and one tile of weights: a tap, four inputs, four outputs; the
// biases count as one more tap, whose only input is 1. Invocation l takes the rows l, l + 64, … of all samples of the
// group one after the other; then invocations are added in pairs, pairs of pairs and so on. Nothing but the group
// decides the order.
#import hops
var<workgroup> lanes: array<mat4x4<f32>, 64>;

// Four channels of a field; those past the last one repeat it and are not stored.
fn four(tile: u32, channels: u32) -> vec4<u32> {
    return min(4u * tile + vec4(0u, 1u, 2u, 3u), vec4(channels - 1u));
}

fn conv_weight_grad(at: vec4<u32>, group: u32, tap: u32, i: vec4<u32>, o: vec4<u32>, local: u32) -> mat4x4<f32> {
    var sum = mat4x4<f32>();
    let end = min(GROUP, run.samples - GROUP * group) * ROWS;
    for (var n = local; n < end; n += 64u) {
        let s = GROUP * group + n / ROWS;
        let row = n % ROWS;
        var x = vec4(1.0, 0.0, 0.0, 0.0);
        if (tap < TAPS) {
            let neighbour = hop(at.z, tap * ROWS + row);
            let c = at.x + i * F_ROWS + neighbour.row;
            let values = neighbour.phase.x * vec4(f_at(s, c.x), f_at(s, c.y), f_at(s, c.z), f_at(s, c.w));
            x = select(vec4(0.0), values, neighbour.exists);
        }
        let c = at.y + o * ROWS + row;
        let g = vec4(dy_at(s, c.x), dy_at(s, c.y), dy_at(s, c.z), dy_at(s, c.w));
        sum += mat4x4(x.x * g, x.y * g, x.z * g, x.w * g);
    }
    return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i_tiles = (INPUTS + 3u) / 4u;
    let o_tiles = (OUTPUTS + 3u) / 4u;
    let tap = id.x / (i_tiles * o_tiles);
    let i_tile = id.x / o_tiles % i_tiles;
    let o_tile = id.x % o_tiles;
    let at = op[id.z];
    lanes[local] = conv_weight_grad(at, id.y, tap, four(i_tile, INPUTS), four(o_tile, OUTPUTS), local);
    workgroupBarrier();
    for (var step = 32u; step > 0u; step /= 2u) {
        if (local < step) {
            lanes[local] += lanes[local + step];
        }
        workgroupBarrier();
    }
    // Sixteen invocations store a weight each.
    let i = 4u * i_tile + local / 4u;
    let o = 4u * o_tile + local % 4u;
    if (local < 16u && i < select(INPUTS, 1u, tap == TAPS) && o < OUTPUTS) {
        field_out[id.y * TOTAL + at.w + (tap * INPUTS + i) * OUTPUTS + o] = lanes[0][local / 4u][local % 4u];
    }
}
