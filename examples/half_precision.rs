//! What rounding stored configurations to `f32`, `f16` or `bf16` does to the observables: `docs/half.md`.
//!
//! `cargo run --release --example half_precision -- [UPDATES]`, a table for each point. One HMC run in `f64`; every
//! configuration is measured as it is and rounded, so that the difference of the two means has an error of its own, far
//! smaller than that of either. Both are in the unit of the statistical error.
#![allow(clippy::print_stdout, reason = "an example prints")]

use lattice_fields::autograd::params::NumberType;
use lattice_fields::mc::{Chains, History, Measurement, Recorder};
use lattice_fields::prelude::*;

const CHAINS: usize = 64;
const ROUNDED: [NumberType; 3] = [NumberType::F32, NumberType::F16, NumberType::Bf16];

/// The observables of a run, and for each type how much rounding changes them, `[name][chain][update]`.
struct Measured {
    exact: History,
    changes: Vec<History>,
}

fn measure(extent: usize, lambda: f64, updates: usize) -> Result<Measured, Box<dyn std::error::Error>> {
    let (lattice, action, device) = (Lattice::periodic([extent; 2])?, Phi4 { mass2: -4.0, lambda }, Device::cpu(0)?);
    let plan = MarkovRun { chains: CHAINS, updates, thermalize: 500, seed: 1 };
    let hmc = Box::new(Hmc::new(Integrator::Omelyan, 1.0));
    let mut chains = Chains::<f64>::new(&action, hmc, &lattice, CHAINS, plan.seed, &device)?;
    let mut recorder = Recorder::new(&plan, &mut chains)?;
    let mut measurement = Measurement::<f64>::new(&action, &lattice, &device)?;
    let names = measurement.names().to_vec();
    let empty =
        || History { names: names.clone(), series: vec![vec![vec![]; CHAINS]; names.len()], ..History::default() };
    let mut measured = Measured { exact: empty(), changes: ROUNDED.map(|_| empty()).to_vec() };
    while recorder.done() < recorder.total() {
        recorder.advance()?;
        if recorder.done() <= plan.thermalize {
            continue;
        }
        let fields = recorder.chains().fields();
        let numbers = (0..CHAINS).map(|chain| fields.sample(chain)).collect::<Result<Vec<_>, _>>()?.concat();
        let exact = measurement.of(&numbers)?;
        push(&mut measured.exact, &exact, |_, _| 0.0);
        for (kept, changes) in ROUNDED.into_iter().zip(&mut measured.changes) {
            let rounded = numbers.iter().map(|&x| kept.round(x).ok_or("a number too large"));
            let found = measurement.of(&rounded.collect::<Result<Vec<_>, _>>()?)?;
            push(changes, &found, |name, chain| exact[name][chain]);
        }
    }
    Ok(measured)
}

/// Adds the numbers of one update, less others.
fn push(history: &mut History, numbers: &[Vec<f64>], less: impl Fn(usize, usize) -> f64) {
    for (name, (series, numbers)) in history.series.iter_mut().zip(numbers).enumerate() {
        for (chain, (series, x)) in series.iter_mut().zip(numbers).enumerate() {
            series.push(x - less(name, chain));
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let updates = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(5000);
    for (extent, lambda) in [(8, 8.0), (6, 6.975)] {
        let Measured { exact, changes } = measure(extent, lambda, updates)?;
        println!("\n{extent}×{extent}, m² = −4, λ = {lambda}: {} configurations\n", CHAINS * updates);
        println!("| | mean | {} |", ROUNDED.map(NumberType::name).join(" | "));
        println!("|---|---|{}", "---|".repeat(ROUNDED.len()));
        // How far a single configuration's action moves, root mean square.
        let volume = (extent * extent) as f64;
        let moved = changes.iter().map(|changes| {
            let squares = changes.chains("action_density").into_iter().flatten().flatten().map(|x| x * x);
            format!("{:.1e}", volume * (squares.sum::<f64>() / (CHAINS * updates) as f64).sqrt())
        });
        let moved: Vec<String> = moved.collect();
        let changes = changes.iter().map(History::estimates).collect::<Result<Vec<_>, _>>()?;
        for (i, (name, mean)) in exact.estimates()?.into_iter().enumerate() {
            // In the unit of the statistical error.
            let change = |of: &Vec<(String, Estimate)>| {
                let Estimate { mean: change, error, .. } = of[i].1;
                format!("{:+.1e} ± {:.0e}", change / mean.error, error / mean.error)
            };
            println!("| `{name}` | {mean} | {} |", changes.iter().map(change).collect::<Vec<_>>().join(" | "));
        }
        println!("| `S` of one | | {} |", moved.join(" | "));
    }
    Ok(())
}
