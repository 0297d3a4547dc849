//! A file is either the old one or the new one, never half of each.
//!
//! The new bytes go to another name in the same folder, reach the disk, and only then take the old name: on POSIX,
//! `rename` within a file system is atomic. Whatever fails before leaves the old file as it was.

use super::ParamsError;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many unfinished files this process has begun; keeps their names apart.
static BEGUN: AtomicU64 = AtomicU64::new(0);

/// Replaces the file at `path`, or makes it, by what `write` writes.
///
/// A symbolic link is followed; what is there and no ordinary file, or write-protected, is left alone.
///
/// # Errors
/// If the new file cannot be written; the old one is then as it was.
pub fn replace(path: &Path, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> Result<(), ParamsError> {
    if let Ok(old) = fs::metadata(path) {
        if !old.is_file() {
            return Err(ParamsError::format(path, "an ordinary file to replace, or none", "something else"));
        }
        if old.permissions().readonly() {
            return Err(ParamsError::format(path, "a file that may be replaced", "a write-protected one"));
        }
    }
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let unfinished = name(&target).ok_or_else(|| ParamsError::format(path, "the name of a file", "a folder"))?;
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&unfinished)
        .map_err(|e| ParamsError::io(path, "make a file beside it", &e))?;
    let written = fill(&file, write).and_then(|()| fs::rename(&unfinished, &target));
    drop(file);
    if let Err(error) = written {
        // Nothing more can be done if this fails as well; the first error is the one to report.
        let _ = fs::remove_file(&unfinished);
        return Err(ParamsError::io(path, "write", &error));
    }
    // The new file has its name already; that the name is on the disk too is not always in our power.
    if let Some(folder) = target.parent() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

fn fill(file: &File, write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>) -> io::Result<()> {
    let mut buffered = BufWriter::new(file);
    write(&mut buffered)?;
    buffered.flush()?;
    file.sync_all()
}

/// `.<name>.<process>.<count>.part`, in the same folder.
fn name(target: &Path) -> Option<PathBuf> {
    let count = BEGUN.fetch_add(1, Ordering::Relaxed);
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name()?);
    name.push(format!(".{}.{count}.part", std::process::id()));
    Some(target.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> io::Result<Vec<std::ffi::OsString>> {
        fs::read_dir(folder)?.map(|entry| entry.map(|e| e.file_name())).collect()
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_alone() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("old");
        fs::write(&path, "old")?;
        let error = replace(&path, |file| {
            file.write_all(&vec![0; 100_000])?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        });
        assert!(matches!(error, Err(ParamsError::Io { kind: io::ErrorKind::StorageFull, .. })), "{error:?}");
        assert_eq!(fs::read(&path)?, b"old");
        assert_eq!(names(folder.path())?, ["old"]);
        Ok(())
    }

    #[test]
    fn what_cannot_be_replaced_is_refused() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let protected = folder.path().join("protected");
        fs::write(&protected, "old")?;
        let mut permissions = fs::metadata(&protected)?.permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&protected, permissions)?;
        for path in [folder.path(), &protected, &folder.path().join("none/new"), Path::new(""), Path::new("/")] {
            let error = replace(path, |file| file.write_all(b"new"));
            assert!(error.is_err(), "{}", path.display());
        }
        assert_eq!(fs::read(&protected)?, b"old");
        assert_eq!(names(folder.path())?, ["protected"]);
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_and_kept() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old")?;
        std::os::unix::fs::symlink(&file, &link)?;
        replace(&link, |out| out.write_all(b"new")).map_err(io::Error::other)?;
        assert_eq!((fs::read(&file)?, fs::read_link(&link)?), (b"new".to_vec(), file));
        Ok(())
    }
}
