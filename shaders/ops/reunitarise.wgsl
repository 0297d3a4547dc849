// The group elements beside matrices: rows normalised and made orthogonal.
//
// in    a(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/reunitarise.rs
#import group
fn reunitarise(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    y_matrix(which, row, group_reunitarise(a_matrix(which, row)));
}
