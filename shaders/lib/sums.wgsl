// Numbers of twice the precision, as the unevaluated sum of two: a = a.x + a.y with |a.y| ≤ ulp(a.x) / 2.
//
// in    a, b; zero: a word that is 0, read from a buffer, so that no compiler knows it
// out   a + b, the error below 2⁻⁴⁶ (|a| + |b|)
// see   Dekker, Numer. Math. 18, 224 (1971); Knuth, TAOCP 2, §4.2.2
//
// WGSL lets a compiler rearrange sums, which would make every error term below vanish. It cannot look through the XOR.

fn keep(x: f32, zero: u32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) ^ zero);
}

// a + b, exactly.
fn two_sum(a: f32, b: f32, zero: u32) -> vec2<f32> {
    let s = keep(a + b, zero);
    let b_part = keep(s - a, zero);
    let a_part = keep(s - b_part, zero);
    return vec2(s, keep(a - a_part, zero) + keep(b - b_part, zero));
}

fn add(a: vec2<f32>, b: vec2<f32>, zero: u32) -> vec2<f32> {
    let s = two_sum(a.x, b.x, zero);
    return two_sum(s.x, keep(keep(a.y + b.y, zero) + s.y, zero), zero);
}
