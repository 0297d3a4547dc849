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
    #[command(flatten)]
    #[serde(flatten)]
    pub run: RunArgs,
}
