// Parallel transport along a path: the product of the links that it passes.
//
// in    u(c, row): links; steps(): [step], twice the direction and 1 for a step back, then [step][row], where its link lies; ROWS, STEPS
// out   y(c, row): one matrix a row
// see   lattice-tensor/src/ops/path.rs
#import group
fn path(row: u32) {
    var product = group_one();
    for (var k = 0u; k < bound(STEPS); k++) {
        let step = tables[steps() + k];
        var link = u_matrix(step / 2u, tables[steps() + STEPS + k * ROWS + row]);
        if (step % 2u == 1u) {
            link = group_adjoint(link);
        }
        if (k == 0u) {
            product = link;
        } else {
            product = group_multiply(product, link);
        }
    }
    y_matrix(0u, row, product);
}
