//! Exact values.

use super::{Folder, timeless};
use serde_json::Value;

fn observable(report: &Value, name: &str) -> f64 {
    report["observables"][name]["mean"].as_f64().unwrap_or_else(|| panic!("{name} in {report}"))
}

#[test]
fn gauge_theories_in_two_dimensions() {
    let folder = Folder::new("gauge");
    let u1 = folder.json("exact --theory u1 --lattice 8x8 --beta 2 --theta 0.5 --out a");
    assert_eq!((&u1["theory"], &u1["couplings"]["beta"]), (&Value::from("u1"), &Value::from(2.0)));
    assert_eq!(u1["lattice"], serde_json::json!([8, 8]));
    for (name, value, error) in [
        ("plaquette", 0.697774658011, 1e-12),
        ("charge2", 1.23929891072, 1e-11),
        ("chi_q", 0.0193640454801, 1e-13),
        ("p_q0", 0.358991072, 1e-9),
        ("p_q1", 0.239218522, 1e-9),
        ("p_q2", 0.071115814, 1e-9),
        ("p_q3", 0.009559442, 1e-9),
    ] {
        let found = observable(&u1, name);
        assert!((found - value).abs() < error, "{name}: {found}");
    }
    assert_eq!(observable(&u1, "wilson_1x1"), observable(&u1, "plaquette"));
    assert!(observable(&u1, "wilson_4x4") > 0.0 && observable(&u1, "p_q8") > 1e-12);
    assert!(u1["observables"].get("wilson_5x1").is_none() && u1["observables"].get("p_q9").is_none());
    let phase: f64 = (1..9).map(|q| 2.0 * observable(&u1, &format!("p_q{q}")) * (0.5 * f64::from(q)).cos()).sum();
    let found = u1["vacuum_angle"]["phase"].as_f64().expect("a number");
    assert!((found - phase - observable(&u1, "p_q0")).abs() < 1e-11, "{found}");
    assert!(u1["log_z_convention"].as_str().is_some_and(|text| text.contains("Haar")));
    assert_eq!(timeless(u1), folder.report("a"));
    // The flags of its folder are the flags.
    let again = folder.json("exact --config a/run.toml --out b");
    assert_eq!(timeless(again), folder.report("a"));

    for (theory, beta, log_z, plaquette, area4) in [
        ("su2", 2.2, 35.451812078129, 0.46447902527042, 0.04654407765),
        ("su3", 6.0, 79.096965862203, 0.42253173964998, 0.03187405744),
    ] {
        let report = folder.json(&format!("exact --theory {theory} --lattice 8x8 --beta {beta}"));
        assert!((report["log_z"]["mean"].as_f64().expect("log Z") - log_z).abs() < 1e-11, "{report}");
        assert!((observable(&report, "plaquette") - plaquette).abs() < 1e-13);
        assert!((observable(&report, "wilson_2x2") - area4).abs() < 1e-10);
        assert!((observable(&report, "creutz_2x2") + plaquette.ln()).abs() < 1e-10);
        assert!(report["observables"].get("charge2").is_none());
        // Only the number of plaquettes matters, but a loop around the torus is no disk.
        let [one, two] =
            ["1x4", "2x2"].map(|lattice| folder.json(&format!("exact --theory {theory} --lattice {lattice} --beta 2")));
        assert_eq!((observable(&one, "plaquette"), &one["log_z"]), (observable(&two, "plaquette"), &two["log_z"]));
        assert!(one["observables"].get("wilson_1x1").is_none() && two["observables"].get("wilson_1x1").is_some());
    }
    let text = folder.run("exact --theory su3 --lattice 8x8 --beta 6");
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("0.422531739650") && text.contains("Haar measure normalised to 1"), "{text}");
    let free = folder.json("exact --theory u1 --lattice 4x4 --beta 0");
    assert_eq!((observable(&free, "plaquette"), free["log_z"]["mean"].as_f64()), (0.0, Some(0.0)));
}

#[test]
fn gauge_theories_are_refused_with_a_reason() {
    let folder = Folder::new("gauge-refused");
    for (arguments, why) in [
        ("exact --theory u1 --lattice 8x8", "--beta"),
        ("exact --theory u1 --beta 1 --m2 1", "--m2"),
        ("exact --theory su3 --beta 1 --lambda 1", "--lambda"),
        ("exact --beta 1", "--beta"),
        ("exact --theta 1", "--theta"),
        ("exact --theory su2 --beta 1 --theta 1", "--theta"),
        ("exact --theory u1 --beta 1 --theta inf", "--theta"),
        ("exact --theory u1 --beta nan", "beta"),
        ("exact --theory su2 --beta 1e300", "beta"),
        ("exact --theory su2 --beta -1", "beta"),
        ("exact --theory su3 --beta 1e6 --lattice 1x1", "character expansion"),
        ("exact --theory su3 --beta 1 --lattice 8x8x8x8", "0.060130"),
        ("exact --theory u1 --beta 1 --lattice 8", "two extents"),
        ("exact --theory u1 --beta 1 --lattice 4294967296x4294967296", "2^53"),
        ("exact --theory u1 --beta 1 --lattice 1000000000x1000000000", "2^53"),
        ("exact --theory u4 --beta 1", "u4"),
        ("mc --beta 1", "--beta"),
        ("train --theory su2 --beta 1", "lattice exact"),
    ] {
        let output = folder.run(arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {text}");
        assert!(text.starts_with("error: ") && text.contains(why) && output.stdout.is_empty(), "{arguments}: {text}");
    }
}
