//! An action of one's own: the sine-Gordon model, sampled by HMC and by a flow that trains itself on it.
//!
//! `cargo run --release --example own_action`

use lattice_fields::prelude::*;

/// `S = Σ_x [ ½ Σ_μ (φ(x+μ) − φ(x))² + ½ m² φ² − α cos φ ]`
#[derive(Debug)]
struct SineGordon {
    m2: f64,
    alpha: f64,
}

impl Action for SineGordon {
    fn action<'t>(&self, phi: Var<'t, Scalar>) -> Var<'t, PerSample> {
        let m2 = phi.trace().coupling("m2", self.m2);
        let alpha = phi.trace().coupling("alpha", self.alpha);
        (phi.square() * (m2 * 0.5 + 2.0) - phi * phi.neighbours() * 0.5 - phi.cos() * alpha).sum_sites()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let action = SineGordon { m2: 0.5, alpha: 1.0 };
    let lattice = Lattice::periodic([8, 8])?;
    let device = Device::cpu(0)?;

    let plan = MarkovRun { chains: 64, updates: 1000, thermalize: 200, seed: 1 };
    let hmc = plan.run::<f32>(&action, Box::new(Hmc::new(Integrator::Omelyan, 1.0)), &lattice, &device, |_| true)?;

    let mut flow = Flow::new(&lattice, Architecture { layers: 8, ..Default::default() })?;
    let training = Training { steps: 2000, ..Default::default() };
    let mut trainer = Trainer::<f32>::new(&mut flow, &action, training, &device)?;
    for step in 1..=2000 {
        let report = trainer.step()?;
        if step % 500 == 0 {
            eprintln!("step {step}: loss {:.3}, ESS in the batch {:.2}", report.loss, report.ess);
        }
    }
    let mut sampler = Sampler::<f32>::new(&flow, &action, 2, 1024, &device)?;
    let ensemble = Ensemble::draw(&mut sampler, 50_000, 2, |_| true)?;

    eprintln!("acceptance of the flow's proposals: {:.3}", ensemble.acceptance);
    eprintln!("{:16} {:>14} {:>14}", "", "flow", "HMC");
    let hmc = hmc.estimates()?;
    for (name, flow) in ensemble.estimates()? {
        if let Some((_, hmc)) = hmc.iter().find(|(n, _)| *n == name) {
            eprintln!("{name:16} {flow:>14} {hmc:>14}");
        }
    }
    Ok(())
}
