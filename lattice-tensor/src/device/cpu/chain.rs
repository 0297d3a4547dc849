//! Chains of pointwise ops: one pass through memory.
//!
//! A chain runs over the rows of its fields in strips of [`STRIP`] rows. Within a strip each instruction reads and
//! writes short buffers that stay in the first-level cache; what later steps need goes straight to memory. Shifts and
//! channels are loads, sums over the lattice are the chain's ends.

use super::args::{Args, Kernel, Place};
use crate::lanes::{Isa, Lane, Real, Vectorize};
use crate::layout::{Hop, Twist};
use crate::ops::Pointwise;

/// Rows in a strip: 2 KiB a buffer.
pub(super) const STRIP: usize = 32;

/// What an instruction reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operand {
    /// Rows `offset + stride · row` of an input of the chain.
    Input { input: usize, offset: usize, stride: usize },
    /// Rows of an output of the chain that an earlier instruction has written.
    Output(usize),
    /// A strip buffer.
    Strip(usize),
    /// A number for each lane or for all, the same in every row; its place among the spread numbers.
    Spread(usize),
}

/// Where an instruction writes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    Strip(usize),
    Output(usize),
}

/// The rows of neighbours.
#[derive(Clone, Debug)]
pub(super) struct Hops {
    pub input: usize,
    pub components: usize,
    /// One entry a site; `None` reads zero.
    pub table: Vec<Option<Hop>>,
    pub twists: Vec<Twist>,
    /// The rows alone, if every neighbour exists and no lane is permuted.
    pub plain: Option<Vec<u32>>,
}

#[derive(Clone, Debug)]
pub(super) enum Instruction {
    Pointwise {
        kind: Pointwise,
        operands: [Operand; 3],
        to: Target,
    },
    Copy {
        from: Operand,
        to: Target,
    },
    Load {
        hops: Hops,
        to: Target,
    },
    /// The sum of several loads.
    SumLoads {
        hops: Vec<Hops>,
        to: Target,
    },
    Sum {
        from: Operand,
        output: usize,
    },
}

/// A chain, prepared.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub rows: usize,
    pub instructions: Vec<Instruction>,
    pub strips: usize,
    /// Inputs that are one number a lane, or one for all.
    pub spreads: Vec<usize>,
    /// Outputs that are sums.
    pub sums: Vec<usize>,
    /// Lanes of one sample, over which sums run too.
    pub nodes: usize,
}

impl Chain {
    /// The kernel in single precision. Not inlined, so that it is compiled in this crate.
    #[inline(never)]
    pub fn in_f32(self) -> Box<dyn Kernel<f32>> {
        Box::new(self)
    }

    /// The kernel in double precision.
    #[inline(never)]
    pub fn in_f64(self) -> Box<dyn Kernel<f64>> {
        Box::new(self)
    }
}

/// Strips that one thread takes at a time; sums over the lattice are taken piece by piece.
const PIECE: usize = 32;

impl<R: Real> Kernel<R> for Chain {
    fn run(&self, args: &mut Args<'_, R>) {
        args.level.run(Run { chain: self, args });
    }
    fn pieces(&self) -> usize {
        self.rows.div_ceil(PIECE * STRIP).max(1)
    }
    fn partials(&self) -> usize {
        self.sums.len() * R::WIDTH
    }
    fn finish(&self, args: &mut Args<'_, R>) {
        let pieces = Kernel::<R>::pieces(self);
        for (k, &output) in self.sums.iter().enumerate() {
            if let Place::PerSample { at, len } = args.outputs[output] {
                // SAFETY: the place holds one number a lane.
                let lanes = unsafe { std::slice::from_raw_parts_mut(at, len) };
                if pieces > 1 {
                    lanes.fill(0.0);
                    for piece in 0..pieces {
                        // SAFETY: the runner hands out as many partial sums as the kernel asks for, for each piece.
                        let partial = unsafe { args.partials.add((piece * self.sums.len() + k) * R::WIDTH) };
                        for (l, sum) in lanes.iter_mut().enumerate() {
                            // SAFETY: as above.
                            *sum += unsafe { *partial.add(l) };
                        }
                    }
                }
                if self.nodes > 1 {
                    for sample in lanes.chunks_exact_mut(self.nodes) {
                        let sum = sample.iter().sum();
                        sample.fill(sum);
                    }
                }
            }
        }
    }
    fn describe(&self) -> String {
        let line = |i: &Instruction| match i {
            Instruction::Pointwise { kind, operands, to } => {
                format!("\n      {to:?} = {} {:?}", kind.name(), &operands[..kind.arity()])
            }
            Instruction::Copy { from, to } => format!("\n      {to:?} = {from:?}"),
            Instruction::Load { hops, to } => format!("\n      {to:?} = neighbours of input {}", hops.input),
            Instruction::SumLoads { hops, to } => {
                format!("\n      {to:?} = sum over {} neighbours of input {}", hops.len(), hops[0].input)
            }
            Instruction::Sum { from, output } => format!("\n      output {output} += {from:?}"),
        };
        self.instructions.iter().map(line).collect()
    }
    fn scratch(&self) -> usize {
        (self.strips * STRIP + self.spreads.len()) * R::WIDTH
    }
}

