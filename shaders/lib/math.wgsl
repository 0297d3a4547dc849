// Elementary functions that are the same on every driver: WGSL promises little of its own (tanh to 10⁻⁵, NaN at large
// arguments; sin of large angles arbitrary).
//
// in    x
// out   f(x), within the following units in the last place where sums, products and conversions are rounded to nearest
//       and quotients are right; a quotient that is not adds its error, up to 2.5:
//           exp_ 1.5   ln_ 1.5   tanh_ 3   sigmoid_ 3   sin_, cos_, wrap_ 2 (|x| < 2²⁰; NaN beyond)
//       NaN for NaN. exp_ is infinite from ln 2¹²⁸ on; what is less than the least normal number may be 0.
// see   lattice-tensor/src/lanes/math.rs, whose polynomials these are; Payne and Hanek, SIGNUM 18, 19 (1983)
//
// Arguments are reduced in integers, modulo 2³² or 2⁹⁶: a compiler may rearrange sums of floating-point numbers, which
// would undo a reduction by Cody and Waite. What is left are sums without cancellation, right in any order, with fused
// operations or without. Bits are tested where others compare, as NaN and infinities need not compare.

fn is_nan(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// The magnitude of x with the sign of s.
fn copy_sign(x: f32, s: f32) -> f32 {
    return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | (bitcast<u32>(s) & 0x80000000u));
}

struct ExpParts {
    n: i32,
    tail: f32, // exp r − 1
}

// x = n ln 2 + r with |r| ≤ ln(2)/2, for −150 < x < 90. In units of 2⁻³², r is the difference of the fraction of x and
// n ln 2, as whole numbers are 0 modulo 2³². The tail is relatively accurate.
fn exp_parts(x: f32) -> ExpParts {
    // The sum has no bits after the point; its lowest ones are n.
    let n = bitcast<i32>(x * 1.4426950408889634 + 12582912.0) - 0x4b400000;
    let fraction = bitcast<u32>(i32((x - floor(x + 0.5)) * 4294967296.0));
    let rest = bitcast<i32>(fraction - bitcast<u32>(n) * 2977044472u);
    let r = select(f32(rest) * 2.3283064365386963e-10, x, n == 0);
    let p = 0.4999999813133331 + r * (0.16666542667288525 + r * (0.04166720449448271
        + r * (0.008366648649443685 + r * 0.0013882462859762371)));
    return ExpParts(n, r + r * r * p);
}

// eˣ
fn exp_(x: f32) -> f32 {
    let parts = exp_parts(max(min(x, 89.0), -104.0));
    // Factors of 2 by their exponents; results below 2⁻⁶⁰ come with 2⁶⁴ first, so that those below 2⁻¹²⁶ are rounded.
    let small = parts.n < -60;
    let exponent = parts.n + select(0, 64, small);
    let power = bitcast<u32>(1.0 + parts.tail) + (bitcast<u32>(exponent) << 23u);
    let value = bitcast<f32>(power) * select(1.0, 5.421010862427522e-20, small);
    let over = bitcast<i32>(x) > 0x42b17217;
    let bits = select(bitcast<u32>(value), 0x7f800000u, over);
    return bitcast<f32>(select(bits, bitcast<u32>(x), is_nan(x)));
}

// ln x = e ln 2 + ln m with x = m 2ᵉ, m in [3/4, 3/2); −∞ at zeros, NaN below.
fn ln_(x: f32) -> f32 {
    let of_x = bitcast<u32>(x);
    // Subnormal numbers are whole multiples of 2⁻¹⁴⁹.
    let subnormal = of_x < 0x00800000u;
    let bits = select(of_x, bitcast<u32>(f32(of_x)), subnormal);
    let above = bitcast<i32>(bits - 0x3f400000u) >> 23u;
    let f = bitcast<f32>(bits - (bitcast<u32>(above) << 23u)) - 1.0;
    let e = f32(above - select(0, 149, subnormal));
    let p = 0.33333449099810003 + f * (-0.25000095797307836 + f * (0.19990861692007195
        + f * (-0.16647314009725092 + f * (0.14478392736364054 + f * (-0.13161173076679112
        + f * (0.10462997578622425 + f * -0.04507469522360562))))));
    let square = f * f;
    let tail = square * (f * p - 0.5) + e * 5.769999047543285e-8;
    let value = bitcast<u32>(e * 0.6931471228599548 + (f + tail));
    let finite = select(value, of_x, of_x >= 0x7f800000u);
    let positive = select(finite, 0x7fc00000u, of_x > 0x80000000u);
    return bitcast<f32>(select(positive, 0xff800000u, (of_x & 0x7fffffffu) == 0u));
}

// With E = exp(−2|x|) − 1, tanh |x| = −E / (2 + E).
fn tanh_(x: f32) -> f32 {
    let size = abs(x);
    let parts = exp_parts(-min(size + size, 40.0));
    let power = bitcast<f32>(bitcast<u32>(127 + parts.n) << 23u);
    let e = select(power * parts.tail + (power - 1.0), parts.tail, parts.n == 0);
    let value = copy_sign(e / (e + 2.0), x);
    return bitcast<f32>(select(bitcast<u32>(value), bitcast<u32>(x), is_nan(x)));
}

