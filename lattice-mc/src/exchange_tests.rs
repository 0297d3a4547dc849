use crate::exact::gauge::Torus;
use crate::testing::{exact_phi4, find};
use crate::{
    ChainCouplings, Chains, Clusters, Error, Hmc, Integrator, LinkSweeps, LocalMetropolis, MarkovRun, Phi4, Update,
    VectorPhi4, Wilson,
};
use lattice_autograd::params::TensorFile;
use lattice_tensor::field::{Channels, Links};
use lattice_tensor::group::{GroupName, U1};
use lattice_tensor::{Device, Lattice};

fn plan(updates: usize) -> MarkovRun {
    MarkovRun { chains: 0, updates, thermalize: 200, seed: 0 }
}

fn repeated(values: &[f64], ladders: usize) -> Vec<f64> {
    (0..ladders).flat_map(|_| values.iter().copied()).collect()
}

#[test]
fn every_chain_is_at_its_own_couplings() {
    let (lattice, device) = (Lattice::periodic([4, 2]).unwrap(), Device::cpu(1).unwrap());
    let couplings = [(-4.0, 8.0), (-2.0, 3.0), (0.5, 1.0)];
    let (m2, lambda): (Vec<f64>, Vec<f64>) = couplings.into_iter().unzip();
    let updates: [fn() -> Box<dyn Update>; 2] =
        [|| Box::new(Hmc::fixed(Integrator::Omelyan, 1.0, 5)), || Box::new(LocalMetropolis::default())];
    let known = couplings.map(|(mass2, lambda)| exact_phi4(&[4, 2], mass2, lambda));
    // 15 ladders leave some lanes empty, 1 shares the lanes with virtual nodes of the lattice.
    for (update, ladders) in updates.into_iter().zip([15, 1]).chain(updates.into_iter().zip([1, 15])) {
        let at =
            ChainCouplings::default().with("m2", repeated(&m2, ladders)).with("lambda", repeated(&lambda, ladders));
        let action = Phi4 { mass2: 1.0, lambda: 1.0 };
        let count = 3 * ladders;
        let mut chains = Chains::<f32>::at_couplings(&action, update(), &lattice, count, at, 6, &device).unwrap();
        let history = plan(3_600 / ladders).record(&mut chains, |_| true).unwrap();
        for (rung, known) in known.iter().enumerate() {
            let found = history.estimates_of(|chain| chain % 3 == rung).unwrap();
            let numbers = [("phi2", known.phi2), ("phi4", known.phi4), ("chi2", known.chi2), ("virial", 1.0)];
            for (name, value) in numbers.into_iter().chain([("action_density", known.action_density)]) {
                let estimate = find(&found, name);
                assert!(estimate.pull(value).abs() < 4.5, "{name} at {:?}: {estimate}, exact {value}", couplings[rung]);
            }
        }
    }
}

#[test]
fn a_chain_at_its_couplings_is_what_it_would_be_alone() {
    let (lattice, device) = (Lattice::periodic([4, 4]).unwrap(), Device::cpu(1).unwrap());
    let hmc = || Box::new(Hmc::fixed(Integrator::Leapfrog, 1.0, 10));
    let at = ChainCouplings::default().with("m2", repeated(&[-4.0, -3.0], 20));
    let base = Phi4 { mass2: 0.0, lambda: 8.0 };
    let mut together = Chains::<f64>::at_couplings(&base, hmc(), &lattice, 40, at, 2, &device).unwrap();
    let action = Phi4 { mass2: -3.0, ..base };
    let mut alone = Chains::<f64>::new(&action, hmc(), &lattice, 40, 2, &device).unwrap();
    for _ in 0..10 {
        together.advance().unwrap();
        alone.advance().unwrap();
    }
    for chain in (1..40).step_by(2) {
        assert_eq!(together.fields().sample(chain), alone.fields().sample(chain));
    }
}

