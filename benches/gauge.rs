//! SU(3) gauge theory on one large lattice, a line of JSON for each workload:
//! `cargo bench --bench gauge -- [--workload NAME …] [threads] [seconds] [extents …]`.
//!
//! | workload | what is timed |
//! |---|---|
//! | `step` | a leapfrog step, force, momentum update, exponential and link update of all links, a tenth of a program of ten |
//! | `heat_bath`, `overrelax` | a sweep over all links, three subgroups each |
//! | `plaquette` | the mean plaquette |
//! | `exp` | exponentials of a million elements of the algebra |
//!
//! Flops and bytes are those that the ops count, each operand once; the machine's ceilings are printed first.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod measure;

use lattice_autograd::{PerSample, Trace, Var};
use lattice_tensor::field::{Algebra, Links, Momenta};
use lattice_tensor::group::{GroupName, SU3};
use lattice_tensor::lanes::Level;
use lattice_tensor::ops::{Colouring, LocalUpdate, Loops, Rule};
use lattice_tensor::{
    Bindings, Device, Draws, Fibre, FieldData, Lattice, Layout, Location, NodeId, Real, Result, Spec,
};
use measure::seconds_of;
use std::sync::Arc;
use std::time::Instant;

/// Leapfrog steps in a program.
const STEPS: usize = 10;
const WORKLOADS: [&str; 5] = ["step", "heat_bath", "overrelax", "plaquette", "exp"];

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let (mut plain, mut names) = (Vec::new(), Vec::new());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--workload" => names.push(words.next().ok_or("--workload: expected a name")?),
            // Cargo adds flags of its own.
            flag if flag.starts_with('-') => {}
            _ => plain.push(word),
        }
    }
    let threads: Vec<usize> = plain.first().map_or(Ok(vec![1, 2]), |w| w.parse().map(|n| vec![n]))?;
    let budget = plain.get(1).map_or(Ok(1.0), |w| w.parse())?;
    let extents = plain.iter().skip(2).map(|w| w.parse()).collect::<std::result::Result<Vec<usize>, _>>()?;
    measure::print_ceilings(Level::best());
    for workload in WORKLOADS.into_iter().filter(|w| names.is_empty() || names.iter().any(|name| name == w)) {
        for &extent in if extents.is_empty() { &[8, 16][..] } else { &extents } {
            for &threads in &threads {
                let device = Device::cpu(threads)?;
                timed::<f32>(workload, extent, &device, budget)?;
                timed::<f64>(workload, extent, &device, budget)?;
            }
        }
    }
    Ok(())
}

/// A program on links and momenta: what it returns, and how many times it does what is timed.
fn write<'t>(workload: &str, trace: &'t Trace, p: Spec) -> (Vec<NodeId>, usize) {
    let mut u = trace.links::<SU3>("u");
    let mut momenta: Var<'t, Momenta<SU3>> = trace.argument("p", p);
    let (eps, strength) = (trace.constant(0.01), trace.constant(2.0));
    match workload {
        "step" => {
            for _ in 0..STEPS {
                momenta = momenta.kick(u, eps);
                u = u.drift(momenta, eps);
            }
            (vec![u.id(), momenta.id()], STEPS)
        }
        "plaquette" => {
            let sum: Var<'t, PerSample> = u.plaquettes().sum_sites();
            (vec![sum.id()], 1)
        }
        "exp" => {
            let parts: Vec<_> = (0..4).map(|mu| Var::<Algebra<SU3>>::exp(momenta.direction(mu))).collect();
            (vec![lattice_autograd::links(&parts).id()], 1)
        }
        _ => {
            let lattice = trace.lattice();
            for mu in 0..4 {
                let colours = Colouring::of(&lattice, mu, Loops::WILSON).map_or(0, |c| c.colours());
                for colour in 0..colours {
                    let (rule, inputs) = match workload {
                        "heat_bath" => (Rule::HeatBath, vec![u.id(), strength.id()]),
                        _ => (Rule::Overrelax, vec![u.id()]),
                    };
                    let stream = format!("bench.{mu}.{colour}");
                    let op = LocalUpdate { rule, mu, colour, loops: Loops::WILSON, stream };
                    u = trace.apply::<Links<SU3>>(op, &inputs);
                }
            }
            (vec![u.id()], 1)
        }
    }
}

fn timed<R: Real>(workload: &str, extent: usize, device: &Device, budget: f64) -> Result<()> {
    let lattice = Lattice::periodic([extent; 4])?;
    let period = if matches!(workload, "heat_bath" | "overrelax") { 2 } else { 1 };
    let layout = Arc::new(Layout::virtual_nodes(&lattice, R::WIDTH, &[period; 4], R::WIDTH));
    let matrices = Fibre::Matrix { group: GroupName::SU3, count: 4 };
    let algebra = Fibre::Algebra { group: GroupName::SU3, count: 4 };
    let zeros = |fibre| FieldData::<R>::zeros(&layout, Location::All, fibre, 1);
    let (mut u, mut p) = (zeros(matrices)?, zeros(algebra)?);
    let start = Trace::new(&lattice);
    let links = start.haar_links::<SU3>("bench.links");
    let momenta = start.normal_as::<Momenta<SU3>>("bench.momenta", p.spec());
    let draws = Draws { seed: 1, step: 0, first_sample: 0 };
    let mut program = start.program::<R>(&[links.id(), momenta.id()], &layout)?;
    let out_fields: &mut [&mut FieldData<R>] = &mut [&mut u, &mut p];
    program.run(device, &mut Bindings { samples: 1, draws, out_fields, ..Default::default() })?;
    let trace = Trace::new(&lattice);
    let (outputs, times) = write(workload, &trace, p.spec());
    let mut program = trace.program::<R>(&outputs, &layout)?;
    let (cost, arena) = (program.cost(), program.arena() * size_of::<R>());
    let fields = outputs.iter().filter_map(|&id| match trace.graph().spec(id) {
        Spec::Field { fibre, .. } => Some(fibre),
        _ => None,
    });
    let mut out = fields.map(zeros).collect::<Result<Vec<_>>>()?;
    let mut sum = [0.0];
    let mut step = 0;
    let mut run = || {
        step += 1;
        let mut out_fields: Vec<&mut FieldData<R>> = out.iter_mut().collect();
        let mut numbers: Vec<&mut [f64]> = vec![&mut sum];
        program.run(
            device,
            &mut Bindings {
                samples: 1,
                draws: Draws { step, ..draws },
                fields: &[&u, &p],
                out_per_sample: if out_fields.is_empty() { &mut numbers } else { &mut [] },
                out_fields: &mut out_fields,
                ..Default::default()
            },
        )
    };
    run()?;
    let time = seconds_of(budget, 0.0, |calls| {
        let start = Instant::now();
        for _ in 0..calls {
            let _ = run();
        }
        start.elapsed().as_secs_f64() / times as f64
    });
    let links = 4.0 * lattice.volume() as f64;
    let line = serde_json::json!({
        "workload": format!("su3_{workload}_{extent}^4"), "framework": "lattice-fields", "dtype": R::NAME,
        "threads": device.processor().threads(), "seconds": time.median, "best": time.best,
        "links_per_second": links / time.median,
        "gflops": cost.flops / times as f64 / time.median * 1e-9,
        "gigabytes_per_second": cost.bytes * size_of::<R>() as f64 / 4.0 / times as f64 / time.median * 1e-9,
        "ns_per_site": 1e9 * time.median / lattice.volume() as f64,
        "arena_mib": arena as f64 / (1 << 20) as f64,
    });
    println!("{line}");
    Ok(())
}
