// The random numbers of the link at a row.
//
// in    key(): of seed and stream
// out   draws, the last word with room for the block
// see   lattice-tensor/src/ops/local_update.rs
fn local_draws(row: u32) -> Draws {
    let low = run.draw.x + run.first + sample;
    let high = run.draw.z + select(0u, 1u, low < run.draw.x);
    return Draws(vec4(row, low, run.draw.y, (high << 16u) | run.draw.w), key());
}
