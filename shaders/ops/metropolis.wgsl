// One step of Metropolis of the links of one direction and colour, under the weight exp(c Re tr(U A)), A the sum of staples.
//
// in    u(c, row); c(), width(); key(): of seed and stream; staples(): see local_update/kernel.rs; ROWS, DIRECTIONS, MU, PATHS
// out   y(c, row): an item is one direction of one row; other links as they are
// see   lattice-tensor/src/ops/local_update.rs
#import group_updates
fn metropolis_link(row: u32, mu: u32) -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        m[k] = u(mu * MATRIX + k, row);
    }
    return m;
}

// The sum of the staples of the link at a row, with their coefficients.
fn metropolis_staples(row: u32) -> Matrix {
    let lengths = staples() + ROWS;
    let steps = lengths + 2u * PATHS;
    let rows = steps + 5u * PATHS;
    var sum: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        sum[k] = 0.0;
    }
    for (var path = 0u; path < bound(PATHS); path++) {
        var product = group_one();
        for (var k = 0u; k < bound(tables[lengths + 2u * path]); k++) {
            let step = tables[steps + 5u * path + k];
            let link = metropolis_link(tables[rows + (5u * path + k) * ROWS + row], step / 2u);
            if ((step & 1u) == 1u) {
                product = group_multiply_adjoint(product, link);
            } else {
                product = group_multiply(product, link);
            }
        }
        let coefficient = bitcast<f32>(tables[lengths + 2u * path + 1u]);
        for (var k = 0u; k < bound(MATRIX); k++) {
            sum[k] = fma(product[k], coefficient, sum[k]);
        }
    }
    return sum;
}

// The draws of the link at a row; the last word has room for the block.
fn metropolis_draws(row: u32) -> Draws {
    let low = run.draw.x + run.first + sample;
    let high = run.draw.z + select(0u, 1u, low < run.draw.x);
    return Draws(vec4(row, low, run.draw.y, (high << 16u) | run.draw.w), key());
}

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
    var link = metropolis_link(row, mu);
    if (mu == MU && tables[staples() + row] == 1u) {
        link = metropolis_step(link, metropolis_staples(row), metropolis_draws(row));
    }
    for (var k = 0u; k < bound(MATRIX); k++) {
        y(mu * MATRIX + k, row, link[k]);
    }
}
