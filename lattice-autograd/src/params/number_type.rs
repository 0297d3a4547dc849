//! Types of numbers in files, and rounding to them.

use half::{bf16, f16};
use lattice_tensor::Real;
use safetensors::Dtype;
use std::fmt;

/// How a number is kept in a file: IEEE 754 binary64, binary32, binary16, or bfloat16, the upper half of a binary32.
///
/// | | digits of the significand, in bits | largest | smallest normal |
/// |---|---|---|---|
/// | `F64` | 53 | 1.8·10³⁰⁸ | 2.2·10⁻³⁰⁸ |
/// | `F32` | 24 | 3.4·10³⁸ | 1.2·10⁻³⁸ |
/// | `F16` | 11 | 65504 | 6.1·10⁻⁵ |
/// | `Bf16` | 8 | 3.4·10³⁸ | 1.2·10⁻³⁸ |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NumberType {
    /// Double precision: nothing is lost.
    #[default]
    F64,
    /// Single precision.
    F32,
    /// Half precision.
    F16,
    /// The range of single precision in half of its bytes.
    Bf16,
}

impl NumberType {
    /// All of them.
    pub const ALL: [NumberType; 4] = [NumberType::F64, NumberType::F32, NumberType::F16, NumberType::Bf16];

    /// The type of the numbers of a precision.
    pub fn of<R: Real>() -> NumberType {
        if size_of::<R>() == size_of::<f32>() { NumberType::F32 } else { NumberType::F64 }
    }

    /// `f64`, `f32`, `f16` or `bf16`.
    pub fn name(self) -> &'static str {
        match self {
            NumberType::F64 => "f64",
            NumberType::F32 => "f32",
            NumberType::F16 => "f16",
            NumberType::Bf16 => "bf16",
        }
    }

    /// Bytes of a number.
    pub fn bytes(self) -> usize {
        match self {
            NumberType::F64 => 8,
            NumberType::F32 => 4,
            NumberType::F16 | NumberType::Bf16 => 2,
        }
    }

    /// The largest number.
    pub fn largest(self) -> f64 {
        match self {
            NumberType::F64 => f64::MAX,
            NumberType::F32 => f32::MAX.into(),
            NumberType::F16 => f16::MAX.into(),
            NumberType::Bf16 => bf16::MAX.into(),
        }
    }

    /// The nearest number of the type, the even one of two that are equally near; none if `x` is finite and beyond the
    /// largest. Infinities and numbers that are none stay what they are.
    ///
    /// ```
    /// use lattice_autograd::params::NumberType;
    /// assert_eq!(NumberType::F16.round(0.1), Some(0.0999755859375));
    /// assert_eq!(NumberType::F16.round(65505.0), None);
    /// ```
    pub fn round(self, x: f64) -> Option<f64> {
        match self {
            _ if x.is_finite() && x.abs() > self.largest() => None,
            NumberType::F64 => Some(x),
            NumberType::F32 => Some((x as f32).into()),
            NumberType::F16 => Some(f16::from_f32(to_odd(x)).into()),
            NumberType::Bf16 => Some(bf16::from_f32(to_odd(x)).into()),
        }
    }

    /// The bytes of a number that the type has, little-endian.
    pub(super) fn write(self, x: f64, out: &mut impl std::io::Write) -> std::io::Result<()> {
        match self {
            NumberType::F64 => out.write_all(&x.to_le_bytes()),
            NumberType::F32 => out.write_all(&(x as f32).to_le_bytes()),
            NumberType::F16 => out.write_all(&f16::from_f32(x as f32).to_le_bytes()),
            NumberType::Bf16 => out.write_all(&bf16::from_f32(x as f32).to_le_bytes()),
        }
    }

    /// The numbers that bytes hold, little-endian; what is left over at the end is no number.
    pub(super) fn read(self, data: &[u8]) -> Vec<f64> {
        match self {
            NumberType::F64 => data.as_chunks().0.iter().map(|&x| f64::from_le_bytes(x)).collect(),
            NumberType::F32 => data.as_chunks().0.iter().map(|&x| f32::from_le_bytes(x).into()).collect(),
            NumberType::F16 => data.as_chunks().0.iter().map(|&x| f16::from_le_bytes(x).into()).collect(),
            NumberType::Bf16 => data.as_chunks().0.iter().map(|&x| bf16::from_le_bytes(x).into()).collect(),
        }
    }

    /// The type's name in safetensors.
    pub(super) fn dtype(self) -> Dtype {
        match self {
            NumberType::F64 => Dtype::F64,
            NumberType::F32 => Dtype::F32,
            NumberType::F16 => Dtype::F16,
            NumberType::Bf16 => Dtype::BF16,
        }
    }

    /// The type of this name in safetensors, if it is one of these.
    pub(super) fn of_dtype(dtype: Dtype) -> Option<NumberType> {
        NumberType::ALL.into_iter().find(|number| number.dtype() == dtype)
    }
}

