#![allow(missing_docs, clippy::print_stdout)]
use lattice_fields::autograd::optim::{BatchSchedule, Schedule};
use lattice_fields::flows::angles::{LinkAngles, LinkFlow, Masks, Transform};
use lattice_fields::flows::{Ensemble, Estimator, Sampler, Trainer, Training, sample::Certificate};
use lattice_fields::mc::Wilson;
use lattice_fields::mc::exact::gauge::Torus;
use lattice_fields::prelude::*;
use lattice_fields::tensor::field::Channels;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let get = |k: &str, d: &str| a.iter().position(|x| x == k).map_or(d.to_string(), |i| a[i + 1].clone());
    let l: usize = get("-L", "8").parse()?;
    let beta: f64 = get("-b", "2").parse()?;
    let steps: u64 = get("-n", "1000").parse()?;
    let lr: f64 = get("-lr", "3e-3").parse()?;
    let batch: usize = get("-B", "64").parse()?;
    let masks = if get("-m", "div") == "div" { Masks::Divisions } else { Masks::Stripes };
    let transform = match get("-t", "ncp").as_str() {
        "ncp" => Transform::Ncp,
        "moebius" => Transform::Moebius,
        _ => Transform::Spline,
    };
    let hidden: Vec<usize> =
        get("-h", "8,8").split(',').filter(|s| !s.is_empty()).map(|s| s.parse().unwrap()).collect();
    let arch = LinkFlow {
        masks,
        transform,
        hidden,
        mixtures: get("-k", "6").parse()?,
        layers: get("-l", "16").parse()?,
        rectangles: get("-r", "0") == "1",
        ..LinkFlow::default()
    };
    let lattice = Lattice::periodic([l, l])?;
    let device = Device::cpu(0)?;
    let action = LinkAngles(Wilson::new(beta));
    let mut flow = arch.flow(&lattice)?;
    println!("{} parameters", flow.parameters.len());
    let estimator = if get("-e", "reparam") == "path" { Estimator::Path } else { Estimator::Reparam };
    let training = Training {
        steps,
        lr,
        schedule: Schedule::Cosine { to: 0.0, over: None },
        batch: BatchSchedule::doubling(batch, get("-BB", &batch.to_string()).parse()?)?,
        clip: 100.0,
        seed: 3,
        estimator,
        ..Training::default()
    };
    let log_z =
        Torus::new(lattice_fields::tensor::group::GroupName::U1, beta, l * l).map(|t| t.log_z()).unwrap_or(f64::NAN);
    let start = Instant::now();
    let mut trainer = Trainer::<f32, Channels>::new(&mut flow, &action, training, &device)?;
    trainer.inside(|t| -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        for s in 0..steps {
            let r = t.step()?;
            if (s + 1) % (steps / 10).max(1) == 0 {
                println!(
                    "step {} loss {:.4} kl {:.4} ess {:.3} grad {:.3} {:.1} s",
                    r.step,
                    r.loss,
                    r.loss + log_z,
                    r.ess,
                    r.gradient,
                    start.elapsed().as_secs_f64()
                );
            }
        }
        Ok(())
    })?;
    let mut sampler = Sampler::<f32>::new(&flow, &action, 11, 1024, &device)?;
    let t = Instant::now();
    let ensemble = device.install(|| Ensemble::draw(&mut sampler, 100_000, 5, |_| true))?;
    println!("sampling {:.2e} s a sample", t.elapsed().as_secs_f64() / 1e5);
    let c = Certificate::new(&ensemble.log_weights, Some(log_z))?;
    println!("ess {:.4} kl {} log z {} exact {log_z} acceptance {:.4}", c.ess, c.kl, c.log_z, ensemble.acceptance);
    for (name, e) in ensemble.estimates()? {
        if ["plaquette", "charge2", "p_q0", "p_q1", "wilson_2x2"].contains(&name.as_str()) {
            println!("{name} {e}");
        }
    }
    Ok(())
}
