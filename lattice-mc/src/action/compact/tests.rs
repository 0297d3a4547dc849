use super::{RobotArm, SphereMixture, TorusMixture, TorusSum};
use crate::testing::{actions, demand, run};
use crate::{Action, Hmc, Integrator};
use lattice_tensor::Lattice;
use lattice_tensor::field::Channels;
use std::f64::consts::TAU;

/// `ln Σ weight e^{−S}` over points.
fn log_sum(action: &dyn Action<Channels>, points: &[(Vec<f64>, f64)]) -> f64 {
    let lattice = Lattice::periodic([1]).unwrap();
    let places: Vec<Vec<f64>> = points.iter().map(|(place, _)| place.clone()).collect();
    let found = actions(action, &lattice, &places);
    found.iter().zip(points).map(|(s, (_, weight))| weight * (-s).exp()).sum::<f64>().ln()
}

/// Points of T², all of one weight: sums over them converge exponentially.
fn torus(count: usize) -> Vec<(Vec<f64>, f64)> {
    let angle = |i: usize| TAU * i as f64 / count as f64;
    let weight = (TAU / count as f64).powi(2);
    (0..count * count).map(|i| (vec![angle(i % count), angle(i / count)], weight)).collect()
}

#[test]
fn densities_on_the_torus_are_normalised_as_known() {
    for mixture in [TorusMixture::unimodal(), TorusMixture::multimodal()] {
        assert!((log_sum(&mixture, &torus(32)) - mixture.exact().log_z).abs() < 1e-12, "{mixture:?}");
    }
    let sum = TorusSum::correlated();
    assert!((log_sum(&sum, &torus(32)) - sum.exact().log_z).abs() < 1e-12);
    let arm = RobotArm { links: vec![0.5, 0.4], centre: [0.3, 0.4], sigma: 0.3 };
    assert!((log_sum(&arm, &torus(96)) - arm.exact().unwrap().log_z).abs() < 1e-11);
}

#[test]
fn densities_on_spheres_are_normalised_as_known() {
    // The area element of S² is dφ dz; that of S³, √(1 − w²) dφ dz dw.
    let angles = 64;
    let nodes = crate::exact::gauss_legendre(96, -1.0, 1.0);
    let circle = |i: usize| TAU * i as f64 / angles as f64;
    let ring = |height: f64, weight: f64| {
        let radius = (1.0 - height * height).sqrt();
        (0..angles).map(move |i| {
            (vec![radius * circle(i).cos(), radius * circle(i).sin(), height], weight * TAU / angles as f64)
        })
    };
    let s2: Vec<_> = nodes.iter().flat_map(|&(height, weight)| ring(height, weight)).collect();
    let known = SphereMixture::s2().exact().log_z;
    assert!((log_sum(&SphereMixture::s2(), &s2) - known).abs() < 1e-11);
    let s3: Vec<_> = nodes
        .iter()
        .flat_map(|&(t, weight)| {
            // w = sin(π t/2): the square root is smooth then.
            let (w, radius) = (0.25 * TAU * t).sin_cos();
            let weight = weight * 0.25 * TAU * radius * radius;
            s2.iter().map(move |(x, own)| {
                let place = x.iter().map(|x| radius * x).chain([w]).collect::<Vec<_>>();
                (place, own * weight)
            })
        })
        .collect();
    let known = SphereMixture::s3().exact().log_z;
    assert!((log_sum(&SphereMixture::s3(), &s3) - known).abs() < 1e-10);
}

#[test]
fn hmc_on_the_torus_finds_the_known_means() {
    let mixture = TorusMixture::multimodal();
    let update = Hmc::new(Integrator::Omelyan, 1.0);
    let found = run::<f64, _>(&mixture, Box::new(update), &[1], 64, 1500, 5);
    mixture.exact().means.iter().for_each(|(name, exact)| demand(&found, name, *exact));
    let arm = RobotArm { sigma: 0.3, ..RobotArm::default() };
    let found = run::<f64, _>(&arm, Box::new(Hmc::new(Integrator::Omelyan, 1.0)), &[1], 64, 1500, 6);
    arm.exact().unwrap().means.iter().for_each(|(name, exact)| demand(&found, name, *exact));
}

#[test]
fn nonsense_is_refused() {
    let bad: [&dyn Action<Channels>; 6] = [
        &TorusMixture { concentration: 1.0, centres: vec![vec![0.0], vec![0.0, 1.0]] },
        &TorusMixture { concentration: -1.0, centres: vec![vec![0.0]] },
        &TorusSum { dimension: 0, centre: 0.0 },
        &SphereMixture { concentration: 1.0, centres: vec![vec![1.0, 1.0]] },
        &RobotArm { links: vec![], ..RobotArm::default() },
        &RobotArm { sigma: 0.0, ..RobotArm::default() },
    ];
    bad.iter().for_each(|action| assert!(action.check().is_err(), "{action:?}"));
}
