//! The logarithm and the eigenphases.

use super::exp::coefficients;
use super::*;
use std::f64::consts::PI;

lane_functions! {
    Logarithm<G>(_simd, x) {
        let u: MatrixOf<G, S, R> = array(&x[0]);
        let mut out = G::log(&u).as_ref().to_vec();
        out.extend(G::eigenphases(&u).as_ref());
        out
    }
}

/// The stored numbers of a matrix of the oracle.
fn stored<R: Real>(group: GroupName, u: &oracle::Matrix) -> Vec<f64> {
    let all: Vec<f64> = match group {
        GroupName::SU2 => vec![u[0][0].0.0, u[0][1].1.0, u[0][1].0.0, u[0][0].1.0],
        _ => u.iter().flatten().flat_map(|z| [z.0.0, z.1.0]).collect(),
    };
    all.into_iter().map(|x| R::from_f64(x).to_f64()).collect()
}

/// The worst errors in units in the last place: `exp(log u)` against `u`; `log u` by its size where that is less than 1;
/// the sum and the order of phases are checked.
fn logarithm<G: Group, R: Real>() -> [f64; 3] {
    let mut worst = [0.0; 3];
    for omega in coefficients::<G, R>() {
        let u = stored::<R>(G::NAME, &oracle::group_exp(G::NAME, &omega));
        let found = on_lanes::<R>(&Logarithm::<G>(Default::default()), &[&u], G::ALGEBRA + G::N);
        let (log, phases) = found.split_at(G::ALGEBRA);
        assert!(found.iter().all(|x| x.is_finite()), "{} {omega:?}: {found:?}", G::NAME);
        let again = oracle::group_exp(G::NAME, log);
        let back = oracle::distance(&dense(G::NAME, &u), &again) / ulp::<R>();
        let size = length(&omega);
        let difference: Vec<f64> = log.iter().zip(&omega).map(|(a, b)| a - b).collect();
        let least = if R::WIDTH == 16 { 1e-43 } else { 1e-320 };
        let small =
            if size < 1.0 { (length(&difference) - least).max(0.0) / ulp::<R>() / size.max(1e-320) } else { 0.0 };
        // Phases are those of the logarithm: the sum of squares, the branch, the order.
        let norm = G::NAME.generator_norm();
        let squares = ((length(phases) - length(log) * norm.sqrt()) / ulp::<R>()).abs();
        let (first, last) = (phases[0], phases[G::N - 1]);
        let slack = 8.0 * ulp::<R>();
        if G::N > 1 {
            assert!(phases.is_sorted_by(|a, b| a >= b), "{phases:?}");
            assert!(
                phases.iter().sum::<f64>().abs() <= 2.0 * slack && first - last <= 2.0 * PI + 2.0 * slack,
                "{omega:?} {phases:?}"
            );
        } else {
            assert!(first.abs() <= PI + slack);
        }
        let errors = [back, small, squares];
        for (worst, e) in worst.iter_mut().zip(errors) {
            *worst = f64::max(*worst, e);
        }
    }
    worst
}

fn assert_logarithm<G: Group>(bounds: [f64; 3]) {
    for (name, errors) in [("f32", logarithm::<G, f32>()), ("f64", logarithm::<G, f64>())] {
        println!("{} {name}: log {errors:.2?}", G::NAME);
        assert!(errors.iter().zip(bounds).all(|(e, b)| *e <= b), "{} {name}: {errors:.2?} ulp", G::NAME);
    }
}

#[test]
fn logarithms_are_inverse_to_exponentials() {
    assert_logarithm::<U1>([3.0, 1.5, 0.0]);
    assert_logarithm::<SU2>([6.0, 2.0, 6.0]);
    assert_logarithm::<SU3>([20.0, 7.0, 20.0]);
}

fn not_numbers<G: Group, R: Real>() {
    for at in 0..G::MATRIX {
        let mut u: Vec<f64> = (0..G::MATRIX).map(|c| f64::from(u8::from(c % 8 == 0))).collect();
        u[at] = f64::NAN;
        let found = on_lanes::<R>(&Logarithm::<G>(Default::default()), &[&u], G::ALGEBRA + G::N);
        assert!(found.iter().all(|x| x.is_nan()), "{} {at}: {found:?}", G::NAME);
    }
}

#[test]
fn logarithms_of_no_numbers_are_none() {
    not_numbers::<U1, f32>();
    not_numbers::<SU2, f64>();
    not_numbers::<SU3, f32>();
    not_numbers::<SU3, f64>();
}

/// `−1` in SU(2), and an element of SU(3) whose equal eigenvalues come from opposite ends: finite, and still inverse.
#[test]
fn logarithms_on_the_cut_are_finite() {
    let minus = on_lanes::<f64>(&Logarithm::<SU2>(Default::default()), &[&[-1.0, 0.0, 0.0, 0.0]], 5);
    assert_eq!(minus, [0.0, 0.0, 2.0 * PI, PI, -PI]);
    let (t, mut u) = (2.5_f64, vec![0.0; 18]);
    for (i, angle) in [t, t, -2.0 * t].into_iter().enumerate() {
        (u[8 * i], u[8 * i + 1]) = (angle.cos(), angle.sin());
    }
    let found = on_lanes::<f64>(&Logarithm::<SU3>(Default::default()), &[&u], 11);
    let again = oracle::group_exp(GroupName::SU3, &found[..8]);
    assert!(oracle::distance(&dense(GroupName::SU3, &u), &again) < 20.0 * f64::EPSILON, "{found:?}");
    assert!((found[8] - found[10] - 2.0 * PI).abs() < 2.0 * PI * 8.0 * f64::EPSILON, "{found:?}");
}
