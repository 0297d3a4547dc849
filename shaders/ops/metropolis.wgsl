// One step of Metropolis of the links of one direction and colour, under the weight exp(c Re tr(U A)), A the sum of staples.
//
// in    u(c, row); c(), width(); key(): of seed and stream; staples(): see local_update/kernel.rs; ROWS, DIRECTIONS, MU, PATHS
// out   y(c, row): an item is one direction of one row; other links as they are
// see   lattice-tensor/src/ops/local_update.rs
#import group_updates
#include local_staples
#include local_draws
// exp(i width Σ (2 r_a − 1) T_a) u, taken with probability min(1, e^{c Re tr (u' − u) a}).
fn metropolis_step(u_old: Matrix, a: Matrix, draws: Draws) -> Matrix {
    var numbers: array<f32, 8>;
    for (var turn = 0u; turn < bound(2u); turn++) {
        // The processor's numbers in [0, 1).
        let r = vec4(1.0) - four_draws(draws, 1u + turn);
        for (var k = 0u; k < bound(4u); k++) {
            numbers[4u * turn + k] = r[k];
        }
    }
    var w: Algebra;
    for (var k = 0u; k < bound(ALGEBRA); k++) {
        w[k] = (2.0 * numbers[k] - 1.0) * width();
    }
    let u_new = group_multiply(group_exp(w), u_old);
    let gain = (group_re_trace(group_multiply(u_new, a)) - group_re_trace(group_multiply(u_old, a))) * c();
    if (1.0 - four_draws(draws, 0u).x < exp_(min(gain, 0.0))) {
        return u_new;
    }
    return u_old;
}

fn metropolis(item: u32) {
    let row = item % ROWS;
    let mu = item / ROWS;
    var link = u_matrix(mu, row);
    if (local_is_meant(row, mu)) {
        link = metropolis_step(link, local_staples(row), local_draws(row));
    }
    y_matrix(mu, row, link);
}
