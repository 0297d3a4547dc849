// How value and logarithm of a spline depend on its parameters: y = a ∂y/∂p + b ∂(ln dy/dx)/∂p.
//
// in    x(c, row): where; p(c, row): parameters; c(c, row): a, b; BINS, CIRCULAR, OFFSET, LAST
// out   y(c, row): an item is one row
// see   lattice-tensor/src/ops/spline.rs
#import transforms
#include spline_bins
// The cotangents of the lengths of all bins, from those of the beginning and the length of the one that holds the point.
fn spline_lengths(first: u32, item: u32, scale: vec2<f32>, number: u32, start: f32, own: f32, to_start: f32, to_own: f32) {
    let before = start + spline_half() - f32(number) * spline_least();
    let mean = fma(to_start, before, to_own * (own - spline_least())) / spline_free();
    for (var j = 0u; j < bound(BINS); j++) {
        let cotangent = select(select(to_own, 0.0, number < j), to_start, j < number);
        y(first + j, item, spline_share(first, j, item, scale) * (cotangent - mean));
    }
}

fn spline_tangent(item: u32) {
    let at = x(0u, item);
    let u = select(at, wrap_(at), CIRCULAR);
    let a = c(0u, item);
    let b = c(1u, item);
    let wide = spline_scale(0u, item);
    let high = spline_scale(BINS, item);
    let bin = spline_bin(u, item, wide, high, false);
    let first = spline_slope(bin.first);
    let last = spline_slope(bin.last);
    let z = max(min((u - bin.left) / bin.width, 1.0), 0.0);
    let steep = bin.height / bin.width;
    let place = spline_place(z, steep, first.x, last.x);
    let rates = spline_rates(place, first.x, last.x);
    let share = fma(steep, z * z, first.x * place.product) / place.den;
    let to_rise = a * bin.height / place.den;
    let to_den = -((b + b) / place.den) - to_rise * share;
    let to_over = b / place.over;
    let rise_z = 2.0 * fma(steep, z, first.x * (0.5 - z));
    let of_z = fma(to_rise, rise_z, fma(to_den, rates.x, to_over * rates.y));
    let of_steep = fma(to_rise, z * z, fma(to_den, 1.0 - 2.0 * place.product, to_over * (2.0 * place.product)))
        + (b + b) / steep;
    let of_first = fma(to_rise + to_den, place.product, to_over * (place.rest * place.rest)) * first.y;
    let of_last = fma(to_den, place.product, to_over * (z * z)) * last.y;
    let to_width = -((of_z * z + of_steep * steep) / bin.width);
    let to_height = fma(a, share, of_steep / bin.width);
    spline_lengths(0u, item, wide, bin.number, bin.left, bin.width, -(of_z / bin.width), to_width);
    spline_lengths(BINS, item, high, bin.number, bin.bottom, bin.height, a, to_height);
    if (OFFSET) {
        y(LAST, item, a);
    }
    let next = select(bin.number + 1u, 0u, CIRCULAR && bin.number + 1u == BINS);
    for (var j = 0u; j < bound(BINS + select(1u, 0u, CIRCULAR)); j++) {
        y(2u * BINS + j, item, select(0.0, of_first, j == bin.number) + select(0.0, of_last, j == next));
    }
}
