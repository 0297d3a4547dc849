// Matrices of elements of the algebra: y = i Σ w_a T_a.
//
// in    w(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/project.rs
#import group
fn embed(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    y_matrix(which, row, group_embed(w_algebra(which, row)));
}
