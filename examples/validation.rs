//! Are the error bars honest? Every sampler, at points whose exact values are known, over eight seeds.
//!
//! `cargo run --release --example validation` takes about ten minutes on two cores and ends with an error where a χ²
//! of pulls has a p-value outside 0.001 … 0.999 or a value is further than five errors from the exact one (of some
//! four hundred, one in a thousand runs has such a value by chance).

#![expect(clippy::print_stdout, reason = "a program that reports")]

use lattice_fields::mc::exact::{self, Exact};
use lattice_fields::mc::statistics::chi_squared_of_pulls;
use lattice_fields::prelude::*;

const SEEDS: std::ops::RangeInclusive<u64> = 1..=8;
const NAMES: [&str; 8] = ["phi2", "phi4", "chi2", "ising_energy", "action_density", "virial", "g1", "g3"];
const LAST: f64 = 5.0;

type Estimates = Vec<(String, Estimate)>;
type Failure = Box<dyn std::error::Error>;

fn exact_value(exact: &Exact, name: &str) -> Option<f64> {
    let g = |t: usize| exact.g.as_ref().and_then(|g| g.get(t).copied());
    match name {
        "phi2" => Some(exact.phi2),
        "phi4" => Some(exact.phi4),
        "chi2" => Some(exact.chi2),
        "ising_energy" => Some(exact.ising_energy),
        "action_density" => Some(exact.action_density),
        "virial" => Some(1.0),
        "g1" => g(1),
        "g3" => g(3),
        _ => None,
    }
}

/// Prints the pulls of one sampler; returns whether all is well.
fn judge(sampler: &str, runs: &[Estimates], exact: &Exact) -> Result<bool, Failure> {
    let mut good = true;
    for name in NAMES {
        let Some(truth) = exact_value(exact, name) else { continue };
        let find = |run: &Estimates| run.iter().find(|(n, _)| n == name).map(|(_, e)| *e);
        let found: Vec<Estimate> = runs.iter().filter_map(find).collect();
        let pulls: Vec<f64> = found.iter().map(|e| e.pull(truth)).collect();
        let worst = pulls.iter().fold(0.0, |w: f64, p| w.max(p.abs()));
        let p = chi_squared_of_pulls(&pulls)?.p_value;
        let error = found.iter().map(|e| e.error / truth).sum::<f64>() / found.len() as f64;
        let fine = (0.001..=0.999).contains(&p) && worst < LAST;
        let verdict = if fine { "" } else { "  <- not as it should be" };
        println!("{sampler:10} {name:15} p {p:6.3}  worst pull {worst:4.2}  error {:7.4} %{verdict}", 100.0 * error);
        good &= fine;
    }
    Ok(good)
}

fn point(name: &str, extents: [usize; 2], action: Phi4, cpu: &Cpu) -> Result<bool, Failure> {
    println!("\n{name}: lattice {extents:?}, {action:?}");
    let lattice = Lattice::periodic(extents)?;
    let exact = exact::phi4(&extents, action.mass2, action.lambda)?;

    let chains = |update: fn() -> Box<dyn Update>, updates| -> Result<Vec<Estimates>, Failure> {
        let run = |seed| -> Result<Estimates, Failure> {
            let plan = MarkovRun { chains: 64, updates, thermalize: 500, seed };
            Ok(plan.run::<f32>(&action, update(), &lattice, cpu, |_| true)?.estimates()?)
        };
        SEEDS.map(run).collect()
    };
    let hmc = chains(|| Box::new(Hmc::new(Integrator::Omelyan, 1.0)), 4000)?;
    let mut good = judge("HMC", &hmc, &exact)?;
    let local = chains(|| Box::new(LocalMetropolis::default()), 12_000)?;
    good &= judge("Metropolis", &local, &exact)?;

    let mut flow = Flow::new(&lattice, Architecture::default())?;
    let training = Training { steps: 12_000, ..Default::default() };
    let mut trainer = Trainer::<f32>::new(&mut flow, &action, training, cpu)?;
    trainer.inside(|trainer| (0..12_000).try_for_each(|_| trainer.step().map(drop)))?;
    let mut log_z_pulls = Vec::new();
    let draw = |seed| -> Result<Estimates, Failure> {
        let mut sampler = Sampler::<f32>::new(&flow, &action, seed, 1024, cpu)?;
        let ensemble = Ensemble::draw(&mut sampler, 131_072, seed, |_| true)?;
        let certificate = Certificate::new(&ensemble.log_weights, Some(exact.log_z))?;
        println!(
            "flow seed {seed}: acceptance {:.4}, log Z {} (exact {:.6})",
            ensemble.acceptance, certificate.log_z, exact.log_z
        );
        log_z_pulls.push(certificate.log_z.pull(exact.log_z));
        Ok(ensemble.estimates()?)
    };
    let flows = SEEDS.map(draw).collect::<Result<Vec<_>, _>>()?;
    good &= judge("flow", &flows, &exact)?;
    let p = chi_squared_of_pulls(&log_z_pulls)?.p_value;
    println!("flow       log_z           p {p:6.3}");
    Ok(good && (0.001..=0.999).contains(&p))
}

fn main() -> Result<(), Failure> {
    let cpu = Cpu::new(0)?;
    let tutorial = point("the tutorial's point", [8, 8], Phi4 { mass2: -4.0, lambda: 8.0 }, &cpu)?;
    let e1 = point("E1", [6, 6], Phi4 { mass2: -4.0, lambda: 6.975 }, &cpu)?;
    match tutorial && e1 {
        true => Ok(()),
        false => Err("some error bars are not honest".into()),
    }
}
