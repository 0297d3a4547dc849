// Products of matrices: y = a b, either factor possibly adjoint.
//
// in    a(c, row), b(c, row): matrices, one after the other; ROWS, ADJOINT_A, ADJOINT_B
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/multiply.rs
#import group
fn multiply_read_a(first: u32, row: u32) -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        m[k] = a(first + k, row);
    }
    return m;
}

fn multiply_read_b(first: u32, row: u32) -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        m[k] = b(first + k, row);
    }
    return m;
}

fn multiply(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    var left = multiply_read_a(which * MATRIX, row);
    var right = multiply_read_b(which * MATRIX, row);
    if (ADJOINT_A) {
        left = group_adjoint(left);
    }
    if (ADJOINT_B) {
        right = group_adjoint(right);
    }
    var product = group_multiply(left, right);
    for (var k = 0u; k < bound(MATRIX); k++) {
        y(which * MATRIX + k, row, product[k]);
    }
}
