//! Chains of gauge fields.

use super::{Folder, timeless};
use lattice_fields::mc::exact::gauge::Plane;
use lattice_fields::tensor::group::GroupName;
use serde_json::Value;

fn number(report: &Value, name: &str, key: &str) -> f64 {
    report["observables"][name][key].as_f64().unwrap_or_else(|| panic!("{name} {key} in {report}"))
}

#[test]
fn chains_agree_with_exact_values() {
    let folder = Folder::new("gauge-exact");
    for (theory, update) in [
        ("u1 --beta 1.5 --lattice 4x6", "hmc --integrator omelyan --instantons"),
        ("u1 --beta 1.5 --lattice 3x5", "heatbath --overrelax 1 --start hot"),
        ("su2 --beta 2.2 --lattice 4x4", "metropolis --overrelax 1"),
        ("su3 --beta 6 --lattice 4x4", "heatbath --precision f64"),
        ("su3 --beta 6 --lattice 2x2", "hmc --steps 8"),
    ] {
        let flags = format!("mc --theory {theory} --update {update} --trajectories 400 --thermalize 100");
        let mc = folder.json(&flags);
        let exact = folder.json(&format!("exact --theory {theory}"));
        for name in ["plaquette", "wilson_1x2", "charge2", "p_q0"] {
            let Some(expected) = exact["observables"][name]["mean"].as_f64() else { continue };
            if mc["observables"].get(name).is_none() {
                continue;
            }
            let pull = (number(&mc, name, "mean") - expected) / number(&mc, name, "error");
            assert!(pull.abs() < 4.5, "{flags}: {name} {pull}");
        }
        assert!(mc["links_per_second"].as_f64().is_some_and(|speed| speed > 0.0) && mc["seconds_per_step"].is_number());
        assert!(mc["action"].as_str().is_some_and(|action| action.starts_with("S = -beta sum_P")), "{mc}");
        // The table has the exact values beside.
        let output = folder.run(&flags);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let plaquette = exact["observables"]["plaquette"]["mean"].as_f64().expect("known");
        assert!(text.contains(&format!("{plaquette:.8}")) && text.contains("links per second"), "{text}");
    }
}

#[test]
fn chains_of_links_are_taken_up_again_bit_for_bit() {
    let folder = Folder::new("gauge-resume");
    for (name, flags) in [
        ("hmc", "su3 --beta 5.5 --lattice 2x2x2x4 --update hmc --integrator omelyan"),
        ("bath", "su2 --beta 2.2 --lattice 3x4x2 --update heatbath --overrelax 2 --start hot --chains 3"),
        ("local", "u1 --beta 1 --lattice 4x4 --update metropolis --precision f64 --chains 5"),
    ] {
        let mc = format!("mc --theory {flags} --thermalize 20 --save-every 10");
        let (whole, longer) = (format!("{name}-whole"), format!("{name}-longer"));
        let report = folder.json(&format!("{mc} --trajectories 40 --out {whole}"));
        folder.json(&format!("{mc} --trajectories 15 --out {longer}"));
        folder.json(&format!("mc --resume --out {longer} --trajectories 40 --threads 2"));
        assert_eq!(folder.report(&whole), folder.report(&longer));
        let state = |name: &str| std::fs::read(folder.0.join(name).join("chains.safetensors")).expect("a state");
        assert!(state(&whole) == state(&longer), "the states differ");
        assert_eq!(
            timeless(folder.json(&format!("{mc} --trajectories 40 --out {name}-one --threads 1"))),
            timeless(report)
        );
        // What was kept is a start, of the same theory only.
        let start = format!("--start {whole}/configurations/00000040.npy --trajectories 5 --thermalize 0");
        let again = folder.json(&format!("mc --theory {flags} {start}"));
        assert!(again["observables"]["plaquette"]["mean"].is_number());
        let (group, _) = flags.split_once(' ').expect("a theory");
        let other = format!("mc --theory {group} --beta 1 --lattice 5x5 {start}");
        assert_eq!(folder.run(&other).status.code(), Some(2), "{other}");
    }
}

