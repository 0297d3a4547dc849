//! Where results go: a folder of a run, and stdout.

use super::failure::Failure;
use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The folder of a run.
#[derive(Debug)]
pub struct Folder(pub PathBuf);

/// The effective configuration of a run, in its folder.
pub const RUN: &str = "run.toml";

/// What becomes of a run that the folder holds already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// The folder is refused.
    Refused,
    /// The run goes on.
    Continued,
    /// All that it has left is removed, so that nothing of two runs is mixed.
    Replaced,
}

impl Existing {
    /// By the flags `--force` and `--resume`.
    pub fn new(force: bool, resume: bool) -> Existing {
        match (force, resume) {
            (_, true) => Existing::Continued,
            (true, false) => Existing::Replaced,
            (false, false) => Existing::Refused,
        }
    }
}

/// Files and folders that runs leave besides the marks.
const PRODUCTS: [&str; 12] = [
    "ensemble.json",
    "history.csv",
    "series.csv",
    "series.json.gz",
    "series",
    "configurations",
    "training.svg",
    "fields.svg",
    "correlator.svg",
    "tau_int.svg",
    ".report.json.new",
    ".run.toml.new",
];

/// Files that mark a folder as holding a run.
const MARKS: [&str; 4] = ["report.json", "model.safetensors", "chains.safetensors", RUN];

impl Folder {
    /// Opens `out`, or a new numbered folder under `lattice-out`.
    pub fn open(out: Option<&Path>, existing: Existing) -> Result<Folder, Failure> {
        let Some(path) = out.map(Path::to_path_buf) else { return Folder::numbered(Path::new("lattice-out")) };
        let refused = |e: std::io::Error| {
            Failure::refused(&format!("--out {}", path.display()), "a folder that can be written", e)
        };
        match (existing, MARKS.iter().find(|mark| path.join(mark).exists())) {
            (Existing::Refused, Some(mark)) => {
                let found =
                    format!("one with {mark} (--force replaces it; train and mc go on with theirs by --resume)");
                return Err(Failure::refused(&format!("--out {}", path.display()), "a folder without a run", found));
            }
            (Existing::Replaced, _) => remove_products(&path).map_err(refused)?,
            _ => {}
        }
        let writable = std::fs::create_dir_all(&path).and_then(|()| {
            let probe = path.join(".writable");
            std::fs::write(&probe, b"")?;
            std::fs::remove_file(&probe)?;
            remove_unfinished(&path)
        });
        writable.map_err(refused)?;
        Ok(Folder(path))
    }

    /// A new folder `base/0001`, or the first number after those that are there; no other run gets the same one.
    fn numbered(base: &Path) -> Result<Folder, Failure> {
        let refused = |path: &Path, e: std::io::Error| {
            Failure::refused(&path.display().to_string(), "a folder that can be written", e)
        };
        std::fs::create_dir_all(base).map_err(|e| refused(base, e))?;
        let taken = std::fs::read_dir(base).map_err(|e| refused(base, e))?.flatten();
        let last = taken.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).max().unwrap_or(0);
        let mut number = last;
        loop {
            number = number.saturating_add(1);
            let path = base.join(format!("{number:04}"));
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Folder(path)),
                // Taken by a run that began at the same moment.
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && number < u32::MAX => {}
                Err(e) => return Err(refused(&path, e)),
            }
        }
    }

    /// The path of a file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A folder in the folder, made if it is not there.
    pub fn subfolder(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.file(name);
        match std::fs::create_dir_all(&path) {
            Ok(()) => Ok(path),
            Err(e) => Err(Failure::Failed(format!("{}: cannot be made: {e}", path.display()))),
        }
    }

    /// Writes a file under a temporary name and renames it.
    pub fn write(&self, name: &str, contents: &str) -> Result<(), Failure> {
        let (path, temporary) = (self.file(name), self.file(&format!(".{name}.new")));
        std::fs::write(&temporary, contents)
            .and_then(|()| std::fs::rename(&temporary, &path))
            .map_err(|e| Failure::Failed(format!("{}: cannot be written: {e}", path.display())))
    }

    /// Writes the effective configuration, a file that `--config` reads.
    pub fn write_config(&self, arguments: &impl Serialize) -> Result<(), Failure> {
        let text = toml::to_string(arguments).map_err(|e| Failure::Failed(format!("{RUN}: {e}")))?;
        self.write(RUN, &text)
    }
}

fn remove_products(folder: &Path) -> std::io::Result<()> {
    for name in MARKS.iter().chain(&PRODUCTS) {
        let path = folder.join(name);
        let removed = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        removed.or_else(|e| if e.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(e) })?;
    }
    Ok(())
}

/// Removes the halves of files that a killed run was writing.
fn remove_unfinished(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)?.flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(".part")) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Prints to stdout; a closed pipe ends the command quietly.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::Failed(format!("stdout: {e}"))),
        _ => Ok(()),
    }
}

/// Says something on stderr, unless only JSON is wanted.
pub fn say(json: bool, text: &str) {
    if !json {
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}
