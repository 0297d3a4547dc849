//! How many samples a step draws: few at first, many when the gradient is mostly noise.
//!
//! ```text
//! n_j = a (b/a)^(j/(k-1)), between the ends rounded to a multiple of 16;   stage j = ⌊k s/S⌋ of k, at step s of S
//! ```
//! Smith et al., arXiv:1711.00489: growing the batch does what lowering the learning rate does. Multiples of 16 fill
//! the rows of `f32` and of `f64`.

use super::OptimError;
use serde::{Deserialize, Serialize};

/// What batch sizes between the ends are multiples of.
const ROW: usize = 16;
/// More stages than any run has use for.
const MOST_STAGES: usize = 1024;
/// Samples beyond which a batch is surely a slip.
const MOST: usize = 1 << 26;

/// Batch sizes that grow from one to another in stages of equal length. As text `64`, `64..256` or `64..256/5`.
///
/// ```
/// use lattice_autograd::optim::BatchSchedule;
/// let batch: BatchSchedule = "64..256".parse()?;
/// assert_eq!(batch.sizes().collect::<Vec<_>>(), [64, 128, 256]);
/// assert_eq!([0, 333, 334, 999].map(|step| batch.size(step, 1000)), [64, 64, 128, 256]);
/// # Ok::<(), lattice_autograd::optim::OptimError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BatchSchedule {
    from: usize,
    to: usize,
    stages: usize,
}

impl BatchSchedule {
    /// The same size throughout.
    pub fn constant(size: usize) -> Result<BatchSchedule, OptimError> {
        BatchSchedule::new(size, size, 1)
    }

    /// As many stages as it takes for none to more than double the size.
    pub fn doubling(from: usize, to: usize) -> Result<BatchSchedule, OptimError> {
        let mut stages = 1;
        let mut reach = from.max(1);
        while reach < to {
            reach = reach.saturating_mul(2);
            stages += 1;
        }
        BatchSchedule::new(from, to, stages)
    }

    /// From one size to another in so many stages, at least two if the sizes differ.
    pub fn new(from: usize, to: usize, stages: usize) -> Result<BatchSchedule, OptimError> {
        for size in [from, to] {
            OptimError::setting("batch size", size as f64, (1..=MOST).contains(&size), "1 to 2^26")?;
        }
        OptimError::setting("last batch size", to as f64, from <= to, "at least the first")?;
        let enough = (if from == to { 1 } else { 2 }..=MOST_STAGES).contains(&stages);
        OptimError::setting("stages of the batch size", stages as f64, enough, "two or more, to 1024")?;
        Ok(BatchSchedule { from, to, stages })
    }

    /// The first size.
    pub fn first(&self) -> usize {
        self.from
    }

    /// The last size.
    pub fn last(&self) -> usize {
        self.to
    }

    /// How many stages.
    pub fn stages(&self) -> usize {
        self.stages
    }

    /// The batch size at a step of a run of so many steps; after the run, the last.
    pub fn size(&self, step: u64, run: u64) -> usize {
        let stage = (self.stages as u128 * u128::from(step)).checked_div(u128::from(run));
        // The quotient is below the number of stages, if the run is not over.
        self.stage(if step < run { stage.unwrap_or(0) as usize } else { self.stages - 1 })
    }

    /// The sizes of all stages, for planning their programs before the run.
    pub fn sizes(&self) -> impl Iterator<Item = usize> {
        let schedule = *self;
        (0..self.stages).map(move |j| schedule.stage(j))
    }

    fn stage(&self, j: usize) -> usize {
        let (from, to) = (self.from as f64, self.to as f64);
        let last = self.stages - 1;
        let exponent = if last == 0 { 0.0 } else { j as f64 / last as f64 };
        let rows = libm::round(from * libm::pow(to / from, exponent) / ROW as f64);
        match j {
            // Exact at both ends, whatever the rounding of the power.
            _ if j == last => self.to,
            0 => self.from,
            _ => (rows as usize * ROW).clamp(self.from, self.to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_grow_by_rows_from_the_first_to_the_last() -> Result<(), OptimError> {
        for (from, to, stages) in
            [(64, 256, 3), (16, 16, 1), (16, 4096, 100), (48, 80, 2), (1 << 10, 1 << 26, 7), (10, 1000, 4)]
        {
            let sizes: Vec<usize> = BatchSchedule::new(from, to, stages)?.sizes().collect();
            assert_eq!((sizes.len(), sizes[0], sizes[stages - 1]), (stages, from, to));
            let inner = &sizes[1..(stages - 1).max(1)];
            assert!(sizes.is_sorted() && inner.iter().all(|n| n % ROW == 0), "{sizes:?}");
        }
        Ok(())
    }

    #[test]
    fn stages_are_of_equal_length_and_the_last_one_stays() -> Result<(), OptimError> {
        let batch = BatchSchedule::doubling(32, 512)?;
        let sizes: Vec<usize> = (0..1000).map(|s| batch.size(s, 1000)).collect();
        for (j, stage) in sizes.chunks(200).enumerate() {
            assert!(stage.iter().all(|&n| n == 32 << j), "{j}");
        }
        for (step, run) in [(1000, 1000), (5, 0), (u64::MAX, 3), (u64::MAX, u64::MAX)] {
            assert_eq!(batch.size(step, run), 512);
        }
        assert_eq!(batch.size(u64::MAX / 2, u64::MAX), 128);
        // Fewer steps than stages: some are left out, none is repeated.
        assert_eq!([0, 1].map(|s| batch.size(s, 2)), [32, 128]);
        Ok(())
    }

    #[test]
    fn no_doubling_stage_more_than_doubles() -> Result<(), OptimError> {
        for to in (16..2000).step_by(16) {
            let sizes: Vec<usize> = BatchSchedule::doubling(16, to)?.sizes().collect();
            assert!(sizes.windows(2).all(|w| w[0] < w[1] && w[1] <= 2 * w[0] + ROW), "{sizes:?}");
        }
        Ok(())
    }
}
