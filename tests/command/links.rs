//! Flows of U(1) links.

use super::Folder;

#[test]
fn a_flow_of_links_is_trained_certified_resumed_and_drawn_again() {
    let folder = Folder::new("links");
    let train = "train --theory u1 --lattice 4x4 --beta 2 --steps 300 --lr 0.01 --samples 20000 --two-sided 512";
    let flow = folder.json(&format!("{train} --out a"));
    let number = |key: &str| flow[key].as_f64().expect("a number");
    assert!(number("acceptance") > 0.6 && flow["kl_reference"] == "exact", "{flow}");
    let log_z = &flow["log_z"];
    let (mean, error) = (log_z["mean"].as_f64().expect("log Z"), log_z["error"].as_f64().expect("an error"));
    let theirs = &flow["two_sided"]["log_z_of_theory"];
    let (other, their_error) = (theirs["mean"].as_f64().expect("log Z"), theirs["error"].as_f64().expect("an error"));
    assert!((mean - other).abs() < 5.0 * error.hypot(their_error), "{mean} {other}");
    for name in ["plaquette", "charge2", "chi_q", "p_q0", "wilson_2x2"] {
        assert!(flow["observables"][name]["error"].as_f64().is_some_and(|e| e > 0.0), "{name}");
    }
    assert_eq!(flow["kl"], folder.json("train --resume --out a")["kl"]);
    // Other samples at another coupling; the same ones again; configurations that chains begin with.
    let sampled = folder.json("sample --model a --beta 2.2 --samples 2000 --two-sided 0 --save-every 500 --out s");
    assert_eq!(sampled["couplings"]["beta"], 2.2);
    assert_eq!(sampled["checksum"], folder.json("sample --from s/ensemble.json --two-sided 0")["checksum"]);
    let file = std::fs::read_dir(folder.0.join("s/configurations")).expect("files").flatten().next().expect("one");
    let start = format!("mc --theory u1 --lattice 4x4 --beta 2 --trajectories 4 --start {}", file.path().display());
    assert!(folder.json(&start)["acceptance"].as_f64().is_some());
    // Stripes, splines, loops, no nets, three dimensions; a start from another coupling.
    for flags in [
        "--lattice 4x4 --masks stripes --layers 4 --transform spline --mixtures 4 --features loops",
        "--lattice 4x4 --hidden none --transform moebius --mixtures 2 --estimator path",
        "--lattice 4x2x2 --layers 3 --hidden 2 --mixtures 1 --two-sided 64",
        "--lattice 4x4 --warm-start a --lr 0.001",
        "--lattice 4x4 --prior a --mixtures 2",
    ] {
        folder.json(&format!("train --theory u1 --beta 1.5 --steps 3 --batch 16 --samples 100 {flags}"));
    }
}

/// On a larger lattice, couplings through loops that the small one has too; at another coupling, a flow behind a flow.
#[test]
fn a_flow_of_links_is_the_start_of_others() {
    let folder = Folder::new("links-start");
    folder.json("train --theory u1 --lattice 4x4 --beta 2 --steps 400 --lr 0.01 --samples 2000 --two-sided 0 --out a");
    let ess = |flags: &str| {
        let steps = "--steps 1 --lr 1e-9 --samples 4000 --two-sided 0";
        folder.json(&format!("train --theory u1 {steps} {flags}"))["ess"].as_f64().expect("an ESS")
    };
    let (warm, cold) = (ess("--lattice 8x8 --beta 2 --warm-start a"), ess("--lattice 8x8 --beta 2"));
    assert!(warm > 10.0 * cold, "{warm} {cold}");
    let (behind, alone) = (ess("--lattice 4x4 --beta 2.2 --prior a --out b"), ess("--lattice 4x4 --beta 2.2"));
    assert!(behind > 2.0 * alone && behind > 0.5, "{behind} {alone}");
    // The model says what stands behind it, and goes on without the other one.
    std::fs::rename(folder.0.join("a"), folder.0.join("elsewhere")).expect("a folder");
    folder.json("train --resume --out b");
    std::fs::rename(folder.0.join("elsewhere"), folder.0.join("a")).expect("a folder");
    let sampled = folder.json("sample --model b --samples 500 --two-sided 0");
    assert!(sampled["ess"].as_f64().is_some_and(|e| e > 0.5), "{sampled}");
    for (flags, why) in [
        ("--theory u1 --lattice 9x9 --beta 2 --warm-start a", "couplings that one on [9, 9] has too"),
        ("--theory u1 --lattice 8x8 --beta 2 --prior a", "[8, 8]"),
        ("--theory torus --prior a", "--prior"),
        ("--prior a", "--prior"),
    ] {
        let output = folder.run(&format!("train --steps 1 {flags}"));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains(why), "{flags}: {text}");
    }
}

#[test]
fn flags_that_mean_nothing_for_links_are_refused() {
    let folder = Folder::new("links-refused");
    for (flags, why) in [
        ("--theory u1 --lattice 4x4", "--beta"),
        ("--theory su2 --lattice 4x4 --beta 2", "u1 for flows"),
        ("--theory u1 --lattice 4x4 --beta 2 --layers 3", "--layers"),
        ("--theory u1 --lattice 4x4 --beta 2 --net symmetric", "--net"),
        ("--theory u1 --lattice 4x4 --beta 2 --m2 1", "--m2"),
        ("--theory u1 --lattice 4 --beta 2", "two directions or more"),
        ("--theory u1 --lattice 4x1 --beta 2", "extents of at least 2"),
        ("--theory u1 --lattice 4x4x4 --beta 2 --masks divisions", "two dimensions"),
        ("--theory u1 --lattice 4x4 --beta 2 --transform spline --mixtures 65", "1 to 64"),
        ("--lattice 4x4 --masks stripes", "--masks"),
    ] {
        let output = folder.run(&format!("train {flags}"));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains(why), "{flags}: {text}");
    }
}
