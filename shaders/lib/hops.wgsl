// Neighbours: the row of a neighbour and the boundary phase on the way.
//
// in    tables: [entry], the row, or NONE where the neighbour is on another sub-lattice; if TWISTED, [entry][3], with the
//       phase (re, im) behind the row
// out   the row and the phase; a neighbour that does not exist has row 0, which may be read, and is to be left out
// see   Hop and Twist in lattice-tensor/src/layout.rs

const NONE: u32 = 0xffffffffu;

struct Hop {
    row: u32,
    phase: vec2<f32>,
    exists: bool,
}

fn hop(begin: u32, entry: u32) -> Hop {
    if (TWISTED) {
        let at = begin + 3u * entry;
        let row = tables[at];
        let phase = vec2(bitcast<f32>(tables[at + 1u]), bitcast<f32>(tables[at + 2u]));
        return Hop(select(row, 0u, row == NONE), phase, row != NONE);
    }
    let row = tables[begin + entry];
    return Hop(select(row, 0u, row == NONE), vec2(1.0, 0.0), row != NONE);
}
