// Sums over the batch from sums over groups of samples: s_j += Σ_groups Σ_k partials[group][of_j,k], groups in order.
//
// in    partials; lists: for each sum where its list of partials begins and ends in `lists`
// out   sums: two-float numbers, added to what is there if `go_on`
// run   an invocation for each sum
// see   lattice-tensor/src/device/gpu/batch.rs
#import sums
struct Groups {
    count: u32,
    go_on: u32, // whether there are sums of earlier groups
    total: u32, // partials of a group
    zero: u32, // 0, which no compiler knows
}

@group(0) @binding(0) var<uniform> groups: Groups;
@group(0) @binding(1) var<storage, read> partials: array<f32>;
@group(0) @binding(2) var<storage, read> lists: array<u32>;
@group(0) @binding(3) var<storage, read_write> sums: array<vec2<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let j = id.x;
    if (j >= arrayLength(&sums)) {
        return;
    }
    var sum = vec2(0.0);
    if (groups.go_on != 0u) {
        sum = sums[j];
    }
    for (var group = 0u; group < groups.count; group++) {
        for (var k = lists[j]; k < lists[j + 1u]; k++) {
            sum = add(sum, vec2(partials[group * groups.total + lists[k]], 0.0), groups.zero);
        }
    }
    sums[j] = sum;
}
