//! The flags of `lattice exact`.

use super::{RunArgs, TheoryArgs};
use clap::Args;
use serde::Serialize;

#[derive(Clone, Debug, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExactArgs {
    #[command(flatten)]
    #[serde(flatten)]
    pub theory: TheoryArgs,
    /// The vacuum angle of U(1): print the mean of e^{i theta Q} too.
    #[arg(long, allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theta: Option<f64>,
    #[command(flatten)]
    #[serde(flatten)]
    pub run: RunArgs,
}
