//! Exact gauge theory against tables, brute-force integrals, identities and limits.

use super::bessel::Bessel;
use super::quadrature::gauss_legendre;
use super::*;
use std::f64::consts::{PI, TAU};

use GroupName::{SU2, SU3, U1};

fn torus(group: GroupName, beta: f64, plaquettes: usize) -> Torus {
    Torus::new(group, beta, plaquettes).expect("a torus")
}

#[track_caller]
fn near(found: f64, expected: f64, error: f64) {
    assert!((found - expected).abs() <= error, "{found:e} is not {expected:e} within {error:e}");
}

#[track_caller]
fn relative(found: f64, expected: f64, error: f64) {
    near(found / expected, 1.0, error);
}

#[test]
fn bessel_functions_keep_their_digits() {
    // log I_0, log(2 I_1/x), −log(I_1/I_0), −log(I_7/I_0) with 60 digits by mpmath.
    for (x, i0, i1, fall1, fall7) in [
        (1e-6, 2.499_999_999_999_844e-13, 1.249_999_999_999_974e-13, 14.508_657_738_524_345, 110.085_765_530_735_17),
        (0.5, 0.061_549_719_185_481_31, 0.031_088_914_094_556_153, 1.416_755_166_210_815_8, 18.282_962_495_404_817),
        (14.0, 11.770_807_102_852_235, 9.787_814_193_822_037, 0.037_082_759_974_885_415, 1.775_755_061_977_399_2),
        (16.0, 13.702_841_430_371_771, 11.591_111_953_844_534, 0.032_287_934_847_401_834, 1.554_708_853_692_659),
        (100.0, 96.779_732_689_942_58, 92.862_684_452_163_31, 0.005_025_232_351_135_254, 0.246_135_514_910_504_6),
        (1e4, 9_994.475_903_781_433, 9_985.958_660_587_516, 0.000_050_002_500_229_197_92, 0.002_450_122_413_201_304_7),
    ] {
        let bessel = Bessel::new(x);
        relative(bessel.log_i0(), i0, 1e-15);
        relative(bessel.log_i1_scaled(), i1, 1e-15);
        relative(bessel.fall(1), fall1, 1e-15);
        relative(bessel.fall(7), fall7, 1e-15);
    }
}

#[test]
fn coefficients_of_su3_lose_no_digit_at_any_coupling() {
    // log u_0 and log(u_r/u_0), r = (1,0), (1,1), (4,2): the determinants with 60 digits by mpmath.
    for (beta, trivial, ratios) in [
        (1e-3, 2.777_932_098_764_360_2e-8, [-9.798_043_707_017_962, -19.478_359_933_163_034, -60.162_411_855_867_02]),
        (0.5, 0.007_136_997_108_533_037_6, [-3.542_818_339_366_295, -6.995_379_542_361_044, -22.767_979_793_553_014]),
        (6.0, 1.235_890_091_596_922_4, [-0.861_490_711_574_618_7, -1.818_556_527_810_766_7, -7.422_939_314_413_684]),
        (100.0, 84.269_509_324_806, [-0.040_713_117_817_144_24, -0.091_592_209_347_364_2, -0.467_674_429_813_678_24]),
        (
            1e3,
            975.068_389_835_705_7,
            [-0.004_007_013_012_586_318_5, -0.009_015_767_927_921_154, -0.046_080_162_350_531_4],
        ),
        (
            1e4,
            9_965.858_951_614_911,
            [-0.000_400_070_013_001_265_85, -0.000_900_157_517_992_858_3, -0.004_600_804_666_085_818],
        ),
    ] {
        // Many plaquettes leave out representations; a few keep (4, 2).
        let characters = Characters::of_power(SU3, beta, if beta > 50.0 { 64 } else { 1 }).expect("characters");
        relative(characters.log_trivial(), trivial, 3e-15);
        for ((p, q), log_ratio) in [(1, 0), (1, 1), (4, 2)].into_iter().zip(ratios) {
            for label in [Label::Dynkin(p, q), Label::Dynkin(q, p)] {
                let irrep = characters.irreps().iter().find(|r| r.label == label).expect("a representation");
                near(irrep.log_ratio, log_ratio, 4e-15 + 1e-15 * log_ratio.abs());
            }
        }
    }
}

