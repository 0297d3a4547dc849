//! Pure gauge theory on a torus of two dimensions.

use super::publish;
use crate::command::args::ExactArgs;
use crate::command::failure::Failure;
use crate::command::report::Report;
use crate::command::theory::GaugeTheory;
use lattice_fields::mc::exact::gauge::{GaugeError, GroupName, Torus, strong_coupling_plaquette};
use serde_json::{Map, Value, json};
use std::time::Instant;

/// The largest side of loops that are printed.
const LONGEST: usize = 4;
/// Probabilities of charges are printed down to here,
const LEAST: f64 = 1e-12;
/// and so many at most.
const MOST: i64 = 1000;
/// What `log_z` means.
const CONVENTION: &str = "Haar measure normalised to 1, bare action";

pub fn run(args: &ExactArgs, theory: &GaugeTheory) -> Result<(), Failure> {
    let start = Instant::now();
    let &[a, b] = theory.extents.as_slice() else { return Err(not_two(args, theory)?) };
    let Some(plaquettes) = a.checked_mul(b) else {
        return Err(Failure::refused("--lattice", "at most 2^53 plaquettes", &args.theory.lattice));
    };
    let torus = Torus::new(theory.group, theory.beta, plaquettes).map_err(refused)?;
    let values = observables(&torus, [a, b])?;
    let phase = args.theta.map(|theta| phase(&torus, theta)).transpose()?;
    let mut report = Report::of_gauge("exact", theory, args.run.seed, "f64");
    report.set("log_z", json!({"mean": torus.log_z()}));
    report.set("log_z_convention", CONVENTION);
    let map: Map<String, Value> = values.iter().map(|(name, x)| (name.clone(), json!({"mean": x}))).collect();
    report.set("observables", map);
    if let Some((theta, mean)) = phase {
        report.set("vacuum_angle", json!({"theta": theta, "phase": mean, "log_z": torus.log_z() + mean.ln()}));
    }
    report.set("method", "character expansion");
    report.set("seconds", start.elapsed().as_secs_f64());
    let mut text = format!("{}\nbeta {} on {}\n", theory.formula(), theory.beta, args.theory.lattice);
    text += &format!("{:<16}{:>20.12}  ({CONVENTION})\n", "log_z", torus.log_z());
    for (name, value) in &values {
        // Loops and rare charges are small.
        let shown = if value.abs() < 1e-3 { format!("{value:.11e}") } else { format!("{value:.12}") };
        text += &format!("{name:<16}{shown:>20}\n");
    }
    if let Some((theta, mean)) = phase {
        text += &format!("{:<16}{mean:>20.12e}  (<e^(i theta Q)> at theta = {theta}; all others at 0)\n", "phase");
    }
    publish(args, &report, &text)
}

/// The exact values by the names of the observables.
fn observables(torus: &Torus, extents: [usize; 2]) -> Result<Vec<(String, f64)>, Failure> {
    let mut values = vec![("plaquette".to_string(), torus.plaquette())];
    let sides = |extent: usize| 1..=LONGEST.min(extent / 2);
    let pairs: Vec<[usize; 2]> = sides(extents[0]).flat_map(|r| sides(extents[1]).map(move |t| [r, t])).collect();
    for &[r, t] in &pairs {
        values.extend(torus.rectangle(extents, [r, t]).map(|w| (format!("wilson_{r}x{t}"), w)));
    }
    for &[r, t] in pairs.iter().filter(|sides| sides.iter().all(|&side| side > 1)) {
        values.extend(torus.creutz_ratio(extents, [r, t]).map(|x| (format!("creutz_{r}x{t}"), x)));
    }
    if torus.group() == GroupName::U1 {
        let charge = torus.charge().map_err(refused)?;
        values.push(("charge2".into(), charge.charge2()));
        values.push(("chi_q".into(), charge.chi_q()));
        let probabilities = (0..MOST).map(|q| (q, charge.p_q(q))).take_while(|(_, p)| *p >= LEAST);
        values.extend(probabilities.map(|(q, p)| (format!("p_q{q}"), p)));
    }
    Ok(values)
}

/// `⟨e^{iθQ}⟩`.
fn phase(torus: &Torus, theta: f64) -> Result<(f64, f64), Failure> {
    if torus.group() != GroupName::U1 {
        return Err(Failure::refused("--theta", "no such flag but for u1", theta));
    }
    if !theta.is_finite() {
        return Err(Failure::refused("--theta", "a finite number", theta));
    }
    Ok((theta, torus.charge().map_err(refused)?.phase(theta).re))
}

/// Why a lattice that has not two dimensions is refused.
fn not_two(args: &ExactArgs, theory: &GaugeTheory) -> Result<Failure, Failure> {
    let dimensions = theory.extents.len();
    let mut expected = "two extents".to_string();
    if dimensions > 2 {
        let plaquette = strong_coupling_plaquette(theory.group, theory.beta, dimensions).map_err(refused)?;
        expected += &format!(
            "; in {dimensions} dimensions only the expansion at small beta is known, whose first orders give the plaquette \
             {plaquette:.6} of the infinite lattice"
        );
    }
    Ok(Failure::refused("--lattice", &expected, &args.theory.lattice))
}

fn refused(error: GaugeError) -> Failure {
    Failure::Refused(error.to_string())
}
