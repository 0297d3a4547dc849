use super::*;
use crate::lanes::{Level, Vectorize};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Uniform,
    Normal,
}

/// Elements of consecutive samples, one lane group.
struct Fill<'a, R>(Kind, Draw, u64, &'a mut [R]);

impl<R: Real> Vectorize for Fill<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let elements = self.3.len() / R::WIDTH;
        match self.0 {
            Kind::Uniform => fill_uniform(simd, self.1, self.2, elements, self.3),
            Kind::Normal => fill_normal(simd, self.1, self.2, elements, self.3),
        }
    }
}

/// The same through the general path.
struct FillWith<'a, R>(Kind, Draw, &'a [u64], fn(usize, usize) -> u64, &'a mut [R]);

impl<R: Real> Vectorize for FillWith<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        match self.0 {
            Kind::Uniform => fill_uniform_with(simd, self.1, self.2, self.3, self.4),
            Kind::Normal => fill_normal_with(simd, self.1, self.2, self.3, self.4),
        }
    }
}

const TEST: Stream = Stream::named("test");

fn draw(seed: u64, step: u64) -> Draw {
    Draw { key: TEST.key(seed), step }
}

fn group<R: Real>(kind: Kind, draw: Draw, first_sample: u64, elements: usize) -> Vec<R> {
    let mut out = vec![R::default(); elements * R::WIDTH];
    Level::best().run(Fill(kind, draw, first_sample, &mut out));
    out
}

/// At least `count` numbers, as `f64`.
fn numbers<R: Real>(kind: Kind, draw: Draw, count: usize) -> Vec<f64> {
    group::<R>(kind, draw, 0, count.div_ceil(R::WIDTH)).into_iter().map(R::to_f64).collect()
}

fn mean(x: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = x.len() as f64;
    x.sum::<f64>() / count
}

/// Requires the mean of `x`, whose terms have the given expectation and deviation, to be within five sigma.
#[track_caller]
fn assert_mean(what: &str, x: impl ExactSizeIterator<Item = f64>, expected: f64, deviation: f64) {
    let sigma = deviation / (x.len() as f64).sqrt();
    let pull = (mean(x) - expected) / sigma;
    assert!(pull.abs() < 5.0, "{what} is {pull:.2} sigma off");
}

#[test]
fn philox_gives_the_known_answers() {
    // From the file kat_vectors of Random123.
    let ones = u32::MAX;
    let pi = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
    let table = [
        ([0; 4], [0; 2], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]),
        ([ones; 4], [ones; 2], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]),
        (pi, [0xa4093822, 0x299f31d0], [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]),
    ];
    struct Lanes([u32; 4], [u32; 2]);
    impl Vectorize for Lanes {
        type Output = Vec<[u32; 4]>;
        #[inline(always)]
        fn run<S: Isa>(self, simd: S) -> Vec<[u32; 4]> {
            let [words, _] = philox_lanes(simd, [self.0.map(|w| simd.splat_u64s(w as u64)); 2], self.1);
            let word = |w: usize, l: usize| bytemuck::cast_slice::<_, u64>(&words[w..w + 1])[l] as u32;
            (0..size_of::<S::u64s>() / 8).map(|l| std::array::from_fn(|w| word(w, l))).collect()
        }
    }
    for (counter, key, words) in table {
        assert_eq!(philox4x32(counter, key), words);
        for level in Level::all() {
            assert!(level.run(Lanes(counter, key)).iter().all(|&got| got == words), "{}", level.name());
        }
    }
}

