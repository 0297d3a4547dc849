//! Estimators of the training gradient: ensembles that are given, and the bench.

use super::{Folder, timeless};
use serde_json::Value;

#[test]
fn a_flow_learns_from_the_configurations_of_a_run() {
    let folder = Folder::new("given");
    let mc = "mc --lattice 4x4 --chains 32 --trajectories 80 --thermalize 50 --save-every 4";
    folder.json(&format!("{mc} --out run"));
    let train =
        "train --net symmetric --lattice 4x4 --steps 200 --batch 32 --estimator forward --samples 5000 --two-sided 0";
    let report = folder.json(&format!("{train} --ensemble run --out a"));
    assert_eq!(report["ensemble"], 32 * 20);
    let kl = report["kl"].as_f64().expect("a number");
    assert!((-0.1..0.5).contains(&kl), "{kl}");
    let history = std::fs::read_to_string(folder.0.join("a/history.csv")).expect("a history");
    assert_eq!(history.lines().count(), 201);
    let (again, resumed) = (folder.json(&format!("{train} --ensemble run/configurations")), "train --resume --out a");
    assert_eq!(again["kl"], report["kl"]);
    assert_eq!(folder.json(resumed)["kl"], report["kl"]);
    let first = std::fs::read_dir(folder.0.join("run/configurations")).expect("files").flatten().next().expect("one");
    let one = first.path().display().to_string();
    for (flags, why) in [
        (format!("{train} --lambda 7 --ensemble run"), "lambda"),
        (format!("{train} --lambda 7 --ensemble {one}"), "lambda"),
        (format!("{train} --lattice 4x6 --ensemble run"), "[4, 6]"),
        (format!("{train} --ensemble nowhere.npy"), "nowhere.npy"),
        (format!("{train} --ensemble ."), "--save-every"),
        (train.to_string(), "--ensemble"),
        (format!("{train} --estimator path --ensemble run"), "--estimator forward"),
        (format!("{resumed} --ensemble {one}"), "the ensemble of a training that goes on"),
        ("train --theory u1 --beta 2 --lattice 4x4 --estimator forward --ensemble run".into(), "action"),
    ] {
        let output = folder.run(&flags);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains(why), "{flags}: {text}");
    }
    // Links, as they are kept.
    folder.json(
        "mc --theory u1 --lattice 4x4 --beta 2 --chains 16 --trajectories 40 --instantons --save-every 8 --out u",
    );
    let links =
        "train --theory u1 --lattice 4x4 --beta 2 --hidden 4 --mixtures 2 --steps 30 --samples 500 --two-sided 0";
    assert_eq!(folder.json(&format!("{links} --estimator forward --ensemble u"))["ensemble"], 16 * 5);
    assert!(folder.json(&format!("{links} --estimator reinforce"))["kl"].as_f64().is_some());
}

#[test]
fn estimators_are_compared_on_one_flow() {
    let folder = Folder::new("bench");
    folder.json("mc --lattice 4x4 --chains 16 --trajectories 8 --thermalize 50 --save-every 4 --out run");
    folder.json("train --net symmetric --lattice 4x4 --steps 400 --batch 64 --samples 500 --two-sided 0 --out a");
    let number = |report: &Value, estimator: &str, key: &str| {
        report["estimators"][estimator][key]["mean"].as_f64().unwrap_or_else(|| panic!("{estimator} {key}"))
    };
    let bench = "flow-bench --steps 20 --batch 32";
    let report = folder.json(&format!("{bench} --model a --ensemble run"));
    assert_eq!((&report["steps_trained"], &report["batch"], &report["batches"]), (&400.into(), &32.into(), &20.into()));
    let estimators = ["reparam", "path", "reinforce", "forward"];
    for estimator in estimators {
        for key in ["seconds", "variance", "variance_seconds"] {
            assert!(number(&report, estimator, key) > 0.0, "{estimator} {key}");
        }
        let product = number(&report, estimator, "variance") / 32.0 * number(&report, estimator, "seconds");
        assert!((number(&report, estimator, "variance_seconds") / product - 1.0).abs() < 1e-9);
    }
    // Near the fit the score, which has mean zero, is most of the reparametrised gradient's noise.
    assert!(number(&report, "path", "variance") < 0.5 * number(&report, "reparam", "variance"));
    let relative = |estimator: &str| report["estimators"][estimator]["relative"].as_f64();
    assert!(estimators[..3].iter().filter_map(|e| relative(e)).fold(f64::INFINITY, f64::min) == 1.0);
    assert!(relative("forward").is_none());
    let variance = |report: &Value| ["reparam", "path", "reinforce"].map(|e| number(report, e, "variance"));
    let again = folder.json(&format!("{bench} --model a --threads 1"));
    assert_eq!(variance(&report), variance(&again));
    let fresh = folder.json(&format!("{bench} --theory u1 --lattice 4x4 --beta 2 --hidden none"));
    assert_eq!(timeless(fresh)["steps_trained"], 0);
    assert!(String::from_utf8_lossy(&folder.run(&format!("{bench} --lattice 4x4")).stdout).contains("reinforce"));
    for (flags, why) in [
        ("--lr 0.1", "--lr"),
        ("--estimator path", "--estimator"),
        ("--model a --layers 3", "--layers"),
        ("--model a --theory phi4", "--theory"),
        ("--model nowhere", "nowhere"),
        ("--steps 2", "--steps"),
        ("--batch 1", "at least 2 samples"),
    ] {
        let output = folder.run(&format!("flow-bench {flags}"));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains(why), "{flags}: {text}");
    }
}
