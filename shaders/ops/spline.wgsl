// Rational-quadratic splines: y, ln dy/dx, and the derivative of the latter; or those of the inverse.
//
// in    x(c, row): angles, or numbers in [−1, 1]; p(c, row): parameters; BINS, CIRCULAR, OFFSET, LAST, INVERSE
// out   y(c, row): an item is one row
// see   lattice-tensor/src/ops/spline.rs
#import transforms
#include spline_bins
fn spline(item: u32) {
    var offset = 0.0;
    if (OFFSET) {
        offset = p(LAST, item);
    }
    let at = select(x(0u, item), x(0u, item) - offset, INVERSE);
    let u = select(at, wrap_(at), CIRCULAR);
    let turns = at - u;
    let bin = spline_bin(u, item, spline_scale(0u, item), spline_scale(BINS, item), INVERSE);
    let d0 = spline_slope(bin.first).x;
    let d1 = spline_slope(bin.last).x;
    let steep = bin.height / bin.width;
    if (!INVERSE) {
        let z = max(min((u - bin.left) / bin.width, 1.0), 0.0);
        let place = spline_place(z, steep, d0, d1);
        let rise = fma(steep, z * z, d0 * place.product);
        y(0u, item, bin.height * rise / place.den + bin.bottom + turns + offset);
        y(1u, item, ln_(spline_steepness(place)));
        y(2u, item, spline_curvature(place, d0, d1) / bin.width);
        return;
    }
    let rise = max(min((u - bin.bottom) / bin.height, 1.0), 0.0);
    let bend = d0 + d1 - (steep + steep);
    let a = fma(rise, bend, steep - d0);
    let b = d0 - rise * bend;
    let c = -(steep * rise);
    let root = sqrt(max(fma(b, b, -(4.0 * a * c)), 0.0));
    let z = max(min(-(c + c) / (b + root), 1.0), 0.0);
    let place = spline_place(z, steep, d0, d1);
    let slope = spline_steepness(place);
    y(0u, item, fma(z, bin.width, bin.left) + turns);
    y(1u, item, -ln_(slope));
    y(2u, item, -spline_curvature(place, d0, d1) / (bin.width * slope));
}
