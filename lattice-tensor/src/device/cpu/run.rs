//! Running a planned program over the blocks of a batch.

use super::args::{Args, Place};
use super::memory::Aligned;
use super::plan::{Home, PerSampleOutput, Program, Step, UniformStep};
use super::processor::Cpu;
use crate::device::{Bindings, Draws};
use crate::error::{Error, Result};
use crate::field::FieldData;
use crate::lanes::Real;
use crate::spec::Spec;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What one thread needs to run a block.
pub(super) struct Workspace<R> {
    arena: Aligned<R>,
    numbers: Aligned<f64>,
    /// What the pieces of a kernel leave behind.
    partials: Aligned<f64>,
    sums: Aligned<R>,
    /// Copies of the field arguments for a block with fewer samples than lanes.
    padded: Aligned<R>,
    inputs: Vec<Place<R>>,
    outputs: Vec<Place<R>>,
}

// SAFETY: the places are refilled before each kernel and never outlive the run that fills them.
unsafe impl<R: Send> Send for Workspace<R> {}

/// Sums over the batch are collected in this many slots: slot `s` takes the blocks `b ≡ s` in increasing order, and
/// the slots are added in order at the end. A constant, so that results depend neither on threads nor on timing.
const SLOTS: usize = 32;

/// A pointer that tasks may share because each touches its own blocks.
#[derive(Clone, Copy)]
struct Shared<T>(*mut T);
// SAFETY: see `Run`: every task writes only the ranges of its own blocks.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn get(self) -> *mut T {
        self.0
    }
}

impl<R: Real> Program<R> {
    /// Runs the program.
    ///
    /// # Errors
    /// If an argument or output is missing, or of another type, layout or size than the program needs.
    pub fn run(&mut self, cpu: &Cpu, bindings: &mut Bindings<'_, '_, R>) -> Result<()> {
        self.check(bindings)?;
        let blocks = self.layout.blocks(bindings.samples);
        // Fewer blocks than threads: all threads share the work on each, piece by piece.
        let together = blocks < cpu.threads() && self.sums == 0;
        self.reserve(cpu, if together { 1 } else { cpu.threads() })?;
        for &(step, index) in &self.uniform_steps {
            self.uniforms[index] = match step {
                UniformStep::Constant(value) => value,
                UniformStep::Argument(argument) => bindings.uniforms[self.arguments[argument].index],
                UniformStep::Pointwise(kind, places) => {
                    let values = places.map(|p| self.uniforms[p]);
                    kind.on_f64(&values[..kind.arity()])
                }
            };
        }
        // Numbers that lie elsewhere are fetched here, before the blocks look at them.
        bindings.fields.iter().try_for_each(|field| field.numbers().map(|_| ()))?;
        let mut fields = [const { Shared(std::ptr::null_mut()) }; 32];
        for (place, field) in fields.iter_mut().zip(bindings.out_fields.iter_mut()) {
            *place = Shared(field.overwrite()?.as_mut_ptr());
        }
        let mut numbers = [const { Shared(std::ptr::null_mut()) }; 256];
        for (place, out) in numbers.iter_mut().zip(bindings.out_per_sample.iter_mut()) {
            *place = Shared(out.as_mut_ptr());
        }
        let run = Run { program: self, cpu, bindings, fields: &fields, numbers: &numbers, together };
        if together {
            let mut workspace = locked(&self.workspaces[0]);
            (0..blocks).for_each(|block| run.block(block, 0, &mut workspace));
        } else if self.sums == 0 {
            cpu.for_each(blocks, |thread, blocks| {
                let mut workspace = locked(&run.program.workspaces[thread]);
                blocks.for_each(|block| run.block(block, thread, &mut workspace));
            });
        } else {
            let slots = Shared(self.slots.as_ptr().cast_mut());
            cpu.for_each(SLOTS.min(blocks), |thread, tasks| {
                let mut workspace = locked(&run.program.workspaces[thread]);
                for slot in tasks {
                    workspace.sums.fill(R::default());
                    (slot..blocks).step_by(SLOTS).for_each(|block| run.block(block, thread, &mut workspace));
                    // SAFETY: each task has a slot of its own.
                    let sums = unsafe {
                        std::slice::from_raw_parts_mut(slots.get().add(slot * run.program.sums), run.program.sums)
                    };
                    add_lanes(&workspace.sums, sums);
                }
            });
            bindings.out_sums.fill(0.0);
            for slot in self.slots.chunks_exact(self.sums).take(SLOTS.min(blocks)) {
                bindings.out_sums.iter_mut().zip(slot).for_each(|(sum, x)| *sum += x.to_f64());
            }
        }
        Ok(())
    }

