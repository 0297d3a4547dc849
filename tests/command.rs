//! The `lattice` command, run as a user runs it.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("lattice-fields-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().expect("the command runs")
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lattice"));
        command.args(arguments.split_whitespace()).current_dir(&self.0);
        command
    }

    /// As on a machine without a driver for GPUs: the exit code, what went to stderr, and what to stdout.
    fn run_without_drivers(&self, arguments: &str) -> (Option<i32>, String, Vec<u8>) {
        let mut command = self.command(arguments);
        for variable in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
            command.env(variable, "/nonexistent");
        }
        // Where there are other interfaces they are no way around.
        let output = command.env("WGPU_BACKEND", "vulkan").output().expect("the command runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned(), output.stdout)
    }

    /// Starts the command, waits until `file` is there, ends the command by `signal`, and returns its exit code, if it
    /// has one.
    fn break_off(&self, arguments: &str, file: &str, signal: &str) -> Option<i32> {
        let mut child =
            self.command(arguments).stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("the command runs");
        while !self.0.join(file).exists() && child.try_wait().expect("a state").is_none() {
            std::thread::yield_now();
        }
        let kill = Command::new("kill").args([signal, &child.id().to_string()]).stderr(Stdio::null()).status();
        kill.expect("kill runs");
        child.wait().expect("an end").code()
    }

    /// The report in a folder.
    fn report(&self, name: &str) -> Value {
        let text = std::fs::read(self.0.join(name).join("report.json")).expect("a report");
        timeless(serde_json::from_slice(&text).expect("JSON"))
    }

    /// The one JSON object on stdout.
    fn json(&self, arguments: &str) -> Value {
        let output = self.run(&format!("{arguments} --json"));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{arguments}: {text}");
        serde_json::from_slice(&output.stdout).expect("one JSON object")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What must not depend on clock, machine or threads.
fn timeless(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        map.retain(|key, _| !["second", "threads", "date", "machine", "device"].iter().any(|word| key.contains(word)));
    }
    value
}

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
fn a_file_of_flags_equals_the_flags() {
    let folder = Folder::new("config");
    let text = "lattice = \"4x4\"\nm2 = -4.0\nlambda = 7\ntrajectories = 30\nchains = 4\nthermalize = 10\nseed = 5\n";
    std::fs::write(folder.0.join("run.toml"), text).expect("written");
    let flags = "mc --lattice 4x4 --m2 -4 --lambda 7 --trajectories 30 --chains 4 --thermalize 10";
    assert_eq!(timeless(folder.json("mc --config run.toml")), timeless(folder.json(&format!("{flags} --seed 5"))));
    assert_eq!(
        timeless(folder.json("mc --config run.toml --seed 6")),
        timeless(folder.json(&format!("{flags} --seed 6")))
    );
    folder.json(&format!("{flags} --seed 5 --out kept"));
    assert_eq!(
        timeless(folder.json("mc --config kept/run.toml --out again")),
        timeless(folder.json(&format!("{flags} --seed 5")))
    );
    // A list in the file gives way to the flag; the largest seed survives; --out may be named like a subcommand.
    let train = "train --lattice 4x4 --layers 2 --steps 4 --batch 16 --samples 50";
    std::fs::write(folder.0.join("net.toml"), "hidden = [3, 3]\nseed = \"18446744073709551615\"\n").expect("written");
    let one = folder.json(&format!("{train} --config net.toml --hidden 4 --out sample"));
    assert_eq!(one["seed"], Value::from(u64::MAX));
    let two = folder.json(&format!("{train} --hidden 4 --seed 18446744073709551615 --out mc"));
    assert_eq!(timeless(one), timeless(two.clone()));
    assert_eq!(timeless(folder.json("train --config mc/run.toml --out exact")), timeless(two));
    let (kept, again) =
        (folder.json("mc --theory free --trajectories 9 --out free"), "mc --config free/run.toml --out b");
    assert_eq!(kept["couplings"], serde_json::json!({"m2": 1.0}));
    assert_eq!(timeless(kept), timeless(folder.json(again)));
    std::fs::write(folder.0.join("bad.toml"), "latice = \"4x4\"\n").expect("written");
    let refused = folder.run("mc --config bad.toml");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("latice"));
}