/// Two free components on one site have `S = m² |φ|²`, distributed as `e^{−S}`. Of two such numbers the swap is accepted
/// with the probability `2 m₁² / (m₁² + m₂²)`, `m₁² < m₂²`: the overlap of two exponential distributions.
#[test]
fn swaps_are_accepted_as_often_as_they_should_be() {
    let (lattice, device) = (Lattice::periodic([1]).unwrap(), Device::cpu(1).unwrap());
    let action = VectorPhi4 { components: 2, mass2: 1.0, lambda: 0.0 };
    let (rungs, ladders, masses) = (3, 16, [1.0, 2.0, 5.0]);
    let at = ChainCouplings::default().with("m2", repeated(&masses, ladders));
    let hmc: Box<dyn Update<Channels>> = Box::new(Hmc::fixed(Integrator::Omelyan, 0.8, 6));
    let chains =
        Chains::<f64, Channels>::at_couplings(&action, hmc, &lattice, rungs * ladders, at, 8, &device).unwrap();
    let mut chains = chains.with_exchange(rungs, 3).unwrap();
    let history = plan(2400).record(&mut chains, |_| true).unwrap();
    let acceptance = chains.exchange().unwrap().acceptance();
    for (k, found) in acceptance.into_iter().enumerate() {
        let expected = 2.0 * masses[k] / (masses[k] + masses[k + 1]);
        // 400 rounds of each pair in 16 ladders; three trajectories apart they are nearly independent.
        let error = (expected * (1.0 - expected) / (16.0 * 400.0)).sqrt();
        assert!((found - expected).abs() < 5.0 * error, "{k}: {found} is not {expected} +- {error}");
    }
    for (rung, mass2) in masses.into_iter().enumerate() {
        let found = find(&history.estimates_of(|chain| chain % rungs == rung).unwrap(), "phi2");
        assert!(found.pull(1.0 / mass2).abs() < 4.5, "{rung}: {found}");
    }
}

#[test]
fn replicas_carry_both_signs_into_the_broken_phase() {
    // Local updates alone keep their sign on the last rung; through the first, where signs change, they come back with
    // either.
    let (lattice, device) = (Lattice::periodic([4, 4]).unwrap(), Device::cpu(1).unwrap());
    let (rungs, ladders) = (6, 8);
    let masses: Vec<f64> = (0..rungs).map(|k| -1.0 - 0.44 * k as f64).collect();
    let at = ChainCouplings::default().with("m2", repeated(&masses, ladders));
    let action = Phi4 { mass2: 0.0, lambda: 1.0 };
    let hmc = || Box::new(Hmc::fixed(Integrator::Omelyan, 1.0, 6));
    let ladder =
        |couplings| Chains::<f32>::at_couplings(&action, hmc(), &lattice, rungs * ladders, couplings, 3, &device);
    let mut chains = ladder(at.clone()).unwrap().with_exchange(rungs, 1).unwrap();
    let history = plan(800).record(&mut chains, |_| true).unwrap();
    for (rung, &mass2) in masses.iter().enumerate().step_by(rungs - 1) {
        let known = exact_phi4(&[4, 4], mass2, 1.0);
        let found = history.estimates_of(|chain| chain % rungs == rung).unwrap();
        for (name, value) in [("phi2", known.phi2), ("chi2", known.chi2), ("action_density", known.action_density)] {
            let estimate = find(&found, name);
            assert!(estimate.pull(value).abs() < 4.5, "{name} at {mass2}: {estimate}, exact {value}");
        }
    }
    let exchange = chains.exchange().unwrap();
    assert!(exchange.acceptance().iter().all(|a| (0.2..0.95).contains(a)), "{:?}", exchange.acceptance());
    assert!(exchange.round_trips() > 5 * ladders as u64, "{}", exchange.round_trips());
    let mut replicas = exchange.replicas().to_vec();
    for (ladder, replicas) in replicas.chunks_mut(rungs).enumerate() {
        replicas.sort_unstable();
        assert!(replicas.iter().copied().eq(ladder * rungs..(ladder + 1) * rungs));
    }
}

