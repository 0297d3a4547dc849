//! The gradient flow of SU(3) on 8⁴: `t²⟨E⟩`, the charge, and the scale t₀, from a heat bath.
//!
//!     cargo run --release --example wilson_flow [BETA [CONFIGURATIONS]]
//!
//! At the default β = 5.8 the smearing radius √(8t₀) is below half of the extent. Prints a table with errors by the Γ-method.

#![expect(clippy::print_stdout, reason = "a program that reports")]

use lattice_fields::mc::observables::gauge::{FlowPoint, GradientFlow, LEVEL, Scale, WilsonFlow, scale};
use lattice_fields::mc::statistics::GammaMethod;
use lattice_fields::prelude::*;

/// Chains side by side, and sweeps between configurations.
const CHAINS: usize = 4;
const SPACING: usize = 10;
const EXTENT: usize = 8;

/// `[time][chain][configuration]` of one number.
fn series(points: &[Vec<FlowPoint>], of: impl Fn(&FlowPoint) -> &[f64]) -> Vec<Vec<Vec<f64>>> {
    let times = points.first().map_or(0, Vec::len);
    let chain = |t: usize, chain: usize| points.iter().map(|flow| of(&flow[t])[chain]).collect();
    (0..times).map(|t| (0..CHAINS).map(|c| chain(t, c)).collect()).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let beta: f64 = arguments.next().map_or(Ok(5.8), |text| text.parse())?;
    let configurations: usize = arguments.next().map_or(Ok(50), |text| text.parse())?;
    let (lattice, device) = (Lattice::periodic([EXTENT; 4])?, Device::cpu(0)?);
    let (wilson, update) = (Wilson::new(beta), Box::new(LinkSweeps::heat_bath(4)));
    let mut chains = Chains::<f32, Links<SU3>>::new(&wilson, update, &lattice, CHAINS, 1, &device)?;
    chains.begin(Start::Hot)?;
    let mut flow = GradientFlow::new(WilsonFlow { step: 0.02, every: 5, until: 2.5 }, chains.fields(), &device)?;
    let points = device.install(|| -> Result<Vec<Vec<FlowPoint>>, lattice_fields::mc::Error> {
        for _ in 0..200 {
            chains.advance()?;
        }
        let mut points = Vec::new();
        for _ in 0..configurations {
            for _ in 0..SPACING {
                chains.advance()?;
            }
            points.push(flow.run(chains.fields())?);
        }
        Ok(points)
    })?;
    let times: Vec<f64> = points.first().map_or(Vec::new(), |flow| flow.iter().map(|point| point.time).collect());
    let (clover, plaquette) = (series(&points, |p| &p.clover), series(&points, |p| &p.plaquette));
    let charge = series(&points, |p| &p.charge);
    let method = GammaMethod::default();
    println!("SU(3), {EXTENT}^4, beta = {beta}: {CHAINS} chains of {configurations} configurations, {SPACING} updates apart");
    println!("{:>6}{:>20}{:>20}{:>16}", "t", "t^2 E (clover)", "t^2 E (plaquette)", "<Q^2>");
    for (t, time) in times.iter().enumerate().skip(1) {
        let square = |chain: &Vec<f64>| chain.iter().map(|q| q * q).collect::<Vec<f64>>();
        let squares: Vec<Vec<f64>> = charge[t].iter().map(square).collect();
        let [e, p, q] = [&clover[t], &plaquette[t], &squares].map(|s| method.estimate_any(s).map(|e| e.to_string()));
        println!("{time:>6.2}{:>20}{:>20}{:>16}", e?, p?, q?);
    }
    for (name, definition, energies) in
        [("t0", Scale::T0, &clover), ("w0", Scale::W0, &clover), ("t0 (plaquette)", Scale::T0, &plaquette)]
    {
        let views: Vec<&[Vec<f64>]> = energies.iter().map(Vec::as_slice).collect();
        match scale(&method, definition, &times, &views, LEVEL)? {
            Some(found) if definition == Scale::T0 => {
                println!("{name}/a^2 = {found}, smearing radius {:.2} a", (8.0 * found.mean).sqrt());
            }
            Some(found) => println!("{name}/a = {found}"),
            None => println!("{name}: not reached by t = {:.2}", times.last().copied().unwrap_or(0.0)),
        }
    }
    Ok(())
}
