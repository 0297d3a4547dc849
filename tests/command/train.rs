//! Trainings.

use super::{Folder, timeless};
use serde_json::Value;

#[test]
fn a_resumed_training_equals_the_unbroken_one() {
    let folder = Folder::new("resume");
    let train = "train --lattice 4x4 --layers 2 --hidden 4 --steps 40 --batch 32 --samples 200 --save-every 7";
    folder.json(&format!("{train} --out whole"));
    let model = |name: &str| std::fs::read(folder.0.join(name).join("model.safetensors")).expect("a model");
    folder.break_off(&format!("{train} --out part"), "part/model.safetensors", "-KILL");
    // The folder knows the flags.
    folder.json("train --resume --out part");
    assert!(model("whole") == model("part"), "the models differ");
    let history = |name: &str| {
        let text = std::fs::read_to_string(folder.0.join(name).join("history.csv")).expect("a history");
        text.lines().map(|line| line.rsplit_once(',').expect("columns").0.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(history("whole"), history("part"));
    assert_eq!(history("whole").len(), 41);
    assert_eq!(folder.report("whole"), folder.report("part"));
    let other = folder.run("train --resume --out part --lr 0.1");
    let text = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(other.status.code() == Some(2) && text.contains("lr 0.1") && !text.contains("layers"), "{text}");
    assert_eq!(folder.run("train --resume --out nowhere").status.code(), Some(2));
    assert_eq!(folder.run(&format!("{train} --out whole")).status.code(), Some(2), "a run is not written over");
}

#[test]
fn numbered_folders_are_not_shared() {
    let folder = Folder::new("numbered");
    let train = "train --lattice 4x4 --layers 2 --hidden 4 --steps 2 --batch 16 --samples 9";
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(|| folder.json(train)))));
    let mut names: Vec<_> = std::fs::read_dir(folder.0.join("lattice-out")).expect("a folder").flatten().collect();
    names.sort_by_key(|entry| entry.file_name());
    let names: Vec<_> = names.iter().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["0001", "0002", "0003", "0004"]);
}

#[test]
fn the_symmetric_flow_is_trained_certified_and_drawn_again() {
    let folder = Folder::new("symmetric");
    let train = "train --net symmetric --lattice 4x4 --steps 300 --batch 64 --samples 20000";
    let flow = folder.json(&format!("{train} --out a"));
    assert!(flow["acceptance"].as_f64().is_some_and(|a| a > 0.6), "{}", flow["acceptance"]);
    let (sides, log_z) = (&flow["two_sided"], flow["log_z"]["mean"].as_f64().expect("log Z"));
    let theirs = sides["log_z_of_theory"]["mean"].as_f64().expect("log Z");
    let error = sides["log_z_of_theory"]["error"].as_f64().expect("an error");
    assert!((log_z - theirs).abs() < 5.0 * error.hypot(flow["log_z"]["error"].as_f64().expect("an error")));
    assert!(flow.get("warnings").is_none(), "{}", flow["warnings"]);
    // Other estimators and policies, and a start from what was learnt on the smaller lattice.
    let warm = folder.json(
        "train --net symmetric --lattice 6x6 --steps 5 --batch 64 --samples 2000 --estimator reparam --memory invert \
         --lr 0.001 --warm-start a --out b",
    );
    let cold = folder.json("train --net symmetric --lattice 6x6 --steps 5 --batch 64 --samples 2000 --out c");
    let ess = |report: &Value| report["ess"].as_f64().expect("a number");
    assert!(ess(&warm) > 4.0 * ess(&cold), "{} {}", ess(&warm), ess(&cold));
    assert_eq!(folder.run("train --warm-start a --steps 5 --out d").status.code(), Some(2), "another net");
    // Activations in half precision: part of the plan, with which a training is taken up again, and of its file.
    let half = "train --lattice 4x4 --layers 2 --hidden 4 --steps 6 --batch 16 --samples 500";
    let whole = folder.json(&format!("{half} --memory half --out h"));
    std::fs::write(folder.0.join("half.toml"), "memory = \"half\"\n").expect("written");
    assert_eq!(whole["kl"], folder.json(&format!("{half} --config half.toml"))["kl"]);
    assert_ne!(whole["kl"], folder.json(half)["kl"]);
    assert_eq!(whole["kl"], folder.json(&format!("{half} --resume --out h"))["kl"]);
    for (refused, why) in
        [("--memory f16", "possible values: keep, half"), ("--memory keep --resume --out h", "memory")]
    {
        let output = folder.run(&format!("{half} {refused}"));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains(why), "{refused}: {text}");
    }
    std::fs::write(folder.0.join("half.toml"), "memory = \"bf16\"\n").expect("written");
    assert_eq!(folder.run(&format!("{half} --config half.toml")).status.code(), Some(2), "no such memory");
    // One flow for a range of couplings, sampled inside it and refused outside.
    folder.json(
        "train --net symmetric --lattice 4x4 --steps 20 --batch 64 --samples 500 --condition lambda=6..10 --out f",
    );
    let inside = folder.json("sample --model f --lambda 7 --samples 500 --save-every 100 --export csv --out g");
    assert_eq!(inside["couplings"]["lambda"], 7.0);
    assert_eq!(folder.run("sample --model f --lambda 11 --samples 500").status.code(), Some(2), "outside its range");
    // An ensemble is kept as the model, the seed and a number.
    let drawn = folder.json("sample --model a --samples 3000 --seed 5 --save-every 7 --keep-as f16 --out e");
    let again = folder.json("sample --from e/ensemble.json --batch 100 --threads 1");
    assert_eq!(timeless(drawn.clone()), timeless(again));
    let measured = folder.json("measure --axis time --m2 -4 --lambda 8 e/configurations/00000001.npy");
    assert_eq!(measured["configurations"], 3000 / 7);
    let text = std::fs::read_to_string(folder.0.join("e/ensemble.json")).expect("a record");
    let changed = text.replacen("\"seed\": 5", "\"seed\": 6", 1);
    std::fs::write(folder.0.join("e/ensemble.json"), changed).expect("written");
    assert_eq!(folder.run("sample --from e/ensemble.json").status.code(), Some(1), "another checksum");
    std::fs::write(folder.0.join("e/ensemble.json"), text.replace("\"samples\"", "\"sample\"")).expect("written");
    assert_eq!(folder.run("sample --from e/ensemble.json").status.code(), Some(2));
    std::fs::write(folder.0.join("e/ensemble.json"), text).expect("written");
    assert_eq!(folder.run("sample --from e/ensemble.json --model b").status.code(), Some(2), "another model");
}