    /// Whether the program can take these data.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub(crate) fn check(&self, bindings: &Bindings<'_, '_, R>) -> Result<()> {
        let mismatch = |what: &str, expected: String, found: String| {
            Err(Error::Binding { what: what.to_string(), expected, found })
        };
        let samples = bindings.samples;
        let field = |what: &str, spec: Spec, field: Option<&FieldData<R>>| match field {
            None => mismatch(what, spec.to_string(), "nothing".into()),
            Some(f) if f.spec() != spec => mismatch(what, spec.to_string(), f.spec().to_string()),
            Some(f) if *f.layout() != self.layout => mismatch(what, "the program's layout".into(), "another".into()),
            Some(f) if f.samples() != samples => mismatch(what, format!("{samples} samples"), f.samples().to_string()),
            Some(_) => Ok(()),
        };
        for port in &self.arguments {
            match port.spec {
                Spec::Field { .. } => field(&port.name, port.spec, bindings.fields.get(port.index).copied())?,
                Spec::PerSample => {
                    let found = bindings.per_sample.get(port.index).map_or(0, |x| x.len());
                    if found != samples {
                        return mismatch(&port.name, format!("{samples} numbers"), found.to_string());
                    }
                }
                Spec::Uniform => {
                    if port.index >= bindings.uniforms.len() {
                        return mismatch(&port.name, "a number".into(), "nothing".into());
                    }
                }
                Spec::Weights { .. } | Spec::BatchSum { .. } => {}
            }
        }
        if bindings.weights.len() < self.weights {
            return mismatch("weights", self.weights.to_string(), bindings.weights.len().to_string());
        }
        for port in &self.outputs {
            match port.spec {
                Spec::Field { .. } => {
                    field(&port.name, port.spec, bindings.out_fields.get(port.index).map(|f| &**f))?;
                }
                Spec::PerSample | Spec::Uniform => {
                    let found = bindings.out_per_sample.get(port.index).map_or(0, |x| x.len());
                    if found != samples {
                        return mismatch(&port.name, format!("{samples} numbers"), found.to_string());
                    }
                }
                Spec::Weights { .. } | Spec::BatchSum { .. } => {}
            }
        }
        if bindings.out_sums.len() != self.sums {
            return mismatch("sums", self.sums.to_string(), bindings.out_sums.len().to_string());
        }
        if bindings.out_fields.len() > 32 || bindings.out_per_sample.len() > 256 {
            return mismatch("outputs", "at most 32 fields and 256 numbers".into(), "more".into());
        }
        Ok(())
    }

    fn reserve(&mut self, cpu: &Cpu, workspaces: usize) -> Result<()> {
        while self.scratches.len() < cpu.threads() {
            self.scratches.push(Mutex::new(Aligned::zeros(self.scratch, "scratch memory")?));
        }
        while self.workspaces.len() < workspaces {
            let most = |f: fn(&super::plan::Step<R>) -> usize| self.steps.iter().map(f).max().unwrap_or(0);
            let partials = most(|s| s.kernel.pieces() * s.kernel.partials());
            self.workspaces.push(Mutex::new(Workspace {
                arena: Aligned::zeros(self.arena, "the arena of a block")?,
                numbers: Aligned::zeros(self.per_sample_numbers * R::WIDTH, "numbers per sample")?,
                partials: Aligned::zeros(partials, "partial sums")?,
                sums: Aligned::zeros(self.sums * R::WIDTH, "sums over the batch")?,
                padded: Aligned::zeros(self.padded(), "the padding of a block")?,
                inputs: Vec::with_capacity(most(|s| s.inputs.len())),
                outputs: Vec::with_capacity(most(|s| s.outputs.len())),
            }));
        }
        if self.slots.is_empty() && self.sums > 0 {
            self.slots = vec![R::default(); SLOTS * self.sums];
        }
        Ok(())
    }

    /// Numbers that the copies of padded field arguments take. Only sums over the batch look at padding: their terms
    /// have weight zero there, which must not meet an infinity.
    fn padded(&self) -> usize {
        if self.sums > 0 && self.layout.samples_per_row() > 1 { self.field_arguments.iter().sum() } else { 0 }
    }
}

