//! Chains.

use super::Folder;
use serde_json::Value;

#[test]
fn chains_taken_up_again_equal_the_unbroken_ones() {
    let folder = Folder::new("chains");
    for (name, update) in
        [("hmc", "--update hmc --keep-as f16"), ("local", "--update metropolis --precision f64 --chains 3")]
    {
        let mc = format!("mc --lattice 4x4 --trajectories 400 --thermalize 100 --save-every 30 {update}");
        let [whole, killed, stopped, longer] = ["whole", "killed", "stopped", "longer"].map(|n| format!("{name}-{n}"));
        folder.json(&format!("{mc} --out {whole}"));
        let state = |name: &str| std::fs::read(folder.0.join(name).join("chains.safetensors")).expect("a state");
        for (out, signal) in [(&killed, "-KILL"), (&stopped, "-INT")] {
            let code = folder.break_off(&format!("{mc} --out {out}"), &format!("{out}/chains.safetensors"), signal);
            // On a busy machine it may have finished before it was stopped.
            assert!(signal == "-KILL" || code == Some(130) || code == Some(0), "{code:?}");
            folder.json(&format!("mc --resume --out {out}"));
            assert_eq!(folder.report(&whole), folder.report(out));
            assert!(state(&whole) == state(out), "the states differ");
        }
        folder.json(&format!("{mc} --trajectories 50 --out {longer}"));
        folder.json(&format!("mc --resume --out {longer} --trajectories 400"));
        assert_eq!(folder.report(&whole), folder.report(&longer));
        assert_eq!(folder.run(&format!("mc --resume --out {whole} --seed 2")).status.code(), Some(2));
        assert_eq!(folder.run(&format!("mc --resume --out {whole} --trajectories 3")).status.code(), Some(2));
        // What was refused has left no trace.
        folder.json(&format!("mc --resume --out {whole}"));
        let mut bytes = state(&whole);
        *bytes.last_mut().expect("bytes") ^= 1;
        std::fs::write(folder.0.join(&whole).join("chains.safetensors"), bytes).expect("written");
        assert_eq!(folder.run(&format!("mc --resume --out {whole}")).status.code(), Some(2), "damaged");
    }
}

#[test]
fn long_lattices_are_measured() {
    let folder = Folder::new("long");
    for flags in ["--lattice 2x600", "--lattice 600x2", "--lattice 1000", "--lattice 2x3x4x100"] {
        let mc = folder.json(&format!("mc {flags} --chains 4 --trajectories 4 --thermalize 4"));
        assert!(mc["observables"]["g1"]["mean"].is_number() && mc["observables"].get("g65").is_none());
    }
    let exact = folder.json("exact --lattice 1x100000 --m2 1 --lambda 1");
    assert!(exact["observables"]["g64"]["mean"].is_number() && exact["observables"].get("g65").is_none());
}

#[test]
fn a_chain_that_is_stuck_on_one_sign_says_so() {
    let folder = Folder::new("stuck");
    // κ = 0.30, λ = 0.022 in the hopping convention.
    let broken = "--lattice 4x4 --m2 -0.8133333333333335 --lambda 0.24444444444444446 --trajectories 1000";
    let stuck = folder.json(&format!("mc {broken} --update metropolis --chains 8"));
    let warnings = |report: &Value| report["warnings"].as_array().map_or(0, Vec::len);
    assert!(warnings(&stuck) > 0 && stuck["warnings"].to_string().contains("sign"), "{}", stuck["warnings"]);
    let free = folder.json(&format!("mc {broken} --update cluster"));
    assert!(!free["warnings"].to_string().contains("sign"), "{}", free["warnings"]);
    let exact = folder.json("exact --lattice 4x4 --m2 -0.8133333333333335 --lambda 0.24444444444444446");
    for name in ["phi2", "chi2", "ising_energy"] {
        let value = |from: &Value, key: &str| from["observables"][name][key].as_f64().expect("a number");
        let pull = (value(&free, "mean") - value(&exact, "mean")) / value(&free, "error");
        assert!(pull.abs() < 4.5, "{name}: {pull}");
    }
    let binder = free["derived"]["binder"]["mean"].as_f64().expect("a number");
    assert!((0.5..0.667).contains(&binder), "{binder}");
}

#[test]
fn series_are_written_for_other_programs() {
    let folder = Folder::new("export");
    let flags = "mc --lattice 4x4 --chains 3 --trajectories 10 --thermalize 5 --integrator omelyan4";
    folder.json(&format!("{flags} --export csv,npy,pyerrors --out a"));
    let csv = std::fs::read_to_string(folder.0.join("a/series.csv")).expect("a table");
    assert!(csv.starts_with("chain,update,acceptance,") && csv.lines().count() == 31, "{csv}");
    let npy = std::fs::read(folder.0.join("a/series/phi2.npy")).expect("an array");
    assert!(npy.starts_with(b"\x93NUMPY"));
    let gz = std::fs::read(folder.0.join("a/series.json.gz")).expect("a file");
    assert!(gz.starts_with(&[0x1f, 0x8b]));
    assert_eq!(folder.run(&format!("{flags} --export csv")).status.code(), Some(2), "nowhere to write");
}

#[test]
fn a_run_that_is_replaced_leaves_nothing_behind() {
    let folder = Folder::new("replaced");
    let mc = "mc --lattice 4x4 --chains 2 --thermalize 5 --save-every 10 --out a";
    folder.json(&format!("{mc} --trajectories 30 --export csv"));
    folder.json(&format!("{mc} --trajectories 20 --m2 5 --force"));
    let files = |name: &str| std::fs::read_dir(folder.0.join(name)).expect("a folder").flatten().count();
    assert_eq!(files("a/configurations"), 2);
    assert!(!folder.0.join("a/series.csv").exists());
    folder.json("train --lattice 4x4 --layers 2 --hidden 4 --steps 2 --batch 16 --samples 9 --out a --force");
    assert!(!folder.0.join("a/chains.safetensors").exists() && !folder.0.join("a/configurations").exists());
}
