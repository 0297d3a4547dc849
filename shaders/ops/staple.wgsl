// Weighted staples: S_μ(x) = Σ_ν [w_p(x) U_ν(x+μ) U_μ(x+ν)† U_ν(x)† + w_p(x−ν) U_ν(x+μ−ν)† U_μ(x−ν)† U_ν(x−ν)].
//
// in    u(c, row): links; w(c, row): a number for each plane; around(): see `around_table`; ROWS, DIRECTIONS
// out   y(c, row): an item is one direction of one row
// see   lattice-tensor/src/ops/staple.rs
#import group
// The row at one step along mu; against it; along mu and against nu.
fn staple_ahead(row: u32, mu: u32) -> u32 {
    return tables[around() + mu * ROWS + row];
}

fn staple_behind(row: u32, mu: u32) -> u32 {
    return tables[around() + (DIRECTIONS + mu) * ROWS + row];
}

fn staple_aside(row: u32, mu: u32, nu: u32) -> u32 {
    return tables[around() + ((2u + mu) * DIRECTIONS + nu) * ROWS + row];
}

fn staple_link(row: u32, mu: u32) -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        m[k] = u(mu * MATRIX + k, row);
    }
    return m;
}

// U_ν(x+μ) U_μ(x+ν)† U_ν(x)†
fn staple_above(row: u32, mu: u32, nu: u32) -> Matrix {
    let there = staple_link(staple_ahead(row, mu), nu);
    let back = group_multiply_adjoint(there, staple_link(staple_ahead(row, nu), mu));
    return group_multiply_adjoint(back, staple_link(row, nu));
}

// U_ν(x+μ−ν)† U_μ(x−ν)† U_ν(x−ν)
fn staple_below(row: u32, mu: u32, nu: u32) -> Matrix {
    let from_below = staple_behind(row, nu);
    let edge = group_multiply(staple_link(from_below, mu), staple_link(staple_aside(row, mu, nu), nu));
    return group_adjoint_multiply(edge, staple_link(from_below, nu));
}

fn staple_plane(mu: u32, nu: u32) -> u32 {
    let low = min(mu, nu);
    return low * DIRECTIONS - low * (low + 1u) / 2u + max(mu, nu) - low - 1u;
}

fn staple(item: u32) {
    let row = item % ROWS;
    let mu = item / ROWS;
    var sum: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        sum[k] = 0.0;
    }
    for (var nu = 0u; nu < bound(DIRECTIONS); nu++) {
        if (nu != mu) {
            let plane = staple_plane(mu, nu);
            var above = staple_above(row, mu, nu);
            var below = staple_below(row, mu, nu);
            let weight = w(plane, row);
            let weight_below = w(plane, staple_behind(row, nu));
            for (var k = 0u; k < bound(MATRIX); k++) {
                sum[k] = fma(below[k], weight_below, fma(above[k], weight, sum[k]));
            }
        }
    }
    for (var k = 0u; k < bound(MATRIX); k++) {
        y(mu * MATRIX + k, row, sum[k]);
    }
}
