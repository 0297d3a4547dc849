// Updates of SU(3) links, in three subgroups in turn.
//
// in    a link, the matrix and the number of its weight exp(c Re tr(u a)), its draws
// out   what the functions of the same names give on the processor
// see   lattice-tensor/src/lanes/group/heat_bath.rs, overrelax.rs: Cabibbo and Marinari (1982)
#import su3
#import quaternion_updates

// The quaternion part of the block of rows and columns p and q.
fn su3_part(whole: Matrix, p: u32, q: u32) -> vec4<f32> {
    var m = whole;
    let pp = 8u * p;
    let qq = 8u * q;
    let pq = 6u * p + 2u * q;
    let qp = 6u * q + 2u * p;
    return 0.5 * vec4(m[pp] + m[qq], m[pq + 1u] + m[qp + 1u], m[pq] - m[qp], m[pp + 1u] - m[qq + 1u]);
}

// Rows p and q from the left by (g₀ + i g₃, g₂ + i g₁; −g₂ + i g₁, g₀ − i g₃).
fn su3_rows_times(g: vec4<f32>, whole: Matrix, p: u32, q: u32) -> Matrix {
    var m = whole;
    for (var j = 0u; j < bound(3u); j++) {
        let i = 6u * p + 2u * j;
        let k = 6u * q + 2u * j;
        let x = vec2(m[i], m[i + 1u]);
        let y = vec2(m[k], m[k + 1u]);
        let upper_row = su3_fma(g.zy, y, su3_fma(g.xw, x, vec2(0.0)));
        let lower_row = su3_fma(vec2(-g.z, g.y), x, su3_fma(vec2(g.x, -g.w), y, vec2(0.0)));
        m[i] = upper_row.x;
        m[i + 1u] = upper_row.y;
        m[k] = lower_row.x;
        m[k + 1u] = lower_row.y;
    }
    return m;
}

fn group_heat_bath(u: Matrix, a: Matrix, c: f32, draws: Draws) -> Matrix {
    var link = u;
    for (var i = 0u; i < bound(3u); i++) {
        let p = i / 2u;
        let q = (i + 3u) / 2u;
        let part = su3_part(group_multiply(link, a), p, q);
        link = su3_rows_times(quaternion_heat_bath(vec4(1.0, 0.0, 0.0, 0.0), part, c, draws, i, 3u), link, p, q);
    }
    return group_reunitarise(link);
}

fn group_overrelax(u: Matrix, a: Matrix) -> Matrix {
    var link = u;
    for (var i = 0u; i < bound(3u); i++) {
        let p = i / 2u;
        let q = (i + 3u) / 2u;
        let v = su2_direction(su3_part(group_multiply(link, a), p, q))[0];
        link = su3_rows_times(quaternion_adjoint(quaternion_multiply(v, v)), link, p, q);
    }
    return group_reunitarise(link);
}
