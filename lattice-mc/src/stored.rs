//! Configurations on disk: arrays `[chain][site…]` that NumPy and other codes read and write.
//!
//! | file | what it holds |
//! |---|---|
//! | `*.npy` | one array of `f64`, `f32` or `f16`, of shape `[chains, L_0, L_1, …]` (or `[configurations, L_0, …]`) |
//! | `*.safetensors` | the same as a tensor `phi` of type `F64`, `F32`, `F16` or `BF16` |

use crate::Error;
use half::f16;
use lattice_autograd::params::{NumberType, ParamsError, TensorFile, replace};
use npyz::WriterBuilder;
use std::io::{self, Write};
use std::path::Path;

/// Configurations on one lattice.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The extents of the lattice; for fields of several components followed by theirs, for links the directions and the
    /// numbers of a matrix.
    pub extents: Vec<usize>,
    /// The numbers, configuration by configuration, sites in the order of their numbers.
    pub numbers: Vec<f64>,
}

/// The name of the tensor in a safetensors file.
const TENSOR: &str = "phi";

impl Stored {
    /// How many configurations there are.
    pub fn count(&self) -> usize {
        self.numbers.len() / self.extents.iter().product::<usize>().max(1)
    }

    /// Reads a file, by the ending of its name.
    ///
    /// # Errors
    /// If it cannot be read, is no such file or damaged, or its numbers are no configurations.
    pub fn read(path: impl AsRef<Path>) -> Result<Stored, Error> {
        let path = path.as_ref();
        let refuse = |expected: &str, found: String| ParamsError::format(path, expected, found);
        let (shape, numbers) = match path.extension().and_then(|e| e.to_str()) {
            Some("npy") => read_npy(path)?,
            Some("safetensors") => {
                let mut file = TensorFile::read(path)?;
                let Some(tensor) = file.tensors.remove(TENSOR) else {
                    return Err(refuse("a tensor named phi", "none".into()).into());
                };
                (tensor.shape, tensor.values)
            }
            _ => return Err(refuse("a name that ends in .npy or .safetensors", "another".into()).into()),
        };
        match shape.as_slice() {
            [_, extents @ ..] if !extents.is_empty() && !shape.contains(&0) => {
                Ok(Stored { extents: extents.to_vec(), numbers })
            }
            _ => Err(refuse("an array [chain, L_0, L_1, …] that is not empty", format!("shape {shape:?}")).into()),
        }
    }

    /// Writes a file, by the ending of its name, with numbers rounded to a type. A file that is there is replaced when
    /// the new one is complete.
    ///
    /// # Errors
    /// If NumPy has no such type (`Bf16`), a number is too large for a type narrower than `F64` (or is none), or the disk
    /// does not take it.
    pub fn write(&self, path: impl AsRef<Path>, kept: NumberType) -> Result<(), Error> {
        let path = path.as_ref();
        self.check(path, kept)?;
        let shape: Vec<usize> = std::iter::once(self.count()).chain(self.extents.iter().copied()).collect();
        match path.extension().and_then(|e| e.to_str()) {
            Some("npy") => {
                let numbers = self.numbers.iter().map(|&x| kept.round(x).unwrap_or(x));
                match kept {
                    NumberType::F64 => Ok(replace(path, |out| write_npy(out, &shape, numbers))?),
                    NumberType::F32 => Ok(replace(path, |out| write_npy(out, &shape, numbers.map(|x| x as f32)))?),
                    NumberType::F16 => {
                        let numbers = numbers.map(|x| f16::from_f32(x as f32));
                        Ok(replace(path, |out| write_npy(out, &shape, numbers))?)
                    }
                    NumberType::Bf16 => {
                        let expected = "numbers of a type that NumPy has (f64, f32, f16; .safetensors have bf16)";
                        Err(ParamsError::format(path, expected, kept.name()).into())
                    }
                }
            }
            Some("safetensors") => {
                let mut file = TensorFile::new();
                file.insert_as(kept, TENSOR, &shape, self.numbers.clone())?;
                Ok(file.write(path)?)
            }
            _ => Err(ParamsError::format(path, "a name that ends in .npy or .safetensors", "another").into()),
        }
    }

