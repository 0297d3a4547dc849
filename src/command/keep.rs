//! In what files configurations are kept, and with how many digits.

use super::failure::Failure;
use clap::{Args, ValueEnum};
use lattice_fields::autograd::params::NumberType;
use lattice_fields::mc::Stored;
use lattice_fields::prelude::*;
use serde::Serialize;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberName {
    F64,
    F32,
    F16,
    Bf16,
}

impl NumberName {
    fn number(self) -> NumberType {
        match self {
            NumberName::F64 => NumberType::F64,
            NumberName::F32 => NumberType::F32,
            NumberName::F16 => NumberType::F16,
            NumberName::Bf16 => NumberType::Bf16,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FormatName {
    Npy,
    Safetensors,
}

/// How configurations are kept.
#[derive(Clone, Copy, Debug, Default, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeepArgs {
    /// Type of the numbers in configurations/, rounded to nearest even; series and the state of a run are never
    /// rounded [default: the run's --precision]
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_as: Option<NumberName>,
    /// Format of the files in configurations/ [default: npy, for bf16, which NumPy has not, safetensors]
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_in: Option<FormatName>,
}

impl KeepArgs {
    /// Refuses what cannot be written, and what would never be.
    pub fn check(self, save_every: usize) -> Result<(), Failure> {
        for (flag, given) in [("--keep-as", self.keep_as.is_some()), ("--keep-in", self.keep_in.is_some())] {
            if given && save_every == 0 {
                return Err(Failure::refused(flag, "configurations that are kept, by --save-every", "--save-every 0"));
            }
        }
        match (self.keep_as, self.keep_in) {
            (Some(NumberName::Bf16), Some(FormatName::Npy)) => {
                Err(Failure::refused("--keep-as bf16", "--keep-in safetensors: NumPy has no such numbers", "npy"))
            }
            _ => Ok(()),
        }
    }

    /// Writes configurations of a run in precision `R` to a numbered file.
    pub fn write<R: Real>(self, stored: &Stored, folder: &Path, number: usize) -> Result<(), Failure> {
        let default = if self.keep_as == Some(NumberName::Bf16) { FormatName::Safetensors } else { FormatName::Npy };
        let ending = match self.keep_in.unwrap_or(default) {
            FormatName::Npy => "npy",
            FormatName::Safetensors => "safetensors",
        };
        let kept = self.keep_as.map_or(NumberType::of::<R>(), NumberName::number);
        Ok(stored.write(folder.join(format!("{number:08}.{ending}")), kept)?)
    }
}
