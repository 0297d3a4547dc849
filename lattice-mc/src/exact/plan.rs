//! How a lattice is laid out for the transfer matrix, and what the computation will cost.

use super::{
    ExactError, error, row,
    site::Site,
    transfer::{self, Ring},
};

/// Time and memory that may be spent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// Estimated time, on two cores, that is spent to be as accurate as possible, down to rounding.
    pub comfortable_seconds: f64,
    /// Estimated time that is spent to reach errors of about `1e-7`, and beyond which the computation is refused.
    pub seconds: f64,
    /// Estimated memory beyond which the computation is refused.
    pub bytes: f64,
}

impl Default for Effort {
    /// Two seconds, one minute, 4 GiB.
    fn default() -> Self {
        Self { comfortable_seconds: 2.0, seconds: 60.0, bytes: 4.0 * GIB }
    }
}

/// Estimated cost of an exact solution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Sites in a row of the transfer matrix (1 for a chain and for the free field).
    pub width: usize,
    /// States of the row (levels of a site for a chain, 1 for the free field).
    pub states: usize,
    /// Weight below which states are left out; errors of `log Z` are a small fraction of it.
    pub cut: f64,
    /// Time in seconds on two idle cores.
    pub seconds: f64,
    /// Memory.
    pub bytes: f64,
}

const GIB: f64 = (1_u64 << 30) as f64;
/// The finest cut: errors are near rounding.
const FINEST: i32 = -10;
/// The cut that is fine enough.
const GOOD: i32 = -6;
/// The coarsest cut that still deserves to be called exact: errors of `log Z` of about `1e-5`.
const COARSEST: i32 = -4;
/// States beyond which they are not even counted.
const COUNT_LIMIT: usize = 5_000_000;

/// How the sites of a lattice are arranged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    /// One direction, along which the extent may be 1.
    Chain(usize),
    /// A ring of sites repeated along another direction.
    Ring(Ring),
}

/// A shape, and whether its transfer matrix runs along the last direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Layout {
    pub(super) shape: Shape,
    pub(super) along_last: bool,
}

/// A layout that can be afforded.
pub(super) struct Plan {
    pub(super) layout: Layout,
    pub(super) cost: Cost,
    pub(super) site: Site,
}

