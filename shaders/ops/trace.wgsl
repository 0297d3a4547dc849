// Traces of matrices: y = Re tr a, or Im tr a if IMAGINARY.
//
// in    a(c, row): matrices; ROWS, IMAGINARY
// out   y(c, row): a number for each matrix
// see   lattice-tensor/src/ops/trace.rs
#import group
fn trace(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    let m = a_matrix(which, row);
    if (IMAGINARY) {
        y(which, row, group_im_trace(m));
    } else {
        y(which, row, group_re_trace(m));
    }
}
