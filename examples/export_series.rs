//! The series of a run for pyerrors and for a table program, with what our own analysis says about them.
//!
//! `cargo run --release --example export_series -- FOLDER`, then `python benches/peers/analyse.py FOLDER`

use lattice_fields::mc::observables::quantities;
use lattice_fields::mc::statistics::{Estimate, GammaMethod, write_csv, write_pyerrors};
use lattice_fields::prelude::*;
use rand::{RngExt, SeedableRng};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// `chains` chains of `x' = a x + u`, `u` uniform in (−½, ½): `τ_int = (1 + a) / 2 (1 − a)`.
fn autoregression(a: f64, chains: usize, updates: usize) -> Vec<Vec<f64>> {
    let mut rng = rand_pcg::Pcg64::seed_from_u64(1);
    let mut chain = || {
        let mut x = 0.0;
        let mut next = || {
            x = a * x + rng.random::<f64>() - 0.5;
            x
        };
        (0..100).for_each(|_| {
            next();
        });
        (0..updates).map(|_| next()).collect()
    };
    (0..chains).map(|_| chain()).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: export_series FOLDER")?;
    let create = |name: &str| File::create(Path::new(&folder).join(name)).map(BufWriter::new);
    std::fs::create_dir_all(&folder)?;

    let lattice = Lattice::periodic([8, 8])?;
    let plan = MarkovRun { chains: 4, updates: 5000, thermalize: 500, seed: 1 };
    let update = Box::new(LocalMetropolis::default());
    let history =
        plan.run::<f64>(&Phi4 { mass2: -4.0, lambda: 6.008 }, update, &lattice, &Device::cpu(0)?, |_| true)?;
    let slow = autoregression(0.9, plan.chains, plan.updates);

    let mut series: Vec<(&str, &[Vec<f64>])> =
        history.names.iter().map(String::as_str).zip(history.series.iter().map(Vec::as_slice)).collect();
    series.push(("ar1", &slow));
    write_pyerrors(create("series.json.gz")?, "phi4_8x8", "phi^4, m2 = -4, lambda = 6.008, local Metropolis", &series)?;
    write_csv(create("series.csv")?, &series)?;

    let method = GammaMethod::default();
    let mut table = create("estimates.csv")?;
    writeln!(table, "name,mean,error,tau_int,tau_int_error")?;
    let mut write = |name: &str, e: Estimate| {
        eprintln!("{name:20} {e}  tau_int {:.3}", e.tau_int);
        writeln!(table, "{name},{},{},{},{}", e.mean, e.error, e.tau_int, e.tau_int_error)
    };
    for (name, chains) in &series {
        write(name, method.estimate(chains)?)?;
        let first: String = format!("{name}.r0");
        write(&first, method.estimate(&chains[..1])?)?;
    }
    for quantity in quantities(&lattice) {
        write(&quantity.name, quantity.estimate(&method, |name| history.chains(name))?)?;
    }
    Ok(table.flush()?)
}
