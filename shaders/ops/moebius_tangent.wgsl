// How value and logarithm of a mixture of Möbius maps depend on its parameters: y = a ∂y/∂p + b ∂(ln dy/dx)/∂p.
//
// in    x(c, row): angles; p(c, row): parameters; c(c, row): a, b; MIXTURES, FIRST_WEIGHT, SHIFTS, WEIGHTS, OFFSET, LAST
// out   y(c, row): an item is one row
// see   lattice-tensor/src/ops/moebius.rs
#import transforms
#include moebius_parameters
fn moebius_tangent(item: u32) {
    let u = wrap_(x(0u, item));
    let largest = moebius_largest(item);
    let sin = sin_(0.5 * u);
    let cos = cos_(0.5 * u);
    var slope = 0.0;
    var norm = 0.0;
    var value = 0.0;
    for (var i = 0u; i < bound(MIXTURES); i++) {
        let w = moebius_weight(i, item, largest);
        let at = moebius_at(sin, cos, moebius_scale(i, item), moebius_shift(i, item));
        slope = fma(w, at.slope, slope);
        norm += w;
        if (WEIGHTS) {
            value = fma(w, atan2_(at.n, cos), value);
        }
    }
    let a = c(0u, item) / norm;
    let b = c(1u, item) / slope;
    value /= norm;
    slope /= norm;
    if (OFFSET) {
        y(LAST, item, c(0u, item));
    }
    for (var i = 0u; i < bound(MIXTURES); i++) {
        let w = moebius_weight(i, item, largest);
        let e = moebius_scale(i, item);
        let at = moebius_at(sin, cos, e, moebius_shift(i, item));
        let to_log = b * at.slope;
        let of_log = 1.0 - 2.0 * at.n * (e * sin) * at.over_q;
        y(i, item, w * fma(a, at.slope * (2.0 * cos * sin), to_log * of_log));
        if (SHIFTS) {
            let of_y = 2.0 * cos * cos * at.over_q;
            y(MIXTURES + i, item, w * fma(a, of_y, -(to_log * (2.0 * at.n * cos * at.over_q))));
        }
        if (WEIGHTS) {
            let own = 2.0 * (atan2_(at.n, cos) - value);
            y(FIRST_WEIGHT + i, item, w * fma(a, own, b * (at.slope - slope)));
        }
    }
}
