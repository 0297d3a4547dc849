//! Named tensors and text on disk, as [safetensors](https://huggingface.co/docs/safetensors).
//!
//! ```text
//! n: u64 | header: n bytes of JSON, name -> dtype, shape, data_offsets | data, little-endian
//! ```
//! Tensors are written as `F64` in the order of their names, so that equal contents are equal files, with a checksum
//! among the metadata. The header is written here because the crate writes metadata in the random order of a hash map;
//! it is read by the crate.

use super::replace::replace;
use super::{ParamsError, digest};
use safetensors::{Dtype, SafeTensors};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The longest header that is written or read, in bytes: parsing needs a multiple of it.
const LONGEST_HEADER: usize = 1 << 24;

/// Named tensors of `f64` with text beside them.
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
}

impl TensorFile {
    /// No tensors, no text.
    pub fn new() -> TensorFile {
        TensorFile::default()
    }

    /// Adds a tensor under a new name.
    pub fn insert(&mut self, name: &str, shape: &[usize], values: Vec<f64>) -> Result<(), ParamsError> {
        let tensor = Tensor { shape: shape.to_vec(), values };
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
            let mut values = self.tensors.values().flat_map(|tensor| &tensor.values);
            values.try_for_each(|x| out.write_all(&x.to_le_bytes()))
        })
    }

    /// Reads tensors of type `F64` or `F32`, the latter widened exactly. A file with a checksum, which all have that
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
            let Some(values) = bytes.get(8 + n + start..8 + n + end).and_then(|data| numbers(info.dtype, data)) else {
                return Err(unfit(&file.place(), &name, "type F64 or F32", &format!("type {}", info.dtype)));
            };
            file.tensors.insert(name, Tensor { shape: info.shape.clone(), values });
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

    fn header(&self, path: &Path) -> Result<Vec<u8>, ParamsError> {
        let failed = |e: serde_json::Error| ParamsError::io(path, "write its header", &io::Error::other(e));
        let mut entries = serde_json::Map::new();
        let mut metadata = self.metadata.clone();
        metadata.insert(digest::KEY.to_string(), self.digest());
        entries.insert("__metadata__".to_string(), serde_json::to_value(&metadata).map_err(failed)?);
        let mut start = 0;
        for (name, tensor) in &self.tensors {
            tensor.check(name, &path.display().to_string())?;
            let end = start + size_of::<f64>() * tensor.values.len();
            let entry = serde_json::json!({ "dtype": "F64", "shape": tensor.shape, "data_offsets": [start, end] });
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

/// The numbers of a tensor, if they are of a type that is read.
fn numbers(dtype: Dtype, data: &[u8]) -> Option<Vec<f64>> {
    match dtype {
        Dtype::F64 => Some(data.as_chunks().0.iter().map(|&x| f64::from_le_bytes(x)).collect()),
        Dtype::F32 => Some(data.as_chunks().0.iter().map(|&x| f32::from_le_bytes(x).into()).collect()),
        _ => None,
    }
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
