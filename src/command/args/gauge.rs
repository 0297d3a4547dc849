//! The flags of gauge fields.

use super::text::as_text_if_any;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::path::PathBuf;
use std::str::FromStr;

/// Actions of gauge fields; --beta is their coupling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActionName {
    /// S = -beta sum_P Re tr P/N
    Wilson,
    /// With rectangles of 1x2, c1 = -1/12.
    Symanzik,
    /// With rectangles, c1 = -0.331.
    Iwasaki,
    /// With rectangles, c1 = -1.4088.
    Dbw2,
}

/// What chains of gauge fields begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartName {
    Cold,
    Hot,
    File(PathBuf),
}

impl FromStr for StartName {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<StartName, Self::Err> {
        Ok(match text {
            "cold" => StartName::Cold,
            "hot" => StartName::Hot,
            path => StartName::File(path.into()),
        })
    }
}

impl std::fmt::Display for StartName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StartName::Cold => f.write_str("cold"),
            StartName::Hot => f.write_str("hot"),
            StartName::File(path) => path.display().fmt(f),
        }
    }
}

/// What is said of a gauge theory besides its group and --beta.
#[derive(Clone, Debug, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct GaugeArgs {
    /// The action of a gauge theory [default: wilson]
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionName>,
    /// Sweeps of overrelaxation after each sweep of heat bath or Metropolis of a gauge theory [default: 0]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overrelax: Option<usize>,
    /// What chains of a gauge theory begin with: links that are 1, links drawn at random, or the configurations of a
    /// file, .npy or .safetensors, [configuration, L_0, ..., direction, number] [default: cold]
    #[arg(long, value_name = "cold|hot|FILE")]
    #[serde(serialize_with = "as_text_if_any", skip_serializing_if = "Option::is_none")]
    pub start: Option<StartName>,
    /// Open boundaries in this direction.
    #[arg(long, value_name = "DIRECTION")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<usize>,
    /// Two-dimensional U(1) at this real theta, by reweighting.
    #[arg(long, allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theta: Option<f64>,
    /// Two-dimensional U(1) with the weight e^{theta Q}; Q enters accept steps only.
    #[arg(long, allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imaginary_theta: Option<f64>,
    /// Two-dimensional U(1): after each update the offer of a jump to the next charge.
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub instantons: bool,
}
