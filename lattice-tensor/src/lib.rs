//! lattice-tensor
