//! Tells the program which commit it was built from, where that can be known.

use std::process::Command;

fn main() {
    let git = |arguments: &[&str]| -> Option<String> {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_string())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"]).filter(|commit| !commit.is_empty());
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|changes| !changes.is_empty());
    let commit = commit.map_or("unknown".into(), |commit| if changed { commit + "+changes" } else { commit });
    // Sources without their history may say it themselves.
    let commit = std::env::var("LATTICE_COMMIT").unwrap_or(commit);
    println!("cargo::rerun-if-env-changed=LATTICE_COMMIT");
    println!("cargo::rustc-env=LATTICE_COMMIT={commit}");
    // Where HEAD points, and what it points to.
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--git-path", file]) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}
