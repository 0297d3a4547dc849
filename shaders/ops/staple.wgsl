// Weighted staples: S_μ(x) = Σ_ν [w_p(x) U_ν(x+μ) U_μ(x+ν)† U_ν(x)† + w_p(x−ν) U_ν(x+μ−ν)† U_μ(x−ν)† U_ν(x−ν)].
//
// in    u(c, row): links; w(c, row): a number for each plane; around(): see `around_table`; ROWS, DIRECTIONS
// out   y(c, row): an item is one direction of one row
// see   lattice-tensor/src/ops/staple.rs
#import group
#include staples
fn plane_of(mu: u32, nu: u32) -> u32 {
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
            let plane = plane_of(mu, nu);
            var over = above(row, mu, nu);
            var under = below(row, mu, nu);
            let weight = w(plane, row);
            let weight_below = w(plane, behind(row, nu));
            for (var k = 0u; k < bound(MATRIX); k++) {
                sum[k] = fma(under[k], weight_below, fma(over[k], weight, sum[k]));
            }
        }
    }
    y_matrix(mu, row, sum);
}
