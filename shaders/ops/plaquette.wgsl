// The plaquettes: y_p(x) = Re tr U_μ(x) U_ν(x+μ) U_μ(x+ν)† U_ν(x)† / N.
//
// in    u(c, row): links; planes(): [plane][μ, ν], then [μ][row], the row of x + μ; ROWS, PLANES, N
// out   y(c, row): an item is one plane of one row
// see   lattice-tensor/src/ops/plaquette.rs
#import group
fn plaquette(item: u32) {
    let row = item % ROWS;
    let p = item / ROWS;
    let mu = tables[planes() + 2u * p];
    let nu = tables[planes() + 2u * p + 1u];
    let hops = planes() + 2u * PLANES;
    var left = group_multiply(u_matrix(mu, row), u_matrix(nu, tables[hops + mu * ROWS + row]));
    var right = group_multiply(u_matrix(nu, row), u_matrix(mu, tables[hops + nu * ROWS + row]));
    var sum = 0.0;
    for (var k = 0u; k < bound(MATRIX); k++) {
        sum = fma(left[k], right[k], sum);
    }
    y(p, row, sum * (TRACE_SCALE / f32(N)));
}
