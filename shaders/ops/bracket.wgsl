// The bracket of the algebra: [X_w, X_g] = i Σ y_c T_c.
//
// in    w(c, row), g(c, row): elements of the algebra; ROWS
// out   y(c, row): an item is one element of one row
// see   lattice-tensor/src/ops/bracket.rs
#import group
fn bracket_read_w(first: u32, row: u32) -> Algebra {
    var m: Algebra;
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        m[k] = w(first + k, row);
    }
    return m;
}

fn bracket_read_g(first: u32, row: u32) -> Algebra {
    var m: Algebra;
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        m[k] = g(first + k, row);
    }
    return m;
}

fn bracket(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    var result = group_bracket(bracket_read_w(which * ALGEBRA, row), bracket_read_g(which * ALGEBRA, row));
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        y(which * ALGEBRA + k, row, result[k]);
    }
}
