//! Where the numbers of a field lie: blocks, rows, lanes and virtual nodes. The one index formula.
//!
//! ```text
//! index(sample, site, component) = ((block · rows + row) · components + component) · WIDTH + lane
//! ```
//!
//! A row is a lane group, `WIDTH` numbers in one cache line. The lanes hold `WIDTH / nodes` samples times `nodes`
//! *virtual nodes* (Grid's word): each extent `L` is split into `inner` parts of `outer = L / inner` sites, and
//! lane `l = sample · nodes + node` holds the sites `x = node · outer + o` of its part. With one node all lanes are
//! samples; with one sample all lanes are parts of one large lattice. A neighbour is then *a row and a twist*: the row
//! of the same outer site one step on, and, where the step leaves the part, a permutation of lanes and the boundary
//! phase. Kernels know rows and twists and nothing else.

use crate::error::{Error, Result};
use crate::lanes::Real;
use crate::lattice::{Lattice, Location, coordinates};
use std::collections::HashMap;

/// How the lattice and the samples are spread over rows and lanes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    lattice: Lattice,
    inner: Vec<usize>,
    outer: Vec<usize>,
    width: usize,
}

/// What happens to the lanes of a row that is reached across the edge of a virtual node.
#[derive(Clone, Debug, PartialEq)]
pub struct Twist {
    /// Lane `l` takes its number from lane `from[l]`.
    pub from: [u32; 16],
    /// And is multiplied by this boundary phase: real parts.
    pub phase_re: [f64; 16],
    /// Imaginary parts.
    pub phase_im: [f64; 16],
}

impl Twist {
    /// Whether the lanes are permuted.
    pub fn permutes(&self) -> bool {
        self.from.iter().enumerate().any(|(l, &from)| l != from as usize)
    }
}

/// A neighbour: which row, and which twist of its lanes (0: none).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hop {
    /// The row in the dense list of the sub-lattice that is read.
    pub row: u32,
    /// Index into the list of twists; 0 is the identity.
    pub twist: u32,
}

/// The distinct twists that a kernel meets; number 0 is the identity.
#[derive(Clone, Debug)]
pub struct Twists {
    /// The list.
    pub list: Vec<Twist>,
    index: HashMap<Vec<i64>, u32>,
}

impl Layout {
    /// Every lane is a sample.
    pub fn samples(lattice: &Lattice, width: usize) -> Layout {
        let inner = vec![1; lattice.directions()];
        Layout { lattice: lattice.clone(), outer: lattice.extents().to_vec(), inner, width }
    }

    /// `inner[mu]` virtual nodes in direction `mu`; their product must divide `width`.
    ///
    /// # Errors
    /// If a split does not divide its extent or the nodes do not divide the lanes.
    pub fn split(lattice: &Lattice, inner: &[usize], width: usize) -> Result<Layout> {
        let refuse = |expected: String| {
            Err(Error::Layout { extents: lattice.extents().to_vec(), inner: inner.to_vec(), expected })
        };
        if inner.len() != lattice.directions() {
            return refuse(format!("expected {} factors", lattice.directions()));
        }
        let nodes = inner.iter().try_fold(1_usize, |nodes, &i| nodes.checked_mul(i)).unwrap_or(0);
        if nodes == 0 || !width.is_multiple_of(nodes) {
            return refuse(format!("the number of virtual nodes must divide the {width} lanes"));
        }
        if let Some(mu) = (0..inner.len()).find(|&mu| !lattice.extents()[mu].is_multiple_of(inner[mu])) {
            return refuse(format!("factor {} does not divide extent {}", inner[mu], lattice.extents()[mu]));
        }
        let outer = lattice.extents().iter().zip(inner).map(|(l, i)| l / i).collect();
        Ok(Layout { lattice: lattice.clone(), inner: inner.to_vec(), outer, width })
    }

