// Mixtures of Möbius maps of the circle: y, ln dy/dx, and the derivative of the latter; or those of the inverse.
//
// in    x(c, row): angles; p(c, row): parameters; MIXTURES, FIRST_WEIGHT, SHIFTS, WEIGHTS, OFFSET, LAST, INVERSE
// out   y(c, row): an item is one row
// see   lattice-tensor/src/ops/moebius.rs
#import transforms
#include moebius_parameters
fn moebius_mixed(u: f32, row: u32, largest: f32) -> vec3<f32> {
    let sin = sin_(0.5 * u);
    let cos = cos_(0.5 * u);
    var sum = vec4(0.0);
    for (var i = 0u; i < bound(MIXTURES); i++) {
        let w = moebius_weight(i, row, largest);
        let at = moebius_at(sin, cos, moebius_scale(i, row), moebius_shift(i, row));
        let slope = w * at.slope;
        sum += vec4(w * atan2_(at.n, cos), slope, slope * at.curvature, w);
    }
    return vec3(2.0 * sum.x, sum.y, sum.z) / sum.w;
}

fn moebius(item: u32) {
    var offset = 0.0;
    if (OFFSET) {
        offset = p(LAST, item);
    }
    let at = select(x(0u, item), x(0u, item) - offset, INVERSE);
    var u = wrap_(at);
    let turns = at - u;
    let largest = moebius_largest(item);
    if (!INVERSE) {
        let mixed = moebius_mixed(u, item, largest);
        y(0u, item, mixed.x + turns + offset);
        y(1u, item, ln_(mixed.y));
        y(2u, item, mixed.z / mixed.y);
        return;
    }
    let wanted = u;
    var low = -3.141592653589793;
    var high = 3.141592653589793;
    for (var k = 0u; k < bound(128u); k++) {
        let mixed = moebius_mixed(u, item, largest);
        let off = mixed.x - wanted;
        if (off > 0.0) {
            high = u;
        } else {
            low = u;
        }
        if (!(abs(off) > 9.5367431640625e-7) || !(0.5 * (high - low) > 9.5367431640625e-7)) {
            break;
        }
        let newton = u - off / mixed.y;
        u = select(0.5 * (low + high), newton, low < newton && newton < high);
    }
    let mixed = moebius_mixed(u, item, largest);
    y(0u, item, u + turns);
    y(1u, item, -ln_(mixed.y));
    y(2u, item, -mixed.z / (mixed.y * mixed.y));
}
