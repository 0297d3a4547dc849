// The logarithm of group elements.
//
// in    u(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/log.rs
#import group_spectrum
fn logarithm_read_u(first: u32, row: u32) -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        m[k] = u(first + k, row);
    }
    return m;
}

fn logarithm(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    var result = group_log(logarithm_read_u(which * MATRIX, row));
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        y(which * ALGEBRA + k, row, result[k]);
    }
}
