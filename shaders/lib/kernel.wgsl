// What every kernel sees: the buffers of a program, and where the numbers of a field lie.
//
// in    run: the samples of this dispatch; op: operands of the dispatch, mostly where values begin; the buffers
// out   index = sample · stride + (where the value begins) + component · rows + row in the arena
// see   lattice-tensor/src/device/gpu/
//
// Binding 7 is the arena of numbers with 16 bits, declared by the kernels that use it.
//
// A workgroup works on one sample, or on one chunk of a large one. OPERANDS, WG and the step functions are filled in
// where a kernel is put together.

struct Run {
    samples: u32, // of this pass
    first: u32, // the first of them in the batch
    batch: u32, // samples in the batch
    stride: u32, // numbers of the arena for each sample
    draw: vec4<u32>, // first sample and step of the random numbers, low words, then high words
    zero: u32, // 0, which no compiler knows
    shift_in: u32, // where the first sample begins in field_in
    shift_out: u32, // and in field_out
    halves: u32, // numbers of the arena of halves for each sample
}

@group(0) @binding(0) var<uniform> run: Run;
@group(0) @binding(1) var<uniform> op: array<vec4<u32>, OPERANDS>;
@group(0) @binding(2) var<storage, read_write> arena: array<f32>;
@group(0) @binding(3) var<storage, read> weights: array<vec4<f32>>; // arranged for the kernels that read them
@group(0) @binding(4) var<storage, read> given: array<u32>; // uniform numbers, keys, numbers per sample [slot][batch]
@group(0) @binding(5) var<storage, read_write> numbers: array<vec2<f32>>; // sums over the lattice, [slot][batch]
@group(0) @binding(6) var<storage, read> tables: array<u32>;
@group(0) @binding(8) var<storage, read> field_in: array<f32>;
@group(0) @binding(9) var<storage, read_write> field_out: array<f32>;

var<private> sample: u32;
var<private> base: u32;

// The number n itself. Where a compiler takes seconds to unroll a loop that it knows the length of, OPAQUE hides it.
fn bound(n: u32) -> u32 {
    if (OPAQUE) {
        return n + run.zero;
    }
    return n;
}