impl Plan {
    /// Chooses the layout, the last direction as time if a good cut can be afforded so, and the cut.
    pub(super) fn new(extents: &[usize], mass2: f64, lambda: f64, effort: &Effort) -> Result<Self, ExactError> {
        error::check(extents, mass2, lambda)?;
        let mut plans = Vec::new();
        let mut refusal = None;
        for layout in layouts(extents) {
            match layout.and_then(|layout| Self::with(layout, mass2, lambda, effort)) {
                Ok(plan) if plan.cost.cut <= 1.01 * 10.0_f64.powi(GOOD) => return Ok(plan),
                Ok(plan) => plans.push(plan),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        let finest = plans.into_iter().min_by(|a, b| a.cost.cut.total_cmp(&b.cost.cut));
        finest.ok_or(refusal.unwrap_or(ExactError::NoExtents))
    }

    fn with(layout: Layout, mass2: f64, lambda: f64, effort: &Effort) -> Result<Self, ExactError> {
        let (site, cost) = match layout.shape {
            Shape::Chain(length) => {
                let site = Site::new(mass2, lambda)?;
                let (states, length) = (site.s.len(), length as f64);
                // A sum over pairs of states for each distance.
                let seconds = 0.1 + length * (1e-9 * (states * states) as f64 + 5e-8 * states as f64);
                let cost = Cost { width: 1, states, cut: 0.0, seconds, bytes: 1e8 + 16.0 * length };
                if seconds > effort.seconds {
                    return Err(refusal(cost, mass2, lambda, effort));
                }
                (site, cost)
            }
            Shape::Ring(ring) => {
                let site = transfer::site(mass2, lambda)?;
                let cost = afford(ring, &site, mass2, lambda, effort)?;
                (site, cost)
            }
        };
        Ok(Self { layout, cost, site })
    }
}

/// Possible layouts, the last direction as time first, then by length.
fn layouts(extents: &[usize]) -> Vec<Result<Layout, ExactError>> {
    let last = extents.len() - 1;
    let mut axes: Vec<usize> = (0..extents.len()).collect();
    axes.sort_by_key(|&axis| (axis != last, std::cmp::Reverse(extents[axis])));
    if extents.iter().any(|&l| l > 1) {
        axes.retain(|&axis| extents[axis] > 1);
    }
    let layout = |axis| Ok(Layout { shape: shape(extents, axis)?, along_last: axis == last });
    axes.into_iter().map(layout).collect()
}

/// The shape with a given direction as time. Directions of extent 1 add nothing to the action.
fn shape(extents: &[usize], time: usize) -> Result<Shape, ExactError> {
    let others = extents.iter().enumerate().filter(|&(axis, &l)| axis != time && l > 1);
    let row: Vec<usize> = others.map(|(_, &l)| l).collect();
    let length = extents[time];
    match row.as_slice() {
        [] => Ok(Shape::Chain(length)),
        &[width] => Ok(Shape::Ring(Ring { width, kappa: 1.0, length })),
        // Two links between any two neighbours around a square of four sites.
        [2, 2] => Ok(Shape::Ring(Ring { width: 4, kappa: 2.0, length })),
        _ => Err(ExactError::RowShape { row, extents: extents.to_vec() }),
    }
}

/// The finest cut that is comfortable or, for a cut that is fine enough, allowed.
fn afford(ring: Ring, site: &Site, mass2: f64, lambda: f64, effort: &Effort) -> Result<Cost, ExactError> {
    let cost = |exponent| cost(ring, site, 10.0_f64.powi(exponent));
    let mut coarsest = cost(COARSEST);
    let fits = |cost: &Cost, seconds: f64| cost.seconds <= seconds && cost.bytes <= effort.bytes;
    if !fits(&coarsest, effort.seconds) {
        return Err(refusal(coarsest, mass2, lambda, effort));
    }
    for exponent in (FINEST..COARSEST).rev() {
        let finer = cost(exponent);
        let allowed = if exponent >= GOOD { effort.seconds } else { effort.comfortable_seconds.min(effort.seconds) };
        if !fits(&finer, allowed) {
            break;
        }
        coarsest = finer;
    }
    Ok(coarsest)
}

/// What says that a solution is too dear.
fn refusal(cost: Cost, mass2: f64, lambda: f64, effort: &Effort) -> ExactError {
    ExactError::NotCheap {
        width: cost.width,
        mass2,
        lambda,
        states: cost.states,
        seconds: cost.seconds,
        gib: cost.bytes / GIB,
        seconds_limit: effort.seconds,
        gib_limit: effort.bytes / GIB,
    }
}

/// Cost of a ring at a given cut, measured on two cores with AVX-512: matrix elements, then eigenproblems.
fn cost(ring: Ring, site: &Site, cut: f64) -> Cost {
    let states = row::count(&site.s, ring.width, cut, COUNT_LIMIT);
    let (width, all) = (ring.width as f64, states as f64);
    // Rotations, reflections and φ → −φ leave blocks of about this size, about W of them.
    let block = all / (2.0 * width);
    // Functions that resolve a link: about ten at a cut of 1e-6 and one more for every further digit.
    let bonds = (4.0 - cut.log10()) / 10.0;
    // The correlator sums over pairs of states for each distance.
    let distances = 0.5 * ring.length as f64 * (1.5e-9 * 0.5 * width * block * block + 4e-8 * all);
    // The check at a coarser cut adds about a quarter.
    let seconds = 0.1 + 1.25 * (3.0e-7 * bonds * bonds * all * block + 1.2e-10 * width * block.powi(3) + distances);
    let bytes = 1e8 + 8.0 * width * (3.5 * block * block + all) + 16.0 * ring.length as f64;
    Cost { width: ring.width, states, cut, seconds, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(extents: &[usize]) -> Layout {
        layouts(extents).remove(0).unwrap()
    }

    #[test]
    fn directions_of_extent_one_do_not_count() {
        let chain = Shape::Chain(8);
        assert_eq!(layout(&[1, 8]), Layout { shape: chain, along_last: true });
        assert_eq!(layout(&[8, 1, 1]), Layout { shape: chain, along_last: false });
        assert_eq!(layout(&[1, 1]), Layout { shape: Shape::Chain(1), along_last: true });
        let ring = Shape::Ring(Ring { width: 3, kappa: 1.0, length: 5 });
        assert_eq!(layout(&[1, 3, 1, 5]), Layout { shape: ring, along_last: true });
    }

    #[test]
    fn two_by_two_rows_are_rings_of_double_links() {
        assert_eq!(layout(&[2, 2, 7]).shape, Shape::Ring(Ring { width: 4, kappa: 2.0, length: 7 }));
    }

    #[test]
    fn a_long_row_becomes_time_where_it_must() {
        let effort = Effort { seconds: 5.0, ..Effort::default() };
        let plan = Plan::new(&[24, 4], -4.0, 5.276, &effort).unwrap();
        assert!(!plan.layout.along_last);
        assert!(Plan::new(&[4, 24], -4.0, 5.276, &effort).unwrap().layout.along_last);
    }

    #[test]
    fn wide_lattices_are_refused_with_their_cost() {
        match Plan::new(&[12, 12], -4.0, 5.276, &Effort::default()) {
            Err(ExactError::NotCheap { width: 12, seconds, .. }) => assert!(seconds > 60.0),
            other => panic!("{:?}", other.map(|plan| plan.cost)),
        }
        let cube = Plan::new(&[3, 3, 3], 1.0, 1.0, &Effort::default());
        assert!(matches!(cube, Err(ExactError::RowShape { .. })));
    }
}
