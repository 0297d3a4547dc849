//! Which tensors of a file belong to which flat buffer.
//!
//! ```text
//! conv.weight            the parameter
//! adam.m/conv.weight     the same range of the buffer `adam.m`
//! ```

use super::tensor_file::unfit;
use super::{Parameters, ParamsError, TensorFile};
use std::path::Path;

impl Parameters {
    /// Writes the parameters and some text to a file of their own.
    ///
    /// ```
    /// use lattice_autograd::params::Parameters;
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("flow.safetensors");
    /// let mut trained = Parameters::new();
    /// trained.add("w", &[2], |i| 0.5 + i as f64)?;
    /// trained.save(&path, &[("action", "phi4")])?;
    ///
    /// let mut fresh = Parameters::new();
    /// fresh.add("w", &[2], |_| 0.0)?;
    /// fresh.load(&path)?;
    /// assert_eq!(fresh, trained);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>, metadata: &[(&str, &str)]) -> Result<(), ParamsError> {
        let mut file = TensorFile::new();
        self.store(&mut file)?;
        file.metadata.extend(metadata.iter().map(|&(key, text)| (key.to_string(), text.to_string())));
        file.write(path)
    }

    /// Takes all parameters from a file; see [`Parameters::restore`].
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<(), ParamsError> {
        self.restore(&TensorFile::read(path)?)
    }

    /// Adds the parameters to a file, one tensor each. They must be finite.
    pub fn store(&self, file: &mut TensorFile) -> Result<(), ParamsError> {
        self.store_buffer("", self.values(), file)
    }

    /// Takes all parameters from a file's tensors of the same names and shapes.
    ///
    /// A tensor that is missing, unexpected, of another shape or not finite is an error, and nothing is changed.
    /// Tensors of groups, such as an optimiser's buffers, are left aside.
    pub fn restore(&mut self, file: &TensorFile) -> Result<(), ParamsError> {
        let values = self.restore_buffer("", file)?;
        self.values_mut().copy_from_slice(&values);
        Ok(())
    }

    /// Takes those parameters for which the file has a tensor of the same name without `prefix`, and leaves the others as they are;
    /// how many numbers it took. A tensor of another shape, or not finite, is an error, and nothing is changed.
    pub fn restore_shared(&mut self, file: &TensorFile, prefix: &str) -> Result<usize, ParamsError> {
        let shared = self.iter().filter_map(|entry| {
            let name = entry.name.strip_prefix(prefix)?;
            file.tensors.contains_key(name).then_some((name, entry))
        });
        let found = shared.map(|(name, entry)| {
            let values = file.values(name, &entry.shape)?;
            finite(&file.place(), name, values)?;
            Ok((entry.range.clone(), values))
        });
        let found = found.collect::<Result<Vec<_>, ParamsError>>()?;
        let count = found.iter().map(|(range, _)| range.len()).sum();
        found.into_iter().for_each(|(range, values)| self.values_mut()[range].copy_from_slice(values));
        Ok(count)
    }

    /// Adds a buffer that has one number for each of the parameters, as tensors `group/name`. It must be finite.
    pub fn store_buffer(&self, group: &str, values: &[f64], file: &mut TensorFile) -> Result<(), ParamsError> {
        self.fits(if group.is_empty() { "parameters" } else { group }, values)?;
        for entry in self {
            let name = tensor(group, &entry.name);
            let part = &values[entry.range.clone()];
            finite(&file.place(), &name, part)?;
            file.insert(&name, &entry.shape, part.to_vec())?;
        }
        Ok(())
    }

    /// Puts together the buffer of the tensors `group/name`, with the checks of [`Parameters::restore`].
    pub fn restore_buffer(&self, group: &str, file: &TensorFile) -> Result<Vec<f64>, ParamsError> {
        let place = file.place();
        let mut values = Vec::with_capacity(self.len());
        for entry in self {
            let name = tensor(group, &entry.name);
            let expected = format!("shape {:?}", entry.shape);
            let Some(found) = file.tensors.get(&name) else {
                return Err(unfit(&place, &name, &expected, "no such tensor"));
            };
            // The length too: the fields are public.
            if found.shape != entry.shape || found.values.len() != entry.range.len() {
                return Err(unfit(&place, &name, &expected, &format!("shape {:?}", found.shape)));
            }
            finite(&place, &name, &found.values)?;
            values.extend(&found.values);
        }
        for (name, found) in &file.tensors {
            let (its, parameter) = name.rsplit_once('/').unwrap_or(("", name));
            if its == group && self.entry(parameter).is_none() {
                return Err(unfit(&place, name, "no such tensor", &format!("shape {:?}", found.shape)));
            }
        }
        Ok(values)
    }
}

