// Weights arranged for the kernels that read them: packed_n = w_{order(n)}, or 0 where there is no such weight.
//
// in    flat: the parameters; order: [n]
// out   packed
// run   an invocation for each four of packed numbers
// see   lattice-tensor/src/device/gpu/weights.rs
const NONE: u32 = 0xffffffffu;

@group(0) @binding(0) var<storage, read> flat: array<f32>;
@group(0) @binding(1) var<storage, read> order: array<u32>;
@group(0) @binding(2) var<storage, read_write> packed: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let begin = 4u * (id.x + id.y * groups.x * 64u);
    for (var n = begin; n < min(begin + 4u, arrayLength(&order)); n++) {
        let at = order[n];
        packed[n] = select(flat[min(at, arrayLength(&flat) - 1u)], 0.0, at == NONE);
    }
}