#[test]
fn coefficients_are_the_integrals_that_define_them() {
    // Weyl's formula for SU(3): eigenphases a, b, −a − b, the trapezoid rule on the torus.
    let (beta, n) = (6.0, 48);
    let characters = Characters::new(SU3, beta).expect("characters");
    for (p, q) in [(0, 0), (1, 0), (0, 2), (3, 1)] {
        let mut sum = 0.0;
        for (i, j) in (0..n * n).map(|k| (k / n, k % n)) {
            let (a, b) = (TAU * i as f64 / n as f64, TAU * j as f64 / n as f64);
            let phases = [a, b, -a - b];
            // The character's numerator times the conjugate denominator: two Slater determinants.
            let determinant = |powers: [f64; 3]| {
                let mut value = (0.0, 0.0);
                for (s, [x, y, z]) in [
                    (1.0, [0, 1, 2]),
                    (1.0, [1, 2, 0]),
                    (1.0, [2, 0, 1]),
                    (-1.0, [0, 2, 1]),
                    (-1.0, [2, 1, 0]),
                    (-1.0, [1, 0, 2]),
                ] {
                    let angle = powers[0] * phases[x] + powers[1] * phases[y] + powers[2] * phases[z];
                    value = (value.0 + s * angle.cos(), value.1 + s * angle.sin());
                }
                value
            };
            let (c, d) = (determinant([(p + q + 2) as f64, (q + 1) as f64, 0.0]), determinant([2.0, 1.0, 0.0]));
            let weight = (beta / 3.0 * phases.iter().map(|x| x.cos()).sum::<f64>()).exp();
            sum += weight * (c.0 * d.0 + c.1 * d.1) / 6.0;
        }
        let integral = sum / f64::from(n * n);
        let irrep = characters.irreps().iter().find(|r| r.label == Label::Dynkin(p, q)).expect("a representation");
        relative(irrep.dimension * (irrep.log_ratio + characters.log_trivial()).exp(), integral, 1e-13);
    }
}

#[test]
fn the_table_of_u1() {
    for (beta, sides, plaquette, chi, charge2, log_z) in [
        (2.0, 8, 0.697_774_658_011, 0.019_364_045_480_1, 1.239_298_910_72, 52.735_586_655_1),
        (2.0, 16, 0.697_774_657_964, 0.019_364_045_628_0, 4.957_195_680_76, 210.942_346_620),
        (3.0, 8, 0.809_985_547_412, 0.011_060_047_004_9, 0.707_843_008_314, 101.459_690_573),
        (3.0, 16, 0.809_985_293_957, 0.011_060_799_686_5, 2.831_564_719_75, 405.838_751_184),
        (6.0, 8, 0.912_454_914_877, 0.004_362_513_208_3, 0.279_200_845_328, 269.329_476_925),
        (6.0, 16, 0.912_359_304_355, 0.004_666_802_532_2, 1.194_701_448_24, 1_077.295_392_02),
    ] {
        let torus = torus(U1, beta, sides * sides);
        near(torus.plaquette(), plaquette, 6e-13);
        let charge = torus.charge().expect("a charge");
        near(charge.chi_q(), chi, 6e-14);
        relative(charge.charge2(), charge2, 1e-11);
        relative(torus.log_z(), log_z, 1e-11);
    }
    for (beta, plaquette, chi) in [
        (2.0, 0.697_774_657_964, 0.019_364_045_628_0),
        (3.0, 0.809_985_293_957, 0.011_060_799_686_5),
        (6.0, 0.912_359_304_353, 0.004_666_802_559_7),
    ] {
        let plane = Plane::new(U1, beta).expect("a plane");
        near(plane.plaquette(), plaquette, 6e-13);
        near(plane.chi_q().expect("a charge"), chi, 6e-14);
    }
    let charge = torus(U1, 2.0, 64).charge().expect("a charge");
    for (q, p) in [0.358_991_072, 0.239_218_522, 0.071_115_814, 0.009_559_442].into_iter().enumerate() {
        near(charge.p_q(q as i64), p, 6e-10);
    }
    let densities = |beta: f64, v: usize| torus(U1, beta, v).log_z() + 2.0 * v as f64 * TAU.ln();
    near(densities(2.0, 64), 287.983_851, 6e-7);
    near(densities(7.0, 256), 2_253.631_244, 6e-7);
}

