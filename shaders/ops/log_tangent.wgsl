// The inverse of exp_tangent in its second input.
//
// in    w(c, row), g(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/log.rs
#import group_spectrum
fn log_tangent(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    y_algebra(which, row, group_tangent_of_log(w_algebra(which, row), g_algebra(which, row)));
}