    /// Refuses numbers that would become infinite.
    fn check(&self, path: &Path, kept: NumberType) -> Result<(), ParamsError> {
        let largest = kept.largest();
        let fits = |&x: &f64| kept == NumberType::F64 || x.abs() <= largest;
        let Some(at) = self.numbers.iter().position(|x| !fits(x)) else { return Ok(()) };
        let volume = self.extents.iter().product::<usize>().max(1);
        let (mut site, mut rest) = (vec![0; self.extents.len()], at % volume);
        for (x, extent) in site.iter_mut().zip(&self.extents).rev() {
            (*x, rest) = (rest % extent, rest / extent);
        }
        let expected = format!("numbers from {:?} to {largest:?}, to be kept as {kept}", -largest);
        let found = format!("{:?} in configuration {} at site {site:?}", self.numbers[at], at / volume);
        Err(ParamsError::format(path, expected, found))
    }
}

/// Writes an array in C order.
fn write_npy<T: npyz::AutoSerialize>(
    out: &mut impl Write,
    shape: &[usize],
    numbers: impl Iterator<Item = T>,
) -> io::Result<()> {
    let shape: Vec<u64> = shape.iter().map(|&n| n as u64).collect();
    let mut writer = npyz::WriteOptions::<T>::new().default_dtype().shape(&shape).writer(out).begin_nd()?;
    writer.extend(numbers)?;
    writer.finish()
}

/// The shape and the numbers of an array of `f64`, `f32` or `f16` in C order.
fn read_npy(path: &Path) -> Result<(Vec<usize>, Vec<f64>), ParamsError> {
    let refuse = |expected: &str, found: String| ParamsError::format(path, expected, found);
    let failed = |e: std::io::Error| refuse("a file that can be read", e.to_string());
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(refuse("an ordinary file", "something else".into()));
    }
    decode_npy(path, &std::fs::read(path).map_err(failed)?)
}