fn tensor(group: &str, name: &str) -> String {
    if group.is_empty() { name.to_string() } else { format!("{group}/{name}") }
}

fn finite(place: &str, name: &str, values: &[f64]) -> Result<(), ParamsError> {
    match values.iter().position(|x| !x.is_finite()) {
        Some(i) => Err(unfit(place, name, "finite numbers", &format!("{} at {i}", values[i]))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(names: &[&str]) -> Result<Parameters, ParamsError> {
        let mut parameters = Parameters::new();
        for (k, name) in names.iter().enumerate() {
            parameters.add(name, &[2, 3], |i| 1.0 / (1 + k + i) as f64)?;
        }
        Ok(parameters)
    }

    #[test]
    fn a_buffer_and_the_parameters_come_back_whatever_their_order() -> Result<(), ParamsError> {
        let there = layers(&["b", "a"])?;
        let mut file = TensorFile::new();
        there.store(&mut file)?;
        there.store_buffer("adam.m", &[0.25; 12], &mut file)?;
        assert_eq!(file.groups().into_iter().collect::<Vec<_>>(), ["", "adam.m"]);

        let mut here = layers(&["a", "b"])?;
        here.restore(&file)?;
        assert_eq!((here.get("a"), here.get("b")), (there.get("a"), there.get("b")));
        assert_eq!(here.restore_buffer("adam.m", &file)?, [0.25; 12]);
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_named_and_changes_nothing() -> Result<(), ParamsError> {
        let mut file = TensorFile::new();
        layers(&["a", "b"])?.store(&mut file)?;
        let change = |f: &dyn Fn(&mut TensorFile)| {
            let mut changed = file.clone();
            f(&mut changed);
            let mut parameters = layers(&["b", "a"])?;
            let before = parameters.clone();
            let message = parameters.restore(&changed).err().map(|e| e.to_string()).unwrap_or_default();
            assert_eq!(parameters, before);
            Ok::<String, ParamsError>(message.replacen("tensors in memory: tensor ", "", 1))
        };
        let missing = change(&|file| drop(file.tensors.remove("a")))?;
        assert_eq!(missing, "\"a\": expected shape [2, 3], found no such tensor");
        let unexpected = change(&|file| drop(file.tensors.insert("c".into(), Default::default())))?;
        assert_eq!(unexpected, "\"c\": expected no such tensor, found shape []");
        let shape = change(&|file| file.tensors.values_mut().for_each(|t| t.shape = vec![3, 2]))?;
        assert_eq!(shape, "\"b\": expected shape [2, 3], found shape [3, 2]");
        let nan = change(&|file| file.tensors.values_mut().for_each(|t| t.values[4] = f64::NAN))?;
        assert_eq!(nan, "\"b\": expected finite numbers, found NaN at 4");
        let infinite = change(&|file| file.tensors.values_mut().for_each(|t| t.values[0] = f64::NEG_INFINITY))?;
        assert_eq!(infinite, "\"b\": expected finite numbers, found -inf at 0");
        Ok(())
    }

    #[test]
    fn what_could_not_be_loaded_is_not_saved() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("flow.safetensors");
        let mut parameters = layers(&["a"])?;
        parameters.save(&path, &[])?;
        let before = std::fs::read(&path)?;
        parameters.values_mut()[5] = f64::INFINITY;
        assert!(parameters.save(&path, &[]).is_err());
        assert!(parameters.store_buffer("m", &[0.0; 5], &mut TensorFile::new()).is_err());
        assert_eq!(std::fs::read(&path)?, before);
        Ok(())
    }
}