/// Charges that are frozen at the weakest coupling (physics.md §2.2) come there from the strongest, in U(1) on 6×6.
#[test]
fn replicas_carry_charges_to_weak_coupling() {
    let (lattice, device) = (Lattice::periodic([6, 6]).unwrap(), Device::cpu(1).unwrap());
    let (betas, ladders) = ([1.0, 1.7, 2.6, 3.7, 5.0, 6.5], 16);
    let at = ChainCouplings::default().with("beta", repeated(&betas, ladders));
    let (wilson, sweeps) = (Wilson::new(0.0), Box::new(LinkSweeps::heat_bath(1)));
    let chains = betas.len() * ladders;
    let chains = Chains::<f64, Links<U1>>::at_couplings(&wilson, sweeps, &lattice, chains, at, 4, &device).unwrap();
    let mut chains = chains.with_exchange(betas.len(), 1).unwrap();
    let history = plan(1200).record(&mut chains, |_| true).unwrap();
    for (rung, &beta) in betas.iter().enumerate() {
        let torus = Torus::new(GroupName::U1, beta, 36).unwrap();
        let found = history.estimates_of(|chain| chain % betas.len() == rung).unwrap();
        for (name, value) in [("plaquette", torus.plaquette()), ("charge2", torus.charge().unwrap().charge2())] {
            let estimate = find(&found, name);
            assert!(estimate.pull(value).abs() < 4.5, "{name} at {beta}: {estimate}, exact {value}");
        }
    }
    let exchange = chains.exchange().unwrap();
    assert!(exchange.acceptance().iter().all(|a| (0.1..0.95).contains(a)), "{:?}", exchange.acceptance());
    assert!(exchange.round_trips() > 5 * ladders as u64, "{}", exchange.round_trips());
}

#[test]
fn couplings_that_do_not_fit_are_refused() {
    let (lattice, device) = (Lattice::periodic([4, 4]).unwrap(), Device::cpu(1).unwrap());
    let action = Phi4 { mass2: -4.0, lambda: 8.0 };
    let at = |name: &str, values: Vec<f64>| {
        let hmc = Box::new(Hmc::new(Integrator::Leapfrog, 1.0));
        let couplings = ChainCouplings::default().with(name, values);
        Chains::<f64>::at_couplings(&action, hmc, &lattice, 4, couplings, 1, &device)
    };
    let message = |result: Result<Chains<'_, f64>, Error>| result.err().map(|e| e.to_string()).unwrap_or_default();
    assert!(message(at("m2", vec![1.0; 3])).contains("expected 4 values"));
    assert!(message(at("m2", vec![f64::NAN; 4])).contains("finite"));
    assert!(message(at("mass", vec![1.0; 4])).contains("mass: expected a coupling"));
    assert!(message(at("m2", vec![1.0; 4]).and_then(|c| c.with_exchange(3, 1))).contains("divide the 4 chains"));
    assert!(message(at("hmc.step", vec![0.1; 4]).and_then(|c| c.with_exchange(2, 1))).contains("found none"));
    assert!(at("hmc.step", vec![0.1; 4]).is_ok());
}

#[test]
fn an_exchange_is_taken_up_again_with_the_same_bits() {
    let lattice = Lattice::periodic([4, 4]).unwrap();
    let action = Phi4 { mass2: 0.0, lambda: 1.0 };
    let start = |device: &Device| {
        let update = Box::new(Clusters { after: Box::new(LocalMetropolis { width: 1.0 }) });
        let at = ChainCouplings::default().with("m2", repeated(&[-2.0, -1.5, -1.0], 4));
        let chains = Chains::<f32>::at_couplings(&action, update, &lattice, 12, at, 5, device).unwrap();
        chains.with_exchange(3, 2).unwrap()
    };
    let end = |chains: &Chains<'_, f32>| {
        let exchange = chains.exchange().unwrap();
        let fields: Vec<Vec<f32>> = (0..12).map(|i| chains.fields().sample(i).unwrap()).collect();
        (fields, exchange.replicas().to_vec(), exchange.acceptance(), exchange.round_trips())
    };
    let (one, two) = (Device::cpu(1).unwrap(), Device::cpu(2).unwrap());
    let (mut whole, mut file) = (start(&one), TensorFile::new());
    for update in 0..60 {
        if update == 25 {
            whole.store(&mut file).unwrap();
        }
        whole.advance().unwrap();
    }
    let mut resumed = start(&two);
    resumed.restore(&file).unwrap();
    (25..60).for_each(|_| drop(resumed.advance().unwrap().to_vec()));
    assert_eq!(end(&whole), end(&resumed));
    assert!(end(&whole).2.iter().all(|&acceptance| acceptance > 0.0));
}
