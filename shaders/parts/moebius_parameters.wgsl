// What maps and tangents of Möbius mixtures share: the parameters of each map.
//
// in    p(c, row); MIXTURES, FIRST_WEIGHT, SHIFTS, WEIGHTS
// out   e^s, b, and weights before they are made to sum to 1
// see   lattice-tensor/src/lanes/transform/moebius.rs

fn moebius_scale(i: u32, row: u32) -> f32 {
    return exp_(max(min(p(i, row), 40.0), -40.0));
}

fn moebius_shift(i: u32, row: u32) -> f32 {
    if (SHIFTS) {
        return max(min(p(MIXTURES + i, row), 2.3538526683702e17), -2.3538526683702e17);
    }
    return 0.0;
}

fn moebius_largest(row: u32) -> f32 {
    if (!WEIGHTS) {
        return 0.0;
    }
    var most = p(FIRST_WEIGHT, row);
    for (var i = 1u; i < bound(MIXTURES); i++) {
        most = max(most, p(FIRST_WEIGHT + i, row));
    }
    return most;
}

fn moebius_weight(i: u32, row: u32, largest: f32) -> f32 {
    if (WEIGHTS) {
        return exp_(p(FIRST_WEIGHT + i, row) - largest);
    }
    return 1.0;
}
