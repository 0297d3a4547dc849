// Logarithms and eigenphases of SU(3).
//
// in    matrices, elements of the algebra, numbers for the phases
// out   what the functions of the same names give on the processor
// see   lattice-tensor/src/lanes/group/su3/spectrum.rs
#import su3
#import math
#import atan2

alias Phases = array<f32, 3>;
const PHASES: u32 = 3u;

struct Spectrum {
    values: array<f32, 3>,
    vectors: array<vec2<f32>, 9>, // component i of vector j at 3 j + i
}

fn su3_mul(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
    return su3_fma(a, b, vec2(0.0));
}

// Element (k, l) from that of the upper triangle, and back.
fn su3_upper(k: u32, l: u32, z: vec2<f32>) -> vec2<f32> {
    return select(vec2(z.x, -z.y), z, k < l);
}

// Eigenvalues and eigenvectors of a Hermitian matrix by Jacobi's rotations.
fn su3_jacobi(h: Matrix) -> Spectrum {
    var m = h;
    var size = 0.0;
    for (var k = 0u; k < bound(18u); k++) {
        size = max(size, abs(m[k]));
    }
    size = bitcast<f32>(max(bitcast<u32>(size) & 0x7f800000u, 0x00800000u));
    var d = array<f32, 3>(m[0] / size, m[8] / size, m[16] / size);
    var off = array<vec2<f32>, 3>(vec2(m[10], m[11]) / size, vec2(m[4], m[5]) / size, vec2(m[2], m[3]) / size);
    var v: array<vec2<f32>, 9>;
    for (var k = 0u; k < bound(9u); k++) {
        v[k] = vec2(select(0.0, 1.0, k % 4u == 0u), 0.0);
    }
    for (var turn = 0u; turn < bound(12u); turn++) {
        // (0, 1, 2), (0, 2, 1), (1, 2, 0)
        let step = turn % 3u;
        let p = step / 2u;
        let q = (step + 3u) / 2u;
        let r = 2u - step;
        let x = off[r];
        let x2 = fma(x.y, x.y, x.x * x.x);
        let gap = d[q] - d[p];
        let root = sqrt(fma(4.0, x2, gap * gap)) + abs(gap);
        let by = select(0.0, copy_sign(2.0, gap) / select(1.0, root, root > 0.0), root > 0.0);
        let t = x * by;
        let c = 1.0 / sqrt(fma(t.y, t.y, fma(t.x, t.x, 1.0)));
        let s = t * c;
        let minus = vec2(-s.x, s.y);
        d[p] = fma(-by, x2, d[p]);
        d[q] = fma(by, x2, d[q]);
        off[r] = vec2(0.0);
        let rp = su3_upper(r, p, off[q]);
        let rq = su3_upper(r, q, off[p]);
        off[q] = su3_upper(r, p, su3_fma(minus, rq, rp * c));
        off[p] = su3_upper(r, q, su3_fma(s, rp, rq * c));
        for (var i = 0u; i < bound(3u); i++) {
            let vp = v[3u * p + i];
            let vq = v[3u * q + i];
            v[3u * p + i] = su3_fma(minus, vq, vp * c);
            v[3u * q + i] = su3_fma(s, vp, vq * c);
        }
    }
    return Spectrum(array<f32, 3>(d[0] * size, d[1] * size, d[2] * size), v);
}

