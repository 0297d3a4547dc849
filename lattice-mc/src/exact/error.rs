//! What can go wrong when an exact result is asked for.

use thiserror::Error;

/// Why an exact result is not available.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ExactError {
    /// The lattice has no directions at all.
    #[error("exact φ⁴: the list of extents: expected at least one extent, found none")]
    NoExtents,
    /// One of the extents is zero.
    #[error("exact φ⁴: extent of axis {axis} in {extents:?}: expected at least 1, found 0")]
    ZeroExtent {
        /// The axis whose extent is zero.
        axis: usize,
        /// All extents.
        extents: Vec<usize>,
    },
    /// A coupling is NaN or infinite.
    #[error("exact φ⁴: coupling {name}: expected a finite number, found {value:?}")]
    NotFinite {
        /// The name of the coupling, `mass2` or `lambda`.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// The action is not bounded from below, or has a flat direction, so `Z` diverges.
    #[error(
        "exact φ⁴: couplings mass2 = {mass2:?}, lambda = {lambda:?}: expected lambda > 0, or lambda = 0 with mass2 > 0, \
         found an action whose partition function diverges"
    )]
    Divergent {
        /// m².
        mass2: f64,
        /// λ.
        lambda: f64,
    },
    /// The row of the lattice is not a ring of sites, which is all the transfer matrix is written for.
    #[error(
        "exact φ⁴ by transfer matrix: row {row:?} of the lattice {extents:?}: expected one site, a ring of sites or a \
         2 × 2 square, found another shape; use Monte Carlo"
    )]
    RowShape {
        /// Extents of the row that are larger than one.
        row: Vec<usize>,
        /// All extents.
        extents: Vec<usize>,
    },
    /// The computation would take more time or memory than was allowed.
    #[error(
        "exact φ⁴ by transfer matrix is not cheap: width {width} at mass2 = {mass2:?}, lambda = {lambda:?} needs {states} \
         row states, about {seconds:.0} s and {gib:.1} GiB: expected at most {seconds_limit:.0} s and \
         {gib_limit:.1} GiB; use Monte Carlo or a larger `Effort`"
    )]
    NotCheap {
        /// Sites in a row.
        width: usize,
        /// m².
        mass2: f64,
        /// λ.
        lambda: f64,
        /// Row states at the coarsest truncation that is still meaningful (a lower bound if the count was stopped).
        states: usize,
        /// Estimated time.
        seconds: f64,
        /// Estimated memory in GiB.
        gib: f64,
        /// Time allowed.
        seconds_limit: f64,
        /// Memory allowed in GiB.
        gib_limit: f64,
    },
    /// The row states that can be afforded do not resolve the field.
    #[error(
        "exact φ⁴ by transfer matrix is not cheap: width {width} at mass2 = {mass2:?}, lambda = {lambda:?} with {states} row \
         states: expected numbers that change by at most {limit:.0e} with the cut, found {change:.0e}; the field is too \
         light for so narrow a budget, use Monte Carlo or a larger `Effort`"
    )]
    Unresolved {
        /// Sites in a row.
        width: usize,
        /// m².
        mass2: f64,
        /// λ.
        lambda: f64,
        /// Row states used.
        states: usize,
        /// The estimated truncation error.
        change: f64,
        /// The largest that is accepted.
        limit: f64,
    },
    /// The weight of a single site is too wide for the quadrature.
    #[error(
        "exact φ⁴: quadrature of the site weight exp(−m²φ² − λφ⁴) at mass2 = {mass2:?}, lambda = {lambda:?}: expected at \
         most {limit} points, found a need of {points}; the weight is too wide (small λ with m² ≤ 0?)"
    )]
    WideSite {
        /// m².
        mass2: f64,
        /// λ.
        lambda: f64,
        /// Quadrature points needed.
        points: usize,
        /// Quadrature points allowed.
        limit: usize,
    },
    /// Couplings so large or small that the weight of a site cannot be written in `f64`.
    #[error(
        "exact φ⁴: couplings mass2 = {mass2:?}, lambda = {lambda:?}: expected a site weight exp(−m²φ² − λφ⁴) that double \
         precision can hold, found one that vanishes or overflows"
    )]
    OutOfRange {
        /// m².
        mass2: f64,
        /// λ.
        lambda: f64,
    },
    /// The sum over the momenta of the free field would take more time than was allowed.
    #[error("the free field on {extents:?}: expected at most {limit:.0} s of work, found about {seconds:.0} s")]
    LargeLattice {
        /// All extents.
        extents: Vec<usize>,
        /// Estimated time.
        seconds: f64,
        /// Time allowed.
        limit: f64,
    },
    /// A symmetric eigenproblem did not converge.
    #[error("exact φ⁴: eigenproblem of size {size} ({what}): expected convergence, found none")]
    Eigenproblem {
        /// Which matrix.
        what: &'static str,
        /// Its size.
        size: usize,
    },
}

/// Refuses lattices and couplings for which there is nothing to compute.
pub(super) fn check(extents: &[usize], mass2: f64, lambda: f64) -> Result<(), ExactError> {
    if extents.is_empty() {
        return Err(ExactError::NoExtents);
    }
    if let Some(axis) = extents.iter().position(|&l| l == 0) {
        return Err(ExactError::ZeroExtent { axis, extents: extents.to_vec() });
    }
    for (name, value) in [("mass2", mass2), ("lambda", lambda)] {
        if !value.is_finite() {
            return Err(ExactError::NotFinite { name, value });
        }
    }
    if lambda < 0.0 || (lambda == 0.0 && mass2 <= 0.0) {
        return Err(ExactError::Divergent { mass2, lambda });
    }
    Ok(())
}
