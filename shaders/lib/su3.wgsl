// SU(3): nine complex numbers row by row; T_a = λ_a / 2.
//
// in    matrices and elements of the algebra
// out   what the functions of the same names give on the processor
// see   lattice-tensor/src/lanes/group/su3.rs, su3/
#import algebra

alias Matrix = array<f32, 18>;
alias Algebra = array<f32, 8>;
const MATRIX: u32 = 18u;
const ALGEBRA: u32 = 8u;
const TRACE_SCALE: f32 = 1.0;
const THIRD_ROOT: f32 = 0.5773502691896258;

fn group_one() -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(18u); k++) {
        m[k] = select(0.0, 1.0, k % 8u == 0u);
    }
    return m;
}

fn su3_fma(a: vec2<f32>, b: vec2<f32>, c: vec2<f32>) -> vec2<f32> {
    return vec2(fma(-a.y, b.y, fma(a.x, b.x, c.x)), fma(a.y, b.x, fma(a.x, b.y, c.y)));
}

fn group_multiply(a: Matrix, b: Matrix) -> Matrix {
    var left = a;
    var right = b;
    var m: Matrix;
    for (var i = 0u; i < bound(3u); i++) {
        for (var j = 0u; j < bound(3u); j++) {
            var z = vec2(0.0);
            for (var k = 0u; k < bound(3u); k++) {
                let p = 6u * i + 2u * k;
                let q = 6u * k + 2u * j;
                z = su3_fma(vec2(left[p], left[p + 1u]), vec2(right[q], right[q + 1u]), z);
            }
            m[6u * i + 2u * j] = z.x;
            m[6u * i + 2u * j + 1u] = z.y;
        }
    }
    return m;
}

fn group_adjoint(a: Matrix) -> Matrix {
    var from_a = a;
    var m: Matrix;
    for (var i = 0u; i < bound(3u); i++) {
        for (var j = 0u; j < bound(3u); j++) {
            m[6u * i + 2u * j] = from_a[6u * j + 2u * i];
            m[6u * i + 2u * j + 1u] = -from_a[6u * j + 2u * i + 1u];
        }
    }
    return m;
}

fn group_re_trace(a: Matrix) -> f32 {
    return a[0] + a[8] + a[16];
}

fn group_im_trace(a: Matrix) -> f32 {
    return a[1] + a[9] + a[17];
}

fn group_moments(m: Matrix) -> Algebra {
    return Algebra(
        0.5 * (m[3] + m[7]), 0.5 * (m[2] - m[6]), 0.5 * (m[1] - m[9]),
        0.5 * (m[5] + m[13]), 0.5 * (m[4] - m[12]),
        0.5 * (m[11] + m[15]), 0.5 * (m[10] - m[14]),
        0.5 * THIRD_ROOT * ((m[1] + m[9]) - (m[17] + m[17])),
    );
}

fn group_embed(w: Algebra) -> Matrix {
    let d = 0.5 * w[2];
    let e = 0.5 * THIRD_ROOT * w[7];
    return Matrix(
        0.0, d + e, 0.5 * w[1], 0.5 * w[0], 0.5 * w[4], 0.5 * w[3],
        -0.5 * w[1], 0.5 * w[0], 0.0, e - d, 0.5 * w[6], 0.5 * w[5],
        -0.5 * w[4], 0.5 * w[3], -0.5 * w[6], 0.5 * w[5], 0.0, -(e + e),
    );
}