    /// As many virtual nodes as the lattice allows, up to `nodes` (a power of 2), halving the longest outer extent
    /// first and leaving outer extents that are multiples of `periods[mu]`; a period of the whole extent keeps a
    /// direction whole. Direction 0 counts half: threads take rows in order and so meet across it, and the fewer sites
    /// of theirs touch, the fewer go from core to core.
    pub fn virtual_nodes(lattice: &Lattice, nodes: usize, periods: &[usize], width: usize) -> Layout {
        let mut layout = Layout::samples(lattice, width);
        while layout.nodes() * 2 <= nodes.min(width) {
            let fits = |&mu: &usize| layout.outer[mu].is_multiple_of(2 * periods[mu].max(1));
            let length = |&mu: &usize| (if mu == 0 { 1 } else { 2 } * layout.outer[mu], mu > 0);
            // Of equal ones the first, but for direction 0.
            let Some(mu) = (0..layout.outer.len().min(periods.len())).rev().filter(fits).max_by_key(length) else {
                break;
            };
            layout.outer[mu] /= 2;
            layout.inner[mu] *= 2;
        }
        layout
    }

    /// The lattice.
    pub fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    /// Numbers in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Refuses rows that are no lane group of the precision `R`.
    ///
    /// # Errors
    /// If the width is not that of `R`.
    pub fn check_width<R: Real>(&self) -> Result<()> {
        if self.width == R::WIDTH {
            return Ok(());
        }
        let expected = format!("rows of {} {} numbers", R::WIDTH, R::NAME);
        Err(Error::Binding { what: "layout".into(), expected, found: self.width.to_string() })
    }

    /// Virtual nodes in a row.
    pub fn nodes(&self) -> usize {
        self.inner.iter().product()
    }

    /// Virtual nodes in each direction.
    pub fn inner(&self) -> &[usize] {
        &self.inner
    }

    /// Samples in a row.
    pub fn samples_per_row(&self) -> usize {
        self.width / self.nodes()
    }

    /// How many blocks hold `samples` samples.
    pub fn blocks(&self, samples: usize) -> usize {
        samples.div_ceil(self.samples_per_row())
    }

    /// The outer sites of a sub-lattice, in the order of their rows.
    ///
    /// # Errors
    /// If the sub-lattice does not close around the lattice, or differs from one virtual node to another.
    pub fn rows(&self, location: Location) -> Result<Vec<usize>> {
        location.check(&self.lattice)?;
        for (mu, &outer) in self.outer.iter().enumerate() {
            if self.inner[mu] > 1 && outer % location.period(mu) != 0 {
                return Err(Error::Layout {
                    extents: self.lattice.extents().to_vec(),
                    inner: self.inner.clone(),
                    expected: format!("parts of {outer} sites are no multiple of the sub-lattice's period"),
                });
            }
        }
        let volume: usize = self.outer.iter().product();
        Ok((0..volume).filter(|&o| location.contains(&coordinates(&self.outer, o))).collect())
    }

    /// For each row of `to`, the neighbour at distance `displacement` on sub-lattice `from`, if it lies there.
    ///
    /// # Errors
    /// As [`Layout::rows`].
    pub fn hops(
        &self,
        to: Location,
        from: Location,
        displacement: &[i32],
        twists: &mut Twists,
    ) -> Result<Vec<Option<Hop>>> {
        let mut row_of = vec![u32::MAX; self.outer.iter().product()];
        for (row, outer) in self.rows(from)?.into_iter().enumerate() {
            row_of[outer] = row as u32;
        }
        let directions = self.outer.len();
        let hop = |outer: usize| {
            let (mut rest, mut stride, mut target) = (outer, 1, 0);
            let mut crossed = [0; Lattice::MAX_DIRECTIONS];
            for mu in (0..directions).rev() {
                let extent = self.outer[mu];
                let x = (rest % extent) as i64 + displacement[mu] as i64;
                rest /= extent;
                target += x.rem_euclid(extent as i64) as usize * stride;
                stride *= extent;
                crossed[mu] = x.div_euclid(extent as i64);
            }
            let row = row_of[target];
            (row != u32::MAX).then(|| Hop { row, twist: twists.number(self, &crossed[..directions]) })
        };
        Ok(self.rows(to)?.into_iter().map(hop).collect())
    }

