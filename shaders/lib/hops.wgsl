// Neighbours: a hop is a row and a twist; a twist is, for each lane, the lane it reads and the boundary phase.
//
// in    hops: (row, twist), row NONE where the neighbour is on another sub-lattice, twist 0 the identity;
//       twists: [twist][lane]
// out   the place of the neighbour and its phase
// see   Hop and Twist in lattice-tensor/src/layout.rs
#import layout

const NONE: u32 = 0xffffffffu;

struct Twist {
    lane: u32,
    re: f32,
    im: f32,
}

@group(1) @binding(0) var<storage, read> hops: array<vec2<u32>>;
@group(1) @binding(1) var<storage, read> twists: array<Twist>;

struct Neighbour {
    at: Place,
    phase: vec2<f32>,
    exists: bool,
}

// A neighbour that does not exist has a place that may be read, so that `select` may choose between it and zero.
fn neighbour(at: Place, entry: u32) -> Neighbour {
    let hop = hops[entry];
    if (hop.x == NONE) {
        return Neighbour(Place(at.block, 0u, at.lane), vec2(0.0), false);
    }
    if (hop.y == 0u) {
        return Neighbour(Place(at.block, hop.x, at.lane), vec2(1.0, 0.0), true);
    }
    let twist = twists[hop.y * ROW + at.lane];
    return Neighbour(Place(at.block, hop.x, twist.lane), vec2(twist.re, twist.im), true);
}
