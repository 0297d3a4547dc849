//! What all reports have in common.

use super::{Folder, timeless};
use serde_json::Value;

#[test]
fn reports_have_the_promised_keys() {
    let folder = Folder::new("keys");
    let hmc = folder.json(
        "mc --lattice 4x4 --m2 -4 --lambda 8 --trajectories 50 --thermalize 20 --chains 8 --seed 18446744073709551615",
    );
    for key in ["acceptance", "seconds", "seconds_per_step", "samples_per_second"] {
        assert!(hmc[key].is_number(), "{key} in {hmc}");
    }
    let names =
        ["phi2", "phi4", "chi2", "abs_m", "ising_energy", "action_density", "virial", "exp_minus_dh", "g0", "g1", "g2"];
    for name in names {
        for key in ["mean", "error", "tau_int", "tau_int_error"] {
            assert!(hmc["observables"][name][key].is_number(), "{name} {key}");
        }
    }
    assert_eq!(hmc["seed"], Value::from(u64::MAX));
    assert!(hmc.get("ess").is_none());
    let flow = folder.json("train --lattice 4x4 --layers 2 --hidden 4 --steps 20 --batch 32 --samples 1000 --out a");
    for key in ["acceptance", "ess", "kl", "seconds", "seconds_per_step"] {
        assert!(flow[key].is_number(), "{key} in {flow}");
    }
    assert_eq!(flow["kl_reference"], "exact");
    assert!(flow["log_z"]["mean"].is_number() && flow["log_z"]["error"].is_number());
    let exact = folder.json("exact --theory free --lattice 8x8 --m2 1");
    let log_z = exact["log_z"]["mean"].as_f64().expect("a number");
    assert!((log_z + 11.622_885_257_3).abs() < 1e-9, "{log_z}");
}

#[test]
fn results_depend_on_the_seed_and_on_nothing_else() {
    let folder = Folder::new("same");
    let train = "train --lattice 4x4 --layers 2 --hidden 4 --steps 30 --batch 16..64 --samples 500";
    let one = timeless(folder.json(&format!("{train} --threads 1 --out one")));
    let two = timeless(folder.json(&format!("{train} --threads 2 --out two")));
    assert_eq!(one, two);
    let sample = |flags: &str| timeless(folder.json(&format!("sample --model one --samples 700 {flags}")));
    let first = sample("--batch 1024 --threads 1");
    assert_eq!(first, sample("--batch 33 --threads 2"));
    assert_ne!(first, sample("--seed 2"));
    let mc =
        |flags: &str| timeless(folder.json(&format!("mc --lattice 4x4 --trajectories 40 --thermalize 20 {flags}")));
    assert_eq!(mc("--threads 1"), mc("--threads 2"));
}

#[test]
fn one_measurement_is_enough() {
    let folder = Folder::new("one");
    let mc = folder.json("mc --lattice 4x4 --chains 1 --trajectories 1 --thermalize 5");
    assert!(mc["observables"]["phi2"]["mean"].is_number() && mc["observables"]["phi2"].get("error").is_none(), "{mc}");
    folder.json("mc --lattice 4x4 --chains 1 --trajectories 1 --thermalize 0 --update metropolis");
    folder.json("train --lattice 4x4 --layers 2 --hidden 4 --steps 2 --batch 16 --samples 1 --out a");
    let sample = folder.json("sample --model a --samples 1");
    assert!(sample["observables"]["phi2"]["mean"].is_number() && sample["log_z"].get("error").is_none(), "{sample}");
}
