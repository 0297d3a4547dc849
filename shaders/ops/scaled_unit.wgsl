// Multiples of the unit matrix, whose scalar product with others is a multiple of their trace.
//
// in    s(c, row): a number for each matrix; ROWS, IMAGINARY
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/trace.rs
#import group
fn scaled_unit(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    let by = s(which, row) * TRACE_SCALE;
    var one = group_one();
    for (var k = 0u; k < bound(MATRIX); k++) {
        var value = by * one[k];
        if (IMAGINARY) {
            // i times the unit; the quaternions of SU(2) have no such multiple.
            value = 0.0;
            if (TRACE_SCALE == 1.0 && k % 2u == 1u) {
                value = by * one[k - 1u];
            }
        }
        y(which * MATRIX + k, row, value);
    }
}
