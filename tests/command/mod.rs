//! The `lattice` command, run as a user runs it.

/// Flags from a file.
mod config;
/// Processors and GPUs.
mod device;
/// Estimators, and ensembles that are given.
mod estimators;
/// Exact values.
mod exact;
/// Gauge fields.
mod gauge;
/// Flows of U(1) links.
mod links;
/// Chains.
mod mc;
/// Stored configurations.
mod measure;
/// Flows of points on tori and spheres.
mod points;
/// Input that is refused.
mod refused;
/// What all reports have in common.
mod reports;
/// Models, read again.
mod sample;
/// Trainings.
mod train;

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A folder of its own, removed at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("lattice-fields-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    pub fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().expect("the command runs")
    }

    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lattice"));
        command.args(arguments.split_whitespace()).current_dir(&self.0);
        command
    }

    /// As on a machine without a driver for GPUs: the exit code, what went to stderr, and what to stdout.
    pub fn run_without_drivers(&self, arguments: &str) -> (Option<i32>, String, Vec<u8>) {
        let mut command = self.command(arguments);
        for variable in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
            command.env(variable, "/nonexistent");
        }
        // Where there are other interfaces they are no way around.
        let output = command.env("WGPU_BACKEND", "vulkan").output().expect("the command runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned(), output.stdout)
    }

    /// Starts the command, waits until `file` is there, ends the command by `signal`, and returns its exit code, if it
    /// has one.
    pub fn break_off(&self, arguments: &str, file: &str, signal: &str) -> Option<i32> {
        let mut child =
            self.command(arguments).stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("the command runs");
        while !self.0.join(file).exists() && child.try_wait().expect("a state").is_none() {
            std::thread::yield_now();
        }
        let kill = Command::new("kill").args([signal, &child.id().to_string()]).stderr(Stdio::null()).status();
        kill.expect("kill runs");
        child.wait().expect("an end").code()
    }

    /// The report in a folder.
    pub fn report(&self, name: &str) -> Value {
        let text = std::fs::read(self.0.join(name).join("report.json")).expect("a report");
        timeless(serde_json::from_slice(&text).expect("JSON"))
    }

    /// The one JSON object on stdout.
    pub fn json(&self, arguments: &str) -> Value {
        let output = self.run(&format!("{arguments} --json"));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{arguments}: {text}");
        serde_json::from_slice(&output.stdout).expect("one JSON object")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What must not depend on clock, machine or threads.
pub fn timeless(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        map.retain(|key, _| !["second", "threads", "date", "machine", "device"].iter().any(|word| key.contains(word)));
    }
    value
}
