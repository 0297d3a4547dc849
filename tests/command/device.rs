//! Processors and GPUs.

use super::Folder;
use serde_json::Value;

#[cfg(feature = "gpu")]
#[test]
fn without_a_driver_a_gpu_is_an_error_that_says_what_to_install_and_harms_nothing() {
    let folder = Folder::new("driverless");
    let train = "train --lattice 4x4 --layers 2 --hidden 4 --steps 5 --batch 16 --samples 50 --out a";
    let mc = "mc --lattice 4x4 --chains 2 --trajectories 5 --thermalize 5 --save-every 5 --out b";
    folder.json(train);
    folder.json(mc);
    let files = ["a/model.safetensors", "a/run.toml", "b/chains.safetensors", "b/configurations/00000005.npy"];
    let contents = || files.map(|name| std::fs::read(folder.0.join(name)).expect("a file"));
    let before = contents();
    let again = [train, mc].map(|run| format!("{run} --force"));
    for arguments in [
        &again[0],
        &again[1],
        "train --resume --out a",
        "mc --resume --out b",
        "--force --out a",
        "sample --model a --out c",
        "measure b/configurations/00000005.npy",
    ] {
        let (code, text, stdout) = folder.run_without_drivers(&format!("{arguments} --device gpu"));
        assert_eq!((code, stdout.len()), (Some(1), 0), "{arguments}: {text}");
        for word in ["error: device gpu: ", "mesa-vulkan-drivers", "libvulkan1", "--device cpu"] {
            assert!(text.contains(word), "{arguments}: {word} in {text}");
        }
    }
    assert!(contents() == before && !folder.0.join("c").exists(), "what there was is harmed");
    let (code, _, stdout) = folder.run_without_drivers("devices --json");
    let listed: Value = serde_json::from_slice(&stdout).expect("JSON");
    assert_eq!((code, &listed["adapters"]), (Some(0), &serde_json::json!([])));
    assert!(listed["processor"]["threads"].as_u64() > Some(0));
    let (code, _, stdout) = folder.run_without_drivers("devices");
    assert!(code == Some(0) && String::from_utf8_lossy(&stdout).contains("mesa-vulkan-drivers"));
}

#[cfg(not(feature = "gpu"))]
#[test]
fn a_build_without_gpus_says_so() {
    let folder = Folder::new("no-gpu");
    let (code, text, stdout) = folder.run_without_drivers("mc --lattice 4x4 --device gpu");
    assert!(code == Some(1) && stdout.is_empty() && text.contains("feature `gpu`"), "{code:?} {text}");
    let (code, _, stdout) = folder.run_without_drivers("devices --json");
    let listed: Value = serde_json::from_slice(&stdout).expect("JSON");
    assert_eq!((code, &listed["adapters"]), (Some(0), &serde_json::json!([])));
}

#[cfg(feature = "gpu")]
#[test]
fn a_gpu_is_a_flag() {
    let Some(gpu) = crate::gpu::adapter() else { return };
    let folder = Folder::new("gpu");
    let listed = folder.json("devices");
    let meant: Vec<&Value> =
        listed["adapters"].as_array().expect("a list").iter().filter(|a| a["gpu"] == true).collect();
    assert_eq!(meant.len(), 1, "{listed}");
    let name = meant[0]["name"].as_str().expect("a name");
    assert!(gpu.describe().starts_with(name) && meant[0]["binding_bytes"].as_u64() > Some(0), "{listed}");
    let number = |report: &Value, path: &str| report.pointer(path).and_then(Value::as_f64).expect("a number");
    let on_gpu = |report: &Value| report["device"].as_str().is_some_and(|device| device.starts_with(name));

    let train = "train --lattice 4x4 --layers 2 --hidden 4 --steps 20 --batch 32 --samples 1000 --two-sided 64";
    let (one, two) = (folder.json(&format!("{train} --out a")), folder.json(&format!("{train} --device gpu --out b")));
    assert!(on_gpu(&two) && one["device"].as_str().is_some_and(|device| device.starts_with("cpu")), "{two}");
    for path in ["/ess", "/acceptance", "/log_z/mean", "/observables/phi2/mean"] {
        let (a, b) = (number(&one, path), number(&two, path));
        assert!((a - b).abs() < 0.02 * a.abs(), "{path}: {a} and {b}");
    }
    // The folder knows the device, and a training goes on where there is no GPU.
    let kept = std::fs::read_to_string(folder.0.join("b/run.toml")).expect("a file");
    assert!(kept.contains("device = \"gpu\""), "{kept}");
    assert!(on_gpu(&folder.json("train --resume --out b")));
    assert!(!on_gpu(&folder.json("train --resume --out b --device cpu")));

    // An ensemble is drawn again where it was drawn.
    assert!(on_gpu(&folder.json("sample --model a --samples 500 --two-sided 0 --save-every 50 --device gpu --out e")));
    assert!(on_gpu(&folder.json("sample --from e/ensemble.json --two-sided 0 --batch 64")));

    let mc = "mc --lattice 4x4 --m2 1 --theory free --chains 32 --trajectories 60 --thermalize 20 --steps 6";
    std::fs::write(folder.0.join("gpu.toml"), "device = \"gpu\"\n").expect("written");
    let mc = folder.json(&format!("{mc} --config gpu.toml --save-every 60 --out d"));
    let exact = folder.json("exact --theory free --m2 1 --lattice 4x4");
    for name in ["phi2", "chi2", "ising_energy", "g1"] {
        let of = |report: &Value, key: &str| number(report, &format!("/observables/{name}/{key}"));
        let pull = (of(&mc, "mean") - of(&exact, "mean")) / of(&mc, "error");
        assert!(on_gpu(&mc) && pull.abs() < 5.0, "{name}: {pull}");
    }
    let measure = "measure --theory free --m2 1 d/configurations/00000060.npy --device";
    let (one, two) = (folder.json(&format!("{measure} cpu")), folder.json(&format!("{measure} gpu")));
    assert!(on_gpu(&two));
    for path in ["/observables/phi2/mean", "/observables/action_density/mean", "/observables/g1/mean"] {
        let (a, b) = (number(&one, path), number(&two, path));
        assert!((a - b).abs() < 1e-5 * a.abs(), "{path}: {a} and {b}");
    }
    let unknown = folder.run("mc --device no-such-gpu");
    let text = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(unknown.status.code() == Some(2) && text.contains(name), "{text}");
}
