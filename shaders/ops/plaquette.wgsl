// The plaquettes: y_p(x) = Re tr U_μ(x) U_ν(x+μ) U_μ(x+ν)† U_ν(x)† / N.
//
// in    u(c, row): links; planes(): [plane][μ, ν], then [μ][row], the row of x + μ; ROWS, PLANES, N
// out   y(c, row): an item is one plane of one row
// see   lattice-tensor/src/ops/plaquette.rs
#import group
fn plaquette_link(row: u32, mu: u32) -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        m[k] = u(mu * MATRIX + k, row);
    }
    return m;
}

fn plaquette(item: u32) {
    let row = item % ROWS;
    let p = item / ROWS;
    let mu = tables[planes() + 2u * p];
    let nu = tables[planes() + 2u * p + 1u];
    let hops = planes() + 2u * PLANES;
    var left = group_multiply(plaquette_link(row, mu), plaquette_link(tables[hops + mu * ROWS + row], nu));
    var right = group_multiply(plaquette_link(row, nu), plaquette_link(tables[hops + nu * ROWS + row], mu));
    var sum = 0.0;
    for (var k = 0u; k < bound(MATRIX); k++) {
        sum = fma(left[k], right[k], sum);
    }
    y(p, row, sum * (TRACE_SCALE / f32(N)));
}
