//! KL(q‖p) against seconds for the symmetric flow of φ⁴, at the tutorial's point (2101.08176) and at E1 of 1904.12072.
//!
//!     cargo run --release --example symmetric_flow

use lattice_autograd::optim::BatchSchedule;
use lattice_fields::prelude::*;
use std::error::Error;
use std::time::Instant;

/// Extent, λ and the exact log Z, at m² = −4.
const POINTS: [(&str, usize, f64, f64); 2] = [("tutorial", 8, 8.0, 9.291364), ("E1", 6, 6.975, 6.98494787)];
const STEPS: u64 = 2000;
const SAMPLES: usize = 1 << 17;

fn main() -> Result<(), Box<dyn Error>> {
    let device = Device::cpu(2)?;
    for (name, extent, lambda, log_z) in POINTS {
        let action = Phi4 { mass2: -4.0, lambda };
        let mut flow = Flow::new(&Lattice::periodic([extent, extent])?, Architecture::symmetric())?;
        let training = Training {
            steps: STEPS,
            lr: 2e-2,
            batch: BatchSchedule::constant(64)?,
            estimator: Estimator::Path,
            ..Default::default()
        };
        let mut trainer = Trainer::<f32>::new(&mut flow, &action, training, &device)?;
        eprintln!("{name}: {extent}x{extent}, m2 = -4, lambda = {lambda}; KL in the training batches");
        let (start, mut sum) = (Instant::now(), 0.0);
        for step in 1..=STEPS {
            sum += trainer.step()?.loss;
            if step % 200 == 0 {
                let seconds = start.elapsed().as_secs_f64();
                eprintln!("  step {step:5}, {seconds:6.2} s: KL {:.4}", sum / 200.0 + log_z);
                sum = 0.0;
            }
        }
        let mut sampler = Sampler::<f32>::new(&flow, &action, 1, 1024, &device)?;
        let ensemble = Ensemble::draw(&mut sampler, SAMPLES, 1, |_| true)?;
        let certificate = Certificate::new(&ensemble.log_weights, Some(log_z))?;
        eprintln!("  {SAMPLES} fresh samples: KL {}, acceptance {:.4}", certificate.kl, ensemble.acceptance);
    }
    Ok(())
}
