// U(1): complex numbers, re, im; T = 1.
//
// in    matrices and elements of the algebra
// out   what the functions of the same names give on the processor
// see   lattice-tensor/src/lanes/group/u1.rs
#import math

alias Matrix = array<f32, 2>;
alias Algebra = array<f32, 1>;
const MATRIX: u32 = 2u;
const ALGEBRA: u32 = 1u;
const TRACE_SCALE: f32 = 1.0;

fn group_one() -> Matrix {
    return Matrix(1.0, 0.0);
}

fn group_multiply(a: Matrix, b: Matrix) -> Matrix {
    return Matrix(fma(-a[1], b[1], a[0] * b[0]), fma(a[1], b[0], a[0] * b[1]));
}

fn group_adjoint(a: Matrix) -> Matrix {
    return Matrix(a[0], -a[1]);
}

fn group_re_trace(a: Matrix) -> f32 {
    return a[0];
}

fn group_im_trace(a: Matrix) -> f32 {
    return a[1];
}

fn group_moments(m: Matrix) -> Algebra {
    return Algebra(m[1]);
}

fn group_embed(w: Algebra) -> Matrix {
    return Matrix(0.0, w[0]);
}

fn group_exp(w: Algebra) -> Matrix {
    return Matrix(cos_(w[0]), sin_(w[0]));
}

fn group_tangent_of_exp(w: Algebra, g: Algebra) -> Algebra {
    return g;
}

fn group_bracket(a: Algebra, b: Algebra) -> Algebra {
    return Algebra(0.0);
}

fn group_reunitarise(u: Matrix) -> Matrix {
    let norm = sqrt(fma(u[1], u[1], u[0] * u[0]));
    return Matrix(u[0] / norm, u[1] / norm);
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
    for (var k = 0u; k < bound(2u); k++) {
        square = fma(from_m[k], from_m[k], square);
        along = fma(from_m[k], y[k], along);
    }
    along = -(along / square);
    let by = 1.0 / sqrt(square);
    for (var k = 0u; k < bound(2u); k++) {
        y[k] = fma(along, from_m[k], y[k]) * by;
    }
    return y;
}
