// The gradient of every parameter from the sums over the batch, and the sums of its squares, one a workgroup.
//
// in    sums; lists: for each parameter where its list of sums begins and ends in `lists`; numbers: what the step has
//       returned for each sample
// out   gradient; squares: infinite if a number of the step is not finite
// run   an invocation for each parameter
// see   lattice-tensor/src/device/gpu/descent.rs
#import descent
@group(0) @binding(1) var<storage, read> sums: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read> lists: array<u32>;
@group(0) @binding(3) var<storage, read> numbers: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(5) var<storage, read_write> squares: array<f32>;

const INFINITY_BITS: u32 = 0x7f800000u;

var<workgroup> lanes: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let block = group.x + group.y * groups.x;
    let i = 64u * block + local;
    var own = 0.0;
    if (i < step.count) {
        var g = vec2(0.0);
        for (var k = lists[i]; k < lists[i + 1u]; k++) {
            g += sums[lists[k]];
        }
        gradient[i] = g.x + g.y;
        own = gradient[i] * gradient[i];
    }
    for (var n = i; n < step.numbers; n += 64u * step.blocks) {
        if (!is_finite(numbers[n].x)) {
            own = bitcast<f32>(INFINITY_BITS ^ step.zero);
        }
    }
    lanes[local] = own;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
        if (local < half) {
            lanes[local] += lanes[local + half];
        }
        workgroupBarrier();
    }
    if (local == 0u && block < step.blocks) {
        squares[block] = lanes[0];
    }
}
