// The transpose of the exponential's derivative: y = Σ_k (−ad_X)^k g / (k+1)!, X = i Σ w_a T_a.
//
// in    w(c, row), g(c, row): elements of the algebra; ROWS
// out   y(c, row): an item is one element of one row
// see   lattice-tensor/src/ops/exp.rs
#import group
fn exp_tangent(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    y_algebra(which, row, group_tangent_of_exp(w_algebra(which, row), g_algebra(which, row)));
}
