// New values of the links of one direction and colour, under the weight exp(c Re tr(U A)), A the sum of staples.
//
// in    u(c, row); c(); key(): of seed and stream; staples(): see local_update/kernel.rs; ROWS, DIRECTIONS, MU, PATHS
// out   y(c, row): an item is one direction of one row; other links as they are
// see   lattice-tensor/src/ops/local_update.rs
#import group_updates
#include local_staples
#include local_draws
fn heat_bath(item: u32) {
    let row = item % ROWS;
    let mu = item / ROWS;
    var link = u_matrix(mu, row);
    if (local_is_meant(row, mu)) {
        link = group_heat_bath(link, local_staples(row), c(), local_draws(row));
    }
    y_matrix(mu, row, link);
}
