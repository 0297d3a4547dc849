//! The `lattice` command.
#![forbid(unsafe_code)]
fn main() {}
