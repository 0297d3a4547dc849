//! Reweighted chains against the exact transfer matrix at the other couplings.
use super::super::estimate;
use super::super::synthetic::{normal, rng};
use super::*;
use crate::{History, Hmc, Integrator, MarkovRun, Phi4, exact};
use lattice_tensor::{Device, Lattice};

const EXTENTS: [usize; 2] = [4, 4];
const VOLUME: usize = 16;
const MASS2: f64 = -4.0;
const LAMBDA: f64 = 8.0;

fn history() -> History {
    let plan = MarkovRun { chains: 32, updates: 1500, thermalize: 100, seed: 9 };
    let action = Phi4 { mass2: MASS2, lambda: LAMBDA };
    let lattice = Lattice::periodic(EXTENTS).expect("a lattice");
    let update = Box::new(Hmc::fixed(Integrator::Omelyan, 1.0, 6));
    plan.run::<f32>(&action, update, &lattice, &Device::cpu(1).expect("a thread"), |_| true).expect("a run")
}

fn series<'a>(history: &'a History, name: &str) -> &'a [Vec<f64>] {
    history.chains(name).expect("a standard observable")
}

#[test]
fn neighbouring_couplings_and_derivatives_are_exact() {
    let history = history();
    let method = GammaMethod::default();
    let at = |mass2, lambda| exact::phi4(&EXTENTS, mass2, lambda).expect("cheap");
    let here = at(MASS2, LAMBDA);
    let (phi2, phi4) = (series(&history, "phi2"), series(&history, "phi4"));
    for (dm, dl) in [(0.4, 0.0), (0.0, -1.0), (0.3, 0.5)] {
        let there = at(MASS2 + dm, LAMBDA + dl);
        let reweighting = Reweighting::phi4(VOLUME, phi2, phi4, dm, dl, method).expect("finite");
        let overlap = reweighting.overlap().expect("finite");
        assert!((0.2..1.0).contains(&overlap.ess), "{overlap:?}");
        assert!(overlap.log_z_ratio.pull(there.log_z - here.log_z).abs() < 4.5, "{overlap:?}");
        for (name, exact) in [("phi2", there.phi2), ("phi4", there.phi4), ("chi2", there.chi2)] {
            let found = reweighting.mean(series(&history, name)).expect("finite");
            assert!(found.pull(exact).abs() < 4.5, "{name} at {dm}, {dl}: {found} against {exact}");
            let plain = estimate(series(&history, name)).expect("finite");
            let moved = (exact - plain.mean).abs() > 5.0 * plain.error;
            assert!(moved, "{name} at {dm}, {dl}: {plain} has to be told from {exact}");
        }
    }
    // Derivatives against difference quotients of exact values, here and half a step away.
    let times_volume =
        |x: &[Vec<f64>]| -> Vec<Vec<f64>> { x.iter().map(|c| c.iter().map(|x| x * VOLUME as f64).collect()).collect() };
    let (h, there) = (1e-3, Reweighting::phi4(VOLUME, phi2, phi4, 0.0, 0.5, method).expect("finite"));
    for (conjugate, dm, dl) in [(times_volume(phi2), h, 0.0), (times_volume(phi4), 0.0, h)] {
        for shift in [0.0, 0.5] {
            let (up, down) = (at(MASS2 + dm, LAMBDA + shift + dl), at(MASS2 - dm, LAMBDA + shift - dl));
            for (name, up, down) in [("phi2", up.phi2, down.phi2), ("chi2", up.chi2, down.chi2)] {
                let exact = (up - down) / (2.0 * h);
                let o = series(&history, name).to_vec();
                let found =
                    if shift == 0.0 { method.derivative(&o, &conjugate) } else { there.derivative(&o, &conjugate) };
                let found = found.expect("finite");
                assert!(found.pull(exact).abs() < 4.5, "{name} at {shift}: {found}, {exact}");
                assert!(found.error < 0.1 * exact.abs(), "{name} at {shift}: {found}, {exact}");
            }
        }
    }
}

#[test]
fn independent_gaussians_move_their_mean() {
    // S = x²/2 - h x: the mean is h, d<x>/dh = 1, log Z = h²/2.
    let mut rng = rng(61);
    let x = vec![(0..100_000).map(|_| normal(&mut rng)).collect::<Vec<f64>>()];
    let h = 0.7;
    let log_w: Vec<Vec<f64>> = vec![x[0].iter().map(|x| h * x).collect()];
    let conjugate: Vec<Vec<f64>> = vec![x[0].iter().map(|x| -x).collect()];
    let reweighting = Reweighting::new(&log_w, GammaMethod::default()).expect("finite");
    let overlap = reweighting.overlap().expect("finite");
    assert!((overlap.ess / (-h * h).exp() - 1.0).abs() < 0.03, "{overlap:?}");
    assert!(overlap.log_z_ratio.pull(0.5 * h * h).abs() < 4.0);
    assert!(reweighting.mean(&x).expect("finite").pull(h).abs() < 4.0);
    assert!(reweighting.derivative(&x, &conjugate).expect("finite").pull(1.0).abs() < 4.0);
}

#[test]
fn no_weights_change_nothing() {
    let mut rng = rng(62);
    let x = vec![super::super::synthetic::ar1(0.5, 1000, &mut rng); 2];
    for level in [0.0, -3000.0, 3000.0] {
        let log_w = vec![vec![level; 1000]; 2];
        let reweighting = Reweighting::new(&log_w, GammaMethod::default()).expect("finite");
        let (found, plain) = (reweighting.mean(&x).expect("finite"), estimate(&x).expect("finite"));
        assert!((found.mean - plain.mean).abs() < 1e-14 && (found.error / plain.error - 1.0).abs() < 1e-10);
        assert_eq!(reweighting.overlap().expect("finite").log_z_ratio.mean, level);
    }
}

#[test]
fn bad_weights_and_misfits_are_refused() {
    let method = GammaMethod::default();
    assert!(Reweighting::new::<Vec<f64>>(&[], method).is_err());
    assert!(Reweighting::new(&[vec![0.0], vec![]], method).is_err());
    assert!(Reweighting::new(&[vec![0.0, f64::NAN]], method).is_err());
    assert!(Reweighting::new(&[vec![f64::NEG_INFINITY]], method).is_err());
    let reweighting = Reweighting::new(&[vec![0.0, 0.1, 0.2]], method).expect("finite");
    assert!(matches!(reweighting.mean(&[vec![1.0]]), Err(StatisticsError::LengthMismatch { .. })));
    assert!(reweighting.derivative(&[vec![1.0, 2.0, 3.0]], &[vec![1.0]]).is_err());
}
