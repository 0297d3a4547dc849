//! Stored configurations.

use super::Folder;
use serde_json::Value;

#[test]
fn stored_configurations_measure_like_the_run_that_stored_them() {
    let folder = Folder::new("stored");
    let flags = "--m2 -3 --lambda 5 --precision f64";
    let mc = folder.json(&format!(
        "mc --lattice 4x6 {flags} --chains 5 --trajectories 12 --thermalize 20 --save-every 1 --out run"
    ));
    let files: String = (1..=12).map(|i| format!(" run/configurations/{i:08}.npy")).collect();
    let measured = folder.json(&format!("measure {flags}{files}"));
    for name in ["phi2", "chi2", "action_density", "g2"] {
        let value = |from: &Value, key: &str| from["observables"][name][key].as_f64().expect("a number");
        for key in ["mean", "error"] {
            let (a, b) = (value(&mc, key), value(&measured, key));
            assert!((a - b).abs() < 1e-12 * a.abs(), "{name} {key}: {a} and {b}");
        }
    }
    assert_eq!(measured["configurations"], 60);
    let time = folder.json(&format!("measure --axis time {flags} run/configurations/00000003.npy"));
    assert_eq!((&time["chains"], &time["configurations"]), (&Value::from(1), &Value::from(5)));
    std::fs::write(folder.0.join("bad.npy"), "no array").expect("written");
    for arguments in ["measure", "measure nowhere.npy", "measure bad.npy", "measure run/run.toml"] {
        assert_eq!(folder.run(arguments).status.code(), Some(2), "{arguments}");
    }
}

#[test]
fn half_precision_is_kept_and_measured() {
    let folder = Folder::new("half");
    let flags = "mc --lattice 4x4 --precision f64 --chains 5 --trajectories 8 --thermalize 20 --save-every 1";
    let state = |name: &str| std::fs::read(folder.0.join(name).join("chains.safetensors")).expect("a state");
    // Half a unit in the last place of the fields, and what it makes of the mean of four powers.
    for (kept, ending, tolerance) in [
        ("", "npy", 1e-14),
        ("--keep-as f32", "npy", 1e-6),
        ("--keep-as f16", "npy", 2e-3),
        ("--keep-as f16 --keep-in safetensors", "safetensors", 2e-3),
        ("--keep-as bf16", "safetensors", 1.6e-2),
    ] {
        let name = format!("run{}", kept.replace(' ', ""));
        let mc = folder.json(&format!("{flags} {kept} --out {name}"));
        assert_eq!(state(&name), state("run"), "the state is never rounded");
        let size = |i: usize| {
            let file = folder.0.join(format!("{name}/configurations/{i:08}.{ending}"));
            std::fs::metadata(file).expect("configurations").len()
        };
        let bits = if kept.contains("16") {
            16
        } else if kept.contains("32") {
            32
        } else {
            64
        };
        assert!((1..=8).all(|i| (5 * 16 * bits / 8..5 * 16 * bits / 8 + 300).contains(&size(i))), "{name}");
        let files: String = (1..=8).map(|i| format!(" {name}/configurations/{i:08}.{ending}")).collect();
        let measured = folder.json(&format!("measure --precision f64{files}"));
        for observable in ["phi2", "phi4", "chi2", "abs_m", "g0"] {
            let value = |from: &Value| from["observables"][observable]["mean"].as_f64().expect("a number");
            let (a, b) = (value(&mc), value(&measured));
            assert!((a - b).abs() < tolerance * a, "{name} {observable}: {a} and {b}");
            assert!(kept.is_empty() || a != b, "{name} {observable}: nothing was rounded");
        }
    }
}
