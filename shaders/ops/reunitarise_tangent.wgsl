// The transpose of the derivative of reunitarise.
//
// in    a(c, row), g(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/reunitarise.rs
#import group
fn reunitarise_tangent_read_a(first: u32, row: u32) -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        m[k] = a(first + k, row);
    }
    return m;
}

fn reunitarise_tangent_read_g(first: u32, row: u32) -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        m[k] = g(first + k, row);
    }
    return m;
}

fn reunitarise_tangent(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    let result = group_tangent_of_reunitarise(reunitarise_tangent_read_a(which * MATRIX, row), reunitarise_tangent_read_g(which * MATRIX, row));
    for (var k = 0u; k < bound(MATRIX); k++) {
        y(which * MATRIX + k, row, result[k]);
    }
}