#[test]
fn the_table_of_su2_and_su3() {
    for (group, beta, w, log_z64, log_z256, p4, p16, w4, w9) in [
        (
            SU2,
            2.2,
            0.464_479_025_270_42,
            35.451_812_078_129,
            141.807_248_312_52,
            0.479_313_753_154_1,
            0.464_480_549_736_1,
            0.046_544_077_65,
            1.006_224_677e-3,
        ),
        (
            SU3,
            6.0,
            0.422_531_739_649_98,
            79.096_965_862_203,
            316.387_863_448_81,
            0.432_128_251_602_904,
            0.422_532_056_631_1,
            0.031_874_057_44,
            4.292_734_609e-4,
        ),
    ] {
        near(Plane::new(group, beta).expect("a plane").plaquette(), w, 6e-15);
        for (v, log_z) in [(64, log_z64), (256, log_z256)] {
            near(torus(group, beta, v).plaquette(), w, 1e-13);
            relative(torus(group, beta, v).log_z(), log_z, 1e-13);
        }
        near(torus(group, beta, 4).plaquette(), p4, 6e-14);
        near(torus(group, beta, 16).plaquette(), p16, 6e-14);
        for (area, value) in [(4, w4), (9, w9)] {
            relative(torus(group, beta, 64).wilson_loop(area).expect("a disk"), value, 3e-10);
        }
    }
}

#[test]
fn strong_coupling_in_four_dimensions() {
    for (beta, plaquette) in [(1.0, 0.060_130_2), (2.0, 0.128_810), (3.0, 0.204_971)] {
        near(strong_coupling_plaquette(SU3, beta, 4).expect("a plaquette"), plaquette, 5.1e-7);
    }
    for group in GroupName::ALL {
        let w = Plane::new(group, 0.01).expect("a plane").plaquette();
        let cube = |d| strong_coupling_plaquette(group, 0.01, d).expect("a plaquette") - w;
        // w⁵ alone as β → 0, relative to which the plaquette's rounding shows.
        near(cube(4) / (4.0 * w.powi(5)), 1.0, 0.02);
        near(cube(2), 0.0, 0.0);
        assert_eq!(strong_coupling_plaquette(group, 0.0, 4), Ok(0.0));
    }
    assert_eq!(strong_coupling_plaquette(SU2, 1.0, 1), Err(GaugeError::Dimensions { dimensions: 1 }));
}

/// `∫ dU dV F(½ tr U V U† V†)` over SU(2): the commutator's trace is `1 − 2 (sin a sin b sin γ)²` for the angles `a`, `b` of both and
/// `γ` between their axes.
fn over_commutators(points: usize, f: impl Fn(f64) -> f64) -> f64 {
    let angles = gauss_legendre(points, 0.0, PI);
    let mut sum = 0.0;
    for (a, wa) in &angles {
        for (b, wb) in &angles {
            for (gamma, wg) in &angles {
                let sines = (a.sin() * b.sin()).powi(2);
                let weight = wa * wb * wg * (2.0 / PI).powi(2) * sines * 0.5 * gamma.sin();
                sum += weight * f(1.0 - 2.0 * sines * gamma.sin().powi(2));
            }
        }
    }
    sum
}

