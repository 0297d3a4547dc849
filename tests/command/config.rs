//! Flags from a file.

use super::{Folder, timeless};
use serde_json::Value;

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
