// Numbers rounded to the nearest that 16 bits hold, in integers: drivers may round sums as they like.
//
// in    x
// out   the nearest f16, ties to even: multiples of 2⁻²⁴ below 2⁻¹⁴, at most 65504 in magnitude, NaN for NaN; the
//       processor's bits
// see   IEEE 754-2008, §3.6 and §4.3.1; lattice-tensor/src/lanes/half.rs

fn half_of(x: f32) -> f32 {
    let word = bitcast<u32>(x);
    let sign = word & 0x80000000u;
    let size = min(word ^ sign, 0x477fe000u);
    if ((word ^ sign) > 0x7f800000u) {
        return x;
    }
    if (size < 0x38800000u) {
        // In units of 2⁻²⁴, below 2¹⁰: digits 2^(e − 126) with the biased exponent e.
        let shift = min(126u - (size >> 23u), 31u);
        let digits = (size & 0x007fffffu) | 0x00800000u;
        let units = (digits + ((1u << (shift - 1u)) - 1u) + ((digits >> shift) & 1u)) >> shift;
        return bitcast<f32>(bitcast<u32>(f32(units) * 0x1p-24f) | sign);
    }
    return bitcast<f32>(((size + 0x0fffu + ((size >> 13u) & 1u)) & 0xffffe000u) | sign);
}