// The Hermitian part of i (1 − z u)(1 + z u)⁻¹.
fn su3_cayley(u: Matrix, z: vec2<f32>) -> Matrix {
    var plus = u;
    var minus = u;
    for (var k = 0u; k < bound(9u); k++) {
        let zu = su3_mul(z, vec2(plus[2u * k], plus[2u * k + 1u]));
        let unit = select(0.0, 1.0, k % 4u == 0u);
        plus[2u * k] = unit + zu.x;
        plus[2u * k + 1u] = zu.y;
        minus[2u * k] = unit - zu.x;
        minus[2u * k + 1u] = -zu.y;
    }
    // The adjugate; its first column and the first row give the determinant.
    var adjugate: Matrix;
    for (var i = 0u; i < bound(3u); i++) {
        for (var j = 0u; j < bound(3u); j++) {
            let a = 6u * ((i + 1u) % 3u);
            let b = 6u * ((i + 2u) % 3u);
            let c = 2u * ((j + 1u) % 3u);
            let e = 2u * ((j + 2u) % 3u);
            let first = su3_mul(vec2(plus[a + c], plus[a + c + 1u]), vec2(plus[b + e], plus[b + e + 1u]));
            let x = su3_fma(vec2(-plus[a + e], -plus[a + e + 1u]), vec2(plus[b + c], plus[b + c + 1u]), first);
            adjugate[6u * j + 2u * i] = x.x;
            adjugate[6u * j + 2u * i + 1u] = x.y;
        }
    }
    var det = vec2(0.0);
    for (var k = 0u; k < bound(3u); k++) {
        det = su3_fma(vec2(plus[2u * k], plus[2u * k + 1u]), vec2(adjugate[6u * k], adjugate[6u * k + 1u]), det);
    }
    var m = group_multiply(minus, adjugate);
    let by = det.yx * (0.5 / dot(det, det));
    var h: Matrix;
    for (var i = 0u; i < bound(3u); i++) {
        for (var j = 0u; j < bound(3u); j++) {
            let x = su3_mul(by, vec2(m[6u * i + 2u * j], m[6u * i + 2u * j + 1u]));
            let y = su3_mul(by, vec2(m[6u * j + 2u * i], m[6u * j + 2u * i + 1u]));
            h[6u * i + 2u * j] = x.x + y.x;
            h[6u * i + 2u * j + 1u] = x.y - y.y;
        }
    }
    return h;
}

// d + n π/3, the constant in two parts.
fn su3_angle(d: f32, n: f32) -> f32 {
    return fma(n, 1.0471975803375244, fma(n, -2.9140925945e-8, d));
}

// Eigenphases, the largest first, sum 0, apart by at most 2π; with eigenvectors.
fn su3_eigen(u: Matrix) -> Spectrum {
    let trace = vec2(group_re_trace(u), group_im_trace(u));
    // cos kπ/3, sin kπ/3; cos kπ/6, sin kπ/6; cos kπ/2; k.
    let half_root = 0.8660254037844386;
    var turns = array<vec2<f32>, 6>(vec2(1.0, 0.0), vec2(0.5, half_root), vec2(0.5, -half_root),
        vec2(-0.5, half_root), vec2(-0.5, -half_root), vec2(-1.0, 0.0));
    var halves = array<vec2<f32>, 6>(vec2(1.0, 0.0), vec2(half_root, 0.5), vec2(half_root, -0.5),
        vec2(0.5, half_root), vec2(0.5, -half_root), vec2(0.0, 1.0));
    var thirds = array<f32, 6>(1.0, 0.0, 0.0, -1.0, -1.0, 0.0);
    var counts = array<f32, 6>(0.0, 1.0, -1.0, 2.0, -2.0, 3.0);
    var best = 0.0;
    var turn = 0u;
    for (var k = 0u; k < bound(6u); k++) {
        let size = abs(halves[k].x * trace.x - halves[k].y * trace.y + thirds[k]);
        if (size > best) {
            best = size;
            turn = k;
        }
    }
    var found = su3_jacobi(su3_cayley(u, vec2(turns[turn].x, -turns[turn].y)));
    for (var k = 0u; k < bound(3u); k++) {
        found.values[k] = 2.0 * atan2_(found.values[k], 1.0);
    }
    // (0, 1), (1, 2), (0, 1)
    for (var k = 0u; k < bound(3u); k++) {
        let i = k % 2u;
        if (found.values[i] < found.values[i + 1u]) {
            let value = found.values[i];
            found.values[i] = found.values[i + 1u];
            found.values[i + 1u] = value;
            for (var c = 0u; c < bound(3u); c++) {
                let vector = found.vectors[3u * i + c];
                found.vectors[3u * i + c] = found.vectors[3u * i + 3u + c];
                found.vectors[3u * i + 3u + c] = vector;
            }
        }
    }
    // Full turns of the largest or the least, which turn the order round.
    var count = array<f32, 3>(counts[turn], counts[turn], counts[turn]);
    for (var k = 0u; k < bound(3u); k++) {
        var sum = 0.0;
        for (var j = 0u; j < bound(3u); j++) {
            sum += su3_angle(found.values[j], count[j]);
        }
        if (abs(sum) > 3.141592653589793) {
            let from_j = select(2u, 1u, sum > 0.0);
            var old = found;
            var old_count = count;
            if (sum > 0.0) {
                old_count[0] -= 6.0;
            } else {
                old_count[2] += 6.0;
            }
            for (var j = 0u; j < bound(3u); j++) {
                let i = (j + from_j) % 3u;
                found.values[j] = old.values[i];
                count[j] = old_count[i];
                for (var c = 0u; c < bound(3u); c++) {
                    found.vectors[3u * j + c] = old.vectors[3u * i + c];
                }
            }
        }
    }
    for (var j = 0u; j < bound(3u); j++) {
        found.values[j] = su3_angle(found.values[j], count[j]);
    }
    return found;
}

