// What local updates of links share: which links they are for, and the sum of staples.
//
// in    u_matrix(mu, row): links; staples(): see local_update/kernel.rs; ROWS, MU, PATHS
// out   whether a link is meant, and a matrix
// see   lattice-tensor/src/ops/local_update.rs

// Whether the link in direction mu at a row is of the direction and colour.
fn local_is_meant(row: u32, mu: u32) -> bool {
    return mu == MU && tables[staples() + row] == 1u;
}

// The sum of the staples of the link at a row, with their coefficients.
fn local_staples(row: u32) -> Matrix {
    let lengths = staples() + ROWS;
    let steps = lengths + 2u * PATHS;
    let rows = steps + 5u * PATHS;
    var sum: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        sum[k] = 0.0;
    }
    for (var path = 0u; path < bound(PATHS); path++) {
        var product = group_one();
        for (var k = 0u; k < bound(tables[lengths + 2u * path]); k++) {
            let step = tables[steps + 5u * path + k];
            let link = u_matrix(step / 2u, tables[rows + (5u * path + k) * ROWS + row]);
            if ((step & 1u) == 1u) {
                product = group_multiply_adjoint(product, link);
            } else {
                product = group_multiply(product, link);
            }
        }
        let coefficient = bitcast<f32>(tables[lengths + 2u * path + 1u]);
        for (var k = 0u; k < bound(MATRIX); k++) {
            sum[k] = fma(product[k], coefficient, sum[k]);
        }
    }
    return sum;
}
