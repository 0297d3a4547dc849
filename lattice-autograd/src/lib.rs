//! lattice-autograd
