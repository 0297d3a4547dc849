//! lattice-flows
