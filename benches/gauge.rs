//! Leapfrog steps of SU(3) gauge theory on one large lattice, a line of JSON each:
//! `cargo bench --bench gauge -- [threads] [seconds] [extents …]`.
//!
//! A step is force, momentum update, exponential and link update of all links, as in `peers/su3_jax.py`; its time is that of a
//! program of ten steps, divided by ten.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod measure;

use lattice_autograd::Trace;
use lattice_tensor::group::{GroupName, SU3};
use lattice_tensor::{Bindings, Device, Draws, FieldData, Fibre, Lattice, Layout, Location, Real, Result};
use measure::seconds_of;
use std::sync::Arc;
use std::time::Instant;

/// Steps in a program.
const STEPS: usize = 10;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let words = std::env::args().skip(1).filter(|w| !w.starts_with('-')).collect::<Vec<_>>();
    let threads = words.first().map_or(Ok(1), |w| w.parse())?;
    let budget = words.get(1).map_or(Ok(2.0), |w| w.parse())?;
    let extents = words.iter().skip(2).map(|w| w.parse()).collect::<std::result::Result<Vec<usize>, _>>()?;
    let device = Device::cpu(threads)?;
    for extent in if extents.is_empty() { vec![8, 16] } else { extents } {
        step::<f32>(extent, &device, budget)?;
        step::<f64>(extent, &device, budget)?;
    }
    Ok(())
}

fn step<R: Real>(extent: usize, device: &Device, budget: f64) -> Result<()> {
    let lattice = Lattice::periodic([extent; 4])?;
    let layout = Arc::new(Layout::virtual_nodes(&lattice, R::WIDTH, &[1; 4], R::WIDTH));
    let matrices = Fibre::Matrix { group: GroupName::SU3, count: 4 };
    let algebra = Fibre::Algebra { group: GroupName::SU3, count: 4 };
    let zeros = |fibre| FieldData::<R>::zeros(&layout, Location::All, fibre, 1);
    let (mut u, mut p, mut next_u, mut next_p) = (zeros(matrices)?, zeros(algebra)?, zeros(matrices)?, zeros(algebra)?);
    let start = Trace::new(&lattice);
    let links = start.haar_links::<SU3>("bench.links");
    let momenta = start.normal_as::<lattice_tensor::field::Momenta<SU3>>("bench.momenta", p.spec());
    let draws = Draws { seed: 1, step: 0, first_sample: 0 };
    let mut program = start.program::<R>(&[links.id(), momenta.id()], &layout)?;
    let out_fields: &mut [&mut FieldData<R>] = &mut [&mut u, &mut p];
    program.run(device, &mut Bindings { samples: 1, draws, out_fields, ..Default::default() })?;
    let trace = Trace::new(&lattice);
    let (mut links, mut momenta) = (trace.links::<SU3>("u"), trace.argument("p", p.spec()));
    let eps = trace.constant(0.01);
    for _ in 0..STEPS {
        momenta = lattice_autograd::Var::<lattice_tensor::field::Momenta<SU3>>::kick(momenta, links, eps);
        links = links.drift(momenta, eps);
    }
    let mut program = trace.program::<R>(&[links.id(), momenta.id()], &layout)?;
    let cost = program.cost();
    let mut run = |u: &FieldData<R>, p: &FieldData<R>, next_u: &mut FieldData<R>, next_p: &mut FieldData<R>| {
        program.run(device, &mut Bindings {
            samples: 1,
            fields: &[u, p],
            out_fields: &mut [next_u, next_p],
            ..Default::default()
        })
    };
    run(&u, &p, &mut next_u, &mut next_p)?;
    let time = device.install(|| {
        seconds_of(budget, 0.0, |calls| {
            let start = Instant::now();
            for _ in 0..calls {
                let _ = run(&u, &p, &mut next_u, &mut next_p);
            }
            start.elapsed().as_secs_f64() / STEPS as f64
        })
    });
    let line = serde_json::json!({
        "workload": format!("su3_step_{extent}^4"), "framework": "lattice-fields", "dtype": R::NAME,
        "threads": device.processor().threads(), "seconds": time.median, "best": time.best,
        "gflops": cost.flops / STEPS as f64 / time.median * 1e-9,
        "ns_per_site": 1e9 * time.median / lattice.volume() as f64,
    });
    println!("{line}");
    Ok(())
}
