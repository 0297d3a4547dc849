//! What a kernel sees of one block: slices of its inputs and of its output.

use crate::device::Draws;
use crate::lanes::{Level, Real, prefetch_to_write};
use crate::layout::Layout;
use std::marker::PhantomData;
use std::ops::Range;

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
    /// whole, except for sums over the batch, which are added to. A kernel of several pieces computes those of
    /// [`Args::pieces`].
    fn run(&self, args: &mut Args<'_, R>);

    /// Into how many pieces the work on a block can be cut, each of which writes rows of its own and may run on any
    /// thread. It depends on the layout alone.
    fn pieces(&self) -> usize {
        1
    }

    /// Sums in `f64` that each piece leaves behind, for [`Kernel::finish`].
    fn partials(&self) -> usize {
        0
    }

    /// Adds up what the pieces have left, in their order, if there is more than one of them.
    fn finish(&self, args: &mut Args<'_, R>) {
        let _ = args;
    }

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
    /// The pieces to compute.
    pub(super) pieces: Range<usize>,
    /// `[piece][partial sum]` of all pieces, if there is more than one.
    pub(super) partials: *mut f64,
}

/// The rows of an output, each to be written by one piece alone.
pub struct OutputRows<'a, R> {
    at: *mut R,
    /// What the rows hold before, if that lies elsewhere.
    before: Option<*const R>,
    rows: usize,
    size: usize,
    of: PhantomData<&'a mut [R]>,
}

impl<R: Real> OutputRows<'_, R> {
    /// Whether rows that are not asked for would be left without what the input holds.
    pub fn are_copied(&self) -> bool {
        self.before.is_some()
    }

    /// Asks for row `row`, which is to be written soon. Other threads may have read it, and writing would wait until they
    /// have given it up.
    #[inline(always)]
    pub fn expect(&self, row: usize) {
        if row < self.rows {
            let at = self.at.wrapping_add(row * self.size);
            (0..self.size).step_by(R::WIDTH).for_each(|i| prefetch_to_write(at.wrapping_add(i)));
        }
    }

    /// Row `row`, which holds what the input held there. A kernel asks for the rows of its pieces only, and for each once.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline(always)]
    pub fn row(&mut self, row: usize) -> &mut [R] {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        let offset = row * self.size;
        // SAFETY: the row lies inside the output, and pieces have rows of their own.
        let out = unsafe { std::slice::from_raw_parts_mut(self.at.add(offset), self.size) };
        if let Some(before) = self.before {
            // SAFETY: the input has the type of the output and lies elsewhere.
            out.copy_from_slice(unsafe { std::slice::from_raw_parts(before.add(offset), self.size) });
        }
        out
    }
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

    /// The pieces to compute.
    pub fn pieces(&self) -> Range<usize> {
        self.pieces.clone()
    }

    /// The first inputs, empty where they are no fields, and the numbers of a range of the output, which belong to
    /// these pieces alone.
    ///
    /// # Panics
    /// If the output ends before the range does.
    pub fn fields_and_part<const N: usize>(&mut self, range: Range<usize>) -> ([&[R]; N], &mut [R]) {
        let input = |i: usize| match self.inputs.get(i) {
            // SAFETY: as for `field`.
            Some(&Place::Field { at, len }) => unsafe { std::slice::from_raw_parts(at.cast_const(), len) },
            _ => &[],
        };
        let out = match self.outputs[0] {
            Place::Field { at, len } => {
                assert!(range.start <= range.end && range.end <= len, "{range:?} of {len} numbers");
                // SAFETY: the range lies inside the output, and pieces have ranges of their own.
                unsafe { std::slice::from_raw_parts_mut(at.add(range.start), range.len()) }
            }
            _ => &mut [],
        };
        (std::array::from_fn(input), out)
    }

    /// Input field `i`, and the output in rows of `size` numbers that hold what input field `changed` holds, in whose
    /// memory they may lie.
    pub fn field_and_rows_in_place(&mut self, i: usize, changed: usize, size: usize) -> (&[R], OutputRows<'_, R>) {
        let slice = |i: usize| match self.inputs.get(i) {
            Some(&Place::Field { at, len }) => (at, len),
            _ => (std::ptr::dangling_mut(), 0),
        };
        let ((at, len), (before, _)) = (slice(i), slice(changed));
        let (out, numbers) = match self.outputs[0] {
            Place::Field { at, len } => (at, len),
            _ => (std::ptr::dangling_mut(), 0),
        };
        let before = (before != out).then_some(before.cast_const());
        // SAFETY: as for `field`; the planner keeps the output apart from every input but the one that is changed.
        let field = unsafe { std::slice::from_raw_parts(at.cast_const(), len) };
        (field, OutputRows { at: out, before, rows: numbers / size.max(1), size, of: PhantomData })
    }

    /// Input `i`, a number per sample or for all, in every lane of a row.
    pub fn number_lanes(&self, i: usize) -> [R; 16] {
        let mut lanes = [R::default(); 16];
        match self.inputs[i] {
            Place::Uniform(value) => lanes.fill(R::from_f64(value)),
            Place::PerSample { .. } => {
                lanes.iter_mut().zip(self.per_sample(i)).for_each(|(lane, &x)| *lane = R::from_f64(x));
            }
            _ => {}
        }
        lanes
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
