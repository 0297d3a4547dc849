//! lattice-flows
#![forbid(unsafe_code)]