struct Run<'c, 'a, 'b, R> {
    chain: &'c Chain,
    args: &'a mut Args<'b, R>,
}

impl<R: Real> Vectorize for Run<'_, '_, '_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Run { chain, args } = self;
        let strips = args.scratch.as_mut_ptr();
        // SAFETY: `Kernel::scratch` asks for the strips and the spread rows behind them.
        let spread_rows = unsafe { strips.add(chain.strips * STRIP * R::WIDTH) };
        for (i, &input) in chain.spreads.iter().enumerate() {
            for lane in 0..R::WIDTH {
                let value = match args.inputs[input] {
                    // SAFETY: the place holds one number a lane.
                    Place::PerSample { at, .. } => unsafe { *at.add(lane) },
                    Place::Uniform(value) => value,
                    _ => f64::NAN,
                };
                // SAFETY: as above.
                unsafe { *spread_rows.add(i * R::WIDTH + lane) = R::from_f64(value) };
            }
        }
        let several = Kernel::<R>::pieces(chain) > 1;
        for piece in args.pieces.clone() {
            for (k, &output) in chain.sums.iter().enumerate() {
                if let Place::PerSample { at, len } = args.outputs[output] {
                    let at = if several { partial(args.partials, chain, piece, k, len) } else { at };
                    // SAFETY: the place holds one number a lane.
                    unsafe { std::slice::from_raw_parts_mut(at, len) }.fill(0.0);
                }
            }
            let end = chain.rows.min((piece + 1) * PIECE * STRIP);
            let mut start = piece * PIECE * STRIP;
            while start < end {
                let rows = STRIP.min(end - start);
                let partials = several.then(|| partial(args.partials, chain, piece, 0, R::WIDTH));
                let memory = Memory {
                    inputs: args.inputs,
                    outputs: args.outputs,
                    sums: partials.map(|at| (chain.sums.as_slice(), at)),
                    strips,
                    spread_rows,
                    start,
                };
                for instruction in &chain.instructions {
                    for part in 0..Lane::<S, R>::PARTS {
                        execute::<S, R>(simd, instruction, &memory, rows, part);
                    }
                }
                start += rows;
            }
        }
    }
}

/// Where the partial sums of a piece lie for sum number `k`.
#[inline(always)]
fn partial(partials: *mut f64, chain: &Chain, piece: usize, k: usize, lanes: usize) -> *mut f64 {
    // SAFETY: the runner hands out as many partial sums as the kernel asks for, for each piece.
    unsafe { partials.add((piece * chain.sums.len() + k) * lanes) }
}

/// Where the strip at row `start` lies.
struct Memory<'a, R> {
    inputs: &'a [Place<R>],
    outputs: &'a [Place<R>],
    /// Which outputs are sums, and where this piece leaves them, one after the other, if there are several pieces.
    sums: Option<(&'a [usize], *mut f64)>,
    strips: *mut R,
    spread_rows: *mut R,
    start: usize,
}

