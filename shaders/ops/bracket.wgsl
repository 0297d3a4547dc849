// The bracket of the algebra: [X_w, X_g] = i Σ y_c T_c.
//
// in    w(c, row), g(c, row): elements of the algebra; ROWS
// out   y(c, row): an item is one element of one row
// see   lattice-tensor/src/ops/bracket.rs
#import group
fn bracket(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    y_algebra(which, row, group_bracket(w_algebra(which, row), g_algebra(which, row)));
}