#[test]
fn one_and_two_plaquettes_by_brute_force() {
    for beta in [0.0, 0.3, 1.7, 8.0] {
        // One plaquette of U(1) is 1; of two, each is the other's inverse.
        near(torus(U1, beta, 1).log_z(), beta, 1e-14 * (1.0 + beta));
        near(torus(U1, beta, 1).plaquette(), 1.0, 1e-14);
        let wave = |k: f64| {
            (0..64)
                .map(|i| TAU * f64::from(i) / 64.0)
                .map(|p| (2.0 * beta * p.cos()).exp() * p.cos().powf(k))
                .sum::<f64>()
                / 64.0
        };
        near(torus(U1, beta, 2).log_z(), wave(0.0).ln(), 1e-14 * (1.0 + beta));
        near(torus(U1, beta, 2).plaquette(), wave(1.0) / wave(0.0), 1e-14);
        // One plaquette of SU(2) is a commutator.
        let z = over_commutators(40, |trace| (beta * trace).exp());
        let plaquette = over_commutators(40, |trace| trace * (beta * trace).exp()) / z;
        near(torus(SU2, beta, 1).log_z(), z.ln(), 1e-13 * (1.0 + beta));
        near(torus(SU2, beta, 1).plaquette(), plaquette, 1e-13);
        near(torus(SU2, beta, 1).wilson_loop(1).expect("a disk"), plaquette, 1e-13);
    }
    // Two: W and W⁻¹ C, C the commutator; W has the angle a, its axis the angle γ to that of C.
    let (beta, points) = (1.3, 16);
    let nodes = gauss_legendre(points, 0.0, PI);
    let two = |trace: f64| {
        let c = trace.clamp(-1.0, 1.0).acos();
        let mut sum = 0.0;
        for (a, wa) in &nodes {
            for (gamma, wg) in &nodes {
                let other = a.cos() * c.cos() + a.sin() * c.sin() * gamma.cos();
                sum += wa * wg * 2.0 / PI * a.sin().powi(2) * 0.5 * gamma.sin() * (beta * (a.cos() + other)).exp();
            }
        }
        sum
    };
    near(torus(SU2, beta, 2).log_z(), over_commutators(points, two).ln(), 1e-12);
    // Frobenius: the trace of a commutator has the mean 1/N.
    near(torus(SU3, 0.0, 1).plaquette(), 1.0 / 9.0, 1e-15);
    near(torus(SU2, 0.0, 1).plaquette(), 0.25, 1e-15);
}

#[test]
fn the_plaquette_is_the_derivative_of_log_z() {
    for group in GroupName::ALL {
        for beta in [0.2, 1.0, 5.5, 40.0] {
            for v in [1, 2, 3, 16, 600] {
                let h = 1e-3 * beta;
                let f = |k: f64| torus(group, beta + k * h, v).log_z();
                let quotient = (8.0 * (f(1.0) - f(-1.0)) - (f(2.0) - f(-2.0))) / (12.0 * h * v as f64);
                near(torus(group, beta, v).plaquette(), quotient, 3e-10);
            }
        }
    }
}

#[test]
fn loops_on_the_torus() {
    for group in GroupName::ALL {
        let small = torus(group, 1.4, 4);
        // Only the number of plaquettes matters.
        assert_eq!(small.rectangle([2, 2], [1, 1]), Some(small.plaquette()));
        assert_eq!((small.rectangle([1, 4], [1, 1]), small.rectangle([2, 2], [2, 1])), (None, None), "no disks");
        assert_eq!((small.rectangle([2, 3], [1, 1]), small.wilson_loop(5)), (None, None));
        relative(small.wilson_loop(0).expect("a disk"), 1.0, 1e-15);
        // U(1): the outside of a disk is as good as its inside.
        let loops: Vec<f64> = (0..=4).map(|a| small.wilson_loop(a).expect("a disk")).collect();
        assert!(group != U1 || (0..=4).all(|a| (loops[a] - loops[4 - a]).abs() < 1e-15), "{loops:?}");
        let polyakov: Vec<f64> = (0..=4).map(|a| small.polyakov_correlator(a).expect("a strip")).collect();
        assert!((0..=4).all(|a| (polyakov[a] - polyakov[4 - a]).abs() < 1e-15), "{polyakov:?}");
        assert!(group != U1 || (0..=4).all(|a| (polyakov[a] - loops[a]).abs() < 1e-15));
        // Creutz ratios of a large torus are the string tension.
        let (large, plane) = (torus(group, 2.0, 400), Plane::new(group, 2.0).expect("a plane"));
        near(large.creutz_ratio([20, 20], [2, 3]).expect("a ratio"), plane.string_tension(), 1e-12);
        assert_eq!(large.creutz_ratio([20, 20], [0, 3]), None);
    }
    assert!(torus(SU2, 3.0, 9).charge().is_err());
}

