// The bracket of a group's algebra, and the derivative of its exponential, in terms of the group's other functions.
//
// in    elements of the algebra
// out   bracket: y of [X_a, X_b] = i Σ y_c T_c; tangent_of_exp: Σ_k (−ad_X)^k g / (k+1)!
// see   lattice-tensor/src/lanes/group/su3/exp.rs

fn group_bracket(a: Algebra, b: Algebra) -> Algebra {
    let left = group_embed(a);
    let right = group_embed(b);
    var y = group_moments(group_multiply(left, right));
    var other = group_moments(group_multiply(right, left));
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        y[k] = 2.0 * (y[k] - other[k]);
    }
    return y;
}

fn group_tangent_of_exp(w: Algebra, g: Algebra) -> Algebra {
    var small = w;
    var rest = 0.0;
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        rest = fma(small[k], small[k], rest);
    }
    let far = bitcast<u32>(rest) >= 0x53800000u;
    rest = select(rest, 0.0, far);
    var by = 1.0;
    var halvings = 0u;
    for (var k = 0u; k < bound(21u); k++) {
        if (rest > 1.0) {
            rest *= 0.25;
            by *= 0.5;
            halvings++;
        }
    }
    // Not a number from |ω| = 2²⁰ on.
    by = bitcast<f32>(select(bitcast<u32>(by), 0x7fc00000u, far));
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        small[k] *= -by;
    }
    var term = g;
    var sum = g;
    for (var n = 1u; n < bound(10u); n++) {
        term = group_bracket(small, term);
        for (var k = 0u; k < bound(ALGEBRA); k++) {
            term[k] /= f32(n + 1u);
            sum[k] += term[k];
        }
    }
    var e = group_exp(small);
    for (var n = 0u; n < bound(21u); n++) {
        if (n < halvings) {
            var moved = group_moments(group_multiply_adjoint(group_multiply(e, group_embed(sum)), e));
            for (var k = 0u; k < bound(ALGEBRA); k++) {
                sum[k] = 0.5 * (sum[k] + 2.0 * moved[k]);
            }
            e = group_multiply(e, e);
        }
    }
    return sum;
}
