// What a step of the optimiser is told.
//
// in    nothing
// out   the structure `Descent`, bound as `step`
// see   lattice-tensor/src/device/gpu/descent.rs
struct Descent {
    count: u32, // parameters
    numbers: u32, // sums over the lattice that the step has returned
    blocks: u32, // workgroups, and so partial sums of squares
    zero: u32, // 0, which no compiler knows
    lr: f32,
    clip: f32, // the largest norm of the gradient
    beta1: f32,
    beta2: f32,
    unbias1: f32, // 1 / (1 − β₁ᵗ)
    unbias2: f32,
    epsilon: f32,
    decay: f32, // lr · λ
}

@group(0) @binding(0) var<uniform> step: Descent;

fn is_finite(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}
