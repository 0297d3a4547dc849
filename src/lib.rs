//! Lattice Fields.
