use lattice_mc::*;
use lattice_tensor::*;
use std::time::Instant;
fn main() {
    let action = Phi4 { mass2: -4.0, lambda: 8.0 };
    let lattice = Lattice::periodic([32, 32]).unwrap();
    for threads in [1, 2] {
        let cpu = Cpu::new(threads).unwrap();
        let mut c =
            Chains::<f32>::new(&action, Box::new(Hmc::fixed(Integrator::Leapfrog, 0.5, 10)), &lattice, 64, 1, &cpu)
                .unwrap();
        for _ in 0..300 {
            c.advance().unwrap();
        }
        let mut s: Vec<f64> = (0..2000)
            .map(|_| {
                let t = Instant::now();
                c.advance().unwrap();
                t.elapsed().as_secs_f64()
            })
            .collect();
        s.sort_by(f64::total_cmp);
        println!("32x32x64, 10 leapfrog: {:.1} us min {:.1} ({} threads)", s[1000] * 1e6, s[0] * 1e6, threads);
    }
}
