// A step of Adam, with the gradient scaled down to a norm of at most `clip`; left out if the norm is not finite.
//
// in    gradient; squares: sums of its squares, one a workgroup of `gradient`
// out   parameters: two-float numbers; moments: of the gradient and of its square; before: the parameters before the
//       step; flat: the parameters rounded, for the program; outcome: the norm before it was clipped
// run   an invocation for each parameter
// see   lattice-tensor/src/device/gpu/descent.rs; Kingma and Ba 1412.6980, Loshchilov and Hutter 1711.05101
#import descent
#import sums
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read> squares: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameters: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> moments: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read_write> before: array<vec2<f32>>;
@group(0) @binding(6) var<storage, read_write> flat: array<f32>;
@group(0) @binding(7) var<storage, read_write> outcome: array<vec2<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = id.x + id.y * groups.x * 64u;
    var sum = 0.0;
    for (var block = 0u; block < step.blocks; block++) {
        sum += squares[block];
    }
    if (i == 0u) {
        outcome[0] = vec2(sqrt(sum), 0.0);
    }
    if (i >= step.count || !is_finite(sum)) {
        return;
    }
    let g = gradient[i] * min(1.0, step.clip / max(sqrt(sum), 1e-30));
    let m = step.beta1 * moments[i].x + (1.0 - step.beta1) * g;
    let v = step.beta2 * moments[i].y + (1.0 - step.beta2) * (g * g);
    let x = parameters[i];
    let change = step.lr * (m * step.unbias1) / (sqrt(v * step.unbias2) + step.epsilon) + step.decay * x.x;
    let y = add(x, vec2(-change, 0.0), step.zero);
    moments[i] = vec2(m, v);
    before[i] = x;
    parameters[i] = y;
    flat[i] = y.x;
}
