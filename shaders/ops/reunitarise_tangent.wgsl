// The transpose of the derivative of reunitarise.
//
// in    a(c, row), g(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/reunitarise.rs
#import group
fn reunitarise_tangent(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    y_matrix(which, row, group_tangent_of_reunitarise(a_matrix(which, row), g_matrix(which, row)));
}
