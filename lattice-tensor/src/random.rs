//! Random numbers that are a function of where they are used: no generator state, so any order of evaluation, any
//! number of threads and any layout give the same numbers.
//!
//! The generator is Philox4x32-10 of Salmon, Moraes, Dror and Shaw, *Parallel random numbers: as easy as 1, 2, 3*,
//! SC11: ten rounds that turn a counter of four 32-bit words into four random words, under a key of two words that
//! stands for seed and [`Stream`]. What is drawn when and for which sample makes the counter:
//!
//! | word | holds |
//! |---|---|
//! | 0 | `e / 4` in `f32`, `e / 2` in `f64`, for the element `e = site * components + component` |
//! | 1 | the low 32 bits of the sample |
//! | 2 | the low 32 bits of the step |
//! | 3 | bits 32 to 47 of the sample, times 65536, plus bits 32 to 47 of the step |
//!
//! so samples and steps run up to 2^48. In `f32` the four words serve the elements `4k` to `4k + 3`; in `f64` words 0
//! and 1 serve element `2k`, words 2 and 3 element `2k + 1`. The two precisions see the same words but different
//! numbers. Whoever needs two draws for one element in one step takes two streams.
//!
//! ```
//! use lattice_tensor::lanes::{Isa, Level, Vectorize};
//! use lattice_tensor::random::{self, Draw, Stream};
//!
//! struct Noise<'a>(Draw, &'a mut [f32]);
//! impl Vectorize for Noise<'_> {
//!     type Output = ();
//!     #[inline(always)]
//!     fn run<S: Isa>(self, simd: S) {
//!         random::fill_normal(simd, self.0, 0, 100, self.1) // samples 0 to 15
//!     }
//! }
//! let draw = Draw { key: Stream::named("momenta").key(42), step: 7 };
//! let mut noise = vec![0.0; 100 * 16];
//! Level::best().run(Noise(draw, &mut noise));
//! assert_eq!(noise[33 * 16 + 5], random::normal_at(draw, 5, 33)); // sample 5, element 33
//! ```

mod philox;

pub use philox::philox4x32;

use crate::lanes::{Isa, Lane, Real};
use philox::philox_lanes;
use pulp::Scalar512b;

/// One past the largest sample and step.
const LIMIT: u64 = 1 << 48;

/// What random numbers are for, as a name: draws for different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stream(u64);

impl Stream {
    /// The stream of this name. Names are told apart by their 64-bit FNV-1a hash.
    ///
    /// ```
    /// use lattice_tensor::random::Stream;
    /// const MOMENTA: Stream = Stream::named("momenta");
    /// assert_ne!(MOMENTA.key(1), Stream::named("accept").key(1));
    /// assert_ne!(MOMENTA.key(1), MOMENTA.key(2));
    /// ```
    pub const fn named(name: &str) -> Stream {
        let bytes = name.as_bytes();
        let (mut hash, mut k) = (0xCBF2_9CE4_8422_2325_u64, 0);
        while k < bytes.len() {
            hash = (hash ^ bytes[k] as u64).wrapping_mul(0x0000_0100_0000_01B3);
            k += 1;
        }
        Stream(hash)
    }

    /// The Philox key of this stream under a seed: `mix(mix(seed) ^ hash)`, low word first, with the SplitMix64 step as
    /// `mix`. As `mix` is one to one, seeds never share a key within a stream, nor do streams under one seed; and as
    /// the seed is mixed before the hash comes in, no simple relation of seeds undoes one of names.
    pub const fn key(self, seed: u64) -> [u32; 2] {
        let key = mix(mix(seed) ^ self.0);
        [key as u32, (key >> 32) as u32]
    }
}

/// One step of SplitMix64: Steele, Lea and Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014.
const fn mix(x: u64) -> u64 {
    let z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// One draw: a stream under a seed, at one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// See [`Stream::key`].
    pub key: [u32; 2],
    /// The step, below 2^48.
    pub step: u64,
}

impl Draw {
    /// The counter of a block of elements. One word depends on the block alone, the others on sample and step alone.
    #[inline(always)]
    fn counter(self, sample: u64, block: u64) -> [u32; 4] {
        let high = (sample >> 32) << 16 | self.step >> 32;
        [block as u32, sample as u32, self.step as u32, high as u32]
    }