impl<R: Real> Memory<'_, R> {
    /// Where a sum over the lattice is collected, one number a lane.
    #[inline(always)]
    fn sums(&self, output: usize) -> Option<*mut f64> {
        match (self.sums, self.outputs[output]) {
            (Some((sums, at)), _) => {
                let k = sums.iter().position(|&sum| sum == output)?;
                // SAFETY: the partial sums of a piece lie one after the other.
                Some(unsafe { at.add(k * R::WIDTH) })
            }
            (None, Place::PerSample { at, .. }) => Some(at),
            _ => None,
        }
    }

    /// The first row of an operand and the distance between its rows, in numbers.
    #[inline(always)]
    fn operand(&self, operand: Operand) -> (*const R, usize) {
        // SAFETY: the planner's offsets and strides stay inside the operand for all rows of the chain.
        unsafe {
            match operand {
                Operand::Input { input, offset, stride } => match self.inputs[input] {
                    Place::Field { at, .. } => {
                        (at.add((offset + stride * self.start) * R::WIDTH).cast_const(), stride * R::WIDTH)
                    }
                    _ => (std::ptr::null(), 0),
                },
                Operand::Output(output) => (self.target(Target::Output(output)).cast_const(), R::WIDTH),
                Operand::Strip(i) => (self.strips.add(i * STRIP * R::WIDTH).cast_const(), R::WIDTH),
                Operand::Spread(i) => (self.spread_rows.add(i * R::WIDTH).cast_const(), 0),
            }
        }
    }

    #[inline(always)]
    fn target(&self, target: Target) -> *mut R {
        // SAFETY: as above.
        unsafe {
            match target {
                Target::Strip(i) => self.strips.add(i * STRIP * R::WIDTH),
                Target::Output(output) => match self.outputs[output] {
                    Place::Field { at, .. } => at.add(self.start * R::WIDTH),
                    _ => std::ptr::null_mut(),
                },
            }
        }
    }
}

#[inline(always)]
fn execute<S: Isa, R: Real>(simd: S, instruction: &Instruction, memory: &Memory<'_, R>, rows: usize, part: usize) {
    let lane0 = part * Lane::<S, R>::LEN;
    match instruction {
        Instruction::Pointwise { kind, operands, to } => {
            let [a, b, c] = *operands;
            let (a, b, c) = (memory.operand(a), memory.operand(b), memory.operand(c));
            let to = memory.target(*to);
            kind.on_strip(
                rows,
                #[inline(always)]
                |operand, row| {
                    let (at, stride) = match operand {
                        0 => a,
                        1 => b,
                        _ => c,
                    };
                    // SAFETY: every operand has `rows` rows from here on.
                    unsafe { Lane::<S, R>::load(simd, at.add(row * stride + lane0)) }
                },
                #[inline(always)]
                // SAFETY: so has the target.
                |row, value| unsafe { value.store(to.add(row * R::WIDTH + lane0)) },
            );
        }
        Instruction::Copy { from, to } => {
            let (at, stride) = memory.operand(*from);
            let to = memory.target(*to);
            for row in 0..rows {
                // SAFETY: operand and target have `rows` rows.
                unsafe { Lane::<S, R>::load(simd, at.add(row * stride + lane0)).store(to.add(row * R::WIDTH + lane0)) }
            }
        }
        Instruction::Load { hops, to } => load::<S, R>(simd, std::slice::from_ref(hops), memory, *to, rows, part),
        Instruction::SumLoads { hops, to } => load::<S, R>(simd, hops, memory, *to, rows, part),
        Instruction::Sum { from, output } => {
            let (at, stride) = memory.operand(*from);
            if let Some(sums) = memory.sums(*output) {
                for row in 0..rows {
                    // SAFETY: the operand has `rows` rows; the sums hold one number a lane.
                    unsafe {
                        R::add_to_f64(
                            simd,
                            Lane::<S, R>::load(simd, at.add(row * stride + lane0)).reg(),
                            sums.add(lane0),
                        );
                    }
                }
            }
        }
    }
}

/// Sums of neighbours' rows. The common cases, one or four plain neighbours of a real field, have loops of their own.
#[inline(always)]
fn load<S: Isa, R: Real>(simd: S, hops: &[Hops], memory: &Memory<'_, R>, to: Target, rows: usize, part: usize) {
    let Place::Field { at, .. } = memory.inputs[hops[0].input] else { return };
    let to = memory.target(to);
    let lane0 = part * Lane::<S, R>::LEN;
    let components = hops[0].components;
    let table =
        |hops: &Hops| hops.plain.as_deref().filter(|_| components == 1).map(|t| t[memory.start..][..rows].as_ptr());
    let store = |row: usize, value: Lane<S, R>| {
        // SAFETY: the target has `rows` rows.
        unsafe { value.store(to.add(row * R::WIDTH + lane0)) }
    };
    // SAFETY: a table has an entry for each row of the strip, and its hops stay on the input's sub-lattice.
    let load = |table: *const u32, row: usize| unsafe {
        Lane::<S, R>::load(simd, at.add(*table.add(row) as usize * R::WIDTH + lane0))
    };
    match hops {
        [a] => {
            if let Some(a) = table(a) {
                for row in 0..rows {
                    store(row, load(a, row));
                }
                return;
            }
        }
        [a, b, c, d] => {
            if let (Some(a), Some(b), Some(c), Some(d)) = (table(a), table(b), table(c), table(d)) {
                for row in 0..rows {
                    store(row, (load(a, row) + load(b, row)) + (load(c, row) + load(d, row)));
                }
                return;
            }
        }
        _ => {}
    }
    general(simd, hops, at, memory.start, to, rows, part);
}