impl fmt::Display for NumberType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `x` in single precision, rounded to odd: towards zero, and the last bit set if anything was cut off. Rounding that
/// to 22 bits or fewer gives what rounding `x` itself gives, where rounding to nearest twice would not (Boldo, Melquiond,
/// IEEE Trans. Comput. 57 (2008) 462). `half` rounds `f64` twice, or forgets its lower 32 bits.
fn to_odd(x: f64) -> f32 {
    let near = x as f32;
    if f64::from(near) == x || !x.is_finite() {
        return near;
    }
    let away = f64::from(near).abs() > x.abs();
    f32::from_bits((near.to_bits() - u32::from(away)) | 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    /// All finite numbers of a type of two bytes that are not negative, in order.
    fn all(number: NumberType) -> Vec<f64> {
        let bytes: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        let mut all: Vec<f64> =
            number.read(&bytes).into_iter().filter(|x| x.is_finite() && x.is_sign_positive()).collect();
        all.sort_by(f64::total_cmp);
        all
    }

    #[test]
    fn rounding_is_to_nearest_even_everywhere() {
        for number in [NumberType::F16, NumberType::Bf16] {
            let all = all(number);
            assert_eq!(all.last(), Some(&number.largest()));
            for (i, pair) in all.windows(2).enumerate() {
                let &[below, above] = pair else { unreachable!("pairs") };
                // Exact in f64: neither has more than 11 bits.
                let middle = 0.5 * (below + above);
                let even = if i % 2 == 0 { below } else { above };
                for sign in [1.0, -1.0] {
                    let round = |x: f64| number.round(sign * x).map(|x| sign * x);
                    assert_eq!(round(below), Some(below));
                    assert_eq!(round(middle), Some(even), "{number}: {middle:e}");
                    assert_eq!(round(middle.next_up()), Some(above), "{number}: above {middle:e}");
                    assert_eq!(round(middle.next_down()), Some(below), "{number}: below {middle:e}");
                    assert_eq!(round(above.next_down()), Some(above));
                }
            }
        }
    }

    #[test]
    fn what_is_beyond_the_largest_is_no_infinity() {
        for number in [NumberType::F32, NumberType::F16, NumberType::Bf16] {
            for sign in [1.0, -1.0] {
                assert_eq!(number.round(sign * number.largest()), Some(sign * number.largest()));
                assert_eq!(number.round(sign * number.largest().next_up()), None, "{number}");
                assert_eq!(number.round(sign * f64::MAX), None);
                assert_eq!(number.round(sign * f64::INFINITY), Some(sign * f64::INFINITY));
                assert!(number.round(sign * 1e-300).is_some_and(|x| x == 0.0 && x.is_sign_negative() == (sign < 0.0)));
            }
            assert!(number.round(f64::NAN).is_some_and(f64::is_nan));
        }
    }

    #[test]
    fn rounded_numbers_survive_their_bytes() {
        let mut rng = rand_pcg::Pcg64Mcg::seed_from_u64(1);
        for number in NumberType::ALL {
            for _ in 0..10_000 {
                let x = rng.random_range(-1.0..1.0) * f64::powi(2.0, rng.random_range(-30..16));
                let rounded = number.round(x).expect("a number below the largest");
                let mut bytes = Vec::new();
                number.write(rounded, &mut bytes).expect("memory");
                assert_eq!((number.read(&bytes), bytes.len()), (vec![rounded], number.bytes()));
                assert_eq!(number.round(rounded), Some(rounded));
            }
        }
    }
}
