// Matrices times numbers of their own.
//
// in    a(c, row): matrices; s(c, row): a number for each; ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/scale.rs
#import group
fn scale(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    let by = s(which, row);
    for (var k = 0u; k < bound(MATRIX); k++) {
        y(which * MATRIX + k, row, a(which * MATRIX + k, row) * by);
    }
}
