// The drift of links: y = exp(i ε Σ p_a T_a) u.
//
// in    u(c, row): matrices; p(c, row): elements of the algebra; eps(): a number; ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/link_update.rs
#import group
fn link_update(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    var omega: Algebra;
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        omega[k] = eps() * p(which * ALGEBRA + k, row);
    }
    y_matrix(which, row, group_multiply(group_exp(omega), u_matrix(which, row)));
}
