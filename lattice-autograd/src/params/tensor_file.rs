//! Named tensors and text on disk, as [safetensors](https://huggingface.co/docs/safetensors).
//!
//! ```text
//! n: u64 | header: n bytes of JSON, name -> dtype, shape, data_offsets | data, little-endian
//! ```
//! Tensors are written in the order of their names, those of wider numbers first, so that equal contents are equal files
//! and all numbers are aligned, with a checksum among the metadata. The header is written here because the crate writes metadata in the random order of a hash map;
//! it is read by the crate.

use super::replace::replace;
use super::{NumberType, ParamsError, digest};
use safetensors::SafeTensors;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The longest header that is written or read, in bytes: parsing needs a multiple of it.
const LONGEST_HEADER: usize = 1 << 24;

/// Named tensors with text beside them. Numbers are `f64` in memory and of each tensor's own type on disk.
///
/// ```
/// use lattice_autograd::params::TensorFile;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("pair.safetensors");
/// let mut file = TensorFile::new();
/// file.insert("pair", &[2], vec![1.0, -0.5])?;
/// file.metadata.insert("action".into(), "phi4".into());
/// file.write(&path)?;
/// let read = TensorFile::read(&path)?;
/// assert_eq!((read.tensors, read.metadata), (file.tensors, file.metadata));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TensorFile {
    /// The tensors by name.
    pub tensors: BTreeMap<String, Tensor>,
    /// Text by name, `__metadata__` in the file.
    pub metadata: BTreeMap<String, String>,
    /// Where it was read; errors name it.
    path: Option<PathBuf>,
    /// Whether it was read with a checksum, which then was right.
    checked: bool,
}

/// A shape and its numbers, row-major.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensor {
    /// The extents, slowest first; empty for a single number.
    pub shape: Vec<usize>,
    /// As many numbers as the product of the extents.
    pub values: Vec<f64>,
    /// How they are kept on disk; the values have no more digits than it has.
    pub kept: NumberType,
}

impl TensorFile {
    /// No tensors, no text.
    pub fn new() -> TensorFile {
        TensorFile::default()
    }

    /// Adds a tensor under a new name, kept as `F64`.
    pub fn insert(&mut self, name: &str, shape: &[usize], values: Vec<f64>) -> Result<(), ParamsError> {
        self.insert_as(NumberType::F64, name, shape, values)
    }

    /// Adds a tensor under a new name, rounded to a type of numbers.
    ///
    /// # Errors
    /// If the shape has another number of numbers, the name is there already, or a number is too large for the type.
    pub fn insert_as(
        &mut self,
        kept: NumberType,
        name: &str,
        shape: &[usize],
        mut values: Vec<f64>,
    ) -> Result<(), ParamsError> {
        for (i, x) in values.iter_mut().enumerate() {
            *x = kept.round(*x).ok_or_else(|| {
                let expected = format!("numbers up to {:?}, the largest {kept}", kept.largest());
                unfit(&self.place(), name, &expected, &format!("{x:?} as number {i}"))
            })?;
        }
        let tensor = Tensor { shape: shape.to_vec(), values, kept };
        tensor.check(name, &self.place())?;
        if self.tensors.contains_key(name) {
            return Err(unfit(&self.place(), name, "a new name", "a tensor that has this name"));
        }
        self.tensors.insert(name.to_string(), tensor);
        Ok(())
    }

    /// The numbers of a tensor of this name and shape.
    ///
    /// # Errors
    /// If there is no such tensor, or it has another shape.
    pub fn values(&self, name: &str, shape: &[usize]) -> Result<&[f64], ParamsError> {
        let expected = || format!("shape {shape:?}");
        match self.tensors.get(name) {
            None => Err(unfit(&self.place(), name, &expected(), "no such tensor")),
            Some(tensor) if tensor.shape != shape || tensor.check(name, "").is_err() => {
                Err(unfit(&self.place(), name, &expected(), &format!("shape {:?}", tensor.shape)))
            }
            Some(tensor) => Ok(&tensor.values),
        }
    }

    /// The groups that have tensors: what stands before the last `/` of their names, `""` for names without.
    pub fn groups(&self) -> BTreeSet<&str> {
        self.tensors.keys().map(|name| name.rsplit_once('/').map_or("", |(group, _)| group)).collect()
    }