/// Any number of neighbours, components and twists. Pairs are added first, as in the loop for four.
#[inline(always)]
fn general<S: Isa, R: Real>(simd: S, hops: &[Hops], at: *const R, start: usize, to: *mut R, rows: usize, part: usize) {
    let components = hops[0].components;
    let lane0 = part * Lane::<S, R>::LEN;
    for row in 0..rows {
        let (site, component) = ((start + row) / components, (start + row) % components);
        let one = |hops: &Hops| neighbour::<S, R>(simd, hops, at, site, component, part);
        let mut sum = None;
        for pair in hops.chunks(2) {
            let pair = pair.iter().map(one).reduce(|a, b| a + b).unwrap_or(Lane::constant(simd, 0.0));
            sum = Some(sum.map_or(pair, |sum: Lane<S, R>| sum + pair));
        }
        // SAFETY: the target has `rows` rows.
        unsafe { sum.unwrap_or(Lane::constant(simd, 0.0)).store(to.add(row * R::WIDTH + lane0)) }
    }
}

/// One component of one neighbour, lanes permuted and phases multiplied where it lies across an edge.
#[inline(always)]
fn neighbour<S: Isa, R: Real>(
    simd: S,
    hops: &Hops,
    at: *const R,
    site: usize,
    component: usize,
    part: usize,
) -> Lane<S, R> {
    let Some(hop) = hops.table[site] else { return Lane::constant(simd, 0.0) };
    let lane0 = part * Lane::<S, R>::LEN;
    let row = |component: usize| {
        // SAFETY: hops stay on the input's sub-lattice.
        unsafe { at.add((hop.row as usize * hops.components + component) * R::WIDTH) }
    };
    if hop.twist == 0 {
        // SAFETY: a row holds a lane group.
        return unsafe { Lane::load(simd, row(component).add(lane0)) };
    }
    let twist = &hops.twists[hop.twist as usize];
    let phase = |numbers: &[f64; 16]| {
        let mut lanes = [R::default(); 16];
        lanes.iter_mut().zip(numbers).for_each(|(l, x)| *l = R::from_f64(*x));
        Lane::<S, R>::at(simd, &lanes, lane0)
    };
    // SAFETY: a row holds a lane group.
    let permuted = |component: usize| unsafe { Lane::load_permuted(simd, row(component), &twist.from, part) };
    let re = permuted(component) * phase(&twist.phase_re);
    if twist.phase_im.iter().all(|&x| x == 0.0) {
        return re;
    }
    // (a + ib)(p + iq): the other component enters with −q for the real part, +q for the imaginary part
    let cross = permuted(1 - component) * phase(&twist.phase_im);
    if component == 0 { re - cross } else { re + cross }
}

/// A pointwise op on numbers per sample, in `f64`.
pub(super) struct PerSampleOp(pub Pointwise);

impl<R: Real> Kernel<R> for PerSampleOp {
    fn run(&self, args: &mut Args<'_, R>) {
        let inputs = args.inputs;
        let arity = self.0.arity();
        for (lane, out) in args.output_per_sample().iter_mut().enumerate() {
            let mut operands = [0.0; 3];
            for (operand, place) in operands.iter_mut().zip(inputs) {
                *operand = match *place {
                    // SAFETY: the place holds one number a lane.
                    Place::PerSample { at, .. } => unsafe { *at.add(lane) },
                    Place::Uniform(value) => value,
                    _ => f64::NAN,
                };
            }
            *out = self.0.on_f64(&operands[..arity]);
        }
    }
}