#[test]
fn angles_and_boundaries() {
    let folder = Folder::new("gauge-theta");
    let mc = "mc --theory u1 --lattice 4x4 --beta 1 --trajectories 400 --thermalize 100";
    let at = folder.json(&format!("{mc} --theta 1"));
    let exact = folder.json("exact --theory u1 --lattice 4x4 --beta 1 --theta 1");
    let (phase, z) = (&exact["vacuum_angle"]["phase"], &at["derived"]["z_theta"]);
    let pull = (z["mean"].as_f64().unwrap() - phase.as_f64().unwrap()) / z["error"].as_f64().unwrap();
    assert!(pull.abs() < 4.5, "{pull}");
    let tilted = folder.json(&format!("{mc} --imaginary-theta 0.5"));
    assert!(number(&tilted, "charge", "mean") > 10.0 * number(&tilted, "charge", "error"));
    assert_eq!(tilted["couplings"]["theta"], 0.5);
    let open = folder.json(&format!("{mc} --open 1"));
    let draws = folder.json("mc --theory u1 --lattice 4x6 --beta 1 --open 0 --update draws --trajectories 400");
    let plane = Plane::new(GroupName::U1, 1.0).expect("a theory");
    for (report, direction, plaquettes) in [(open, 1, 12.0), (draws, 0, 18.0)] {
        let formula = format!("open in direction {direction}");
        assert!(report["action"].as_str().is_some_and(|action| action.ends_with(&formula)), "{report}");
        let charge2 = plane.chi_q().expect("U(1)") * plaquettes;
        let known = [("plaquette", plane.plaquette()), ("wilson_2x2", plane.wilson_loop(4))];
        for (name, exact) in known.into_iter().chain([("charge", 0.0), ("charge2", charge2)]) {
            let pull = (number(&report, name, "mean") - exact) / number(&report, name, "error");
            assert!(pull.abs() < 4.5, "{name}: {pull}");
        }
    }
    for action in ["symanzik", "iwasaki", "dbw2"] {
        let flags =
            format!("mc --theory su2 --lattice 3x3x3 --beta 1 --action {action} --trajectories 20 --thermalize 20");
        let improved = folder.json(&flags);
        assert!(improved["couplings"]["c1"].as_f64().is_some_and(|c1| c1 < 0.0), "{improved}");
    }
}

#[test]
fn gauge_theories_that_cannot_be_are_refused() {
    let folder = Folder::new("gauge-refused");
    for (arguments, reason) in [
        ("mc --theory su3 --lattice 4x4", "--beta"),
        ("mc --theory su3 --lattice 4x4 --beta nan", "beta"),
        ("mc --theory su3 --lattice 4x4 --beta 6 --m2 1", "--m2"),
        ("mc --theory u1 --lattice 8 --beta 1", "two directions"),
        ("mc --theory u1 --lattice 1x4 --beta 1 --update heatbath", "twice"),
        ("mc --theory u1 --lattice 2x4 --beta 1 --update heatbath --action iwasaki", "twice"),
        ("mc --theory u1 --lattice 4x4 --beta 1 --update cluster", "cluster"),
        ("mc --theory u1 --lattice 4x4 --beta 1 --overrelax 2", "--overrelax"),
        ("mc --theory u1 --lattice 4x4x4 --beta 1 --instantons", "--instantons"),
        ("mc --theory su2 --lattice 4x4 --beta 1 --theta 1", "--theta"),
        ("mc --theory u1 --lattice 4x4 --beta 1 --start nowhere.npy", "nowhere.npy"),
        ("mc --theory u1 --lattice 4x4 --beta 1 --open 2", "direction below 2"),
        ("mc --theory u1 --lattice 4x4 --beta 1 --update draws", "--open"),
        ("mc --theory su3 --lattice 4x4 --beta 1 --update draws --open 0", "two directions for draws"),
        ("mc --update heatbath", "heatbath"),
        ("mc --update draws", "draws"),
        ("mc --action wilson", "--action"),
        ("mc --start hot", "--start"),
        ("mc --beta 1", "--beta"),
    ] {
        let output = folder.run(arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {text}");
        assert!(text.contains(reason) && !text.contains("panicked"), "{arguments}: {text}");
    }
}
