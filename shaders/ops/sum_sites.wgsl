// Sum over the lattice: s = Σ_x Σ_c f_c(x), a two-float number for each sample.
//
// in    an invocation's own sum, of the numbers l, l + WG, l + 2 WG …; or the sums of chunks in the arena
// out   their sum
// see   lattice-tensor/src/ops/sum_sites.rs
//
// Invocations are added in pairs, pairs of pairs and so on, chunks in order: the order depends on the lattice alone.
#import sums
var<workgroup> lanes: array<vec2<f32>, WG>;

fn sum_sites(own: vec2<f32>, local: u32) -> vec2<f32> {
    lanes[local] = own;
    workgroupBarrier();
    for (var step = bound(WG) / 2u; step > 0u; step /= 2u) {
        if (local < step) {
            lanes[local] = add(lanes[local], lanes[local + step], run.zero);
        }
        workgroupBarrier();
    }
    let sum = lanes[0];
    workgroupBarrier();
    return sum;
}

fn sum_chunks(begin: u32, chunks: u32) -> vec2<f32> {
    var sum = vec2(0.0);
    for (var chunk = 0u; chunk < chunks; chunk++) {
        let at = base + begin + 2u * chunk;
        sum = add(sum, vec2(arena[at], arena[at + 1u]), run.zero);
    }
    return sum;
}
