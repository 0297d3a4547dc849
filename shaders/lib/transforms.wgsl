// Möbius maps of the circle and the bins of rational-quadratic splines.
//
// in    numbers
// out   what the functions of the same names give on the processor
// see   lattice-tensor/src/lanes/transform
#import math
#import atan2

struct MoebiusAt {
    n: f32,
    over_q: f32,
    slope: f32,
    curvature: f32,
}

fn moebius_at(sin: f32, cos: f32, e: f32, b: f32) -> MoebiusAt {
    let n = fma(e, sin, b * cos);
    let over_q = 1.0 / fma(n, n, cos * cos);
    let turned = fma(e, cos, -(b * sin));
    return MoebiusAt(n, over_q, e * over_q, -(fma(n, turned, -(sin * cos)) * over_q));
}

struct SplineBin {
    number: u32,
    left: f32,
    bottom: f32,
    width: f32,
    height: f32,
    first: f32,
    last: f32,
}

// A slope, and its derivative with respect to the parameter: softplus(r + c) with softplus(c) = 0.999.
fn spline_slope(raw: f32) -> vec2<f32> {
    let r = raw + 0.5397424172369522;
    let e = exp_(-abs(r));
    return vec2(max(r, 0.0) + ln_(1.0 + e) + 0.001, select(e, 1.0, r > 0.0) / (1.0 + e));
}

struct SplinePlace {
    z: f32,
    rest: f32,
    product: f32,
    steep: f32,
    bend: f32,
    den: f32,
    over: f32,
}

fn spline_place(z: f32, steep: f32, d0: f32, d1: f32) -> SplinePlace {
    let rest = 1.0 - z;
    let product = z * rest;
    let bend = d0 + d1 - (steep + steep);
    let den = fma(bend, product, steep);
    let over = fma(d1, z * z, fma(steep + steep, product, d0 * (rest * rest)));
    return SplinePlace(z, rest, product, steep, bend, den, over);
}

// Derivatives with respect to z of denominator and numerator.
fn spline_rates(at: SplinePlace, d0: f32, d1: f32) -> vec2<f32> {
    let over = fma(d1, at.z, fma(at.steep, at.rest - at.z, -(d0 * at.rest)));
    return vec2(at.bend * (at.rest - at.z), over + over);
}

fn spline_curvature(at: SplinePlace, d0: f32, d1: f32) -> f32 {
    let rates = spline_rates(at, d0, d1);
    return rates.y / at.over - (rates.x + rates.x) / at.den;
}

fn spline_steepness(at: SplinePlace) -> f32 {
    let ratio = at.steep / at.den;
    return ratio * ratio * at.over;
}
