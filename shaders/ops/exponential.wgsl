// The exponential of the algebra: y = exp(i Σ w_a T_a).
//
// in    w(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/exp.rs
#import group
fn exponential(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    y_matrix(which, row, group_exp(w_algebra(which, row)));
}
