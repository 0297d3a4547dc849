//! Which rows a convolution reads for each row that it computes.

use super::Kernel;
use crate::error::Result;
use crate::lattice::Location;
use crate::layout::{Layout, Twist, Twists};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// Rows that have the same neighbours, tap by tap, so that a kernel may treat several at a time.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    /// The rows that are computed.
    pub rows: Vec<u32>,
    /// The taps whose neighbour is there.
    pub taps: Vec<u32>,
    /// The rows that are read, `[row][tap]`.
    pub reads: Vec<u32>,
    /// The twist of each read; empty if there is none.
    pub twists: Vec<u32>,
}

/// All rows of a sub-lattice with their neighbours.
#[derive(Clone, Debug)]
pub(crate) struct Taps {
    pub classes: Vec<Class>,
    pub twists: Vec<Twist>,
}

/// The tables made so far for one layout. A net has many convolutions of few geometries, which share them.
#[derive(Debug, Default)]
pub(crate) struct Tables(RefCell<HashMap<Geometry, Arc<Taps>>>);

/// Extents, the sub-lattice whose rows are computed, the one that is read, and the sign of the displacements.
type Geometry = (Vec<usize>, Location, Location, i32);

impl Tables {
    /// The table of a kernel's neighbours at `sign · d`.
    pub fn taps(&self, kernel: &Kernel, layout: &Layout, sign: i32) -> Result<Arc<Taps>> {
        let geometry = (kernel.extents.clone(), kernel.to, kernel.from, sign);
        if let Some(known) = self.0.borrow().get(&geometry) {
            return Ok(known.clone());
        }
        let taps = Arc::new(Taps::new(kernel, layout, sign)?);
        self.0.borrow_mut().insert(geometry, taps.clone());
        Ok(taps)
    }
}

impl Taps {
    /// Neighbours at `sign · d`: `+1` reads `from` for each row of `to`, `−1` the other way round.
    fn new(kernel: &Kernel, layout: &Layout, sign: i32) -> Result<Taps> {
        let (to, from) = if sign > 0 { (kernel.to, kernel.from) } else { (kernel.from, kernel.to) };
        let mut twists = Twists::new(layout);
        let tables = (0..kernel.taps())
            .map(|tap| layout.hops(to, from, &kernel.displacement(tap, sign), &mut twists))
            .collect::<Result<Vec<_>>>()?;
        let mut classes: Vec<Class> = Vec::new();
        for row in 0..layout.rows(to)?.len() {
            let taps: Vec<u32> = (0..tables.len()).filter(|&t| tables[t][row].is_some()).map(|t| t as u32).collect();
            let known = classes.iter().position(|c| c.taps == taps);
            let class = known.unwrap_or_else(|| {
                classes.push(Class { rows: Vec::new(), taps, reads: Vec::new(), twists: Vec::new() });
                classes.len() - 1
            });
            let class = &mut classes[class];
            class.rows.push(row as u32);
            for hop in tables.iter().filter_map(|table| table[row]) {
                class.reads.push(hop.row);
                class.twists.push(hop.twist);
            }
        }
        for class in &mut classes {
            if class.twists.iter().all(|&t| t == 0) {
                class.twists.clear();
            }
        }
        Ok(Taps { classes, twists: twists.list })
    }
}
