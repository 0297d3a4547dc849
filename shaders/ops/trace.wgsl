// Traces of matrices: y = Re tr a, or Im tr a if IMAGINARY.
//
// in    a(c, row): matrices; ROWS, IMAGINARY
// out   y(c, row): a number for each matrix
// see   lattice-tensor/src/ops/trace.rs
#import group
fn trace_read_a(first: u32, row: u32) -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        m[k] = a(first + k, row);
    }
    return m;
}

fn trace(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    let m = trace_read_a(which * MATRIX, row);
    if (IMAGINARY) {
        y(which, row, group_im_trace(m));
    } else {
        y(which, row, group_re_trace(m));
    }
}