    #[inline(always)]
    fn check<R: Real>(self, last_sample: u64, last_element: u64) {
        assert!(self.step < LIMIT, "step {} is not below 2^48", self.step);
        assert!(last_sample < LIMIT, "sample {last_sample} is not below 2^48");
        let blocks = last_element / per_block::<R>() as u64;
        assert!(blocks <= u32::MAX as u64, "element {last_element} is beyond the counter");
    }
}

/// How many numbers one counter gives.
#[inline(always)]
const fn per_block<R: Real>() -> usize {
    if R::WIDTH == 16 { 4 } else { 2 }
}

/// A distribution, on registers.
trait Distribution {
    /// Two numbers from two pairs of words; see [`Real::unit`] for the pairs.
    fn pair<S: Isa, R: Real>(simd: S, u0: [S::u64s; 2], u1: [S::u64s; 2]) -> [Lane<S, R>; 2];
}

struct Uniform;

impl Distribution for Uniform {
    #[inline(always)]
    fn pair<S: Isa, R: Real>(simd: S, u0: [S::u64s; 2], u1: [S::u64s; 2]) -> [Lane<S, R>; 2] {
        let [u0, u1] = [R::unit(simd, u0[0], u0[1]), R::unit(simd, u1[0], u1[1])];
        [Lane::new(simd, u0), Lane::new(simd, u1)]
    }
}

struct Normal;

impl Distribution for Normal {
    /// Box and Muller: `sqrt(-2 ln u0)` times cosine and sine of `2 pi u1`.
    #[inline(always)]
    fn pair<S: Isa, R: Real>(simd: S, u0: [S::u64s; 2], u1: [S::u64s; 2]) -> [Lane<S, R>; 2] {
        let u0 = Lane::<S, R>::new(simd, R::centred(simd, u0[0], u0[1]));
        let u1 = Lane::<S, R>::new(simd, R::centred(simd, u1[0], u1[1]));
        let radius = (u0.ln() * Lane::constant(simd, -2.0)).sqrt();
        let (sin, cos) = u1.sin_cos_turns();
        [radius * cos, radius * sin]
    }
}

/// The counters of four registers of numbers, each word in the lower half of a 64-bit lane. In `f32` one set is for the
/// even lanes and one for the odd; in `f64` they are two successive blocks.
struct Counters<S: Isa>([[S::u64s; 4]; 2]);

impl<S: Isa> Counters<S> {
    /// `counter(l)` is that of lane `l` of the register, in `f64` for both blocks.
    #[inline(always)]
    fn new<R: Real>(counter: impl Fn(usize) -> [u32; 4]) -> Self {
        let mut sets = [[bytemuck::Zeroable::zeroed(); 4]; 2];
        for (set, words) in sets.iter_mut().enumerate() {
            for (w, register) in words.iter_mut().enumerate() {
                let lanes = bytemuck::cast_slice_mut::<S::u64s, u64>(std::slice::from_mut(register));
                for (l, lane) in lanes.iter_mut().enumerate() {
                    *lane = counter(if R::WIDTH == 16 { 2 * l + set } else { l })[w] as u64;
                }
            }
        }
        Counters(sets)
    }

    /// The counters of elements `4 quad` to `4 quad + 3`.
    #[inline(always)]
    fn at<R: Real>(mut self, simd: S, quad: usize) -> Self {
        for (set, words) in self.0.iter_mut().enumerate() {
            words[0] = simd.splat_u64s(if R::WIDTH == 16 { quad } else { 2 * quad + set } as u64);
        }
        self
    }

    /// All four numbers.
    #[inline(always)]
    fn numbers<R: Real, D: Distribution>(self, simd: S, key: [u32; 2]) -> [Lane<S, R>; 4] {
        let [a, b] = philox_lanes(simd, self.0, key);
        let pairs = if R::WIDTH == 16 {
            [[a[0], b[0]], [a[1], b[1]], [a[2], b[2]], [a[3], b[3]]]
        } else {
            [[a[0], a[1]], [a[2], a[3]], [b[0], b[1]], [b[2], b[3]]]
        };
        let [z0, z1] = D::pair(simd, pairs[0], pairs[1]);
        let [z2, z3] = D::pair(simd, pairs[2], pairs[3]);
        [z0, z1, z2, z3]
    }
}

