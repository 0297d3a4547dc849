//! The exponential and its derivative.

use super::*;
use std::f64::consts::PI;

lane_functions! {
    Tangent<G>(_simd, x) {
        let (omega, g): (AlgebraOf<G, S, R>, AlgebraOf<G, S, R>) = (array(&x[0]), array(&x[1]));
        let mut out = G::tangent_of_exp(&omega, &g).as_ref().to_vec();
        out.extend(G::tangent_of_log(&omega, &G::tangent_of_exp(&omega, &g)).as_ref());
        out.extend(G::bracket(&omega, &g).as_ref());
        out
    }
}

/// Coefficients of all sizes from subnormal to 50: in general position, with two equal eigenvalues, with nearly equal
/// ones, near elements of the centre.
pub(super) fn coefficients<G: Group, R: Real>() -> Vec<Vec<f64>> {
    let mut list = vec![vec![0.0; G::ALGEBRA]];
    let least = if R::WIDTH == 16 { -44.0 } else { -300.0 };
    for case in 0..240 {
        let direction = draws(&format!("omega{case}"), G::ALGEBRA);
        let near = f64::from(case % 13) - 14.0;
        let diagonal = |size: f64, noise: f64| -> Vec<f64> {
            let mut w: Vec<f64> = direction.iter().map(|d| d * noise).collect();
            w[G::ALGEBRA - 1] += size;
            w
        };
        let full = if G::ALGEBRA == 8 { 4.0 * PI / 3.0_f64.sqrt() } else { 2.0 * PI };
        let size = 10.0_f64.powf((f64::from(case) / 40.0 - 4.0).min(1.7));
        list.push(match case % 6 {
            0 => direction.iter().map(|d| d * size / length(&direction)).collect(),
            1 => direction.iter().map(|d| d * 10.0_f64.powf(least * f64::from(case) / 240.0)).collect(),
            2 => diagonal(size, 0.0),
            3 => diagonal(size.min(40.0), size * 10.0_f64.powf(near)),
            4 => diagonal(full * f64::from(case % 5 - 2), 10.0_f64.powf(near)),
            _ => direction.iter().map(|d| d * 9.0).collect(),
        });
    }
    list.iter().map(|w| w.iter().map(|&w| R::from_f64(w).to_f64()).collect()).collect()
}

/// The worst errors in units in the last place: of `exp` by `1 + |ω|`, and of all but the real diagonal by `|ω|` where
/// that is less than 1.
fn exponential<G: Group, R: Real>() -> (f64, f64) {
    let (mut worst, mut small) = (0.0, 0.0);
    for omega in coefficients::<G, R>() {
        let found = on_lanes::<R>(&Exponential::<G>(Default::default()), &[&omega], 2 * G::MATRIX);
        let (u, length) = (dense(G::NAME, &found[..G::MATRIX]), length(&omega));
        let exact = oracle::group_exp(G::NAME, &omega);
        let error = oracle::distance(&u, &exact) / ulp::<R>() / (1.0 + length);
        assert!(error.is_finite(), "{} {omega:?}", G::NAME);
        worst = f64::max(worst, error);
        if length < 1.0 {
            let least = if R::WIDTH == 16 { 1e-44 } else { 1e-322 };
            let d = (oracle::distance_from_one(&u, &exact) - least).max(0.0);
            small = f64::max(small, if d == 0.0 { 0.0 } else { d / ulp::<R>() / length });
        }
    }
    (worst, small)
}

fn assert_exponential<G: Group>(bounds: (f64, f64)) {
    for (name, (worst, small)) in [("f32", exponential::<G, f32>()), ("f64", exponential::<G, f64>())] {
        println!("{} {name}: exp {worst:.2}, {small:.2}", G::NAME);
        assert!(worst <= bounds.0 && small <= bounds.1, "{} {name}: {worst:.2}, {small:.2} ulp", G::NAME);
    }
}

#[test]
fn exponentials_are_those_of_scaling_and_squaring() {
    assert_exponential::<U1>((0.6, 0.6));
    assert_exponential::<SU2>((0.6, 0.6));
    assert_exponential::<SU3>((2.5, 1.0));
}

