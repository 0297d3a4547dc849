// New values of the links of one direction and colour, under the weight exp(c Re tr(U A)), A the sum of staples.
//
// in    u(c, row); c(); key(): of seed and stream; staples(): see local_update/kernel.rs; ROWS, DIRECTIONS, MU, PATHS
// out   y(c, row): an item is one direction of one row; other links as they are
// see   lattice-tensor/src/ops/local_update.rs
#import group_updates
fn heat_bath_link(row: u32, mu: u32) -> Matrix {
    var m: Matrix;
    for (var k = 0u; k < bound(MATRIX); k++) {
        m[k] = u(mu * MATRIX + k, row);
    }
    return m;
}

// The sum of the staples of the link at a row, with their coefficients.
fn heat_bath_staples(row: u32) -> Matrix {
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
            let link = heat_bath_link(tables[rows + (5u * path + k) * ROWS + row], step / 2u);
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
fn heat_bath_draws(row: u32) -> Draws {
    let low = run.draw.x + run.first + sample;
    let high = run.draw.z + select(0u, 1u, low < run.draw.x);
    return Draws(vec4(row, low, run.draw.y, (high << 16u) | run.draw.w), key());
}

fn heat_bath(item: u32) {
    let row = item % ROWS;
    let mu = item / ROWS;
    var link = heat_bath_link(row, mu);
    if (mu == MU && tables[staples() + row] == 1u) {
        link = group_heat_bath(link, heat_bath_staples(row), c(), heat_bath_draws(row));
    }
    for (var k = 0u; k < bound(MATRIX); k++) {
        y(mu * MATRIX + k, row, link[k]);
    }
}