    /// The twist of a step that crosses `crossed[mu]` edges of virtual nodes in direction `mu`.
    fn twist(&self, crossed: &[i64]) -> Twist {
        let mut twist = Twist { from: [0; 16], phase_re: [1.0; 16], phase_im: [0.0; 16] };
        let nodes = self.nodes();
        for lane in 0..self.width.min(16) {
            let (sample, node) = (lane / nodes, lane % nodes);
            let (mut source, mut re, mut im) = (0, 1.0, 0.0);
            for (mu, v) in coordinates(&self.inner, node).into_iter().enumerate() {
                let v = v as i64 + crossed[mu];
                let extent = self.inner[mu] as i64;
                source = source * self.inner[mu] + v.rem_euclid(extent) as usize;
                let (cos, sin) = self.lattice.boundary(mu).phase(v.div_euclid(extent));
                (re, im) = (re * cos - im * sin, re * sin + im * cos);
            }
            twist.from[lane] = (sample * nodes + source) as u32;
            twist.phase_re[lane] = re;
            twist.phase_im[lane] = im;
        }
        twist
    }

    /// The lane of a sample (within its block) and the row-independent part of a site: which node holds it.
    pub fn place(&self, site: usize) -> (usize, usize) {
        let (mut outer, mut node) = (0, 0);
        for (mu, x) in self.lattice.coordinates(site).into_iter().enumerate() {
            outer = outer * self.outer[mu] + x % self.outer[mu];
            node = node * self.inner[mu] + x / self.outer[mu];
        }
        (outer, node)
    }

    /// The site that virtual node `node` holds at outer site `outer`.
    pub fn site(&self, outer: usize, node: usize) -> usize {
        let o = coordinates(&self.outer, outer);
        let n = coordinates(&self.inner, node);
        let x: Vec<usize> = (0..o.len()).map(|mu| n[mu] * self.outer[mu] + o[mu]).collect();
        self.lattice.site(&x)
    }
}

impl Twists {
    /// Only the identity.
    pub fn new(layout: &Layout) -> Twists {
        let none = vec![0; layout.lattice().directions()];
        let identity = layout.twist(&none);
        Twists { list: vec![identity], index: HashMap::from([(none, 0)]) }
    }

    /// The number of the twist for these crossings.
    fn number(&mut self, layout: &Layout, crossed: &[i64]) -> u32 {
        if crossed.iter().all(|&c| c == 0) {
            return 0;
        }
        if let Some(&known) = self.index.get(crossed) {
            return known;
        }
        let twist = layout.twist(crossed);
        let known = self.list.iter().position(|t| *t == twist);
        let number = known.unwrap_or_else(|| {
            self.list.push(twist);
            self.list.len() - 1
        }) as u32;
        self.index.insert(crossed.to_vec(), number);
        number
    }

    /// Whether some twist other than the identity occurs.
    pub fn any(&self) -> bool {
        self.list.len() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_nodes_leave_direction_0_whole_unless_it_is_long() {
        let inner = |extents: &[usize], nodes, periods: &[usize]| {
            let lattice = Lattice::periodic(extents).expect("a lattice");
            Layout::virtual_nodes(&lattice, nodes, periods, 16).inner().to_vec()
        };
        let cases = [
            (&[8, 8, 8, 8][..], 16, &[1; 4][..], &[1, 4, 2, 2][..]),
            (&[8, 8, 8, 8], 8, &[1; 4], &[1, 2, 2, 2]),
            (&[64, 8, 8, 8], 16, &[1; 4], &[4, 2, 2, 1]),
            (&[16, 16], 16, &[1; 2], &[2, 8]),
            // What does not divide, or has to stay whole.
            (&[4, 3], 16, &[1; 2], &[4, 1]),
            (&[8, 8], 16, &[2; 2], &[4, 4]),
            (&[8, 8], 16, &[1, 8], &[8, 1]),
            (&[5, 7], 16, &[1; 2], &[1, 1]),
        ];
        for (extents, nodes, periods, expected) in cases {
            assert_eq!(inner(extents, nodes, periods), expected, "{extents:?}, {nodes} nodes, periods {periods:?}");
        }
    }
}
