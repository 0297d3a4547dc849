// Sum over nearest neighbours: y(x) = Σ_μ [f(x+μ) + f(x−μ)].
//
// in    f(c, row): any fibre; hops(): [2μ + (0 for +, 1 for −)][row of y]; DIRECTIONS, ROWS of y
// out   the component c at a row
// see   lattice-tensor/src/ops/neighbours.rs
#import hops
fn neighbour(c: u32, entry: u32) -> f32 {
    let x = hop(hops(), entry);
    let own = x.phase.x * f(c, x.row);
    if (!COMPLEX) {
        return select(0.0, own, x.exists);
    }
    // (a + ib)(p + iq): only complex fields meet complex phases.
    let cross = x.phase.y * f(1u - c, x.row);
    return select(0.0, own + select(cross, -cross, c == 0u), x.exists);
}

// Both neighbours of a direction are added first, as on the processor.
fn neighbours(c: u32, row: u32) -> f32 {
    var sum = 0.0;
    for (var mu = 0u; mu < bound(DIRECTIONS); mu++) {
        sum += neighbour(c, 2u * mu * ROWS + row) + neighbour(c, (2u * mu + 1u) * ROWS + row);
    }
    return sum;
}
