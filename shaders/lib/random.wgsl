// Philox4x32-10: four random words are a function of a counter of four words and a key of two; uniform and normal
// numbers from them.
//
// in    counter, key
// out   words and uniform numbers bit-equal to the processor's, normal numbers within 2e-6 of it
// see   Salmon, Moraes, Dror, Shaw, SC11; lattice-tensor/src/random.rs

const PHILOX_MULTIPLIERS: vec2<u32> = vec2(0xD2511F53u, 0xCD9E8D57u);
const PHILOX_WEYL: vec2<u32> = vec2(0x9E3779B9u, 0xBB67AE85u);
const PHILOX_ROUNDS: u32 = 10u;

// The upper and the lower word of a product: schoolbook, with digits of 16 bits.
fn product(a: u32, b: u32) -> vec2<u32> {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let cross = (a >> 16u) * (b & 0xffffu);
    let other = (a & 0xffffu) * (b >> 16u);
    let middle = (low >> 16u) + (cross & 0xffffu) + (other & 0xffffu);
    let high = (a >> 16u) * (b >> 16u) + (cross >> 16u) + (other >> 16u) + (middle >> 16u);
    return vec2(high, a * b);
}

fn philox4x32(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    var c = counter;
    var k = key;
    for (var round = 0u; round < PHILOX_ROUNDS; round++) {
        let p = product(c.x, PHILOX_MULTIPLIERS.x);
        let q = product(c.z, PHILOX_MULTIPLIERS.y);
        c = vec4(q.x ^ c.y ^ k.x, q.y, p.x ^ c.w ^ k.y, p.y);
        k += PHILOX_WEYL;
    }
    return c;
}

// In [0, 1): the first 24 bits, exactly.
fn unit(words: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(words >> vec4(8u)) * 0x1p-24f;
}

// In (0, 1]: (w + 1/2) 2⁻³², for what is singular at 0; w is first rounded to 24 bits, by an addition, as some drivers
// cut where they convert.
fn centred(words: vec4<u32>) -> vec4<f32> {
    let rounded = vec4<f32>(words >> vec4(16u)) * 0x1p16f + vec4<f32>(words & vec4(0xffffu));
    return rounded * 0x1p-32f + 0x1p-33f;
}

// WGSL promises little of log, sin and cos, and some drivers give no more; hence the three below.
//
// ln u = e ln 2 + 2 artanh((m − 1) / (m + 1)) with u = m 2ᵉ, m in [3/4, 3/2), u positive and not subnormal.
fn ln(u: vec2<f32>) -> vec2<f32> {
    let bits = bitcast<vec2<u32>>(u);
    let e = bitcast<vec2<i32>>(bits - 0x3f400000u) >> vec2(23u);
    let m = bitcast<vec2<f32>>(bits - (bitcast<vec2<u32>>(e) << vec2(23u)));
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let series = 2.0 + z * (2.0 / 3.0 + z * (2.0 / 5.0 + z * (2.0 / 7.0 + z * (2.0 / 9.0))));
    return vec2<f32>(e) * 0.6931471805599453 + s * series;
}

// Cosine (xy) and sine (zw) of two angles in turns: the nearest quarter turn, then Taylor series up to π/4.
fn cos_sin_turns(t: vec2<f32>) -> vec4<f32> {
    let quarters = round(4.0 * t);
    let a = 6.283185307179586 * (t - 0.25 * quarters);
    let z = a * a;
    let s = a * (1.0 + z * (-1.0 / 6.0 + z * (1.0 / 120.0 + z * (-1.0 / 5040.0 + z / 362880.0))));
    let c = 1.0 + z * (-0.5 + z * (1.0 / 24.0 + z * (-1.0 / 720.0 + z / 40320.0)));
    let quadrant = vec2<u32>(quarters) & vec2(3u);
    let odd = (quadrant & vec2(1u)) == vec2(1u);
    let cos_negative = (quadrant == vec2(1u)) | (quadrant == vec2(2u));
    let sin_negative = quadrant >= vec2(2u);
    let cosine = select(c, s, odd);
    let sine = select(s, c, odd);
    return vec4(select(cosine, -cosine, cos_negative), select(sine, -sine, sin_negative));
}

// Box and Muller: √(−2 ln u₀) times cosine and sine of 2π u₁; two pairs.
fn normal(u: vec4<f32>) -> vec4<f32> {
    let radius = sqrt(-2.0 * ln(u.xz));
    let angle = cos_sin_turns(u.yw);
    return vec4(radius.x * angle.xz, radius.y * angle.yw);
}