    /// Writes to a new file that takes the place of the old one when it is complete and on the disk.
    ///
    /// On any failure the old file is as it was and nothing new is left beside it.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), ParamsError> {
        let path = path.as_ref();
        let header = self.header(path)?;
        replace(path, |out| {
            out.write_all(&(header.len() as u64).to_le_bytes())?;
            out.write_all(&header)?;
            let mut tensors = self.aligned().into_iter().map(|(_, tensor)| tensor);
            tensors.try_for_each(|tensor| tensor.values.iter().try_for_each(|&x| tensor.kept.write(x, out)))
        })
    }

    /// Reads tensors of type `F64`, `F32`, `F16` or `BF16`, widened exactly. A file with a checksum, which all have that
    /// were written here, must agree with it.
    ///
    /// Whatever the bytes, the result is a file of consistent tensors or an error, and no more memory is asked for
    /// than a small multiple of the file's length.
    pub fn read(path: impl AsRef<Path>) -> Result<TensorFile, ParamsError> {
        let path = path.as_ref();
        let failed = |e: io::Error| ParamsError::io(path, "read", &e);
        // Before it is opened, which may wait for ever if it is a pipe.
        if !fs::metadata(path).map_err(failed)?.is_file() {
            return Err(ParamsError::format(path, "an ordinary file", "something else"));
        }
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        TensorFile::decode(path, file, length)
    }

    /// Reads a file's `length` bytes.
    pub(super) fn decode(path: &Path, file: impl Read, length: u64) -> Result<TensorFile, ParamsError> {
        let bytes = bytes(path, file, length)?;
        let parsed = SafeTensors::read_metadata(&bytes);
        let (n, header) = parsed.map_err(|e| ParamsError::format(path, "a safetensors file", printable(&e)))?;
        let mut file = TensorFile { path: Some(path.to_path_buf()), ..TensorFile::default() };
        file.metadata.extend(header.metadata().iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
        for (name, info) in header.tensors() {
            let (start, end) = info.data_offsets;
            let kept = NumberType::of_dtype(info.dtype);
            let Some((kept, data)) = kept.zip(bytes.get(8 + n + start..8 + n + end)) else {
                let found = format!("type {}", info.dtype);
                return Err(unfit(&file.place(), &name, "type F64, F32, F16 or BF16", &found));
            };
            file.tensors.insert(name, Tensor { shape: info.shape.clone(), values: kept.read(data), kept });
        }
        if let Some(expected) = file.metadata.remove(digest::KEY) {
            let found = file.digest();
            if found != expected {
                let expected = format!("contents of SHA-256 {}", printable(&expected));
                return Err(ParamsError::format(path, expected, format!("{found}: the file is damaged")));
            }
            file.checked = true;
        }
        Ok(file)
    }

    /// Whether the file was read with a checksum.
    pub fn is_checked(&self) -> bool {
        self.checked
    }

    /// What errors call this file.
    pub(crate) fn place(&self) -> String {
        self.path.as_ref().map_or_else(|| "tensors in memory".to_string(), |path| path.display().to_string())
    }

    /// The tensors in the order of their names, those of wider numbers first.
    fn aligned(&self) -> Vec<(&String, &Tensor)> {
        let mut tensors: Vec<_> = self.tensors.iter().collect();
        tensors.sort_by_key(|(_, tensor)| Reverse(tensor.kept.bytes()));
        tensors
    }

    fn header(&self, path: &Path) -> Result<Vec<u8>, ParamsError> {
        let failed = |e: serde_json::Error| ParamsError::io(path, "write its header", &io::Error::other(e));
        let mut entries = serde_json::Map::new();
        let mut metadata = self.metadata.clone();
        metadata.insert(digest::KEY.to_string(), self.digest());
        entries.insert("__metadata__".to_string(), serde_json::to_value(&metadata).map_err(failed)?);
        let mut start = 0;
        for (name, tensor) in self.aligned() {
            tensor.check(name, &path.display().to_string())?;
            let end = start + tensor.kept.bytes() * tensor.values.len();
            let (dtype, shape) = (tensor.kept.dtype(), &tensor.shape);
            let entry = serde_json::json!({ "dtype": dtype, "shape": shape, "data_offsets": [start, end] });
            entries.insert(name.clone(), entry);
            start = end;
        }
        let mut header = serde_json::to_vec(&entries).map_err(failed)?;
        header.resize(header.len().next_multiple_of(size_of::<f64>()), b' ');
        match header.len() <= LONGEST_HEADER {
            true => Ok(header),
            false => Err(too_long(path, header.len() as u64)),
        }
    }
}

impl Tensor {
    fn check(&self, name: &str, place: &str) -> Result<(), ParamsError> {
        let length = self.shape.iter().try_fold(1_usize, |n, &extent| n.checked_mul(extent));
        if length != Some(self.values.len()) {
            let expected = format!("as many numbers as shape {:?} has", self.shape);
            return Err(unfit(place, name, &expected, &self.values.len().to_string()));
        }
        let digits = |&x: &f64| x.is_nan() || self.kept.round(x) == Some(x);
        if let Some(i) = self.values.iter().position(|x| !digits(x)) {
            let found = format!("{:?} as number {i}", self.values[i]);
            return Err(unfit(place, name, &format!("numbers of type {}", self.kept), &found));
        }
        match name == "__metadata__" {
            true => Err(unfit(place, name, "a name other than that of the metadata", "it")),
            false => Ok(()),
        }
    }
}

/// All bytes of a file whose first eight, the header's length, can be true.
fn bytes(path: &Path, mut file: impl Read, length: u64) -> Result<Vec<u8>, ParamsError> {
    let failed = |e: io::Error| ParamsError::io(path, "read", &e);
    let Some(left) = length.checked_sub(8) else {
        return Err(ParamsError::format(path, "a safetensors file", format!("only {length} bytes")));
    };
    let mut first = [0; 8];
    file.read_exact(&mut first).map_err(failed)?;
    let header = u64::from_le_bytes(first);
    if header > left {
        let found = format!("one of {header} bytes where {left} are left");
        return Err(ParamsError::format(path, "a header within the file", found));
    }
    if header > LONGEST_HEADER as u64 {
        return Err(too_long(path, header));
    }
    let mut bytes = Vec::new();
    let room = usize::try_from(length).is_ok_and(|n| bytes.try_reserve_exact(n).is_ok());
    if !room {
        return Err(ParamsError::format(path, "a file that fits into memory", format!("{length} bytes")));
    }
    bytes.extend(first);
    file.take(left).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// A message that may quote the file, cut and without control characters.
fn printable(message: &dyn std::fmt::Display) -> String {
    message.to_string().chars().take(200).flat_map(char::escape_debug).collect()
}

fn too_long(path: &Path, found: u64) -> ParamsError {
    ParamsError::format(path, format!("a header of at most {LONGEST_HEADER} bytes"), format!("one of {found}"))
}

pub(crate) fn unfit(place: &str, tensor: &str, expected: &str, found: &str) -> ParamsError {
    ParamsError::Tensor {
        path: place.to_string(),
        tensor: tensor.to_string(),
        expected: expected.to_string(),
        found: found.to_string(),
    }
}
