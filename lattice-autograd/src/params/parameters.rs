//! The numbers that are learnt: one flat buffer of `f64` with named, shaped ranges.
//!
//! Optimisers see the buffer whole; programs get a copy of it in their own precision, made anew after every step, so
//! that small updates are not lost to rounding in `f32`.

use super::ParamsError;
use lattice_tensor::Real;
use std::collections::BTreeMap;
use std::ops::Range;

/// Named parameters in one flat buffer, in the order in which they were added, each row-major.
///
/// ```
/// use lattice_autograd::params::Parameters;
/// let mut parameters = Parameters::new();
/// let weight = parameters.add("conv.weight", &[3, 2], |i| 0.1 * i as f64)?;
/// parameters.add("conv.bias", &[2], |_| 0.0)?;
/// assert_eq!((weight, parameters.len()), (0..6, 8));
/// assert_eq!(parameters.get("conv.bias"), Some(&[0.0, 0.0][..]));
///
/// let mut single = [0.0_f32; 8];
/// parameters.copy_to(&mut single)?;
/// assert_eq!(single[3], 0.3);
/// # Ok::<(), lattice_autograd::params::ParamsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters {
    values: Vec<f64>,
    entries: Vec<Entry>,
    index: BTreeMap<String, usize>,
}

/// One named parameter: where its numbers lie in the flat buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name, unique among the parameters.
    pub name: String,
    /// The extents, slowest first; empty for a single number.
    pub shape: Vec<usize>,
    /// Which numbers of the flat buffer.
    pub range: Range<usize>,
}

impl Parameters {
    /// No parameters yet.
    pub fn new() -> Parameters {
        Parameters::default()
    }

    /// Appends a parameter, its `i`th number (row-major) being `init(i)`, and returns where it lies.
    ///
    /// The name must be new, not empty, and without `/`, which is kept for the buffers of optimisers; the numbers must
    /// be finite. On an error nothing is added.
    pub fn add(
        &mut self,
        name: &str,
        shape: &[usize],
        mut init: impl FnMut(usize) -> f64,
    ) -> Result<Range<usize>, ParamsError> {
        let refused = |expected: &str, found: String| {
            Err(ParamsError::Parameter { name: name.to_string(), expected: expected.to_string(), found })
        };
        if name.is_empty() || name.contains('/') || name == "__metadata__" {
            return refused("a name that is not empty, has no `/` and is not `__metadata__`", format!("{name:?}"));
        }
        if self.index.contains_key(name) {
            return refused("a new name", "a parameter that has this name".to_string());
        }
        let start = self.values.len();
        let length = shape.iter().try_fold(1_usize, |n, &extent| n.checked_mul(extent));
        let Some(length) = length.filter(|&n| self.values.try_reserve(n).is_ok()) else {
            return refused("a shape that fits into memory", format!("{shape:?}"));
        };
        self.values.extend((0..length).map(&mut init));
        if let Some(i) = self.values[start..].iter().position(|x| !x.is_finite()) {
            let found = format!("{} at {i}", self.values[start + i]);
            self.values.truncate(start);
            return refused("finite numbers", found);
        }
        let range = start..start + length;
        self.index.insert(name.to_string(), self.entries.len());
        self.entries.push(Entry { name: name.to_string(), shape: shape.to_vec(), range: range.clone() });
        Ok(range)
    }

    /// All numbers.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// All numbers, to be changed.
    pub fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }

    /// How many numbers.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no numbers.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The numbers of one parameter.
    pub fn get(&self, name: &str) -> Option<&[f64]> {
        self.entry(name).map(|entry| &self.values[entry.range.clone()])
    }

    /// Where one parameter lies.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.index.get(name).map(|&i| &self.entries[i])
    }

    /// All parameters, in the order of the flat buffer.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// Rounds all numbers to a program's precision. Allocates nothing.
    ///
    /// A number too large for the precision becomes infinite, as everywhere in IEEE arithmetic.
    pub fn copy_to<R: Real>(&self, out: &mut [R]) -> Result<(), ParamsError> {
        self.fits("a copy of the parameters", out)?;
        for (copy, &x) in out.iter_mut().zip(&self.values) {
            *copy = R::from_f64(x);
        }
        Ok(())
    }

    /// Checks that a buffer has one number for each of the parameters.
    pub(super) fn fits<R>(&self, what: &str, buffer: &[R]) -> Result<(), ParamsError> {
        match buffer.len() == self.len() {
            true => Ok(()),
            false => Err(ParamsError::Length { what: what.to_string(), expected: self.len(), found: buffer.len() }),
        }
    }
}

impl<'a> IntoIterator for &'a Parameters {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_tile_the_buffer_in_order() -> Result<(), ParamsError> {
        let mut parameters = Parameters::new();
        for (i, shape) in [&[2, 3][..], &[], &[0, 4], &[5]].into_iter().enumerate() {
            parameters.add(&format!("p{i}"), shape, |j| (10 * i + j) as f64)?;
        }
        let mut end = 0;
        for entry in &parameters {
            assert_eq!(entry.range.start, end);
            assert_eq!(entry.range.len(), entry.shape.iter().product::<usize>());
            assert_eq!(parameters.get(&entry.name), Some(&parameters.values()[entry.range.clone()]));
            end = entry.range.end;
        }
        assert_eq!((end, parameters.len(), parameters.get("p1")), (12, 12, Some(&[10.0][..])));
        assert_eq!(parameters.get("p4"), None);
        Ok(())
    }

    #[test]
    fn a_refused_parameter_leaves_nothing_behind() -> Result<(), ParamsError> {
        let mut parameters = Parameters::new();
        parameters.add("w", &[2], |_| 1.0)?;
        let before = parameters.clone();
        for (name, shape) in [("w", &[1][..]), ("", &[1]), ("a/b", &[1]), ("__metadata__", &[1])] {
            assert!(parameters.add(name, shape, |_| 0.0).is_err(), "{name:?}");
        }
        for shape in [&[usize::MAX, 2][..], &[usize::MAX / 16]] {
            assert!(parameters.add("v", shape, |_| 0.0).is_err(), "{shape:?}");
        }
        let error = parameters.add("v", &[3], |i| [0.0, f64::NAN, 1.0][i]).map_err(|e| e.to_string());
        assert_eq!(error, Err("parameter \"v\": expected finite numbers, found NaN at 1".to_string()));
        assert_eq!(parameters, before);
        Ok(())
    }

    #[test]
    fn a_copy_is_the_rounded_buffer() -> Result<(), ParamsError> {
        let mut parameters = Parameters::new();
        parameters.add("w", &[3], |i| 1.0 / (3.0 + i as f64))?;
        let (mut single, mut double) = ([0.0_f32; 3], [0.0_f64; 3]);
        parameters.copy_to(&mut single)?;
        parameters.copy_to(&mut double)?;
        assert_eq!(parameters.values(), double);
        assert_eq!(single, double.map(|x| x as f32));
        let error = parameters.copy_to(&mut single[..2]).map_err(|e| e.to_string());
        assert_eq!(error, Err("a copy of the parameters: expected 3 numbers, found 2".to_string()));
        Ok(())
    }
}