// 1 / (1 + e⁻ˣ)
fn sigmoid_(x: f32) -> f32 {
    let e = exp_(-abs(x));
    let value = select(1.0, e, x < 0.0) / (1.0 + e);
    return bitcast<f32>(select(bitcast<u32>(value), bitcast<u32>(x), is_nan(x)));
}

// The upper word of a product: schoolbook, with digits of 16 bits.
fn upper(a: u32, b: u32) -> u32 {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let cross = (a >> 16u) * (b & 0xffffu);
    let other = (a & 0xffffu) * (b >> 16u);
    let middle = (low >> 16u) + (cross & 0xffffu) + (other & 0xffffu);
    return (a >> 16u) * (b >> 16u) + (cross >> 16u) + (other >> 16u) + (middle >> 16u);
}

struct Angle {
    quarters: u32, // modulo 4
    r: f32,
}

// |x| = (quarters + r 2/π) π/2 with |r| ≤ π/4, for |x| < 2²⁰. With x = m 2⁻ˢ, m a whole number of 24 bits, m 2/π
// modulo 4 in units of 2⁻⁹⁴, of which the upper 64 bits are kept: r is relatively accurate, near the zeros too.
fn angle(x: f32) -> Angle {
    let bits = bitcast<u32>(x) & 0x7fffffffu;
    let m = (bits & 0x007fffffu) | 0x00800000u;
    // Shifts are 6 to 26 where they count, from π/4 on.
    let shift = (152u - (bits >> 23u)) & 31u;
    let back = (32u - shift) & 31u;
    let k2 = 0xa2f9836eu >> shift;
    let k1 = (0xa2f9836eu << back) | (0x4e441529u >> shift);
    let k0 = (0x4e441529u << back) | (0xfc2757d1u >> shift);
    let lower = m * k1;
    let low = lower + upper(m, k0);
    let high = m * k2 + upper(m, k1) + select(0u, 1u, low < lower);
    let quarters = (high + 0x20000000u) >> 30u;
    let rest = high - (quarters << 30u);
    // The magnitude of rest · 2³² + low.
    let negative = rest >= 0x80000000u;
    let size_low = select(low, ~low + 1u, negative);
    let size_high = select(rest, ~rest + select(0u, 1u, low == 0u), negative);
    // Its first 32 bits, times π/4 as a fraction of 2³²: rounded once, where it becomes a floating-point number.
    let zeros = countLeadingZeros(size_high);
    let both = (size_high << (zeros & 31u)) | (size_low >> ((32u - zeros) & 31u));
    let size = upper(select(both, size_low, size_high == 0u), 0xc90fdaa2u);
    let r = f32(size) * bitcast<f32>((98u - zeros) << 23u);
    let inside = bits < 0x3f490fdbu;
    return Angle(select(quarters, 0u, inside), select(select(r, -r, negative), bitcast<f32>(bits), inside));
}

fn sin_of(r: f32) -> f32 {
    let z = r * r;
    return r + r * z * (-0.16666653864307612 + z * (0.008332113061191219 + z * -0.00019508742458106826));
}

fn cos_of(r: f32) -> f32 {
    let z = r * r;
    return 1.0 + z * (-0.5 + z * (0.041666645655612004 + z * (-0.0013887306167827194 + z * 2.443121765374481e-5)));
}

// The function of x + quarters π/2 for which value is that of |x|; its sign is turned where sign has its upper bit.
fn of_angle(x: f32, value: f32, sign: u32) -> f32 {
    let turned = bitcast<u32>(value) ^ (sign & 0x80000000u);
    return bitcast<f32>(select(turned, 0x7fc00000u, (bitcast<u32>(x) & 0x7fffffffu) >= 0x49800000u));
}

fn sin_(x: f32) -> f32 {
    let a = angle(x);
    let value = select(sin_of(a.r), cos_of(a.r), (a.quarters & 1u) == 1u);
    return of_angle(x, value, (a.quarters << 30u) ^ bitcast<u32>(x));
}

fn cos_(x: f32) -> f32 {
    let a = angle(x);
    let value = select(cos_of(a.r), sin_of(a.r), (a.quarters & 1u) == 1u);
    return of_angle(x, value, (a.quarters + 1u) << 30u);
}

// x − 2π n in [−π, π], n whole: its quarters and the rest of them, of which 2 or −2 are nearer.
fn wrap_(x: f32) -> f32 {
    let a = angle(x);
    let whole = select(select(-1.0, 2.0, a.quarters == 2u), f32(a.quarters), a.quarters < 2u);
    let down = a.quarters == 2u && a.r > 0.0;
    let value = a.r + 1.5707963267948966 * select(whole, -2.0, down);
    let bits = bitcast<u32>(value) ^ (bitcast<u32>(x) & 0x80000000u);
    let size = bitcast<u32>(x) & 0x7fffffffu;
    return bitcast<f32>(select(bits, 0x7fc00000u, size >= 0x49800000u));
}
