// The drift of links: y = exp(i ε Σ p_a T_a) u.
//
// in    u(c, row): matrices; p(c, row): elements of the algebra; eps(): a number; ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/link_update.rs
#import group
fn link_update_read_u(first: u32, row: u32) -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        m[k] = u(first + k, row);
    }
    return m;
}

fn link_update(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    var omega: Algebra;
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        omega[k] = eps() * p(which * ALGEBRA + k, row);
    }
    var result = group_multiply(group_exp(omega), link_update_read_u(which * MATRIX, row));
    for (var k = 0u; k < bound(MATRIX); k++) {
        y(which * MATRIX + k, row, result[k]);
    }
}
