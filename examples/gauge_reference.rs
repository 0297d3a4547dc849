//! Gauge theory in three and four dimensions against published and independent values.
//!
//! `cargo run --release --example gauge_reference [u1] [su2] [su3]` runs sweeps of heat bath and overrelaxation at every point, or
//! those of the groups named, and ends with an error where a plaquette is further than four errors from the known one. The
//! improved actions of SU(3) have no published value here: heat bath, which uses that their loops are linear in a link,
//! is compared with HMC, which uses their derivatives.

#![expect(clippy::print_stdout, reason = "a program that reports")]

use lattice_fields::mc::{Chains, LinkSweeps, Manifold, Start, Wilson};
use lattice_fields::prelude::*;
use lattice_fields::tensor::field::Links;
use lattice_fields::tensor::group::{Group, SU2, SU3, U1};

const CHAINS: usize = 16;
const LAST: f64 = 4.0;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A known plaquette.
struct Point {
    extents: &'static [usize],
    beta: f64,
    updates: usize,
    known: f64,
    error: f64,
    source: &'static str,
}

const OTHER_CODE: &str = "short run of another code";
const STRONG: &str = "strong coupling";

#[rustfmt::skip]
const OF_U1: &[Point] = &[
    Point { extents: &[6; 4], beta: 0.8, updates: 400, known: 0.4019, error: 6e-4, source: OTHER_CODE },
    Point { extents: &[6; 4], beta: 0.9, updates: 400, known: 0.4683, error: 1e-3, source: OTHER_CODE },
    Point { extents: &[6; 4], beta: 1.1, updates: 400, known: 0.7163, error: 5e-4, source: OTHER_CODE },
    Point { extents: &[8; 3], beta: 1.0, updates: 800, known: 0.4746, error: 9e-4, source: OTHER_CODE },
    Point { extents: &[8; 3], beta: 2.0, updates: 800, known: 0.8065, error: 6e-4, source: OTHER_CODE },
];
#[rustfmt::skip]
const OF_SU2: &[Point] = &[
    Point { extents: &[8; 4], beta: 2.2, updates: 300, known: 0.5691, error: 5e-4, source: OTHER_CODE },
    Point { extents: &[8; 4], beta: 2.3, updates: 300, known: 0.6025, error: 4e-4, source: OTHER_CODE },
    Point { extents: &[8; 4], beta: 2.4, updates: 300, known: 0.6296, error: 4e-4, source: OTHER_CODE },
    Point { extents: &[8; 4], beta: 2.5, updates: 300, known: 0.6518, error: 3e-4, source: OTHER_CODE },
    Point { extents: &[4; 4], beta: 2.3, updates: 600, known: 0.6091, error: 5e-4, source: OTHER_CODE },
    Point { extents: &[8; 3], beta: 3.0, updates: 600, known: 0.6240, error: 4e-4, source: OTHER_CODE },
];
#[rustfmt::skip]
const OF_SU3: &[Point] = &[
    Point { extents: &[4; 4], beta: 1.0, updates: 2000, known: 0.060_130_2, error: 0.0, source: STRONG },
    Point { extents: &[4; 4], beta: 3.0, updates: 2000, known: 0.204_971, error: 0.0, source: STRONG },
    Point { extents: &[4; 4], beta: 5.7, updates: 1000, known: 0.5601, error: 7e-4, source: OTHER_CODE },
    Point { extents: &[8; 4], beta: 5.7, updates: 300, known: 0.5482, error: 1.1e-3, source: OTHER_CODE },
    Point { extents: &[8; 4], beta: 6.0, updates: 300, known: 0.594_15, error: 3.5e-5, source: "8⁴, longer runs from hot and cold" },
    Point { extents: &[16; 4], beta: 6.0, updates: 300, known: 0.593_678, error: 2.4e-5, source: "16⁴, hep-lat/9602007" },
];

/// The plaquette of an action by an update.
fn plaquette<G: Group>(
    action: &dyn Action<Links<G>>,
    update: Box<dyn Update<Links<G>>>,
    extents: &[usize],
    updates: usize,
    device: &Device,
) -> Result<(Estimate, Estimate), Failure>
where
    Links<G>: Manifold,
{
    let lattice = Lattice::periodic(extents)?;
    // One large lattice says as much as many small ones.
    let count = if lattice.volume() < 1 << 16 { CHAINS } else { 2 };
    let plan = MarkovRun { chains: count, updates, thermalize: 150, seed: 1 };
    let mut chains = Chains::<f32, Links<G>>::new(action, update, &lattice, count, plan.seed, device)?;
    chains.begin(Start::Hot)?;
    let estimates = plan.record(&mut chains, |_| true)?.estimates()?;
    let find = |name: &str| estimates.iter().find(|(n, _)| n == name).map(|(_, e)| *e);
    let found = find("plaquette").ok_or("no plaquette")?;
    Ok((found, find("schwinger_dyson").unwrap_or(found)))
}

fn points<G: Group>(points: &[Point], device: &Device) -> Result<bool, Failure>
where
    Links<G>: Manifold,
{
    let mut good = true;
    for point in points {
        let action = Wilson::new(point.beta);
        let update = Box::new(LinkSweeps::heat_bath(2));
        let (found, identity) = plaquette::<G>(&action, update, point.extents, point.updates, device)?;
        let pull = (found.mean - point.known) / found.error.hypot(point.error);
        let identity = identity.pull(0.0);
        let fine = pull.abs() < LAST && identity.abs() < LAST;
        println!(
            "{} {:?} beta {:4}: {:.6}({:.1e})  known {:.6}({:.0e}), {}: {pull:5.2} errors; identity I5: {identity:5.2}{}",
            G::NAME,
            point.extents,
            point.beta,
            found.mean,
            found.error,
            point.known,
            point.error,
            point.source,
            if fine { "" } else { "  <- not as it should be" }
        );
        good &= fine;
    }
    Ok(good)
}

/// Heat bath beside HMC for the improved actions.
fn improved(device: &Device) -> Result<bool, Failure> {
    let mut good = true;
    let actions = [
        ("Symanzik", Rectangles::symanzik(4.5)),
        ("Iwasaki", Rectangles::iwasaki(2.6)),
        ("DBW2", Rectangles::dbw2(1.0)),
    ];
    for (name, action) in actions {
        let sweeps = Box::new(LinkSweeps::heat_bath(1));
        let (bath, _) = plaquette::<SU3>(&action, sweeps, &[4; 4], 300, device)?;
        let hmc = Box::new(Hmc::new(Integrator::Omelyan, 1.0));
        let (trajectories, _) = plaquette::<SU3>(&action, hmc, &[4; 4], 200, device)?;
        let pull = (bath.mean - trajectories.mean) / bath.error.hypot(trajectories.error);
        println!("SU(3) 4⁴ {name}: heat bath {bath}, HMC {trajectories}: {pull:5.2} errors apart");
        good &= pull.abs() < LAST;
    }
    Ok(good)
}

fn main() -> Result<(), Failure> {
    let device = Device::cpu(0)?;
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|a| a == name);
    let mut good = true;
    if wanted("su3") {
        good &= points::<SU3>(OF_SU3, &device)? & improved(&device)?;
    }
    if wanted("su2") {
        good &= points::<SU2>(OF_SU2, &device)?;
    }
    if wanted("u1") {
        good &= points::<U1>(OF_U1, &device)?;
    }
    match good {
        true => Ok(()),
        false => Err("some plaquettes are not as they are known".into()),
    }
}
