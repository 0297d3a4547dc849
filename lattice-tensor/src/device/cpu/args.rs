//! What a kernel sees of one block: slices of its inputs and of its output.

use crate::device::Draws;
use crate::lanes::{Level, Real};
use crate::layout::Layout;

/// Where the numbers of an operand lie while a block is run. Which variant it is follows from the node's type, which
/// was checked when the program was built.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<R> {
    Field { at: *mut R, len: usize },
    PerSample { at: *mut f64, len: usize },
    Weights { at: *const R, len: usize },
    Uniform(f64),
}

/// A kernel: one op, prepared for one layout.
pub trait Kernel<R: Real>: Send + Sync {
    /// Computes the output of one block from its inputs. The output may hold anything before; it must be overwritten
    /// whole, except for sums over the batch, which are added to.
    fn run(&self, args: &mut Args<'_, R>);

    /// What the kernel does, for a printed program.
    fn describe(&self) -> String {
        String::new()
    }

    /// Numbers of scratch memory that the kernel wants to be handed.
    fn scratch(&self) -> usize {
        0
    }
}

/// The inputs and the output of a kernel for one block.
///
/// Fields are `[row][component][lane]`, numbers per sample `[lane]`, sums over the batch `[weight][lane]`.
pub struct Args<'a, R> {
    pub(super) inputs: &'a [Place<R>],
    pub(super) outputs: &'a [Place<R>],
    pub(super) scratch: &'a mut [R],
    pub(super) level: Level,
    pub(super) block: usize,
    pub(super) draws: Draws,
    pub(super) layout: &'a Layout,
}

impl<R: Real> Args<'_, R> {
    /// Input `i`, a field.
    pub fn field(&self, i: usize) -> &[R] {
        match self.inputs[i] {
            // SAFETY: the planner gives each operand a range of its own that is alive and, while it is read, not
            // written: lifetimes of overlapping ranges do not overlap.
            Place::Field { at, len } => unsafe { std::slice::from_raw_parts(at, len) },
            _ => &[],
        }
    }

    /// Input `i`, weights.
    pub fn weights(&self, i: usize) -> &[R] {
        match self.inputs[i] {
            // SAFETY: the weights are borrowed for the whole run.
            Place::Weights { at, len } => unsafe { std::slice::from_raw_parts(at, len) },
            _ => &[],
        }
    }

    /// Input `i`, a number for each lane.
    pub fn per_sample(&self, i: usize) -> &[f64] {
        match self.inputs[i] {
            // SAFETY: as for fields.
            Place::PerSample { at, len } => unsafe { std::slice::from_raw_parts(at, len) },
            _ => &[],
        }
    }

    /// Input `i`, a number for all samples.
    pub fn uniform(&self, i: usize) -> f64 {
        match self.inputs[i] {
            Place::Uniform(value) => value,
            _ => f64::NAN,
        }
    }

    /// The output: a field, or sums over the batch.
    pub fn output(&mut self) -> &mut [R] {
        match self.outputs[0] {
            // SAFETY: the planner gives the output a range that overlaps no input of the same step.
            Place::Field { at, len } => unsafe { std::slice::from_raw_parts_mut(at, len) },
            _ => &mut [],
        }
    }

    /// The output, one number a lane.
    pub fn output_per_sample(&mut self) -> &mut [f64] {
        match self.outputs[0] {
            // SAFETY: as for `output`.
            Place::PerSample { at, len } => unsafe { std::slice::from_raw_parts_mut(at, len) },
            _ => &mut [],
        }
    }

    /// Input field `i` and the output, at once.
    pub fn field_and_output(&mut self, i: usize) -> (&[R], &mut [R]) {
        let (input, _, output) = self.split(i, usize::MAX);
        (input, output)
    }

    /// Input field `i`, input weights or field `j`, and the output, at once.
    pub fn split(&mut self, i: usize, j: usize) -> (&[R], &[R], &mut [R]) {
        let slice = |i: usize| match self.inputs.get(i) {
            // SAFETY: as for `field` and `weights`.
            Some(&Place::Field { at, len }) => unsafe { std::slice::from_raw_parts(at.cast_const(), len) },
            // SAFETY: as above.
            Some(&Place::Weights { at, len }) => unsafe { std::slice::from_raw_parts(at, len) },
            _ => &[],
        };
        let output = match self.outputs[0] {
            // SAFETY: as for `output`.
            Place::Field { at, len } => unsafe { std::slice::from_raw_parts_mut(at, len) },
            _ => &mut [],
        };
        (slice(i), slice(j), output)
    }

    /// As [`Args::split`], with the kernel's scratch memory.
    pub fn split_with_scratch(&mut self, i: usize, j: usize) -> (&[R], &[R], &mut [R], &mut [R]) {
        let scratch: *mut [R] = &mut *self.scratch;
        let (a, b, output) = self.split(i, j);
        // SAFETY: the scratch memory is a range of its own, and `self` stays borrowed.
        (a, b, output, unsafe { &mut *scratch })
    }

    /// The instruction set to run on.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The number of the block.
    pub fn block(&self) -> usize {
        self.block
    }

    /// The key of this run's random numbers.
    pub fn draws(&self) -> Draws {
        self.draws
    }

    /// The layout.
    pub fn layout(&self) -> &Layout {
        self.layout
    }
}
