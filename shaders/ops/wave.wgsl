// A plane wave: y(x) = cos(p·x) or sin(p·x), the same in every sample.
//
// in    waves(): [row of y], the values, computed in f64 when the program is planned
// out   the value at a row
// see   lattice-tensor/src/ops/wave.rs
fn wave(c: u32, row: u32) -> f32 {
    return bitcast<f32>(tables[waves() + row]);
}
