// SU(2): quaternions a₀ + i Σ a_k σ_k; T_k = σ_k / 2.
//
// in    matrices and elements of the algebra
// out   what the functions of the same names give on the processor
// see   lattice-tensor/src/lanes/group/su2.rs
#import math
#import algebra

alias Matrix = array<f32, 4>;
alias Algebra = array<f32, 3>;
const MATRIX: u32 = 4u;
const ALGEBRA: u32 = 3u;
const TRACE_SCALE: f32 = 2.0;

fn group_one() -> Matrix {
    return Matrix(1.0, 0.0, 0.0, 0.0);
}

fn group_multiply(a: Matrix, b: Matrix) -> Matrix {
    return Matrix(
        fma(-a[3], b[3], fma(-a[2], b[2], fma(-a[1], b[1], a[0] * b[0]))),
        fma(a[3], b[2], fma(-a[2], b[3], fma(a[1], b[0], a[0] * b[1]))),
        fma(a[1], b[3], fma(-a[3], b[1], fma(a[2], b[0], a[0] * b[2]))),
        fma(a[2], b[1], fma(-a[1], b[2], fma(a[3], b[0], a[0] * b[3]))),
    );
}

fn group_adjoint(a: Matrix) -> Matrix {
    return Matrix(a[0], -a[1], -a[2], -a[3]);
}

fn group_re_trace(a: Matrix) -> f32 {
    return a[0] + a[0];
}

fn group_im_trace(a: Matrix) -> f32 {
    return 0.0;
}

fn group_moments(m: Matrix) -> Algebra {
    return Algebra(m[1], m[2], m[3]);
}

fn group_embed(w: Algebra) -> Matrix {
    return Matrix(0.0, 0.5 * w[0], 0.5 * w[1], 0.5 * w[2]);
}

fn group_exp(w: Algebra) -> Matrix {
    let half = 0.5 * sqrt(fma(w[2], w[2], fma(w[1], w[1], w[0] * w[0])));
    var ratio = 0.5;
    if (half >= 1e-18) {
        ratio = 0.5 * sin_(half) / half;
    }
    return Matrix(cos_(half), w[0] * ratio, w[1] * ratio, w[2] * ratio);
}

fn group_reunitarise(u: Matrix) -> Matrix {
    let norm = sqrt(fma(u[3], u[3], fma(u[2], u[2], fma(u[1], u[1], u[0] * u[0]))));
    return Matrix(u[0] / norm, u[1] / norm, u[2] / norm, u[3] / norm);
}

fn group_multiply_adjoint(a: Matrix, b: Matrix) -> Matrix {
    return group_multiply(a, group_adjoint(b));
}

fn group_adjoint_multiply(a: Matrix, b: Matrix) -> Matrix {
    return group_multiply(group_adjoint(a), b);
}

// (g − u (u·g)) / |m| with u = m/|m|
fn group_tangent_of_reunitarise(m: Matrix, g: Matrix) -> Matrix {
    var from_m = m;
    var y = g;
    var square = 0.0;
    var along = 0.0;
    for (var k = 0u; k < bound(4u); k++) {
        square = fma(from_m[k], from_m[k], square);
        along = fma(from_m[k], y[k], along);
    }
    along = -(along / square);
    let by = 1.0 / sqrt(square);
    for (var k = 0u; k < bound(4u); k++) {
        y[k] = fma(along, from_m[k], y[k]) * by;
    }
    return y;
}