impl<S: Isa> Clone for Counters<S> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<S: Isa> Copy for Counters<S> {}

#[inline(always)]
fn fill<S: Isa, R: Real, D: Distribution>(simd: S, draw: Draw, first_sample: u64, elements: usize, out: &mut [R]) {
    assert_eq!(out.len(), elements * R::WIDTH, "the output of {elements} elements of {} lanes", R::WIDTH);
    draw.check::<R>(first_sample.saturating_add(R::WIDTH as u64 - 1), (elements as u64).saturating_sub(1));
    let len = Lane::<S, R>::LEN;
    for part in 0..Lane::<S, R>::PARTS {
        let counters = Counters::<S>::new::<R>(
            #[inline(always)]
            |l| draw.counter(first_sample + (part * len + l) as u64, 0),
        );
        for (quad, rows) in out.chunks_mut(4 * R::WIDTH).enumerate() {
            let numbers = counters.at::<R>(simd, quad).numbers::<R, D>(simd, draw.key);
            for (row, number) in rows.chunks_exact_mut(R::WIDTH).zip(numbers) {
                number.store_slice(&mut row[part * len..]);
            }
        }
    }
}

#[inline(always)]
fn fill_with<S: Isa, R: Real, D: Distribution>(
    simd: S,
    draw: Draw,
    sample_of_lane: &[u64],
    element_of: impl Fn(usize, usize) -> u64,
    out: &mut [R],
) {
    assert_eq!(sample_of_lane.len(), R::WIDTH, "one sample for each lane");
    assert_eq!(out.len() % R::WIDTH, 0, "the output holds whole lane groups");
    let len = Lane::<S, R>::LEN;
    let each = per_block::<R>();
    for (row, lanes) in out.chunks_exact_mut(R::WIDTH).enumerate() {
        for (part, lanes) in lanes.chunks_exact_mut(len).enumerate() {
            let counters = Counters::<S>::new::<R>(
                #[inline(always)]
                |l| {
                    let (sample, element) = (sample_of_lane[part * len + l], element_of(row, part * len + l));
                    draw.check::<R>(sample, element);
                    draw.counter(sample, element / each as u64)
                },
            );
            let numbers = counters.numbers::<R, D>(simd, draw.key).map(Lane::reg);
            for (l, lane) in lanes.iter_mut().enumerate() {
                let number = &numbers[element_of(row, part * len + l) as usize % each];
                *lane = bytemuck::cast_slice::<_, R>(std::slice::from_ref(number))[l];
            }
        }
    }
}

/// Fills one lane group of samples with uniform numbers in `[0, 1)`, multiples of `2^-24` in `f32`, `2^-53` in `f64`.
///
/// `out` is `[element][lane]` with [`Real::WIDTH`] lanes; lane `l` is sample `first_sample + l`.
///
/// # Panics
/// If `out` has another length or the draw leaves the ranges stated at the top of the module.
#[inline(always)]
pub fn fill_uniform<S: Isa, R: Real>(simd: S, draw: Draw, first_sample: u64, elements: usize, out: &mut [R]) {
    fill::<S, R, Uniform>(simd, draw, first_sample, elements, out);
}

/// Fills one lane group of samples with normal numbers of mean 0 and variance 1, laid out as in [`fill_uniform`].
///
/// By the method of Box and Muller: elements `2k` and `2k + 1` have one radius and one angle. The radius ends at
/// 6.76 in `f32` and 8.57 in `f64`.
///
/// # Panics
/// As [`fill_uniform`].
#[inline(always)]
pub fn fill_normal<S: Isa, R: Real>(simd: S, draw: Draw, first_sample: u64, elements: usize, out: &mut [R]) {
    fill::<S, R, Normal>(simd, draw, first_sample, elements, out);
}

