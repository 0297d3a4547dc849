// The kick of Wilson's action: y_a = p_a + strength ∂_a Σ_P Re tr P = p_a − strength Im tr T_a U S.
//
// in    p(c, row): momenta; u(c, row): links; strength(): a number; around(): see `around_table`; ROWS, DIRECTIONS
// out   y(c, row): an item is one direction of one row
// see   lattice-tensor/src/ops/momentum_update.rs
#import group
// The row at one step along mu; against it; along mu and against nu.
fn momentum_update_ahead(row: u32, mu: u32) -> u32 {
    return tables[around() + mu * ROWS + row];
}

fn momentum_update_behind(row: u32, mu: u32) -> u32 {
    return tables[around() + (DIRECTIONS + mu) * ROWS + row];
}

fn momentum_update_aside(row: u32, mu: u32, nu: u32) -> u32 {
    return tables[around() + ((2u + mu) * DIRECTIONS + nu) * ROWS + row];
}

fn momentum_update_link(row: u32, mu: u32) -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        m[k] = u(mu * MATRIX + k, row);
    }
    return m;
}

// U_ν(x+μ) U_μ(x+ν)† U_ν(x)†
fn momentum_update_above(row: u32, mu: u32, nu: u32) -> Matrix {
    let there = momentum_update_link(momentum_update_ahead(row, mu), nu);
    let back = group_multiply_adjoint(there, momentum_update_link(momentum_update_ahead(row, nu), mu));
    return group_multiply_adjoint(back, momentum_update_link(row, nu));
}

// U_ν(x+μ−ν)† U_μ(x−ν)† U_ν(x−ν)
fn momentum_update_below(row: u32, mu: u32, nu: u32) -> Matrix {
    let from_below = momentum_update_behind(row, nu);
    let edge = group_multiply(momentum_update_link(from_below, mu), momentum_update_link(momentum_update_aside(row, mu, nu), nu));
    return group_adjoint_multiply(edge, momentum_update_link(from_below, nu));
}

fn momentum_update(item: u32) {
    let row = item % ROWS;
    let mu = item / ROWS;
    var sum: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        sum[k] = 0.0;
    }
    for (var nu = 0u; nu < bound(DIRECTIONS); nu++) {
        if (nu != mu) {
            var above = momentum_update_above(row, mu, nu);
            var below = momentum_update_below(row, mu, nu);
            for (var k = 0u; k < bound(MATRIX); k++) {
                sum[k] += above[k] + below[k];
            }
        }
    }
    var force = group_moments(group_multiply(momentum_update_link(row, mu), sum));
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        y(mu * ALGEBRA + k, row, fma(-strength(), force[k], p(mu * ALGEBRA + k, row)));
    }
}
