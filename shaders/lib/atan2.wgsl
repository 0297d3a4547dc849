// The angle of a point in the plane.
//
// in    y, x
// out   atan2_(y, x) in [−π, π], within 4 units in the last place; 0 or ±π by the signs where both are 0
// see   lattice-tensor/src/lanes/math.rs, whose polynomial it is
fn atan2_(y: f32, x: f32) -> f32 {
    let y_size = abs(y);
    let x_size = abs(x);
    let steep = x_size < y_size;
    let less = select(y_size, x_size, steep);
    let more = select(x_size, y_size, steep);
    let t = select(less / more, less, (bitcast<u32>(more) & 0x7fffffffu) == 0u);
    let z = t * t;
    let p = -0.33333326900696775 + z * (0.1999967116348973 + z * (-0.14279833519834784 + z * (0.11058226316698617
        + z * (-0.08811099859306704 + z * (0.0674161391061757 + z * (-0.044690149267039854
        + z * (0.022540024007507917 + z * (-0.007318022948429952 + z * 0.001113800810603888))))))));
    let low = t + t * z * p;
    let angle = select(low, 1.5707963267948966 - low, steep);
    let back = select(angle, 3.141592653589793 - angle, (bitcast<u32>(x) & 0x80000000u) != 0u);
    return bitcast<f32>(bitcast<u32>(back) | (bitcast<u32>(y) & 0x80000000u));
}