// f₀ + f₁ X + f₂ X² with X³ = −s X − i q: see su3/exp.rs. Not a number from |ω| = 2²⁰ on.
fn group_exp(w: Algebra) -> Matrix {
    var small = w;
    var length2 = 0.0;
    for (var k = 0u; k < bound(8u); k++) {
        length2 = fma(small[k], small[k], length2);
    }
    let far = bitcast<u32>(length2) >= 0x53800000u;
    var rest = select(length2, 0.0, far);
    var halvings = 0u;
    var by = 1.0;
    for (var k = 0u; k < bound(21u); k++) {
        if (rest > 1.0) {
            rest *= 0.25;
            by *= 0.5;
            halvings++;
        }
    }
    by = bitcast<f32>(select(bitcast<u32>(by), 0x7fc00000u, far));
    for (var k = 0u; k < bound(8u); k++) {
        small[k] *= by;
    }
    var x = group_embed(small);
    var x2 = group_multiply(x, x);
    let s = -0.5 * group_re_trace(x2);
    var cube = 0.0;
    for (var i = 0u; i < bound(3u); i++) {
        for (var k = 0u; k < bound(3u); k++) {
            let p = 6u * i + 2u * k;
            let r = 6u * k + 2u * i;
            cube = fma(x2[p + 1u], x[r], fma(x2[p], x[r + 1u], cube));
        }
    }
    let q = -cube / 3.0;
    var f0 = vec2(1.0, 0.0);
    var f1 = vec2(0.0);
    var f2 = vec2(0.0);
    for (var k = 0u; k < bound(8u); k++) {
        let n = 1.0 / f32(8u - k);
        let g0 = vec2(fma(f2.y, q * n, 1.0), -(f2.x * (q * n)));
        let g1 = (f0 - s * f2) * n;
        f2 = f1 * n;
        f1 = g1;
        f0 = g0;
    }
    for (var k = 0u; k < bound(21u); k++) {
        if (k < halvings) {
            let cross = 2.0 * su3_fma(f1, f2, vec2(0.0));
            let square = su3_fma(f2, f2, vec2(0.0));
            let f00 = su3_fma(f0, f0, vec2(0.0));
            let f01 = 2.0 * su3_fma(f0, f1, vec2(0.0));
            let f02 = su3_fma(f1, f1, 2.0 * su3_fma(f0, f2, vec2(0.0)));
            f0 = vec2(fma(q, cross.y, f00.x), fma(-q, cross.x, f00.y));
            f1 = vec2(fma(q, square.y, fma(-s, cross.x, f01.x)), fma(-q, square.x, fma(-s, cross.y, f01.y)));
            f2 = f02 - s * square;
        }
    }
    var m: Matrix;
    for (var k = 0u; k < bound(9u); k++) {
        let start = select(vec2(0.0), f0, k % 4u == 0u);
        let z = su3_fma(f2, vec2(x2[2u * k], x2[2u * k + 1u]), su3_fma(f1, vec2(x[2u * k], x[2u * k + 1u]), start));
        m[2u * k] = z.x;
        m[2u * k + 1u] = z.y;
    }
    return m;
}

fn group_reunitarise(u: Matrix) -> Matrix {
    var m = u;
    var norm = 0.0;
    for (var k = 0u; k < bound(6u); k++) {
        norm = fma(m[k], m[k], norm);
    }
    norm = 1.0 / sqrt(norm);
    for (var k = 0u; k < bound(6u); k++) {
        m[k] *= norm;
    }
    var minus = vec2(0.0);
    for (var j = 0u; j < bound(3u); j++) {
        minus = su3_fma(vec2(-m[2u * j], m[2u * j + 1u]), vec2(m[6u + 2u * j], m[7u + 2u * j]), minus);
    }
    norm = 0.0;
    for (var j = 0u; j < bound(3u); j++) {
        let z = su3_fma(minus, vec2(m[2u * j], m[2u * j + 1u]), vec2(m[6u + 2u * j], m[7u + 2u * j]));
        m[6u + 2u * j] = z.x;
        m[7u + 2u * j] = z.y;
        norm = fma(z.y, z.y, fma(z.x, z.x, norm));
    }
    norm = 1.0 / sqrt(norm);
    for (var k = 6u; k < bound(12u); k++) {
        m[k] *= norm;
    }
    for (var j = 0u; j < bound(3u); j++) {
        let k = 2u * ((j + 1u) % 3u);
        let l = 2u * ((j + 2u) % 3u);
        let first = su3_fma(vec2(m[k], m[k + 1u]), vec2(m[6u + l], m[7u + l]), vec2(0.0));
        let z = su3_fma(vec2(-m[l], -m[l + 1u]), vec2(m[6u + k], m[7u + k]), first);
        m[12u + 2u * j] = z.x;
        m[13u + 2u * j] = -z.y;
    }
    return m;
}

