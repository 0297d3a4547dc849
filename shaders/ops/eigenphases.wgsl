// The phases of the eigenvalues of group elements, the largest first.
//
// in    u(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/eigenphases.rs
#import group_spectrum
fn eigenphases(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    let result = group_eigenphases(u_matrix(which, row));
    for (var k = 0u; k < bound(PHASES); k++) {
        y(which * PHASES + k, row, result[k]);
    }
}
