//! The gauge groups: which there are, and how many real numbers their matrices and algebras take.
//!
//! The arithmetic on lanes stands in [`crate::lanes::group`]; conventions in CONVENTIONS.md §10.

pub use crate::lanes::group::{Array, Group, SU2, SU3, U1};

use std::fmt;

/// A gauge group, as known at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupName {
    /// Complex numbers of modulus 1.
    U1,
    /// Special unitary matrices of rank 2.
    SU2,
    /// Special unitary matrices of rank 3.
    SU3,
}

impl GroupName {
    /// Every group.
    pub const ALL: [GroupName; 3] = [GroupName::U1, GroupName::SU2, GroupName::SU3];

    /// The name, as flags and reports have it: `u1`, `su2`, `su3`.
    pub fn name(self) -> &'static str {
        match self {
            GroupName::U1 => "u1",
            GroupName::SU2 => "su2",
            GroupName::SU3 => "su3",
        }
    }

    /// Rows of a matrix, the `N` of SU(N).
    pub fn rank(self) -> usize {
        match self {
            GroupName::U1 => 1,
            GroupName::SU2 => 2,
            GroupName::SU3 => 3,
        }
    }

    /// Real numbers of a stored matrix: 2, 4 (a quaternion), 18.
    pub fn matrix(self) -> usize {
        match self {
            GroupName::U1 => U1::MATRIX,
            GroupName::SU2 => SU2::MATRIX,
            GroupName::SU3 => SU3::MATRIX,
        }
    }

    /// Generators, the real numbers of an element of the algebra: 1, 3, 8.
    pub fn algebra(self) -> usize {
        match self {
            GroupName::U1 => U1::ALGEBRA,
            GroupName::SU2 => SU2::ALGEBRA,
            GroupName::SU3 => SU3::ALGEBRA,
        }
    }

    /// `tr T_a²`: 1 for U(1), ½ for SU(N).
    pub fn generator_norm(self) -> f64 {
        if self == GroupName::U1 { 1.0 } else { 0.5 }
    }

    /// `tr 1 / (Euclidean length of the stored unit matrix)²`: what turns the scalar product of stored numbers into
    /// `Re tr A†B`. 2 for the quaternions of SU(2), else 1.
    pub fn trace_scale(self) -> f64 {
        if self == GroupName::SU2 { 2.0 } else { 1.0 }
    }

    /// Flops of a product of two matrices.
    pub fn product_flops(self) -> f64 {
        match self {
            GroupName::U1 => 6.0,
            GroupName::SU2 => 28.0,
            GroupName::SU3 => 198.0,
        }
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GroupName::U1 => "U(1)",
            GroupName::SU2 => "SU(2)",
            GroupName::SU3 => "SU(3)",
        })
    }
}

/// Runs an expression with `$g` standing for the group that a [`GroupName`] names.
macro_rules! with_group {
    ($name:expr, $g:ident => $body:expr) => {
        match $name {
            $crate::group::GroupName::U1 => {
                type $g = $crate::group::U1;
                $body
            }
            $crate::group::GroupName::SU2 => {
                type $g = $crate::group::SU2;
                $body
            }
            $crate::group::GroupName::SU3 => {
                type $g = $crate::group::SU3;
                $body
            }
        }
    };
}
pub(crate) use with_group;
