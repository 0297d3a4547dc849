use lattice_mc::*;
use lattice_tensor::*;
use std::time::Instant;
fn main() {
    let cpu = Cpu::new(1).unwrap();
    let lattice = Lattice::periodic([8, 8]).unwrap();
    let action = Phi4 { mass2: -4.0, lambda: 8.0 };
    let updates: Vec<Box<dyn Update>> = vec![
        Box::new(Hmc::new(Integrator::Leapfrog, 1.0)),
        Box::new(Hmc::new(Integrator::Omelyan, 1.0)),
        Box::new(LocalMetropolis::default()),
    ];
    for u in updates {
        for chains in [64, 3] {
            let t = Instant::now();
            let run = MarkovRun { chains, updates: 2000, thermalize: 400, seed: 1 };
            let up: Box<dyn Update> = if u.describe().contains("HMC") {
                let i = if u.describe().contains("leap") { Integrator::Leapfrog } else { Integrator::Omelyan };
                Box::new(Hmc::new(i, 1.0))
            } else {
                Box::new(LocalMetropolis::default())
            };
            let h = run.run::<f32>(&action, up, &lattice, &cpu, |_| true).unwrap();
            println!("{} chains {chains}: {:?}", h.update, t.elapsed());
            for (n, e) in h.estimates().unwrap() {
                println!("   {n:16} {e}  tau {:.2}", e.tau_int);
            }
        }
    }
    println!("exact phi2 .143450 phi4 .042317 chi2 .744135 E .044267 g .2809820988 .1281879863 .0600503535");
    let lattice = Lattice::periodic([32, 32]).unwrap();
    for threads in [1, 2] {
        let cpu = Cpu::new(threads).unwrap();
        let run = MarkovRun { chains: 64, updates: 300, thermalize: 50, seed: 1 };
        let h = run
            .run::<f32>(&action, Box::new(Hmc::fixed(Integrator::Leapfrog, 0.5, 10)), &lattice, &cpu, |_| true)
            .unwrap();
        let mut s = h.seconds.clone();
        s.sort_by(f64::total_cmp);
        println!(
            "32x32x64, 10 leapfrog: {:.1} us ({} threads), acc {}",
            s[150] * 1e6,
            threads,
            h.estimates().unwrap()[0].1
        );
    }
}