fn group_multiply_adjoint(a: Matrix, b: Matrix) -> Matrix {
    return group_multiply(a, group_adjoint(b));
}

fn group_adjoint_multiply(a: Matrix, b: Matrix) -> Matrix {
    return group_multiply(group_adjoint(a), b);
}

struct Row {
    z: array<vec2<f32>, 3>,
}

fn su3_row(whole: Matrix, i: u32) -> Row {
    var m = whole;
    var row: Row;
    for (var j = 0u; j < bound(3u); j++) {
        row.z[j] = vec2(m[6u * i + 2u * j], m[6u * i + 2u * j + 1u]);
    }
    return row;
}

// Σ a* b
fn su3_inner(first: Row, second: Row) -> vec2<f32> {
    var a = first;
    var b = second;
    var sum = vec2(0.0);
    for (var j = 0u; j < bound(3u); j++) {
        sum = su3_fma(vec2(a.z[j].x, -a.z[j].y), b.z[j], sum);
    }
    return sum;
}

// by (v + c a)
fn su3_plus(v: Row, c: vec2<f32>, along: Row, by: f32) -> Row {
    var a = along;
    var sum = v;
    for (var j = 0u; j < bound(3u); j++) {
        sum.z[j] = by * su3_fma(c, a.z[j], sum.z[j]);
    }
    return sum;
}

// The sweep back through group_reunitarise: see su3/rows.rs.
fn group_tangent_of_reunitarise(m: Matrix, g: Matrix) -> Matrix {
    let raw = su3_row(m, 0u);
    let by_a = 1.0 / sqrt(su3_inner(raw, raw).x);
    var a = su3_plus(raw, vec2(0.0), raw, by_a);
    let second = su3_row(m, 1u);
    let along = su3_inner(a, second);
    let rest = su3_plus(second, -along, a, 1.0);
    let by_b = 1.0 / sqrt(su3_inner(rest, rest).x);
    var b = su3_plus(rest, vec2(0.0), rest, by_b);
    var to_a = su3_row(g, 0u);
    var to_b = su3_row(g, 1u);
    var to_c = su3_row(g, 2u);
    for (var j = 0u; j < bound(3u); j++) {
        let k = (j + 1u) % 3u;
        let l = (j + 2u) % 3u;
        let c = vec2(to_c.z[j].x, -to_c.z[j].y);
        to_a.z[k] = su3_fma(c, vec2(b.z[l].x, -b.z[l].y), to_a.z[k]);
        to_a.z[l] = su3_fma(-c, vec2(b.z[k].x, -b.z[k].y), to_a.z[l]);
        to_b.z[l] = su3_fma(c, vec2(a.z[k].x, -a.z[k].y), to_b.z[l]);
        to_b.z[k] = su3_fma(-c, vec2(a.z[l].x, -a.z[l].y), to_b.z[k]);
    }
    let to_v = su3_plus(to_b, vec2(-su3_inner(b, to_b).x, 0.0), b, by_b);
    let to_s = -su3_inner(a, to_v);
    var to_second = su3_plus(to_v, to_s, a, 1.0);
    to_a = su3_plus(to_a, vec2(-along.x, along.y), to_v, 1.0);
    to_a = su3_plus(to_a, vec2(to_s.x, -to_s.y), second, 1.0);
    var to_first = su3_plus(to_a, vec2(-su3_inner(a, to_a).x, 0.0), a, by_a);
    var y: Matrix;
    for (var j = 0u; j < bound(3u); j++) {
        y[2u * j] = to_first.z[j].x;
        y[2u * j + 1u] = to_first.z[j].y;
        y[6u + 2u * j] = to_second.z[j].x;
        y[7u + 2u * j] = to_second.z[j].y;
        y[12u + 2u * j] = 0.0;
        y[13u + 2u * j] = 0.0;
    }
    return y;
}