#[test]
fn bad_input_is_refused_with_a_reason() {
    let folder = Folder::new("refused");
    for arguments in [
        "mc --lattice 0x8",
        "mc --lattice 8x",
        "mc --lattice 3x4 --update metropolis",
        "train --lattice 3x3",
        "train --layers 0",
        "train --batch 0",
        "train --steps 0",
        "train --kernel 2",
        "train --hidden 0",
        "train --lr nan",
        "train --lattice 40000x40000",
        "mc --lattice 40000x40000",
        "mc --chains 0",
        "mc --trajectories 0",
        "mc --sweeps 0",
        "mc --steps 0",
        "mc --length 0",
        "mc --theory nope",
        "mc --lambda -1",
        "mc --lambda 0 --m2 -1",
        "mc --theory free --lambda 5",
        "exact --theory free --lambda nan",
        "mc --thermalize 18446744073709551615",
        "mc --save-every 5",
        "mc --export csv",
        "mc --keep-as f16",
        "mc --save-every 5 --keep-as f8 --out a",
        "mc --save-every 5 --keep-as bf16 --keep-in npy --out a",
        "sample --model . --save-every 5 --keep-as bf16 --keep-in npy --out a",
        "mc --m2 nan",
        "mc --seed -1",
        "mc --m2 -inf",
        "mc --threads 1000000",
        "mc --steps 100000",
        "mc --jitter 1",
        "mc --length -1",
        "mc --jitter nan",
        "train --lr -0.1",
        "train --clip inf",
        "train --clip -1",
        "train --hidden 4,,4",
        "train --samples 1000000000000",
        "exact --lattice 2x2 --m2 1e300",
        "exact --lattice 8 --m2 -1e300",
        "exact --theory free --lattice 300000x300000",
        "exact --lattice 4x1000000000",
        "mc --config nowhere.toml",
        "mc --device gpu --precision f64 --out f64",
        "--device gpu --precision f64 --out f64",
        "exact --device cpu",
        "sample --model nowhere",
        "sample --model . ",
        "exact --theory free --m2 -1",
        "exact --lattice 32x32",
        "train --out /proc/nowhere --steps 1",
    ] {
        let output = folder.run(arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {text}");
        assert!(text.starts_with("error: ") && !text.contains("panicked"), "{arguments}: {text}");
        assert!(output.stdout.is_empty(), "{arguments}");
    }
}

#[test]
fn damaged_models_are_refused() {
    let folder = Folder::new("damaged");
    folder.json("train --lattice 4x4 --layers 2 --hidden 4 --steps 5 --batch 16 --samples 100 --out a");
    let path = folder.0.join("a/model.safetensors");
    let whole = std::fs::read(&path).expect("a model");
    let refuse = |bytes: &[u8], what: &str| {
        std::fs::write(&path, bytes).expect("written");
        let output = folder.run("sample --model a --samples 10");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{what}: {text}");
        assert!(!text.contains("panicked"), "{what}: {text}");
    };
    for cut in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
        refuse(&whole[..cut], "truncated");
    }
    let mut header = whole.clone();
    header[20] ^= 0xff;
    refuse(&header, "header");
    let mut huge = whole.clone();
    huge[6] = 0xff;
    refuse(&huge, "length");
    let data = 8 + u64::from_le_bytes(whole[..8].try_into().expect("eight bytes")) as usize;
    for bit in (8 * data..8 * whole.len()).step_by(8 * (whole.len() - data) / 20 + 1) {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refuse(&flipped, "one bit");
    }
    std::fs::write(&path, &whole).expect("written");
    assert_eq!(folder.run("sample --model a --samples 10 --lattice 6x6").status.code(), Some(2));
    assert!(Path::new(&path).exists());
    folder.json("sample --model a --samples 10");
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
