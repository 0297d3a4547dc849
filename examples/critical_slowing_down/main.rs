//! Critical slowing down: `τ_int` against the extent along a line of constant physics, by HMC, local Metropolis,
//! clusters and flows trained to one acceptance; what training costs, and when it has paid.
//!
//!     cargo run --release --example critical_slowing_down [FOLDER]
//!     cargo run --release --example critical_slowing_down -- --from FOLDER
//!
//! Takes about ten minutes on two cores and leaves `critical_slowing_down.{json,csv,svg}` in the folder, `lattice-out`
//! unless given; the second form prints and draws again what is in one. Ends with an error where a value is further than
//! five errors from what is known of it. Discussed in docs/critical_slowing_down.md.

#![expect(clippy::print_stdout, reason = "a program that reports")]

mod chains;
mod csv;
mod figure;
mod flows;
mod measured;
mod points;
mod scaling;
mod table;

use lattice_fields::prelude::*;
use measured::{Method, Study};
use points::{LINE, TUTORIAL};
use std::path::{Path, PathBuf};
use std::time::Instant;

type Failure = Box<dyn std::error::Error>;

/// The acceptance that all flows are trained to.
const TARGET: f64 = 0.6;

fn measure() -> Result<Study, Failure> {
    let (device, start) = (Device::cpu(0)?, Instant::now());
    let mut rows = Vec::new();
    for point in LINE.iter().chain([&TUTORIAL]) {
        eprintln!(
            "{}: L = {}, lambda = {}; {:.0} s",
            point.name,
            point.extent,
            point.lambda,
            start.elapsed().as_secs_f64()
        );
        for method in [Method::Hmc, Method::Metropolis, Method::Clusters] {
            rows.push(chains::run(point, method, &device)?);
        }
        rows.extend(flows::run(point, TARGET, &device)?);
    }
    Ok(Study { threads: device.processor().threads(), target: TARGET, seconds: start.elapsed().as_secs_f64(), rows })
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, again) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => (PathBuf::from("lattice-out"), false),
        ["--from", folder] => (PathBuf::from(folder), true),
        [folder] if !folder.starts_with('-') => (PathBuf::from(folder), false),
        _ => return Err("expected: [FOLDER] or --from FOLDER".into()),
    };
    let file = |ending: &str| folder.join(Path::new("critical_slowing_down").with_extension(ending));
    let study = match again {
        true => serde_json::from_str(&std::fs::read_to_string(file("json"))?)?,
        false => {
            // Refused before the work, not after it.
            std::fs::create_dir_all(&folder)?;
            let study = measure()?;
            std::fs::write(file("json"), serde_json::to_string_pretty(&study)?)?;
            study
        }
    };
    println!("{}", table::report(&study)?);
    std::fs::write(file("csv"), csv::text(&study)?)?;
    figure::draw(&file("svg"), &study)?;
    println!("{}", table::agreement(&study)?);
    println!("{:.0} s on {} threads; {}", study.seconds, study.threads, file("*").display());
    Ok(())
}
