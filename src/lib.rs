//! Lattice Fields.
#![forbid(unsafe_code)]
