// The scalar product of stored numbers, matrix by matrix.
//
// in    a(c, row), b(c, row): matrices; ROWS
// out   y(c, row): a number for each matrix
// see   lattice-tensor/src/ops/scale.rs
#import group
fn matrix_dot(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    var sum = 0.0;
    for (var k = 0u; k < bound(MATRIX); k++) {
        sum = fma(a(which * MATRIX + k, row), b(which * MATRIX + k, row), sum);
    }
    y(which, row, sum);
}
