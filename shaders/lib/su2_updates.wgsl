// Updates of SU(2) links.
//
// in    a link, the matrix and the number of its weight exp(c Re tr(u a)), its draws
// out   what the functions of the same names give on the processor
// see   lattice-tensor/src/lanes/group/heat_bath.rs, overrelax.rs
#import su2
#import quaternion_updates

fn group_heat_bath(u: Matrix, a: Matrix, c: f32, draws: Draws) -> Matrix {
    let old = vec4(u[0], u[1], u[2], u[3]);
    let w = quaternion_heat_bath(old, vec4(a[0], a[1], a[2], a[3]), c, draws, 0u, 1u);
    return Matrix(w.x, w.y, w.z, w.w);
}

fn group_overrelax(u: Matrix, a: Matrix) -> Matrix {
    let v = su2_direction(vec4(a[0], a[1], a[2], a[3]))[0];
    let w = quaternion_multiply(quaternion_multiply(v, vec4(u[0], u[1], u[2], u[3])), v);
    return Matrix(w.x, -w.y, -w.z, -w.w);
}
