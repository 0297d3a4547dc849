// Parallel transport along a path: the product of the links that it passes.
//
// in    u(c, row): links; steps(): [step], twice the direction and 1 for a step back, then [step][row], where its link lies; ROWS, STEPS
// out   y(c, row): one matrix a row
// see   lattice-tensor/src/ops/path.rs
#import group
fn path_link(row: u32, mu: u32) -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        m[k] = u(mu * MATRIX + k, row);
    }
    return m;
}

fn path(item: u32) {
    let row = item;
    var product = group_one();
    for (var k = 0u; k < bound(STEPS); k++) {
        let step = tables[steps() + k];
        var link = path_link(tables[steps() + STEPS + k * ROWS + row], step / 2u);
        if (step % 2u == 1u) {
            link = group_adjoint(link);
        }
        if (k == 0u) {
            product = link;
        } else {
            product = group_multiply(product, link);
        }
    }
    for (var k = 0u; k < bound(MATRIX); k++) {
        y(0u + k, row, product[k]);
    }
}