#[test]
fn many_plaquettes_and_large_couplings() {
    for group in GroupName::ALL {
        let n = group.rank() as f64;
        let generators = if group == U1 { 1.0 } else { n * n - 1.0 };
        for (beta, v) in [(1e4, 1_000_000), (300.0, 1_000_000), (2.0, 1_000_000), (1e4, 10_000), (1e6, 1 << 40)] {
            let torus = torus(group, beta, v);
            // Each plaquette but one is Gaussian: 1 − P = (dim G/2β)(1 − 1/V) and corrections of relative order 1/β.
            if beta >= 300.0 {
                let gaussian = generators / (2.0 * beta);
                near((1.0 - torus.plaquette()) / gaussian, 1.0, 3.0 / beta + 2.0 / v as f64 * beta.max(1.0));
            }
            assert!(torus.log_z().is_finite() && torus.wilson_loop(v / 3).is_some_and(|w| (0.0..1.0).contains(&w)));
        }
        // One plaquette's share of the zero modes at very large β: V − 1 independent plaquettes.
        let (beta, v) = (1e4, 4);
        let freedom = generators * 3.0 / 4.0;
        let found = (1.0 - torus(group, beta, v).plaquette()) * 2.0 * beta;
        assert!(group != U1 || (found - freedom).abs() < 1e-3, "{group}: {found} {freedom}");
        let (large, plane) = (torus(group, 3.0, 1 << 40), Plane::new(group, 3.0).expect("a plane"));
        relative(large.log_z(), plane.log_z_per_plaquette() * (1u64 << 40) as f64, 1e-15);
        relative(large.plaquette(), plane.plaquette(), 1e-15);
        relative(large.wilson_loop(7).expect("a disk"), plane.wilson_loop(7), 1e-14);
    }
}

#[test]
fn no_coupling_and_bad_couplings() {
    for group in GroupName::ALL {
        for v in [2, 5, 64] {
            let free = torus(group, 0.0, v);
            assert_eq!((free.log_z(), free.plaquette(), free.wilson_loop(0)), (0.0, 0.0, Some(1.0)));
            let weak = torus(group, 1e-250, v);
            assert_eq!((weak.log_z(), weak.plaquette()), (0.0, 0.0));
        }
        let n = group.rank() as f64;
        // w = β/2 for U(1), β/4 for SU(2), β/18 for SU(3).
        let slope = if n == 2.0 { 0.25 } else { 0.5 / (n * n) };
        relative(torus(group, 1e-100, 64).plaquette(), slope * 1e-100, 1e-13);
        relative(Plane::new(group, 1e-9).expect("a plane").plaquette(), slope * 1e-9, 1e-9);
        for beta in [-1.0, -1e-300, f64::NAN, f64::INFINITY, 2e6] {
            assert!(matches!(Torus::new(group, beta, 4), Err(GaugeError::Beta { .. })), "{beta}");
            assert!(Plane::new(group, beta).is_err() && Characters::new(group, beta).is_err());
        }
        assert_eq!(Torus::new(group, 1.0, 0), Err(GaugeError::Plaquettes { plaquettes: 0 }));
    }
    assert!(matches!(Torus::new(SU3, 1e6, 1), Err(GaugeError::Terms { .. })));
}

#[test]
fn charges_without_coupling_are_sums_of_uniform_phases() {
    // The Irwin–Hall density of V uniform numbers in (−½, ½) at integers.
    for (v, values) in [
        (1, &[1.0][..]),
        (2, &[1.0]),
        (3, &[3.0 / 4.0, 1.0 / 8.0]),
        (4, &[2.0 / 3.0, 1.0 / 6.0]),
        (5, &[115.0 / 192.0, 19.0 / 96.0, 1.0 / 384.0]),
        (6, &[11.0 / 20.0, 13.0 / 60.0, 1.0 / 120.0]),
        (7, &[5887.0 / 11520.0, 10543.0 / 46080.0, 361.0 / 23040.0, 1.0 / 46080.0]),
    ] {
        let charge = torus(U1, 0.0, v).charge().expect("a charge");
        for (q, value) in values.iter().enumerate() {
            near(charge.p_q(q as i64), *value, 1e-14);
            near(charge.p_q(-(q as i64)), *value, 1e-14);
        }
        assert_eq!(charge.p_q(values.len() as i64), 0.0);
    }
}

