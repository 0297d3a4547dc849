// The inverse of exp_tangent in its second input.
//
// in    w(c, row), g(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/log.rs
#import group_spectrum
fn log_tangent_read_w(first: u32, row: u32) -> Algebra {
    var m: Algebra;
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        m[k] = w(first + k, row);
    }
    return m;
}

fn log_tangent_read_g(first: u32, row: u32) -> Algebra {
    var m: Algebra;
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        m[k] = g(first + k, row);
    }
    return m;
}

fn log_tangent(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    let result = group_tangent_of_log(log_tangent_read_w(which * ALGEBRA, row), log_tangent_read_g(which * ALGEBRA, row));
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        y(which * ALGEBRA + k, row, result[k]);
    }
}
