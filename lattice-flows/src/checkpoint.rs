//! A training on disk: weights, optimiser, schedule, history and random counters in one safetensors file.

use crate::bijection::Flat;
use crate::error::Error;
use crate::flow::{Flow, Shape};
use crate::train::{Trainer, Training};
use lattice_autograd::optim::Optimizer;
use lattice_autograd::params::TensorFile;
use lattice_tensor::field::Scalar;
use lattice_tensor::{Lattice, Real};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What a model file says about itself, besides its tensors.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Description<K: Flat = Scalar> {
    /// The extents of the lattice.
    pub lattice: Vec<usize>,
    /// The theory it was trained for.
    pub theory: String,
    /// The formula of the action, with its convention.
    pub action: String,
    /// Its couplings by name.
    pub couplings: BTreeMap<String, f64>,
    /// The shape of the flow.
    pub architecture: K::Architecture,
    /// The plan of the training.
    pub training: Training,
    /// `f32` or `f64`.
    pub precision: String,
}

impl<K: Flat> PartialEq for Description<K> {
    fn eq(&self, other: &Self) -> bool {
        let plain = |d: &Self| {
            (d.lattice.clone(), d.theory.clone(), d.action.clone(), d.couplings.clone(), d.precision.clone())
        };
        plain(self) == plain(other) && self.architecture == other.architecture && self.training == other.training
    }
}

/// A model file: read, or about to be written.
#[derive(Clone, Debug)]
pub struct Checkpoint<K: Flat = Scalar> {
    /// What it says about itself.
    pub description: Description<K>,
    /// Steps done; also the counter of the random numbers.
    pub step: u64,
    pub(crate) file: TensorFile,
}

const FORMAT: &str = "lattice-fields model 1";
/// The entry of the ensemble that a flow learnt from.
const ENSEMBLE: &str = "ensemble";

/// The theory that a model file says it was trained for.
///
/// # Errors
/// If there is no such file, or it does not say.
pub fn theory_of(path: &Path) -> Result<String, Error> {
    let file = TensorFile::read(path)?;
    let description = file.metadata.get("description").map_or("", String::as_str);
    let description: serde_json::Value = serde_json::from_str(description).unwrap_or_default();
    match description.get("theory").and_then(|theory| theory.as_str()) {
        Some(theory) => Ok(theory.into()),
        None => Err(model(path, "description", "what a model says about itself", "nothing")),
    }
}

impl<K: Flat> Checkpoint<K> {
    /// The state of a training.
    ///
    /// # Errors
    /// If a parameter is not finite, or is on a GPU and cannot be fetched.
    pub fn of<R: Real>(trainer: &mut Trainer<'_, R, K>, description: &Description<K>) -> Result<Checkpoint<K>, Error> {
        let mut file = TensorFile::new();
        let (flow, optimizer) = trainer.state()?;
        flow.parameters.store(&mut file)?;
        optimizer.store(&flow.parameters, &mut file)?;
        trainer.history().store(&mut file)?;
        file.metadata.extend(trainer.ensemble().map(|fingerprint| (ENSEMBLE.into(), fingerprint.into())));
        Ok(Checkpoint { description: description.clone(), step: trainer.steps_done(), file })
    }

    /// Writes the file under a temporary name and renames it: an old file stays whole until the new one is.
    ///
    /// # Errors
    /// If the disk does not take it.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let mut file = self.file.clone();
        let description =
            serde_json::to_string(&self.description).map_err(|e| model(path, "description", "text", e))?;
        file.metadata.insert("format".into(), FORMAT.into());
        file.metadata.insert("description".into(), description);
        file.metadata.insert("step".into(), self.step.to_string());
        Ok(file.write(path)?)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If there is none, or it is truncated, damaged or of another kind.
    pub fn read(path: &Path) -> Result<Checkpoint<K>, Error> {
        let file = TensorFile::read(path)?;
        if !file.is_checked() {
            return Err(model(path, "checksum", "an entry of the metadata", "nothing"));
        }
        let entry =
            |key: &str| file.metadata.get(key).ok_or_else(|| model(path, key, "an entry of the metadata", "nothing"));
        let format = entry("format")?;
        if format != FORMAT {
            return Err(model(path, "format", FORMAT, format));
        }
        let description: Description<K> = serde_json::from_str(entry("description")?)
            .map_err(|e| model(path, "description", "what a model says about itself", e))?;
        let step = entry("step")?;
        let step = step.parse().map_err(|_| model(path, "step", "a number of steps", step))?;
        Ok(Checkpoint { description, step, file })
    }

    /// The ensemble that it learnt from, by its [`crate::given::fingerprint`], if there was one.
    pub fn ensemble(&self) -> Option<&str> {
        self.file.metadata.get(ENSEMBLE).map(String::as_str)
    }

    /// The fingerprint of a file that was read: SHA-256 of its contents.
    pub fn digest(&self) -> String {
        self.file.digest()
    }

    /// The flow, with the parameters of the file.
    ///
    /// # Errors
    /// If the file does not hold the parameters that its description asks for.
    pub fn flow(&self) -> Result<Flow<K>, Error> {
        let lattice = Lattice::periodic(&self.description.lattice)?;
        let mut flow = K::Architecture::flow(self.description.architecture.clone(), &lattice)?;
        flow.parameters.restore(&self.file)?;
        Ok(flow)
    }
}

impl<K: Flat> Flow<K> {
    /// Starts from what another training has learnt, for another lattice or coupling: nets and spectrum are local, so
    /// their kernels mean the same on any lattice of as many directions (Albandea et al. 2302.08408 train small and
    /// sample large).
    ///
    /// At one coupling `ESS(V) ≈ ESS(V₀)^{V/V₀}` for the flow as it comes. Divisions of a torus are couplings through loops of
    /// certain sides; those that the other lattice has too are taken from there, the others stay as they are.
    ///
    /// # Errors
    /// If the other flow is of another shape, in anything but its seed; nothing is changed then.
    pub fn warm_start(&mut self, from: &Checkpoint<K>) -> Result<(), Error> {
        let other = &from.description;
        let refuse = |what, expected, found| Err(Error::Architecture { what, expected, found });
        if other.lattice.len() != self.lattice.directions() {
            let expected = format!("a flow on a lattice of {} directions", self.lattice.directions());
            return refuse("warm start", expected, format!("one on {:?}", other.lattice));
        }
        if !other.architecture.is_like(&self.architecture) {
            let (expected, found) = (format!("{:?}", self.architecture), format!("{:?}", other.architecture));
            return refuse("warm start", expected, found);
        }
        if !self.architecture.belongs_to_lattice() {
            return Ok(self.parameters.restore(&from.file)?);
        }
        match self.parameters.restore_shared(&from.file, "")? {
            0 => {
                let expected = format!("a flow with couplings that one on {:?} has too", self.lattice.extents());
                refuse("warm start", expected, format!("one on {:?}", other.lattice))
            }
            _ => Ok(()),
        }
    }
}

fn model(path: &Path, what: &str, expected: &str, found: impl std::fmt::Display) -> Error {
    Error::Model {
        path: path.display().to_string(),
        what: what.into(),
        expected: expected.into(),
        found: found.to_string(),
    }
}
