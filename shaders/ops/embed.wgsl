// Matrices of elements of the algebra: y = i Σ w_a T_a.
//
// in    w(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/project.rs
#import group
fn embed_read_w(first: u32, row: u32) -> Algebra {
    var m: Algebra;
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        m[k] = w(first + k, row);
    }
    return m;
}

fn embed(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    var result = group_embed(embed_read_w(which * ALGEBRA, row));
    for (var k = 0u; k < bound(MATRIX); k++) {
        y(which * MATRIX + k, row, result[k]);
    }
}
