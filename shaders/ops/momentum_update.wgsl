// The kick of Wilson's action: y_a = p_a + strength ∂_a Σ_P Re tr P = p_a − strength Im tr T_a U S.
//
// in    p(c, row): momenta; u(c, row): links; strength(): a number; around(): see `around_table`; ROWS, DIRECTIONS
// out   y(c, row): an item is one direction of one row
// see   lattice-tensor/src/ops/momentum_update.rs
#import group
#include staples
fn momentum_update(item: u32) {
    let row = item % ROWS;
    let mu = item / ROWS;
    var sum: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        sum[k] = 0.0;
    }
    for (var nu = 0u; nu < bound(DIRECTIONS); nu++) {
        if (nu != mu) {
            var over = above(row, mu, nu);
            var under = below(row, mu, nu);
            for (var k = 0u; k < bound(MATRIX); k++) {
                sum[k] += over[k] + under[k];
            }
        }
    }
    var force = group_moments(group_multiply(u_matrix(mu, row), sum));
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        y(mu * ALGEBRA + k, row, fma(-strength(), force[k], p(mu * ALGEBRA + k, row)));
    }
}
