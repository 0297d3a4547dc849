// The group elements beside matrices: rows normalised and made orthogonal.
//
// in    a(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/reunitarise.rs
#import group
fn reunitarise_read_a(first: u32, row: u32) -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        m[k] = a(first + k, row);
    }
    return m;
}

fn reunitarise(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    var result = group_reunitarise(reunitarise_read_a(which * MATRIX, row));
    for (var k = 0u; k < bound(MATRIX); k++) {
        y(which * MATRIX + k, row, result[k]);
    }
}
