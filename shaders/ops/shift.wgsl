// Periodic shift: y(x) = f(x + d), times the boundary phase; zero where x + d is on another sub-lattice.
//
// in    f(c, row): any fibre; hops(): [row of y]
// out   the component c at a row
// see   lattice-tensor/src/ops/shift.rs
#import hops
fn shift(c: u32, row: u32) -> f32 {
    let x = hop(hops(), row);
    let own = x.phase.x * f(c, x.row);
    if (!COMPLEX) {
        return select(0.0, own, x.exists);
    }
    // (a + ib)(p + iq): only complex fields meet complex phases.
    let cross = x.phase.y * f(1u - c, x.row);
    return select(0.0, own + select(cross, -cross, c == 0u), x.exists);
}
