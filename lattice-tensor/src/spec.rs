//! What a node of a program is: where it lives and what sits there.

use crate::error::{Error, Result};
use crate::group::GroupName;
use crate::lattice::{Lattice, Location};

/// What sits on one site, as known at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fibre {
    /// One real number.
    Scalar,
    /// One complex number: real part, imaginary part.
    Complex,
    /// A run-time number of real channels, as between the layers of a net.
    Channels(usize),
    /// Matrices of a group, one after the other: links, one for each direction, or one matrix. Sums of group elements
    /// are of this type too.
    Matrix {
        /// The group.
        group: GroupName,
        /// How many.
        count: usize,
    },
    /// Elements of a group's algebra: momenta, one for each direction, or one.
    Algebra {
        /// The group.
        group: GroupName,
        /// How many.
        count: usize,
    },
}

impl Fibre {
    /// How many real numbers that is.
    pub fn components(self) -> usize {
        match self {
            Fibre::Scalar => 1,
            Fibre::Complex => 2,
            Fibre::Channels(n) => n,
            Fibre::Matrix { group, count } => group.matrix() * count,
            Fibre::Algebra { group, count } => group.algebra() * count,
        }
    }
}

/// The type of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spec {
    /// Numbers on the sites of a sub-lattice, for each sample.
    Field {
        /// The sub-lattice.
        location: Location,
        /// What sits on a site.
        fibre: Fibre,
    },
    /// One `f64` for each sample.
    PerSample,
    /// One `f64` for all samples: a coupling, a step size.
    Uniform,
    /// A run of the flat parameter buffer.
    Weights {
        /// Where it begins.
        offset: usize,
        /// How many numbers.
        len: usize,
    },
    /// Sums over all samples of the batch, one for each weight.
    BatchSum {
        /// How many numbers.
        len: usize,
    },
}

impl Spec {
    /// A real field on every site.
    pub fn scalar_field() -> Spec {
        Spec::Field { location: Location::All, fibre: Fibre::Scalar }
    }

    /// Refuses a field on a sub-lattice that does not close around the lattice, and more numbers than memory addresses.
    ///
    /// # Errors
    /// If it is one of these.
    pub fn check(&self, lattice: &Lattice) -> Result<()> {
        let numbers = match *self {
            Spec::Field { location, fibre } => {
                location.check(lattice)?;
                let each = match fibre {
                    Fibre::Matrix { group, count } => group.matrix().checked_mul(count),
                    Fibre::Algebra { group, count } => group.algebra().checked_mul(count),
                    _ => Some(fibre.components()),
                };
                each.and_then(|n| lattice.volume().checked_mul(n))
            }
            Spec::PerSample | Spec::Uniform => Some(1),
            Spec::Weights { offset, len } => offset.checked_add(len),
            Spec::BatchSum { len } => Some(len),
        };
        match numbers {
            Some(n) if (n as u64) < 1 << 40 => Ok(()),
            _ => Err(Error::op("type", "fewer than 2^40 numbers", self)),
        }
    }

    /// Numbers that one sample needs.
    pub fn numbers(&self, lattice: &Lattice) -> usize {
        match *self {
            Spec::Field { location, fibre } => location.volume(lattice) * fibre.components(),
            Spec::PerSample | Spec::Uniform => 1,
            Spec::Weights { len, .. } | Spec::BatchSum { len } => len,
        }
    }
}

/// The arithmetic and the traffic of one run of an op, for one sample.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Floating-point operations, a fused multiply-add counting as two.
    pub flops: f64,
    /// Numbers read and written, times their size in bytes at `f32`.
    pub bytes: f64,
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Cost) {
        self.flops += other.flops;
        self.bytes += other.bytes;
    }
}
