// The adjoint of matrices: y = a†.
//
// in    a(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/adjoint.rs
#import group
fn adjoint(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    y_matrix(which, row, group_adjoint(a_matrix(which, row)));
}
