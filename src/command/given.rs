//! Ensembles that flows learn from: files of configurations, or the folders of runs that have kept some.

use super::failure::{Failure, differences};
use super::output::say;
use super::theory::FlowTheory;
use lattice_fields::mc::Stored;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The folder in which runs keep configurations.
const KEPT: &str = "configurations";

/// The numbers of all configurations as flows see them.
pub fn read<T: FlowTheory>(theory: &T, paths: &[PathBuf], quiet: bool) -> Result<Vec<f64>, Failure> {
    let subject = theory.subject();
    let shape = [subject.lattice.extents(), &theory.stored(Vec::new()).0].concat();
    let mut numbers = Vec::new();
    let mut seen: Option<PathBuf> = None;
    for path in paths {
        let what = format!("--ensemble {}", path.display());
        let files = if path.is_dir() { files_in(&what, path)? } else { vec![path.clone()] };
        for file in files {
            // Files of one run say the same.
            if let Some(run) = run_of(&file).filter(|run| seen.as_ref() != Some(run)) {
                check_run(&what, theory, &run, quiet)?;
                seen = Some(run);
            }
            let stored = Stored::read(&file)?;
            if stored.extents != shape {
                let expected = format!("configurations of shape {shape:?} in {}", file.display());
                return Err(Failure::refused(&what, &expected, format!("{:?}", stored.extents)));
            }
            let found = theory.seen(stored.numbers);
            numbers.extend(found.map_err(|e| Failure::Refused(format!("{}: {e}", file.display())))?);
        }
    }
    Ok(numbers)
}

/// The files of configurations in the folder of a run, or in a folder of such files, in order.
fn files_in(what: &str, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let kept = folder.join(KEPT);
    let folder = if kept.is_dir() { kept } else { folder.to_path_buf() };
    let entries = std::fs::read_dir(&folder).map_err(|e| Failure::refused(what, "a folder that can be read", e))?;
    let known = |path: &PathBuf| path.extension().is_some_and(|e| e == "npy" || e == "safetensors");
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(known).collect();
    files.sort();
    match files.is_empty() {
        true => Err(Failure::refused(what, "files of configurations, which --save-every keeps", "none")),
        false => Ok(files),
    }
}

/// The folder of the run that has kept a file.
fn run_of(file: &Path) -> Option<PathBuf> {
    let kept = file.parent().filter(|folder| folder.file_name().is_some_and(|name| name == KEPT))?;
    kept.parent().map(Path::to_path_buf)
}

/// Refuses the run of another theory, or at other couplings, by its report.
fn check_run<T: FlowTheory>(what: &str, theory: &T, run: &Path, quiet: bool) -> Result<(), Failure> {
    let subject = theory.subject();
    let report = std::fs::read_to_string(run.join("report.json")).unwrap_or_default();
    let Ok(report) = serde_json::from_str::<Value>(&report) else {
        say(
            quiet,
            &format!("{what}: no report.json says of which theory this is; it is taken for the one of the flags"),
        );
        return Ok(());
    };
    let expected = json!({"action": subject.action.formula(), "couplings": subject.couplings()});
    let found = json!({"action": report["action"], "couplings": report["couplings"]});
    match expected == found {
        true => Ok(()),
        false => {
            let (expected, found) = differences(&expected, &found);
            Err(Failure::refused(what, &format!("configurations of {expected}"), found))
        }
    }
}