/// Adds the lanes of each sum in a fixed tree.
fn add_lanes<R: Real>(lanes: &[R], sums: &mut [R]) {
    for (lanes, sum) in lanes.chunks_exact(R::WIDTH).zip(sums) {
        let mut tree = [R::default(); 16];
        tree[..R::WIDTH].copy_from_slice(lanes);
        let mut half = R::WIDTH / 2;
        while half > 0 {
            for l in 0..half {
                tree[l] = R::from_f64(tree[l].to_f64() + tree[l + half].to_f64());
            }
            half /= 2;
        }
        *sum = tree[0];
    }
}

/// The contents of a mutex. A panic in a kernel poisons it, but what it holds is scratch.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One kernel on one block.
#[derive(Clone, Copy)]
struct Frame<'a, R> {
    inputs: &'a [Place<R>],
    outputs: &'a [Place<R>],
    partials: *mut f64,
    block: usize,
    draws: Draws,
}

// SAFETY: what the places point to is only read by several pieces, or written by one each.
unsafe impl<R: Sync> Sync for Frame<'_, R> {}

impl<'a, R: Real> Frame<'a, R> {
    fn args<'b>(&self, run: &'b Run<'_, '_, '_, R>, pieces: Range<usize>, scratch: &'b mut [R]) -> Args<'b, R>
    where
        'a: 'b,
    {
        Args {
            inputs: self.inputs,
            outputs: self.outputs,
            scratch,
            level: run.cpu.level(),
            block: self.block,
            draws: self.draws,
            layout: &run.program.layout,
            pieces,
            partials: self.partials,
        }
    }
}

/// One run, as its tasks see it. Tasks write only the field rows, numbers and slots of their own blocks.
struct Run<'r, 'a, 'f, R: Real> {
    program: &'r Program<R>,
    cpu: &'r Cpu,
    bindings: &'r Bindings<'a, 'f, R>,
    fields: &'r [Shared<R>],
    numbers: &'r [Shared<f64>],
    /// Whether all threads work on one block.
    together: bool,
}

// SAFETY: the bindings are only read through this reference; what is written goes through `Shared`.
unsafe impl<R: Real> Sync for Run<'_, '_, '_, R> {}

