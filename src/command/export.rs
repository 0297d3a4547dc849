//! Series for other programs: CSV, NumPy, pyerrors.

use super::args::ExportName;
use super::failure::Failure;
use super::output::Folder;
use lattice_fields::autograd::params::{NumberType, replace};
use lattice_fields::mc::statistics::{write_csv, write_pyerrors};
use lattice_fields::mc::{History, Stored};
use std::io;

/// Writes all series of a run in the formats asked for.
pub fn write(history: &History, formats: &[ExportName], description: &str, folder: &Folder) -> Result<(), Failure> {
    let series: Vec<(&str, &[Vec<f64>])> =
        history.names.iter().map(String::as_str).zip(history.series.iter().map(Vec::as_slice)).collect();
    for format in formats {
        match format {
            ExportName::Csv => file(folder, "series.csv", |out| write_csv(out, &series).map_err(io::Error::other))?,
            ExportName::Pyerrors => file(folder, "series.json.gz", |out| {
                write_pyerrors(out, "lattice", description, &series).map_err(io::Error::other)
            })?,
            ExportName::Npy => {
                let folder = folder.subfolder("series")?;
                for (name, chains) in &series {
                    let extents = vec![chains.first().map_or(0, Vec::len)];
                    let stored = Stored { extents, numbers: chains.concat() };
                    stored.write(folder.join(format!("{name}.npy")), NumberType::F64)?;
                }
            }
        }
    }
    Ok(())
}

fn file(folder: &Folder, name: &str, write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> Result<(), Failure> {
    Ok(replace(&folder.file(name), |out| write(out))?)
}
