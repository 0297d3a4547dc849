use lattice_autograd::optim::*;
use lattice_flows::*;
use lattice_mc::Phi4;
use lattice_tensor::*;
use std::time::Instant;
fn main() {
    let arg = |i: usize, d: &str| std::env::args().nth(i).unwrap_or(d.into());
    let cpu = Cpu::new(arg(1, "1").parse().unwrap()).unwrap();
    let l: usize = arg(6, "8").parse().unwrap();
    let lambda: f64 = arg(7, "8").parse().unwrap();
    let lattice = Lattice::periodic([l, l]).unwrap();
    let action = Phi4 { mass2: -4.0, lambda };
    let mut flow = Flow::new(&lattice, Architecture::default()).unwrap();
    let training = Training {
        steps: arg(2, "2000").parse().unwrap(),
        lr: arg(3, "3e-3").parse().unwrap(),
        schedule: arg(4, "cosine").parse().unwrap(),
        batch: arg(5, "64..256").parse().unwrap(),
        clip: arg(8, "100").parse().unwrap(),
        seed: 1,
    };
    let steps = training.steps;
    let mut tr = Trainer::<f32>::new(&mut flow, &action, training, &cpu).unwrap();
    let t = Instant::now();
    let (mut l, mut e, mut n) = (0.0, 0.0, 0);
    tr.inside(|tr| {
        for i in 1..=steps {
            let r = tr.step().unwrap();
            l += r.loss;
            e += r.ess;
            n += 1;
            if i % (steps / 20) == 0 {
                println!(
                    "{i} loss {:.4} ess {:.3} lr {:.1e} batch {} gnorm {:.2} {:.1}s",
                    l / n as f64,
                    e / n as f64,
                    r.lr,
                    r.batch,
                    r.gradient,
                    t.elapsed().as_secs_f64()
                );
                l = 0.0;
                e = 0.0;
                n = 0;
            }
        }
    });
    println!("trained in {:.1} s", t.elapsed().as_secs_f64());
    let t = Instant::now();
    let mut s = Sampler::<f32>::new(&flow, &action, 2, 1024, &cpu).unwrap();
    let en = Ensemble::draw(&mut s, 131072, 2, |_| true).unwrap();
    println!("sampled in {:.1} s", t.elapsed().as_secs_f64());
    let c = Certificate::new(&en.log_weights, Some(9.291364)).unwrap();
    println!("acceptance {:.4} ess {:.4} kl {} log_z {}", en.acceptance, c.ess, c.kl, c.log_z);
    for (n, e) in en.estimates().unwrap() {
        println!("   {n:16} {e}  tau {:.2}", e.tau_int);
    }
}
