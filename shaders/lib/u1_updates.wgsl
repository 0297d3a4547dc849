// Updates of U(1) links.
//
// in    a link, the matrix and the number of its weight exp(c Re tr(u a)), its draws
// out   what the functions of the same names give on the processor
// see   lattice-tensor/src/lanes/group/heat_bath.rs, overrelax.rs: Best and Fisher (1979)
#import u1
#import draws

fn u1_direction(a: Matrix) -> vec3<f32> {
    let square = fma(a[1], a[1], a[0] * a[0]);
    if (square < 1e-30) {
        return vec3(1.0, 0.0, 0.0);
    }
    let norm = sqrt(square);
    return vec3(a[0] / norm, a[1] / norm, norm);
}

fn group_heat_bath(u: Matrix, a: Matrix, c: f32, draws: Draws) -> Matrix {
    let v = u1_direction(a);
    let sign = copy_sign(1.0, c);
    let kappa = abs(c) * v.z;
    if ((bitcast<u32>(kappa) & 0x7fffffffu) >= 0x7f800000u) {
        return u;
    }
    let twice = 2.0 * min(kappa, 1e18);
    // 4κ² would overflow; there the root is 2κ to rounding.
    let s2 = 1.0 / (twice + select(sqrt(fma(twice, twice, 1.0)), twice, twice > 1e9));
    let s = sqrt(s2);
    for (var attempt = 0u; attempt < bound(MOST_ATTEMPTS); attempt++) {
        let r = four_draws(draws, attempt);
        let turn = cos_sin_turns(vec2(0.5 * r.x, 0.0));
        let x = turn.x;
        let y = s * turn.z;
        let by = 1.0 / fma(y, y, x * x);
        let exponent = fma(twice * (y * y), by, fma(0.5, s2, 0.5));
        if (r.y < exponent * exp_(1.0 - exponent)) {
            let w = Matrix((x * x - y * y) * by, 2.0 * (x * y) * by);
            return group_multiply_adjoint(w, Matrix(sign * v.x, sign * v.y));
        }
    }
    return u;
}

fn group_overrelax(u: Matrix, a: Matrix) -> Matrix {
    let n = u1_direction(a);
    let v = Matrix(n.x, n.y);
    return group_adjoint(group_multiply(group_multiply(v, u), v));
}