impl<R: Real> Run<'_, '_, '_, R> {
    /// Runs a kernel on a block: its pieces one after the other or, if the block has all threads, side by side.
    fn kernel(&self, step: &Step<R>, thread: usize, frame: Frame<'_, R>) {
        let kernel = &*step.kernel;
        let all = kernel.pieces();
        if self.together && all > 1 && step.threads > 1 {
            self.cpu.for_each_among(step.threads, all, |thread, pieces| {
                let mut scratch = locked(&self.program.scratches[thread]);
                pieces.for_each(|piece| kernel.run(&mut frame.args(self, piece..piece + 1, &mut scratch)));
            });
        } else {
            kernel.run(&mut frame.args(self, 0..all, &mut locked(&self.program.scratches[thread])));
        }
        if kernel.partials() > 0 {
            kernel.finish(&mut frame.args(self, 0..all, &mut []));
        }
    }

    /// Runs the program on a block, led by `thread`.
    fn block(&self, block: usize, thread: usize, workspace: &mut Workspace<R>) {
        let Run { program, bindings, .. } = self;
        let nodes = program.layout.nodes();
        let samples_per_row = program.layout.samples_per_row();
        let first = block * samples_per_row;
        let lanes = |index: usize| index * R::WIDTH..(index + 1) * R::WIDTH;
        let mut given = bindings.per_sample.iter();
        for place in &program.per_sample_arguments {
            if let (Some(index), Some(numbers)) = (place, given.next()) {
                for (lane, x) in workspace.numbers[lanes(*index)].iter_mut().enumerate() {
                    // Padding repeats the last sample, here as in fields.
                    *x = numbers[(first + lane / nodes).min(bindings.samples - 1)];
                }
            }
        }
        if let Some(index) = program.mask {
            for (lane, x) in workspace.numbers[lanes(index)].iter_mut().enumerate() {
                *x = if first + lane / nodes < bindings.samples { 1.0 } else { 0.0 };
            }
        }
        let pad = samples_per_row - samples_per_row.min(bindings.samples - first);
        let padded = (pad > 0 && !workspace.padded.is_empty()).then(|| {
            let mut rest = &mut workspace.padded[..];
            for (field, &len) in bindings.fields.iter().zip(&program.field_arguments) {
                let (copy, after) = std::mem::take(&mut rest).split_at_mut(len);
                copy.copy_from_slice(&field.on_host()[block * len..][..len]);
                let used = R::WIDTH - pad * nodes;
                for row in copy.chunks_exact_mut(R::WIDTH) {
                    (used..R::WIDTH).for_each(|lane| row[lane] = row[used - nodes + lane % nodes]);
                }
                rest = after;
            }
            workspace.padded.as_mut_ptr()
        });
        let draws = Draws { first_sample: bindings.draws.first_sample + first as u64, ..bindings.draws };
        let arena = workspace.arena.as_mut_ptr();
        let numbers = workspace.numbers.as_mut_ptr();
        let sums = workspace.sums.as_mut_ptr();
        let partials = workspace.partials.as_mut_ptr();
        for step in &program.steps {
            // SAFETY: offsets were assigned within the sizes that the workspace was made with; field pointers are
            // offset to this block, whose rows they hold.
            let place = |home: &Home| unsafe {
                match *home {
                    Home::Arena { offset, len } => Place::Field { at: arena.add(offset), len },
                    Home::Argument { field, len } => {
                        let at = match padded {
                            Some(at) => at.add(program.field_arguments[..field].iter().sum()),
                            None => bindings.fields[field].on_host().as_ptr().add(block * len).cast_mut(),
                        };
                        Place::Field { at, len }
                    }
                    Home::Output { field, len } => Place::Field { at: self.fields[field].0.add(block * len), len },
                    Home::PerSample { index } => Place::PerSample { at: numbers.add(index * R::WIDTH), len: R::WIDTH },
                    Home::Weights { offset, len } => Place::Weights { at: bindings.weights.as_ptr().add(offset), len },
                    Home::Uniform { index } => Place::Uniform(program.uniforms[index]),
                    Home::Sum { offset, len } => Place::Field { at: sums.add(offset * R::WIDTH), len: len * R::WIDTH },
                }
            };
            workspace.inputs.clear();
            workspace.inputs.extend(step.inputs.iter().map(place));
            workspace.outputs.clear();
            workspace.outputs.extend(step.outputs.iter().map(place));
            let (inputs, outputs) = (&workspace.inputs[..], &workspace.outputs[..]);
            self.kernel(step, thread, Frame { inputs, outputs, partials, block, draws });
        }
        for (out, source) in self.numbers.iter().zip(&program.per_sample_outputs) {
            for sample in first..(first + samples_per_row).min(bindings.samples) {
                let value = match *source {
                    PerSampleOutput::Computed(index) => workspace.numbers[index * R::WIDTH + (sample - first) * nodes],
                    PerSampleOutput::Uniform(index) => program.uniforms[index],
                };
                // SAFETY: `check` has seen one number a sample in every output; samples belong to one block.
                unsafe { *out.0.add(sample) = value };
            }
        }
    }
}
