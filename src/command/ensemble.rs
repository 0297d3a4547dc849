//! An ensemble without its samples: the model's fingerprint, the seed and the number of proposals. They are drawn again
//! when they are needed, and a checksum tells whether they are the same bits.

use super::args::{CPU, Precision, SampleArgs};
use super::device;
use super::failure::Failure;
use super::train::precision_name;
use clap::ValueEnum;
use lattice_fields::flows::Flat;
use lattice_fields::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What `ensemble.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    format: String,
    /// The folder of the model.
    pub model: PathBuf,
    /// SHA-256 of the model's contents.
    model_sha256: String,
    seed: u64,
    samples: usize,
    precision: String,
    /// The device's name: others round differently.
    #[serde(default = "cpu")]
    device: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    m2: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lambda: Option<f64>,
    /// Of a gauge theory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beta: Option<f64>,
    /// SHA-256 of all log-weights and states of the chain.
    pub checksum: String,
}

fn cpu() -> String {
    CPU.into()
}

const FORMAT: &str = "lattice-fields ensemble 1";

impl Record {
    pub fn new<K: Flat>(
        args: &SampleArgs,
        model: &Checkpoint<K>,
        couplings: &BTreeMap<String, f64>,
        ensemble: &Ensemble,
        on: &Device,
    ) -> Record {
        let coupling = |name: &str| couplings.get(name).copied();
        let mut hash = Sha256::new();
        ensemble.log_weights.iter().for_each(|w| hash.update(w.to_le_bytes()));
        ensemble.states.iter().for_each(|state| hash.update(state.to_le_bytes()));
        let folder = args.model.clone().unwrap_or_default();
        Record {
            format: FORMAT.into(),
            model: std::path::absolute(&folder).unwrap_or(folder),
            model_sha256: model.digest(),
            seed: args.run.seed,
            samples: args.samples,
            precision: precision_name(args.run.precision).into(),
            device: device::name(on),
            m2: coupling("m2"),
            lambda: coupling("lambda"),
            beta: coupling("beta"),
            checksum: hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    /// Reads a file that [`Record::text`] has written.
    pub fn read(path: &Path) -> Result<Record, Failure> {
        let what = format!("--from {}", path.display());
        let text = std::fs::read_to_string(path).map_err(|e| Failure::refused(&what, "a file that can be read", e))?;
        let record: Record = serde_json::from_str(&text).map_err(|e| Failure::refused(&what, "an ensemble.json", e))?;
        if record.format != FORMAT {
            return Err(Failure::refused(&what, FORMAT, &record.format));
        }
        if !["f32", "f64"].contains(&record.precision.as_str()) {
            return Err(Failure::refused(&what, "precision f32 or f64", &record.precision));
        }
        Ok(record)
    }

    pub fn text(&self) -> Result<String, Failure> {
        let text = serde_json::to_string_pretty(self).map_err(|e| Failure::Failed(format!("ensemble.json: {e}")))?;
        Ok(text + "\n")
    }

    /// Refuses another model than that of the ensemble.
    pub fn check_model<K: Flat>(&self, what: &str, model: &Checkpoint<K>) -> Result<(), Failure> {
        let found = model.digest();
        match found == self.model_sha256 {
            true => Ok(()),
            false => Err(Failure::refused(what, &format!("the model of SHA-256 {}", self.model_sha256), found)),
        }
    }

    /// Puts what the samples depend on in the place of the flags.
    pub fn complete(&self, args: &mut SampleArgs) {
        args.model.get_or_insert_with(|| self.model.clone());
        (args.run.seed, args.samples) = (self.seed, self.samples);
        (args.m2, args.lambda, args.beta) = (self.m2, self.lambda, self.beta);
        args.on.device.get_or_insert_with(|| self.device.clone());
        args.run.precision = Precision::from_str(&self.precision, true).unwrap_or(args.run.precision);
    }

    /// Whether the samples drawn again are those of the ensemble.
    pub fn check_samples(&self, again: &Record) -> Result<(), Failure> {
        match again.checksum == self.checksum {
            true => Ok(()),
            false => Err(Failure::Failed(format!(
                "the ensemble drawn again: expected checksum {} on device {}, found {} on {}",
                self.checksum, self.device, again.checksum, again.device
            ))),
        }
    }
}