/// The worst error in units of the last place by `|g| (1 + |ω|)`, and that of the inverse where it is not near its pole.
fn tangent<G: Group, R: Real>() -> [f64; 3] {
    let mut worst = [0.0; 3];
    for (case, omega) in coefficients::<G, R>().iter().enumerate() {
        let g: Vec<f64> = draws(&format!("g{case}"), G::ALGEBRA).into_iter().map(|g| R::from_f64(g).to_f64()).collect();
        let n = G::ALGEBRA;
        let found = on_lanes::<R>(&Tangent::<G>(Default::default()), &[omega, &g], 3 * n);
        let error = |found: &[f64], exact: &[f64]| {
            let d: Vec<f64> = found.iter().zip(exact).map(|(a, b)| a - b).collect();
            length(&d) / ulp::<R>() / length(&g) / (1.0 + length(omega))
        };
        let exact = oracle::tangent_of_exp(G::NAME, omega, &g);
        let errors =
            [error(&found[..n], &exact), if length(omega) < 5.0 { error(&found[n..2 * n], &g) } else { 0.0 }, {
                let bracket = {
                    let [a, b] = [omega, &g].map(|x| algebra(G::NAME, x));
                    let (ab, ba) = (times(&a, &b), times(&b, &a));
                    let t = generators(G::NAME);
                    let trace = |t: &Dense| {
                        let (x, y) = (times(t, &ab), times(t, &ba));
                        (0..G::N).map(|i| x[i][i].1 - y[i][i].1).sum::<f64>() / G::NAME.generator_norm()
                    };
                    t.iter().map(trace).collect::<Vec<f64>>()
                };
                if length(omega) < 1e-30 {
                    0.0
                } else {
                    error(&found[2 * n..], &bracket) * (1.0 + length(omega)) / length(omega)
                }
            }];
        for (worst, e) in worst.iter_mut().zip(errors) {
            assert!(e.is_finite(), "{} {omega:?} {found:?}", G::NAME);
            *worst = f64::max(*worst, e);
        }
    }
    worst
}

fn assert_tangent<G: Group>(bounds: [f64; 3]) {
    for (name, errors) in [("f32", tangent::<G, f32>()), ("f64", tangent::<G, f64>())] {
        println!("{} {name}: tangent {errors:.2?}", G::NAME);
        assert!(errors.iter().zip(bounds).all(|(e, b)| *e <= b), "{} {name}: {errors:.2?} ulp", G::NAME);
    }
}

#[test]
fn the_derivative_of_the_exponential_is_its_series() {
    assert_tangent::<U1>([0.0, 0.0, 0.0]);
    assert_tangent::<SU2>([1.5, 2.0, 1.2]);
    assert_tangent::<SU3>([1.0, 12.0, 1.2]);
}

fn not_numbers<G: Group, R: Real>() {
    let far = if R::WIDTH == 16 { 1e7 } else { 1e13 };
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, far, R::from_f64(1e30).to_f64()] {
        for at in 0..G::ALGEBRA {
            let mut omega = vec![0.25; G::ALGEBRA];
            omega[at] = bad;
            let found = on_lanes::<R>(&Exponential::<G>(Default::default()), &[&omega], 2 * G::MATRIX);
            let u = &found[..G::MATRIX];
            assert!(u.iter().all(|u| u.is_nan()), "{} {omega:?}: {u:?}", G::NAME);
            if G::NAME != GroupName::U1 {
                let g = vec![1.0; G::ALGEBRA];
                let found = on_lanes::<R>(&Tangent::<G>(Default::default()), &[&omega, &g], 3 * G::ALGEBRA);
                assert!(found[..G::ALGEBRA].iter().all(|y| y.is_nan()), "{} {omega:?}: {found:?}", G::NAME);
            }
        }
    }
}

#[test]
fn exponentials_of_no_numbers_are_none() {
    not_numbers::<U1, f32>();
    not_numbers::<U1, f64>();
    not_numbers::<SU2, f32>();
    not_numbers::<SU2, f64>();
    not_numbers::<SU3, f32>();
    not_numbers::<SU3, f64>();
}

fn alone<G: Group, R: Real>() {
    let mut list = coefficients::<G, R>();
    list.iter_mut().step_by(17).for_each(|w| w[0] = f64::NAN);
    let g = vec![0.5; G::ALGEBRA];
    let pairs: Vec<Vec<Vec<f64>>> = list.iter().map(|w| vec![w.clone(), g.clone()]).collect();
    assert_lanes_alone::<R>(&Tangent::<G>(Default::default()), &pairs, 3 * G::ALGEBRA);
    let single: Vec<Vec<Vec<f64>>> = list.into_iter().map(|w| vec![w]).collect();
    assert_lanes_alone::<R>(&Exponential::<G>(Default::default()), &single, 2 * G::MATRIX);
}

#[test]
fn lanes_do_not_depend_on_their_neighbours() {
    alone::<U1, f32>();
    alone::<SU2, f32>();
    alone::<SU2, f64>();
    alone::<SU3, f32>();
    alone::<SU3, f64>();
}
