// The projection to the algebra: y_a = Im tr T_a m.
//
// in    m(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/project.rs
#import group
fn moments_read_m(first: u32, row: u32) -> Matrix {
    var n: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        n[k] = m(first + k, row);
    }
    return n;
}

fn moments(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    var result = group_moments(moments_read_m(which * MATRIX, row));
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        y(which * ALGEBRA + k, row, result[k]);
    }
}
