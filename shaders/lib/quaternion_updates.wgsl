// Updates of quaternions, which SU(2) and the subgroups of SU(3) share.
//
// in    quaternions as vectors, the number of the weight exp(2 c (u a)₀), draws
// out   quaternions
// see   lattice-tensor/src/lanes/group/heat_bath.rs
#import draws

fn su2_direction(a: vec4<f32>) -> array<vec4<f32>, 2> {
    let square = fma(a.w, a.w, fma(a.z, a.z, fma(a.y, a.y, a.x * a.x)));
    if (square < 1e-30) {
        return array<vec4<f32>, 2>(vec4(1.0, 0.0, 0.0, 0.0), vec4(0.0));
    }
    let norm = sqrt(square);
    return array<vec4<f32>, 2>(a / norm, vec4(norm));
}

// a b and a b†
fn quaternion_multiply(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    return vec4(a.x * b.x - dot(a.yzw, b.yzw), a.x * b.yzw + b.x * a.yzw - cross(a.yzw, b.yzw));
}

fn quaternion_adjoint(a: vec4<f32>) -> vec4<f32> {
    return vec4(a.x, -a.yzw);
}

// A quaternion from exp(2 c |a| w₀), w = u v; block b of the draws is first + step b. Kennedy and Pendleton (1985).
fn quaternion_heat_bath(old: vec4<f32>, a: vec4<f32>, c: f32, draws: Draws, first: u32, step: u32) -> vec4<f32> {
    let found = su2_direction(a);
    let v = copy_sign(1.0, c) * found[0];
    let twice = 4.0 * (abs(c) * found[1].x);
    if ((bitcast<u32>(twice) & 0x7fffffffu) >= 0x7f800000u) {
        return old;
    }
    let flat = twice < 1.4;
    for (var attempt = 1u; attempt <= bound(MOST_ATTEMPTS); attempt++) {
        let r = four_draws(draws, first + step * attempt);
        let turn = cos_sin_turns(vec2(r.y, 0.0)).x;
        let logs = ln(r.xz);
        let gamma = -fma(turn * turn, logs.y, logs.x) / select(twice, 1.0, flat);
        let proposal = select(gamma, r.x, flat);
        let rest = 1.0 - proposal;
        let level = select(rest, 4.0 * proposal * exp_(-2.0 * (twice * proposal)) * rest, flat);
        if (r.w * r.w < level) {
            let s = four_draws(draws, first);
            let angle = cos_sin_turns(vec2(s.y, 0.0));
            let radius = 2.0 * sqrt(proposal * rest);
            let ring = 2.0 * radius * sqrt(s.x * (1.0 - s.x));
            let w = vec4(1.0 - 2.0 * proposal, ring * angle.x, ring * angle.z, radius * (2.0 * s.x - 1.0));
            return quaternion_multiply(w, quaternion_adjoint(v));
        }
    }
    return old;
}