/// As [`read_npy`], from the file's bytes.
fn decode_npy(path: &Path, bytes: &[u8]) -> Result<(Vec<usize>, Vec<f64>), ParamsError> {
    let refuse = |expected: &str, found: String| ParamsError::format(path, expected, found);
    let whole = || npyz::NpyFile::new(bytes).map_err(|e| refuse("an array of NumPy", e.to_string()));
    let header = whole()?;
    if header.order() != npyz::Order::C {
        return Err(refuse("an array in C order", "one in Fortran order".into()));
    }
    let found = header.dtype().descr();
    let shape: Vec<usize> = header.shape().iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
    let count = shape.iter().try_fold(1_usize, |n, &extent| n.checked_mul(extent));
    // Before memory is asked for: a header may claim anything.
    if count.is_none_or(|count| count > bytes.len()) {
        return Err(refuse("as many numbers as the header says", format!("{} bytes for shape {shape:?}", bytes.len())));
    }
    type Numbers = Option<Result<Vec<f64>, io::Error>>;
    let of_f64: Numbers = header.try_data::<f64>().ok().map(Iterator::collect);
    let of_f32 = || whole().ok()?.try_data::<f32>().ok().map(|data| data.map(|x| x.map(f64::from)).collect());
    let of_f16 = || whole().ok()?.try_data::<f16>().ok().map(|data| data.map(|x| x.map(f64::from)).collect());
    match of_f64.or_else(of_f32).or_else(of_f16) {
        Some(Ok(numbers)) if Some(numbers.len()) == count => Ok((shape, numbers)),
        Some(Ok(numbers)) => Err(refuse("as many numbers as the header says", numbers.len().to_string())),
        Some(Err(error)) => Err(refuse("as many numbers as the header says", error.to_string())),
        None => {
            Err(refuse("numbers of type f8, f4 or f2", format!("type {}", found.trim_matches('\'').escape_debug())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    fn stored() -> Stored {
        Stored { extents: vec![2, 3], numbers: (0..24).map(|i| 0.25 * f64::from(i) - 1.0).collect() }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = folder();
        for name in ["a.npy", "a.safetensors"] {
            let path = folder.path().join(name);
            let mut lengths = Vec::new();
            // These numbers are exact in every type.
            for kept in NumberType::ALL.into_iter().filter(|&kept| name == "a.safetensors" || kept != NumberType::Bf16)
            {
                stored().write(&path, kept).unwrap();
                assert_eq!(Stored::read(&path).unwrap(), stored(), "{name}, {kept}");
                lengths.push(std::fs::metadata(&path).unwrap().len());
            }
            assert_eq!((lengths[0] - lengths[1], lengths[1] - lengths[2]), (4 * 24, 2 * 24), "bytes of 24 numbers");
        }
        assert_eq!(stored().count(), 4);
        assert!(stored().write(folder.path().join("a.txt"), NumberType::F64).is_err());
    }

    #[test]
    fn numbers_are_rounded_to_the_nearest() {
        let folder = folder();
        let mut rng = rand_pcg::Pcg64Mcg::seed_from_u64(3);
        let numbers: Vec<f64> = (0..6000).map(|_| rng.random_range(-3.0..3.0)).collect();
        let exact = Stored { extents: vec![2, 3], numbers };
        for (name, kept) in [
            ("a.npy", NumberType::F32),
            ("a.npy", NumberType::F16),
            ("a.safetensors", NumberType::F32),
            ("a.safetensors", NumberType::F16),
            ("a.safetensors", NumberType::Bf16),
        ] {
            let path = folder.path().join(name);
            exact.write(&path, kept).unwrap();
            let read = Stored::read(&path).unwrap();
            let expected: Vec<f64> = exact.numbers.iter().map(|&x| kept.round(x).unwrap()).collect();
            assert_eq!(read.numbers, expected, "{name}, {kept}");
            // What has been rounded stays.
            read.write(&path, kept).unwrap();
            assert_eq!(Stored::read(&path).unwrap(), read);
        }
    }

    #[test]
    fn numbers_too_large_are_refused_by_configuration_and_site() {
        let folder = folder();
        for (at, x, expected) in [(13, 65504.1, "configuration 2 at site [0, 1]"), (23, -1e5, "3 at site [1, 2]")] {
            for name in ["a.npy", "a.safetensors"] {
                let (path, mut large) = (folder.path().join(name), stored());
                large.numbers[at] = x;
                let error = large.write(&path, NumberType::F16).unwrap_err().to_string();
                assert!(error.contains(expected) && error.contains("from -65504.0 to 65504.0"), "{error}");
                assert!(error.contains(&format!("found {x:?} in")), "{error}");
                assert!(!path.exists());
                large.write(&path, NumberType::F32).unwrap();
                std::fs::remove_file(&path).unwrap();
                for none in [f64::NAN, f64::INFINITY] {
                    large.numbers[at] = none;
                    assert!(large.write(&path, NumberType::F16).is_err());
                    assert!(large.write(&path, NumberType::F32).is_err());
                }
            }
        }
        let mut edge = stored();
        edge.numbers[0] = -65504.0;
        let path = folder.path().join("edge.npy");
        edge.write(&path, NumberType::F16).unwrap();
        assert_eq!(Stored::read(path).unwrap(), edge);
    }

    #[test]
    fn numpy_has_no_bfloat16() {
        let folder = folder();
        let path = folder.path().join("a.npy");
        let error = stored().write(&path, NumberType::Bf16).unwrap_err().to_string();
        assert!(error.contains("found bf16") && error.contains(".safetensors") && !path.exists(), "{error}");
    }

    /// An array as another program wrote it.
    fn foreign(descr: &str, data: &[u8]) -> Vec<u8> {
        let mut header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1, 2, 2), }}");
        header.extend(std::iter::repeat_n(' ', 117 - header.len()));
        header.push('\n');
        [b"\x93NUMPY\x01\x00".as_slice(), &118_u16.to_le_bytes(), header.as_bytes(), data].concat()
    }

    #[test]
    fn half_precision_from_elsewhere_is_read() {
        // 1, -2, 65504 and the smallest subnormal.
        let bits = [0x3c00_u16, 0xc000, 0x7bff, 0x0001];
        let expected = (vec![1, 2, 2], vec![1.0, -2.0, 65504.0, f64::powi(2.0, -24)]);
        let (little, big) = (bits.map(u16::to_le_bytes).concat(), bits.map(u16::to_be_bytes).concat());
        assert_eq!(decode_npy(Path::new("a"), &foreign("'<f2'", &little)).unwrap(), expected);
        assert_eq!(decode_npy(Path::new("a"), &foreign("'>f2'", &big)).unwrap(), expected);
        // What ml_dtypes makes of bfloat16, whole numbers, and too few.
        for (descr, data) in [("'<V2'", &little[..]), ("'<i2'", &little), ("'<f2'", &little[..7])] {
            let error = decode_npy(Path::new("a"), &foreign(descr, data)).unwrap_err().to_string();
            assert!(error.starts_with("a: expected "), "{descr}: {error}");
        }
        let folder = folder();
        let path = folder.path().join("a.safetensors");
        for (dtype, data) in [("F16", &little), ("BF16", &[0x80, 0x3f, 0, 0xc0, 0x7f, 0x7f, 1, 0].to_vec())] {
            let header = format!(r#"{{"phi":{{"dtype":"{dtype}","shape":[1,2,2],"data_offsets":[0,8]}}}}"#);
            let file = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat();
            std::fs::write(&path, file).unwrap();
            let read = Stored::read(&path).unwrap();
            assert_eq!((&read.extents, &read.numbers[..2]), (&vec![2, 2], &[1.0, -2.0][..]), "{dtype}");
            let kept = if dtype == "F16" { NumberType::F16 } else { NumberType::Bf16 };
            assert_eq!(read.numbers[2], kept.largest());
        }
    }

    #[test]
    fn the_header_is_that_of_numpy() {
        let folder = folder();
        let path = folder.path().join("a.npy");
        for (kept, descr) in [(NumberType::F64, "<f8"), (NumberType::F32, "<f4"), (NumberType::F16, "<f2")] {
            stored().write(&path, kept).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            let header = String::from_utf8_lossy(&bytes[10..70]).into_owned();
            assert!(bytes.starts_with(b"\x93NUMPY") && header.contains(&format!("'descr': '{descr}'")), "{header}");
            assert!(header.contains("(4, 2, 3"), "{header}");
        }
    }

    #[test]
    fn damaged_files_are_read_or_refused() {
        let folder = folder();
        let path = folder.path().join("a.npy");
        let mut rng = rand_pcg::Pcg64Mcg::seed_from_u64(1);
        for kept in [NumberType::F64, NumberType::F16] {
            stored().write(&path, kept).unwrap();
            let whole = std::fs::read(&path).unwrap();
            let (mut read, mut refused) = (0, 0);
            for _ in 0..20_000 {
                let mut bytes = whole.clone();
                for _ in 0..rng.random_range(1..4) {
                    let at = rng.random_range(0..bytes.len());
                    bytes[at] = rng.random();
                }
                bytes.truncate(rng.random_range(1..2 * whole.len()));
                match decode_npy(&path, &bytes) {
                    Ok((shape, numbers)) => {
                        assert_eq!(numbers.len(), shape.iter().product::<usize>());
                        read += 1;
                    }
                    Err(_) => refused += 1,
                }
            }
            assert!(read > 100 && refused > 1000, "{kept}: {read} read, {refused} refused");
        }
    }
}
