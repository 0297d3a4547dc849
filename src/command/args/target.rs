//! Densities on tori and spheres.

use super::text::as_text_if_any;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::str::FromStr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetName {
    /// One peak on T^2: exp[cos(t1 - 4.18) + cos(t2 - 5.96)]
    Unimodal,
    /// Three peaks on T^2.
    Multimodal,
    /// exp[cos(t1 + t2 - 1.94)] on T^2
    Correlated,
    /// Directions of the links of an arm whose tip is seen at --center, to --sigma.
    RobotArm,
    /// Four peaks on S^2.
    S2,
    /// Four peaks on S^3.
    S3,
}

impl TargetName {
    pub fn name(self) -> &'static str {
        match self {
            TargetName::Unimodal => "unimodal",
            TargetName::Multimodal => "multimodal",
            TargetName::Correlated => "correlated",
            TargetName::RobotArm => "robot-arm",
            TargetName::S2 => "s2",
            TargetName::S3 => "s3",
        }
    }
}

/// The density of a torus or a sphere.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TargetArgs {
    /// The density, of --theory torus: unimodal, multimodal, correlated, robot-arm; of sphere: s2, s3 [default: unimodal, s2]
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetName>,
    /// Where the tip of the robot arm is seen, x,y [default: 0.6,0.3]
    #[arg(long, allow_hyphen_values = true)]
    #[serde(serialize_with = "as_text_if_any", skip_serializing_if = "Option::is_none")]
    pub center: Option<Numbers>,
    /// The error of that [default: 0.1]
    #[arg(long, allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
    /// Lengths of the links of the robot arm, l,l,... [default: six of 0.2]
    #[arg(long, allow_hyphen_values = true)]
    #[serde(serialize_with = "as_text_if_any", skip_serializing_if = "Option::is_none")]
    pub links: Option<Numbers>,
}

/// Numbers such as 0.6,0.3.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers(pub Vec<f64>);

impl FromStr for Numbers {
    type Err = String;
    fn from_str(text: &str) -> Result<Numbers, String> {
        let number =
            |part: &str| part.trim().parse().map_err(|_| format!("expected numbers such as 0.6,0.3, found {text:?}"));
        text.split(',').map(number).collect::<Result<_, _>>().map(Numbers)
    }
}

impl std::fmt::Display for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.iter().map(f64::to_string).collect::<Vec<_>>().join(","))
    }
}
