//! Periodic lattice fields: what they are, where their numbers lie, what can be done to them.
pub mod device;
pub mod error;
pub mod field;
pub mod graph;
pub mod group;
pub mod lanes;
pub mod lattice;
pub mod layout;
pub mod ops;
pub mod random;
pub mod spec;

pub use device::{AdamConstants, Bindings, DescentState, Device, Draws, Program, Rate};
pub use error::{Error, Result};
pub use field::{Field, FieldData, ScalarField};
pub use graph::{Graph, NodeId};
pub use lanes::Real;
pub use lattice::{Boundary, Grid, Lattice, Location};
pub use layout::Layout;
pub use spec::{Cost, Fibre, Spec};