#[test]
fn charges_add_up() {
    for (beta, v) in [
        (0.0, 5),
        (0.3, 3),
        (0.7, 4),
        (3.0, 9),
        (1.0, 15),
        (1.0, 16),
        (2.0, 17),
        (6.0, 64),
        (1e4, 3),
        (40.0, 1000),
        (1.0, 100_000),
    ] {
        let charge = torus(U1, beta, v).charge().expect("a charge");
        let most = ((v as i64 - 1) / 2).min(3000);
        let moment = |k: i32| (-most..=most).map(|q| charge.p_q(q) * (q as f64).powi(k)).sum::<f64>();
        near(moment(0), 1.0, 1e-13);
        near(moment(2), charge.charge2(), 1e-12 * (1.0 + charge.charge2()));
        for theta in [0.0, 0.4, PI, -5.0] {
            let sum: f64 = (-most..=most).map(|q| charge.p_q(q) * (theta * q as f64).cos()).sum();
            near(charge.phase(theta).re, sum, 1e-13);
            near(charge.phase(theta).im, 0.0, 1e-15);
        }
        // χ is ⟨P²⟩/4π² of a free plaquette on large lattices.
        let free = Plane::new(U1, beta).ok().and_then(|p| p.chi_q()).expect("a charge");
        assert!(v < 100_000 || (charge.chi_q() / free - 1.0).abs() < 1e-8, "{} {free}", charge.chi_q());
    }
    // Three plaquettes have phases a, b and −a − b, wrapped: Q = 0 where |a + b| < π.
    let beta = 1.1f64;
    let inner = |a: f64, from: f64, to: f64| -> f64 {
        let nodes = gauss_legendre(40, from, to);
        nodes.iter().map(|(b, w)| w * (beta * (a.cos() + b.cos() + (a + b).cos())).exp()).sum()
    };
    let (mut all, mut zero) = (0.0, 0.0);
    // Even in the signs of both.
    for (a, weight) in gauss_legendre(40, 0.0, PI) {
        all += weight * inner(a, -PI, PI);
        zero += weight * inner(a, -PI, PI - a);
    }
    near(torus(U1, beta, 3).charge().expect("a charge").p_q(0), zero / all, 1e-13);
}

#[test]
fn imaginary_vacuum_angles_weight_the_charges() {
    for (beta, v, eta) in
        [(1.0, 5, 0.7), (2.0, 15, -1.1), (2.0, 16, -1.1), (0.0, 20, 1.0), (3.0, 64, 1.5), (1.0, 144, 0.3)]
    {
        let (plain, tilted) =
            (torus(U1, beta, v).charge().expect("a charge"), torus(U1, beta, v).charge_at(eta).expect("a charge"));
        // Far charges are rounding, which e^{ηQ} would blow up.
        let most = ((v as i64 - 1) / 2).min(25);
        let moment =
            |k: i32| (-most..=most).map(|q| plain.p_q(q) * (q as f64).powi(k) * (eta * q as f64).exp()).sum::<f64>();
        near(tilted.log_weight(), moment(0).ln(), 1e-11);
        near(tilted.mean(), moment(1) / moment(0), 1e-11 * (1.0 + tilted.charge2()));
        near(tilted.charge2(), moment(2) / moment(0), 1e-11 * (1.0 + tilted.charge2()));
        near((-most..=most).map(|q| tilted.p_q(q)).sum(), 1.0, 1e-12);
        for q in -2..=2 {
            near(tilted.p_q(q), plain.p_q(q) * (eta * q as f64).exp() / moment(0), 1e-11);
        }
        let theta = 0.9;
        let sum: f64 = (-most..=most).map(|q| tilted.p_q(q) * (theta * q as f64).sin()).sum();
        near(tilted.phase(theta).im, sum, 1e-12);
    }
    // With 45 digits by mpmath, where the charges that count are rounding without the tilt.
    let far = torus(U1, 40.0, 900).charge_at(2.0).expect("a charge");
    near(far.log_weight(), 1.154_510_669_588_439, 1e-12);
    near(far.mean(), 1.154_459_595_844_667, 1e-12);
    near(far.charge2(), 1.909_886_089_122_953_4, 1e-12);
    // d log⟨e^{ηQ}⟩/dη = ⟨Q⟩ where charges are far from their usual ones.
    let at = |eta: f64| torus(U1, 2.0, 64).charge_at(eta).expect("a charge");
    let h = 1e-3;
    let slope = (8.0 * (at(9.0 + h).log_weight() - at(9.0 - h).log_weight()) - at(9.0 + 2.0 * h).log_weight()
        + at(9.0 - 2.0 * h).log_weight())
        / (12.0 * h);
    near(at(9.0).mean(), slope, 1e-9);
    assert!(at(9.0).mean() > 7.0);
    for eta in [f64::NAN, 1e4] {
        assert!(matches!(torus(U1, 2.0, 64).charge_at(eta), Err(GaugeError::Tilt { .. })));
    }
    assert!(torus(U1, 20.0, 8).charge_at(40.0).is_err(), "nothing but rounding");
}
