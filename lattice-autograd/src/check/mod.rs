//! The verification kit: whether a thing is what it claims to be, for our own things and for yours.
//!
//! Each check answers with a [`Report`] that says what was compared, what failed, where and by how much against which
//! bound; [`Report::assert`] makes a test of it. Bounds are derived from the program at hand, not chosen: those of
//! difference quotients in `quotient.rs`, those of rounding in `rounding.rs`.
//!
//! | to check | call |
//! |---|---|
//! | a net, or any function of a field | [`net`] |
//! | an op | [`op`] |
//! | an action, an update, an integrator | `lattice_mc::check` |
//! | a bijection, a flow | `lattice_flows::check` |
//! | something of a new kind | [`Subject`] and [`program`] |
//!
//! | file | idea |
//! |---|---|
//! | `report`, `error` | what comes out; what can keep a check from running |
//! | `options`, `symmetry` | how a thing is checked, what it claims |
//! | `value`, `host`, `subject` | programs on plain numbers, their inputs and places |
//! | `quotient`, `gradient` | difference quotients; gradients against them |
//! | `rounding`, `lanes`, `equivariance` | precision, independence of samples, symmetries |
//! | `jacobian` | dense Jacobians and determinants |

mod equivariance;
mod error;
mod gradient;
mod host;
mod jacobian;
mod lanes;
mod options;
mod program;
mod quotient;
mod report;
mod rounding;
mod subject;
mod symmetry;
mod value;

pub use error::{Error, Result};
pub use gradient::{gradient, gradients, pair};
pub use host::Host;
pub use jacobian::{Determinant, Jacobian};
pub use options::Options;
pub use program::{net, op, program};
pub use report::{Finding, Place, Report, Verdict};
pub use rounding::{UNIT_F32, UNIT_F64};
pub use subject::Subject;
pub use symmetry::Symmetry;
pub use value::Value;

#[cfg(test)]
mod tests;