fn same_on_all_paths<R: Real>() {
    // The samples cross 2^32, the step is above it, the last block is incomplete.
    let (draw, first, elements) = (draw(5, 0x1234_5678_9ABC), (1 << 32) - 3, 4 * 37 + 3);
    for kind in [Kind::Uniform, Kind::Normal] {
        let reference: Vec<R> = (0..elements * R::WIDTH)
            .map(|k| {
                let (sample, element) = (first + (k % R::WIDTH) as u64, (k / R::WIDTH) as u64);
                if kind == Kind::Normal { normal_at(draw, sample, element) } else { uniform_at(draw, sample, element) }
            })
            .collect();
        let samples: Vec<u64> = (first..).take(R::WIDTH).collect();
        for level in Level::all() {
            let mut out = vec![R::default(); reference.len()];
            level.run(Fill(kind, draw, first, &mut out));
            assert_eq!(
                bytemuck::cast_slice::<R, u8>(&out),
                bytemuck::cast_slice::<R, u8>(&reference),
                "{}",
                level.name()
            );
            out.fill(R::default());
            level.run(FillWith(kind, draw, &samples, |row, _| row as u64, &mut out));
            assert_eq!(
                bytemuck::cast_slice::<R, u8>(&out),
                bytemuck::cast_slice::<R, u8>(&reference),
                "{}",
                level.name()
            );
        }
    }
}

#[test]
fn every_path_gives_the_same_bits() {
    same_on_all_paths::<f32>();
    same_on_all_paths::<f64>();
}

fn lanes_with_own_elements<R: Real>() {
    let (draw, samples) = (draw(6, 3), [9, 9, 9, 9, 70, 70, 70, 70, 1 << 40, 2, 3, 4, 5, 6, 7, 8]);
    let element = |row: usize, lane: usize| (row + 129 * lane) as u64;
    for level in Level::all() {
        let mut out = vec![R::default(); 33 * R::WIDTH];
        level.run(FillWith(Kind::Normal, draw, &samples[..R::WIDTH], element, &mut out));
        for (k, &got) in out.iter().enumerate() {
            let lane = k % R::WIDTH;
            assert_eq!(got, normal_at(draw, samples[lane], element(k / R::WIDTH, lane)));
        }
    }
}

#[test]
fn lanes_may_be_virtual_nodes() {
    lanes_with_own_elements::<f32>();
    lanes_with_own_elements::<f64>();
}

#[test]
fn samples_and_steps_use_all_their_bits() {
    let at = |step, sample| uniform_f64_at(draw(1, step), sample, 0);
    let mut seen: Vec<u64> = (0..48).flat_map(|b| [at(1 << b, 0), at(0, 1 << b)]).map(f64::to_bits).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 96);
}

#[test]
#[should_panic(expected = "is not below 2^48")]
fn samples_beyond_the_counter_are_refused() {
    uniform_f64_at(draw(1, 0), 1 << 48, 0);
}

fn uniform_is_uniform<R: Real>(bits: u32) {
    let u = numbers::<R>(Kind::Uniform, draw(21, 0), 1_000_000);
    assert!(u.iter().all(|u| (0.0..1.0).contains(u)));
    assert_mean("mean", u.iter().copied(), 0.5, (1f64 / 12.0).sqrt());
    assert_mean("second moment", u.iter().map(|u| u * u), 1.0 / 3.0, (4f64 / 45.0).sqrt());
    let whole: Vec<u64> = u.iter().map(|u| (u * (1u64 << bits) as f64) as u64).collect();
    for bit in 0..bits {
        assert_mean("a bit", whole.iter().map(|w| (w >> bit & 1) as f64), 0.5, 0.5);
    }
    for shift in (0..=bits - 8).step_by(8) {
        let mut counts = [0u32; 256];
        whole.iter().for_each(|w| counts[(w >> shift & 255) as usize] += 1);
        let expected = whole.len() as f64 / 256.0;
        let chi_2: f64 = counts.iter().map(|&c| (c as f64 - expected).powi(2) / expected).sum();
        assert!((chi_2 - 255.0).abs() < 5.0 * 510f64.sqrt(), "chi^2 is {chi_2} for 255 degrees of freedom");
    }
}

#[test]
fn uniform_numbers_are_uniform() {
    uniform_is_uniform::<f32>(24);
    uniform_is_uniform::<f64>(53);
}

