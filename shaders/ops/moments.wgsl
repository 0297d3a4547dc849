// The projection to the algebra: y_a = Im tr T_a m.
//
// in    m(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/project.rs
#import group
fn moments(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    y_algebra(which, row, group_moments(m_matrix(which, row)));
}
