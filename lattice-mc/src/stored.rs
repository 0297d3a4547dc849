//! Configurations of a real field on disk: arrays `[chain][site…]` that NumPy and other codes read and write.
//!
//! | file | what it holds |
//! |---|---|
//! | `*.npy` | one array of `f32` or `f64`, of shape `[chains, L_0, L_1, …]` (or `[configurations, L_0, …]`) |
//! | `*.safetensors` | the same as a tensor `phi` of type `F64` or `F32` |

use crate::Error;
use lattice_autograd::params::{ParamsError, TensorFile, replace};
use lattice_tensor::Real;
use npyz::WriterBuilder;
use std::path::Path;

/// Configurations on one lattice.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The extents of the lattice.
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

    /// Writes a file, by the ending of its name, in the precision `R`; safetensors are always `F64`. A file that is
    /// there is replaced when the new one is complete.
    ///
    /// # Errors
    /// If the disk does not take it.
    pub fn write<R: Real>(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let shape: Vec<usize> = std::iter::once(self.count()).chain(self.extents.iter().copied()).collect();
        match path.extension().and_then(|e| e.to_str()) {
            Some("npy") => Ok(replace(path, |out| {
                let shape: Vec<u64> = shape.iter().map(|&n| n as u64).collect();
                if R::NAME == "f32" {
                    let options = npyz::WriteOptions::<f32>::new().default_dtype();
                    let mut writer = options.shape(&shape).writer(out).begin_nd()?;
                    writer.extend(self.numbers.iter().map(|&x| x as f32))?;
                    writer.finish()
                } else {
                    let options = npyz::WriteOptions::<f64>::new().default_dtype();
                    let mut writer = options.shape(&shape).writer(out).begin_nd()?;
                    writer.extend(self.numbers.iter().copied())?;
                    writer.finish()
                }
            })?),
            Some("safetensors") => {
                let mut file = TensorFile::new();
                file.insert(TENSOR, &shape, self.numbers.clone())?;
                Ok(file.write(path)?)
            }
            _ => Err(ParamsError::format(path, "a name that ends in .npy or .safetensors", "another").into()),
        }
    }
}

/// The shape and the numbers of an array of `f32` or `f64` in C order.
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
    let shape: Vec<usize> = header.shape().iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
    let count = shape.iter().try_fold(1_usize, |n, &extent| n.checked_mul(extent));
    // Before memory is asked for: a header may claim anything.
    if count.is_none_or(|count| count > bytes.len()) {
        return Err(refuse("as many numbers as the header says", format!("{} bytes for shape {shape:?}", bytes.len())));
    }
    let of_f64 = header.try_data::<f64>().ok().map(|data| data.collect::<Result<Vec<f64>, _>>());
    let of_f32 = || whole().ok()?.try_data::<f32>().ok().map(|data| data.map(|x| x.map(f64::from)).collect());
    match of_f64.or_else(of_f32) {
        Some(Ok(numbers)) if Some(numbers.len()) == count => Ok((shape, numbers)),
        Some(Ok(numbers)) => Err(refuse("as many numbers as the header says", numbers.len().to_string())),
        Some(Err(error)) => Err(refuse("as many numbers as the header says", error.to_string())),
        None => Err(refuse("numbers of type f4 or f8", "another type".into())),
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
            stored().write::<f64>(&path).unwrap();
            assert_eq!(Stored::read(&path).unwrap(), stored());
            // These numbers are exact in single precision.
            stored().write::<f32>(&path).unwrap();
            assert_eq!(Stored::read(&path).unwrap(), stored());
        }
        assert_eq!(stored().count(), 4);
        assert!(stored().write::<f64>(folder.path().join("a.txt")).is_err());
    }

    #[test]
    fn the_header_is_that_of_numpy() {
        let folder = folder();
        let path = folder.path().join("a.npy");
        stored().write::<f32>(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let header = String::from_utf8_lossy(&bytes[10..70]).into_owned();
        assert!(bytes.starts_with(b"\x93NUMPY") && header.contains("'descr': '<f4'"), "{header}");
        assert!(header.contains("(4, 2, 3"), "{header}");
    }

    #[test]
    fn damaged_files_are_read_or_refused() {
        let folder = folder();
        let path = folder.path().join("a.npy");
        stored().write::<f64>(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let mut rng = rand_pcg::Pcg64Mcg::seed_from_u64(1);
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
        assert!(read > 100 && refused > 1000, "{read} read, {refused} refused");
    }
}
