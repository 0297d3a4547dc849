//! The points of the study, and what is known there.

use lattice_fields::prelude::*;

/// A coupling of φ⁴ in two dimensions at `m² = −4`, on a lattice of a given extent.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub name: &'static str,
    pub extent: usize,
    pub lambda: f64,
    /// Values from elsewhere: name, mean, error.
    pub known: &'static [(&'static str, f64, f64)],
}

/// The line of constant `m_p L ≈ 4` of 1904.12072. E1 by transfer matrix, E4 and E5 by an independent HMC.
pub const LINE: [Point; 5] = [
    Point {
        name: "E1",
        extent: 6,
        lambda: 6.975,
        known: &[
            ("phi2", 0.16138658, 0.0),
            ("phi4", 0.05257284, 0.0),
            ("chi2", 1.06307538, 0.0),
            ("ising_energy", 0.05834778, 0.0),
        ],
    },
    Point { name: "E2", extent: 8, lambda: 6.008, known: &[] },
    Point { name: "E3", extent: 10, lambda: 5.550, known: &[] },
    Point {
        name: "E4",
        extent: 12,
        lambda: 5.276,
        known: &[
            ("phi2", 0.21039, 0.00006),
            ("phi4", 0.08493, 0.00004),
            ("chi2", 4.099, 0.027),
            ("ising_energy", 0.09907, 0.00010),
        ],
    },
    Point { name: "E5", extent: 14, lambda: 5.113, known: &[("chi2", 5.395, 0.037), ("ising_energy", 0.1069, 0.0001)] },
];

/// The point of tutorial 2101.08176, off the line: values are compared there, no scaling is.
pub const TUTORIAL: Point = Point {
    name: "tutorial",
    extent: 8,
    lambda: 8.0,
    known: &[
        ("phi2", 0.143450, 0.0),
        ("phi4", 0.042317, 0.0),
        ("chi2", 0.744135, 0.0),
        ("ising_energy", 0.044267, 0.0),
    ],
};

impl Point {
    pub fn action(&self) -> Phi4 {
        Phi4 { mass2: -4.0, lambda: self.lambda }
    }

    pub fn lattice(&self) -> Result<Lattice, crate::Failure> {
        Ok(Lattice::periodic([self.extent, self.extent])?)
    }
}
