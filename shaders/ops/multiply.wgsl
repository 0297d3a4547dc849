// Products of matrices: y = a b, either factor possibly adjoint.
//
// in    a(c, row), b(c, row): matrices, one after the other; ROWS, ADJOINT_A, ADJOINT_B
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/multiply.rs
#import group
fn multiply(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    var left = a_matrix(which, row);
    var right = b_matrix(which, row);
    if (ADJOINT_A) {
        left = group_adjoint(left);
    }
    if (ADJOINT_B) {
        right = group_adjoint(right);
    }
    y_matrix(which, row, group_multiply(left, right));
}
