//! The state of chains on disk: kept, and taken up again.

use super::super::args::McArgs;
use super::super::failure::{Failure, differences};
use super::super::keep::KeepArgs;
use super::super::output::Folder;
use lattice_fields::autograd::params::TensorFile;
use lattice_fields::mc::{Recorder, Stored};
use lattice_fields::prelude::*;
use serde_json::Value;
use std::path::Path;

/// The file that keeps the state of the chains.
pub const STATE: &str = "chains.safetensors";
const FORMAT: &str = "lattice-fields chains 1";

/// Reads the state of the run in `out`, which must be the one described, and may not have recorded more than is asked for.
pub fn read(out: &Path, description: &str, args: &McArgs) -> Result<TensorFile, Failure> {
    let path = out.join(STATE);
    let file = TensorFile::read(&path)?;
    let entry = |key: &str| file.metadata.get(key).map_or("nothing", String::as_str);
    let what = format!("--resume {}", path.display());
    if entry("format") != FORMAT {
        return Err(Failure::refused(&what, FORMAT, entry("format")));
    }
    if entry("description") != description {
        let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        let (expected, found) = differences(&parsed(description), &parsed(entry("description")));
        return Err(Failure::refused(&what, &format!("chains with {expected}"), found));
    }
    if !file.is_checked() {
        return Err(Failure::refused(&what, "a file with a checksum", "none"));
    }
    if let Ok(&[done, _]) = file.values("run/counters", &[2]) {
        let recorded = (done - args.thermalize as f64).max(0.0);
        if recorded > args.trajectories as f64 {
            let expected = format!("at least the {recorded} that are recorded already");
            return Err(Failure::refused("--trajectories", &expected, args.trajectories));
        }
    }
    Ok(file)
}

/// Where and when the state of chains is kept, and the state that they begin with.
#[derive(Default)]
pub struct Keep<'a> {
    pub folder: Option<&'a Folder>,
    pub every: usize,
    pub format: KeepArgs,
    pub description: &'a str,
    pub resumed: Option<TensorFile>,
    pub quiet: bool,
}

impl Keep<'_> {
    /// Keeps nothing and says nothing.
    pub fn quiet() -> Self {
        Keep { quiet: true, ..Keep::default() }
    }

    /// Whether a whole number of intervals has been recorded.
    pub fn is_due<R: Real, K: Manifold>(&self, recorder: &Recorder<'_, '_, R, K>) -> bool {
        let recorded = recorder.recorded();
        self.every > 0 && recorded > 0 && recorded.is_multiple_of(self.every)
    }

    /// Writes the configurations of all chains: `[chain, L_0, …]`, for links with the direction and the numbers of a
    /// matrix behind.
    pub fn save_configurations<R: Real, K: Manifold>(&self, recorder: &Recorder<'_, '_, R, K>) -> Result<(), Failure> {
        let Some(folder) = self.folder else { return Ok(()) };
        let folder = folder.subfolder("configurations")?;
        let fields = recorder.chains().fields();
        let mut extents = fields.layout().lattice().extents().to_vec();
        extents.extend(recorder.chains().shape_on_site());
        let mut numbers = Vec::new();
        for chain in 0..fields.samples() {
            numbers.extend(fields.sample(chain)?.into_iter().map(Real::to_f64));
        }
        self.format.write::<R>(&Stored { extents, numbers }, &folder, recorder.recorded())
    }

    /// Writes the state.
    pub fn save<R: Real, K: Manifold>(&self, recorder: &Recorder<'_, '_, R, K>) -> Result<(), Failure> {
        let Some(folder) = self.folder else { return Ok(()) };
        let mut file = TensorFile::new();
        recorder.store(&mut file)?;
        file.metadata
            .extend([("format", FORMAT), ("description", self.description)].map(|(k, v)| (k.into(), v.into())));
        Ok(file.write(folder.file(STATE))?)
    }
}