// i Σ_j c_j v_j v_j†
fn su3_assembled(c: Phases, vectors: array<vec2<f32>, 9>) -> Matrix {
    var by = c;
    var v = vectors;
    var m: Matrix;
    for (var i = 0u; i < bound(3u); i++) {
        for (var j = 0u; j < bound(3u); j++) {
            var sum = vec2(0.0);
            for (var k = 0u; k < bound(3u); k++) {
                let w = v[3u * k + j];
                sum = su3_fma(v[3u * k + i] * by[k], vec2(w.x, -w.y), sum);
            }
            m[6u * i + 2u * j] = -sum.y;
            m[6u * i + 2u * j + 1u] = sum.x;
        }
    }
    return m;
}

fn group_log(u: Matrix) -> Algebra {
    let found = su3_eigen(u);
    var w = group_moments(su3_assembled(found.values, found.vectors));
    for (var k = 0u; k < bound(8u); k++) {
        w[k] *= 2.0;
    }
    return w;
}

// Element (i, j) in the basis of eigenvectors times x cot x + i x, x = ½ (θ_i − θ_j).
fn group_tangent_of_log(w: Algebra, g: Algebra) -> Algebra {
    var x = group_embed(w);
    var h: Matrix;
    for (var k = 0u; k < bound(9u); k++) {
        h[2u * k] = x[2u * k + 1u];
        h[2u * k + 1u] = -x[2u * k];
    }
    var found = su3_jacobi(h);
    // Rows are the eigenvectors' conjugates.
    var frame: Matrix;
    for (var k = 0u; k < bound(9u); k++) {
        frame[2u * k] = found.vectors[k].x;
        frame[2u * k + 1u] = -found.vectors[k].y;
    }
    var m = group_multiply_adjoint(group_multiply(frame, group_embed(g)), frame);
    for (var i = 0u; i < bound(3u); i++) {
        for (var j = 0u; j < bound(3u); j++) {
            if (i != j) {
                let half = 0.5 * (found.values[i] - found.values[j]);
                let sine = sin_(half);
                let small = abs(half) < 1e-18;
                let cot = select(half * cos_(half) / select(sine, 1.0, small), 1.0, small);
                let at = 6u * i + 2u * j;
                let z = su3_mul(vec2(cot, half), vec2(m[at], m[at + 1u]));
                m[at] = z.x;
                m[at + 1u] = z.y;
            }
        }
    }
    var y = group_moments(group_multiply(group_adjoint_multiply(frame, m), frame));
    for (var k = 0u; k < bound(8u); k++) {
        y[k] *= 2.0;
    }
    return y;
}

fn group_eigenphases(u: Matrix) -> Phases {
    return su3_eigen(u).values;
}

fn group_tangent_of_eigenphases(u: Matrix, c: Phases) -> Algebra {
    return group_moments(su3_assembled(c, su3_eigen(u).vectors));
}
