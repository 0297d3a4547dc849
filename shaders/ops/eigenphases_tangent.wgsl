// The transpose of the derivative of eigenphases along the group.
//
// in    u(c, row), p(c, row); ROWS
// out   y(c, row): an item is one matrix of one row
// see   lattice-tensor/src/ops/eigenphases.rs
#import group_spectrum
fn eigenphases_tangent_read_p(first: u32, row: u32) -> Phases {
    var m: Phases;
    for (var k = 0u; k < bound(PHASES); k++) {
        m[k] = p(first + k, row);
    }
    return m;
}

fn eigenphases_tangent(item: u32) {
    let row = item % ROWS;
    let which = item / ROWS;
    y_algebra(which, row, group_tangent_of_eigenphases(u_matrix(which, row), eigenphases_tangent_read_p(which * PHASES, row)));
}
