//! Runs that must be flagged, and runs that must not.
use super::super::synthetic::{ar1, normal, rng};
use super::super::{GammaMethod, estimate};
use super::*;
use crate::{Hmc, Integrator, LocalMetropolis, MarkovRun, Phi4, Update};
use lattice_tensor::{Device, Lattice};

fn kinds(list: &[Warning]) -> Vec<&'static str> {
    list.iter().map(Warning::kind).collect()
}

fn run(action: Phi4, update: Box<dyn Update>, chains: usize, updates: usize) -> (Vec<Warning>, Option<Warning>) {
    let plan = MarkovRun { chains, updates, thermalize: 200, seed: 5 };
    let (lattice, device) = (Lattice::periodic([4, 4]).expect("a lattice"), Device::cpu(1).expect("a thread"));
    let history = plan.run::<f32>(&action, update, &lattice, &device, |_| true).expect("a run");
    let estimates = history.estimates().expect("finite");
    let list = chain_warnings(estimates.iter().map(|(n, e)| (n.as_str(), e)), plan.thermalize);
    (list, sign_warning(history.chains("m").expect("a standard observable")))
}

fn samplers() -> [Box<dyn Update>; 2] {
    [Box::new(LocalMetropolis::default()), Box::new(Hmc::new(Integrator::Omelyan, 1.0))]
}

#[test]
fn broken_phase_stuck_on_one_sign_is_flagged() {
    // Convention D at κ = 0.30, λ = 0.022: m² = (1 - 2λ)/κ - 4, λ_A = λ/κ².
    let (kappa, lambda) = (0.30, 0.022);
    let broken = Phi4 { mass2: (1.0 - 2.0 * lambda) / kappa - 4.0, lambda: lambda / (kappa * kappa) };
    for update in samplers() {
        let name = update.describe();
        let (list, sign) = run(broken, update, 8, 600);
        let Some(Warning::StuckSign { chains: 8, positive, flips, updates: 4800 }) = sign else {
            panic!("{name}: {sign:?}, {list:?}")
        };
        assert!((1..8).contains(&positive) && flips < 80, "{name}: {positive} {flips}");
    }
    // One chain alone, whose error of m looks perfect.
    let (_, sign) = run(broken, Box::new(Hmc::new(Integrator::Omelyan, 1.0)), 1, 600);
    assert_eq!(sign.map(|w| w.kind()), Some("stuck_sign"));
}

#[test]
fn symmetric_phase_is_not_flagged() {
    for update in samplers() {
        let name = update.describe();
        let (list, sign) = run(Phi4 { mass2: -4.0, lambda: 8.0 }, update, 8, 600);
        assert!(list.is_empty() && sign.is_none(), "{name}: {list:?} {sign:?}");
    }
}

#[test]
fn short_runs_and_slow_modes_are_flagged() {
    let mut rng = rng(91);
    let slow: Vec<Vec<f64>> = (0..2).map(|_| ar1(0.98, 200, &mut rng)).collect();
    let fast: Vec<Vec<f64>> = (0..2).map(|_| ar1(0.1, 200, &mut rng)).collect();
    let (slow, fast) = (estimate(&slow).expect("finite"), estimate(&fast).expect("finite"));
    let list = chain_warnings([("slow", &slow), ("fast", &fast)], 30);
    assert!(kinds(&list).starts_with(&["short_run", "short_thermalisation"]), "{list:?}");
    assert!(list.iter().all(|w| w.to_string().starts_with("slow: ")), "{list:?}");
    assert!(chain_warnings([("fast", &fast)], 30).is_empty());
    // Sectors 0.1 apart under fast noise.
    let apart: Vec<Vec<f64>> =
        [0.0, 0.1, 0.2].map(|s| ar1(0.5, 5000, &mut rng).iter().map(|x| x + s).collect()).to_vec();
    let list = chain_warnings([("apart", &estimate(&apart).expect("finite"))], 1000);
    assert_eq!(kinds(&list), ["chains_disagree"]);
    let frozen: Vec<Vec<f64>> = (0..8).map(|_| vec![normal(&mut rng); 100]).collect();
    let list = chain_warnings([("frozen", &estimate(&frozen).expect("finite"))], 1000);
    assert!(kinds(&list).contains(&"open_window"), "{list:?}");
}

#[test]
fn healthy_chains_are_rarely_flagged() {
    let mut rng = rng(92);
    let mut flagged = 0;
    for _ in 0..300 {
        let all: Vec<Estimate> = (0..10)
            .map(|_| estimate(&(0..4).map(|_| ar1(0.5, 1000, &mut rng)).collect::<Vec<_>>()).expect("finite"))
            .collect();
        flagged += usize::from(!chain_warnings(all.iter().map(|e| ("x", e)), 100).is_empty());
        assert_eq!(sign_warning(&[ar1(0.9, 200, &mut rng), ar1(0.9, 200, &mut rng)]).map(|w| w.kind()), None);
    }
    assert!(flagged <= 6, "{flagged} of 300");
}

#[test]
fn weights_with_a_gap_are_flagged() {
    let mut rng = rng(93);
    let mut log_w: Vec<f64> = (0..10_000).map(|_| 0.5 * normal(&mut rng)).collect();
    assert_eq!(weight_warnings(&log_w), Ok(vec![]));
    log_w[77] = 12.0;
    assert_eq!(kinds(&weight_warnings(&log_w).expect("finite")), ["few_effective_samples", "dominant_weight"]);
    // The chain they feed stands on that configuration until its end.
    let mut chain = crate::Independence::new(3);
    let states = |log_w: &[f64], chain: &mut crate::Independence| -> Vec<f64> {
        log_w
            .iter()
            .enumerate()
            .map(|(i, &l)| chain.offer(i as u64, l).state.map_or(f64::NAN, |state| state as f64))
            .collect()
    };
    let stuck = states(&log_w, &mut chain);
    assert!(matches!(repeat_warning(&stuck), Some(Warning::LongRepeat { updates, of: 10_000 }) if updates > 1000));
    log_w[77] = 0.0;
    assert_eq!(repeat_warning(&states(&log_w, &mut crate::Independence::new(3))), None);
}

#[test]
fn sides_that_disagree_are_flagged() {
    let noise = |shift: f64, seed| -> Vec<f64> {
        let mut rng = rng(seed);
        (0..500).map(|_| shift + 0.1 * normal(&mut rng)).collect()
    };
    let sides =
        |shift: f64| TwoSided::new(&noise(-shift, 1), &[noise(0.0, 2)], &GammaMethod { s: 0.0 }).expect("finite");
    assert_eq!(two_sided_warning(&sides(0.01)), None);
    let warning = two_sided_warning(&sides(2f64.ln())).expect("far apart");
    assert!(warning.to_string().ends_with("the flow misses a region of the theory"), "{warning}");
}
