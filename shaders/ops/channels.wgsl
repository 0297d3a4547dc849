// One channel of many: y(x) = f_s(x).
//
// in    f(c, row): any fibre; SOURCE: the channel
// out   the value at a row
// see   lattice-tensor/src/ops/channels.rs; the other way round, `Stack` writes a `switch` over its inputs
fn channels(c: u32, row: u32) -> f32 {
    return f(SOURCE, row);
}
