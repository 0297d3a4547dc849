//! Flows of points on tori and spheres.

use super::Folder;

#[test]
fn flows_of_points_are_trained_certified_resumed_and_drawn_again() {
    let folder = Folder::new("points");
    let short = "--steps 400 --batch 128 --lr 0.01 --samples 20000";
    for (out, theory, flags) in [
        ("torus", "--theory torus --target correlated", "--mixtures 4 --hidden 8"),
        ("arm", "--theory torus --target robot-arm --links 0.6,0.5 --center -0.3,0.4 --sigma 0.3", "--hidden 8"),
        ("sphere", "--theory sphere --target s3", "--mixtures 6 --bins 12 --hidden 16"),
    ] {
        let flow = folder.json(&format!("train {theory} {flags} {short} --out {out}"));
        let exact = folder.json(&format!("exact {theory}"));
        let number = |value: &serde_json::Value| value.as_f64().expect("a number");
        let pull = |found: &serde_json::Value, exact: &serde_json::Value| {
            ((number(&found["mean"]) - number(&exact["mean"])) / number(&found["error"])).abs()
        };
        assert!(number(&flow["ess"]) > 0.5 && flow["kl_reference"] == "exact", "{out}: {flow}");
        assert!(pull(&flow["log_z"], &exact["log_z"]) < 4.5, "{out}: {} {}", flow["log_z"], exact["log_z"]);
        for (name, value) in exact["observables"].as_object().expect("observables") {
            let found = &flow["observables"][name];
            assert!(pull(found, value) < 4.5, "{out}: {name} {found} {value}");
        }
        assert_eq!(flow["kl"], folder.json(&format!("train --resume --out {out}"))["kl"]);
        let sampled = folder.json(&format!("sample --model {out} --samples 2000 --save-every 500 --out {out}-s"));
        assert_eq!(sampled["target"], flow["target"]);
        let again = folder.json(&format!("sample --from {out}-s/ensemble.json"));
        assert_eq!((&sampled["checksum"], &sampled["couplings"]), (&again["checksum"], &flow["couplings"]));
        // What was kept teaches another flow; estimators are compared on the model.
        let forward = format!("train {theory} {flags} --estimator forward --ensemble {out}-s --steps 3 --samples 100");
        assert!(folder.json(&forward)["ess"].as_f64().is_some());
        let bench = folder.json(&format!("flow-bench --model {out} --steps 4 --batch 32"));
        assert!(bench["estimators"]["reinforce"]["variance"]["mean"].as_f64().is_some_and(|v| v > 0.0), "{bench}");
    }
    for flags in [
        "--order coupling --layers 2 --transform spline --mixtures 8 --estimator path --target multimodal",
        "--hidden none --transform ncp --target unimodal",
        "--target robot-arm --hidden 8 --warm-start arm --links 0.5,0.5",
    ] {
        folder.json(&format!("train --theory torus --steps 3 --batch 16 --samples 100 {flags}"));
    }
}

#[test]
fn flags_that_mean_nothing_for_points_are_refused() {
    let folder = Folder::new("points-refused");
    for (flags, why) in [
        ("train --theory torus --target s2", "--target"),
        ("train --theory sphere --target unimodal", "s2 or s3"),
        ("train --theory torus --lattice 4x4", "one point"),
        ("train --theory torus --beta 1", "--beta"),
        ("train --theory torus --bins 4", "--bins"),
        ("train --theory sphere --order coupling", "--order"),
        ("train --theory sphere --mixtures 300", "1 to 256"),
        ("train --theory torus --masks stripes", "--masks"),
        ("train --theory torus --net symmetric", "--net"),
        ("train --theory torus --sigma 1", "robot-arm"),
        ("train --theory torus --target robot-arm --center 1", "two numbers"),
        ("train --theory torus --target robot-arm --sigma 0", "sigma"),
        ("train --theory torus --target robot-arm --links 1,-1", "links"),
        ("train --target unimodal", "--target"),
        ("train --theory phi4 --order coupling", "--order"),
        ("train --theory u1 --lattice 4x4 --beta 1 --bins 4", "--bins"),
        ("mc --theory torus", "flows and exact values"),
        ("mc --theory u1 --beta 1 --target s2", "--target"),
        ("exact --theory torus --target robot-arm --center 5,0", "within reach"),
        ("exact --theory sphere --theta 1", "--theta"),
    ] {
        let output = folder.run(flags);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains(why), "{flags}: {text}");
    }
}
