// The logarithm of group elements.
//
// in    u(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/log.rs
#import group_spectrum
fn logarithm(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    y_algebra(which, row, group_log(u_matrix(which, row)));
}
