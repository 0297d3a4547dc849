// The transpose of the exponential's derivative: y = Σ_k (−ad_X)^k g / (k+1)!, X = i Σ w_a T_a.
//
// in    w(c, row), g(c, row): elements of the algebra; ROWS
// out   y(c, row): an item is one element of one row
// see   lattice-tensor/src/ops/exp.rs
#import group
fn exp_tangent_read_w(first: u32, row: u32) -> Algebra {
    var m: Algebra;
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        m[k] = w(first + k, row);
    }
    return m;
}

fn exp_tangent_read_g(first: u32, row: u32) -> Algebra {
    var m: Algebra;
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        m[k] = g(first + k, row);
    }
    return m;
}

fn exp_tangent(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    var result = group_tangent_of_exp(exp_tangent_read_w(which * ALGEBRA, row), exp_tangent_read_g(which * ALGEBRA, row));
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        y(which * ALGEBRA + k, row, result[k]);
    }
}