/// As [`fill_uniform`] where every lane has its own sample and, in each row of `out`, its own element. The numbers are
/// the same, bit for bit; drawing them takes several times longer.
#[inline(always)]
pub fn fill_uniform_with<S: Isa, R: Real>(
    simd: S,
    draw: Draw,
    sample_of_lane: &[u64],
    element_of: impl Fn(usize, usize) -> u64,
    out: &mut [R],
) {
    fill_with::<S, R, Uniform>(simd, draw, sample_of_lane, element_of, out);
}

/// As [`fill_normal`] where every lane has its own sample and, in each row of `out`, its own element. The numbers are
/// the same, bit for bit; drawing them takes several times longer.
#[inline(always)]
pub fn fill_normal_with<S: Isa, R: Real>(
    simd: S,
    draw: Draw,
    sample_of_lane: &[u64],
    element_of: impl Fn(usize, usize) -> u64,
    out: &mut [R],
) {
    fill_with::<S, R, Normal>(simd, draw, sample_of_lane, element_of, out);
}

/// Four uniform numbers for each lane of a register, of its own sample and site: `place(lane)` gives both, lanes counted in
/// their group. For draws that may have to be repeated: `turn`, below 2^16, stands in the lower half of word 3 of the counter, so
/// steps must stay below 2^32.
///
/// # Panics
/// If the turn or the step is beyond that.
#[inline(always)]
pub fn four_uniforms<S: Isa, R: Real>(
    simd: S,
    draw: Draw,
    turn: u32,
    part: usize,
    place: impl Fn(usize) -> (u64, u64),
) -> [Lane<S, R>; 4] {
    assert!(turn < 1 << 16 && draw.step < 1 << 32, "turn {turn} of step {}", draw.step);
    let first = part * Lane::<S, R>::LEN;
    // In f64 four numbers take two counters, one after the other.
    let each = 4 / per_block::<R>() as u64;
    let mut counters = Counters::<S>::new::<R>(
        #[inline(always)]
        |l| {
            let (sample, site) = place(first + l);
            let [block, low, step, high] = draw.counter(sample, site * each);
            [block, low, step, high | turn]
        },
    );
    if R::WIDTH == 8 {
        let second = bytemuck::cast_slice_mut::<S::u64s, u64>(std::slice::from_mut(&mut counters.0[1][0]));
        for word in second {
            *word += 1;
        }
    }
    counters.numbers::<R, Uniform>(simd, draw.key)
}

/// The number that [`fill_uniform`] gives for one sample and element.
///
/// ```
/// use lattice_tensor::random::{Draw, Stream, uniform_at};
/// let draw = Draw { key: Stream::named("proposal").key(1), step: 0 };
/// let u: f32 = uniform_at(draw, 3, 0);
/// assert!((0.0..1.0).contains(&u));
/// ```
pub fn uniform_at<R: Real>(draw: Draw, sample: u64, element: u64) -> R {
    if R::WIDTH == 8 {
        return R::from_f64(uniform_f64_at(draw, sample, element));
    }
    draw.check::<R>(sample, element);
    let words = philox4x32(draw.counter(sample, element / 4), draw.key);
    R::from_f64((words[element as usize % 4] >> 8) as f64 / (1u64 << 24) as f64)
}

/// The number that [`fill_uniform`] gives in `f64`, for decisions such as Metropolis' in any precision.
pub fn uniform_f64_at(draw: Draw, sample: u64, element: u64) -> f64 {
    draw.check::<f64>(sample, element);
    let words = philox4x32(draw.counter(sample, element / 2), draw.key);
    let [high, low] = [0, 1].map(|w| words[element as usize % 2 * 2 + w] as u64);
    ((high << 32 | low) >> 11) as f64 / (1u64 << 53) as f64
}

/// The number that [`fill_normal`] gives for one sample and element. A reference: it works out a whole lane group.
pub fn normal_at<R: Real>(draw: Draw, sample: u64, element: u64) -> R {
    let mut group = [R::default(); 16];
    let group = &mut group[..R::WIDTH];
    fill_normal_with(Scalar512b, draw, &[sample; 16][..R::WIDTH], |_, _| element, group);
    group[0]
}

#[cfg(test)]
mod tests;
