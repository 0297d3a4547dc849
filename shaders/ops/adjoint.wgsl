// The adjoint of matrices: y = a†.
//
// in    a(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/adjoint.rs
#import group
fn adjoint_read_a(first: u32, row: u32) -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        m[k] = a(first + k, row);
    }
    return m;
}

fn adjoint(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    var result = group_adjoint(adjoint_read_a(which * MATRIX, row));
    for (var k = 0u; k < bound(MATRIX); k++) {
        y(which * MATRIX + k, row, result[k]);
    }
}