/// The normal distribution function, by the series of Marsaglia, *J. Stat. Softw.* 11(4), 2004.
fn normal_cdf(x: f64) -> f64 {
    let (mut sum, mut term, mut k) = (x, x, 1.0);
    while sum + term != sum {
        k += 2.0;
        term *= x * x / k;
        sum += term;
    }
    0.5 + sum * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

fn normal_is_normal<R: Real>() {
    let mut z = numbers::<R>(Kind::Normal, draw(22, 0), 1_000_000);
    assert_mean("mean", z.iter().copied(), 0.0, 1.0);
    assert_mean("variance", z.iter().map(|z| z.powi(2)), 1.0, 2f64.sqrt());
    assert_mean("third moment", z.iter().map(|z| z.powi(3)), 0.0, 15f64.sqrt());
    assert_mean("fourth moment", z.iter().map(|z| z.powi(4)), 3.0, 96f64.sqrt());
    z.sort_unstable_by(f64::total_cmp);
    let count = z.len() as f64;
    let gap = |(k, &z): (usize, &f64)| {
        let cdf = normal_cdf(z);
        (cdf - k as f64 / count).abs().max((cdf - (k + 1) as f64 / count).abs())
    };
    let distance = z.iter().enumerate().map(gap).fold(0.0, f64::max);
    // Kolmogorov and Smirnov: exceeded with probability 0.001.
    assert!(distance * count.sqrt() < 1.95, "distance {distance}");
}

#[test]
fn normal_numbers_are_normal() {
    normal_is_normal::<f32>();
    normal_is_normal::<f64>();
}

fn tails_are_there<R: Real>() {
    let z = group::<R>(Kind::Normal, draw(23, 1), 0, 10_000_000 / R::WIDTH);
    assert!(z.iter().all(|z| z.to_f64().is_finite()));
    for (beyond, probability) in [(4.5, 6.795_346e-6), (3.5, 4.652_582e-4)] {
        let expected = probability * z.len() as f64;
        let count = z.iter().filter(|z| z.to_f64().abs() > beyond).count() as f64;
        assert!((count - expected).abs() < 5.0 * expected.sqrt(), "{count} beyond {beyond}, expected {expected}");
    }
}

#[test]
fn normal_numbers_have_tails() {
    tails_are_there::<f32>();
    tails_are_there::<f64>();
}

/// Requires `a` and `b` to have no correlation, nor their squares.
#[track_caller]
fn assert_unrelated<R: Real>(what: &str, a: &[R], b: &[R]) {
    let pairs = || a.iter().zip(b).map(|(a, b)| (a.to_f64(), b.to_f64()));
    assert_mean(what, pairs().map(|(a, b)| a * b), 0.0, 1.0);
    assert_mean(what, pairs().map(|(a, b)| (a * a - 1.0) * (b * b - 1.0)), 0.0, 2.0);
}

fn neighbours_are_unrelated<R: Real>() {
    let (elements, width) = (20_000, R::WIDTH);
    let normal = |draw, sample| group::<R>(Kind::Normal, draw, sample, elements);
    let z = normal(draw(1, 0), 0);
    for lanes in [1, 2, width / 2] {
        // The last lanes have neighbours in the next row, another element as well: no less unrelated.
        assert_unrelated("lanes", &z, &z[lanes..]);
    }
    for rows in 1..=5 {
        assert_unrelated("elements", &z, &z[rows * width..]);
    }
    assert_unrelated("samples", &z, &normal(draw(1, 0), 1));
    assert_unrelated("samples 2^32 apart", &z, &normal(draw(1, 0), 1 << 32));
    assert_unrelated("steps", &z, &normal(draw(1, 1), 0));
    assert_unrelated("steps 2^32 apart", &z, &normal(draw(1, 1 << 32), 0));
    assert_unrelated("seeds", &z, &normal(draw(2, 0), 0));
    assert_unrelated("streams", &z, &normal(Draw { key: Stream::named("tesu").key(1), step: 0 }, 0));
}

#[test]
fn neighbours_have_no_correlation() {
    neighbours_are_unrelated::<f32>();
    neighbours_are_unrelated::<f64>();
}

#[test]
fn keys_do_not_collide() {
    // The hash is FNV-1a, with its published value.
    assert_eq!(Stream::named("foobar"), Stream(0x8594_4171_f739_67e8));
    let names = ["", "a", "b", "ab", "ba", "momenta", "accept", "momentb"];
    let mut keys: Vec<_> = names.iter().flat_map(|n| (0..4096).map(|seed| Stream::named(n).key(seed))).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), names.len() * 4096);
}
