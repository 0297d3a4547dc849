// Sum over the lattice: s = Σ_x Σ_c f_c(x), one two-float number a sample.
//
// in    f: any fibre
// out   s: for each block a number a lane, the same in all lanes of a sample
// run   main: an invocation for each chunk and lane, a chunk being at most 60,000 numbers;
//       finish: an invocation for each lane of each block
// see   lattice-tensor/src/ops/sum_sites.rs
//
// The order of additions depends on `numbers`, `chunks` and `nodes` alone: a chunk in the order of its numbers, the
// chunks in order, then the lanes of a sample in pairs, pairs of pairs and so on.
#import layout
#import sums

struct SumSites {
    blocks: u32,
    numbers: u32, // rows · components of f
    chunks: u32,
    length: u32, // of a chunk; chunks · length ≥ numbers
    nodes: u32, // lanes of a sample, a power of 2
    zero: u32, // 0
}

@group(0) @binding(0) var<uniform> op: SumSites;
@group(0) @binding(1) var<storage, read> f: array<f32>;
@group(0) @binding(2) var<storage, read_write> partials: array<vec2<f32>>; // [block][chunk][lane]
@group(0) @binding(3) var<storage, read_write> s: array<vec2<f32>>;

var<workgroup> lanes: array<vec2<f32>, WG>;

fn sum_sites(block: u32, chunk: u32, lane: u32) -> vec2<f32> {
    var sum = vec2(0.0);
    let end = min((chunk + 1u) * op.length, op.numbers);
    for (var n = chunk * op.length; n < end; n++) {
        sum = add(sum, vec2(f[(block * op.numbers + n) * ROW + lane], 0.0), op.zero);
    }
    return sum;
}

fn sum_chunks(block: u32, lane: u32) -> vec2<f32> {
    var sum = vec2(0.0);
    for (var chunk = 0u; chunk < op.chunks; chunk++) {
        sum = add(sum, partials[(block * op.chunks + chunk) * ROW + lane], op.zero);
    }
    return sum;
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = place(id, groups, op.chunks);
    if (at.block < op.blocks) {
        partials[(at.block * op.chunks + at.row) * ROW + at.lane] = sum_sites(at.block, at.row, at.lane);
    }
}

@compute @workgroup_size(WG)
fn finish(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let at = place(id, groups, 1u);
    var sum = vec2(0.0);
    if (at.block < op.blocks) {
        sum = sum_chunks(at.block, at.lane);
    }
    for (var step = 1u; step < op.nodes; step *= 2u) {
        lanes[local] = sum;
        workgroupBarrier();
        sum = add(sum, lanes[local ^ step], op.zero);
        workgroupBarrier();
    }
    if (at.block < op.blocks) {
        s[at.block * ROW + at.lane] = sum;
    }
}
