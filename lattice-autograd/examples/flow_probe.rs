use lattice_autograd::*;
use lattice_tensor::field::Scalar;
use lattice_tensor::*;
use std::time::Instant;

fn coupling<'t>(x: Var<'t, Scalar>, p: u8, offset: &mut usize) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
    let t = x.trace();
    let mut weights = |cin: usize, cout: usize| {
        let len = (9 * cin + 1) * cout;
        *offset += len;
        t.weights(&format!("w{offset}"), *offset - len..*offset)
    };
    let (frozen, active) = (Location::Parity(p), Location::Parity(1 - p));
    let (xf, xa) = (x.on(frozen), x.on(active));
    let h = xf.conv(&[3, 3], Location::All, 8, weights(1, 8)).leaky_relu(0.01);
    let h = h.conv(&[3, 3], Location::All, 8, weights(8, 8)).leaky_relu(0.01);
    let o = h.conv(&[3, 3], active, 2, weights(8, 2)).tanh();
    let (s, tt) = (o.channel(0), o.channel(1));
    let ya = xa * s.exp() + tt;
    (ya.on(Location::All) + xf.on(Location::All), s.sum_sites())
}

fn main() {
    let threads: usize = std::env::args().nth(1).map_or(1, |s| s.parse().unwrap());
    for (l, batch) in [(8, 64), (8, 1024), (16, 256)] {
        let lattice = Lattice::periodic([l, l]).unwrap();
        let t0 = Instant::now();
        let trace = Trace::new(&lattice);
        let z = trace.scalar_field("z");
        let mut x = z;
        let mut logdet = trace.mask() * 0.0;
        let mut n = 0;
        let recompute = std::env::args().nth(2).is_some();
        for i in 0..16 {
            let (y, ld) =
                if recompute { trace.recompute(|| coupling(x, i % 2, &mut n)) } else { coupling(x, i % 2, &mut n) };
            x = y;
            logdet = logdet + ld;
        }
        let m2 = trace.uniform("m2");
        let lam = trace.uniform("lambda");
        let x2 = x.square();
        let s = ((m2 + 4.0) * x2 - x * x.neighbours() + lam * x2.square()).sum_sites();
        let logq = (z.square() * -0.5).sum_sites() - logdet;
        let loss = logq + s;
        let w: Vec<Var<Weights>> = trace.weight_nodes().into_iter().map(|i| trace.var(i)).collect();
        let g = trace.batch_gradient(loss, trace.constant(1.0 / batch as f64), &w);
        let mut outs = vec![loss.id(), s.id()];
        outs.extend(g.iter().map(|g| g.unwrap().id()));
        let layout = std::sync::Arc::new(Layout::samples(&lattice, 16));
        let mut program = trace.program::<f32>(&outs, &layout).unwrap();
        println!(
            "{} nodes, {} steps, arena {} KiB, planned in {:?}",
            trace.graph().nodes().len(),
            program.steps(),
            program.arena() * 4 / 1024,
            t0.elapsed()
        );
        if std::env::args().nth(3).is_some() {
            for (i, n) in program.step_names().enumerate() {
                print!("{i}:{n} ");
            }
            println!();
        }
        let mut zf = ScalarField::<f32>::zeros(&layout, batch).unwrap();
        let mut seed = 1u64;
        for x in zf.numbers_mut() {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            *x = ((seed >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * 3.0;
        }
        let wts: Vec<f32> = (0..n).map(|i| ((i * 7919 % 1000) as f32 / 1000.0 - 0.5) * 0.2).collect();
        let cpu = Cpu::new(threads).unwrap();
        let mut l1 = vec![0.0; batch];
        let mut l2 = vec![0.0; batch];
        let mut sums = vec![0.0; program.sums()];
        let mut times = vec![];
        for _ in 0..40 {
            let t = Instant::now();
            program
                .run(
                    &cpu,
                    &mut Bindings {
                        samples: batch,
                        fields: &[&zf],
                        uniforms: &[-4.0, 8.0],
                        weights: &wts,
                        out_per_sample: &mut [&mut l1, &mut l2],
                        out_sums: &mut sums,
                        ..Default::default()
                    },
                )
                .unwrap();
            times.push(t.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        println!(
            "L={l} batch={batch}: {:.2} ms median, {:.2} min; loss {} flops/sample {:.3e} -> {:.1} GFLOP/s",
            times[20],
            times[0],
            l1.iter().sum::<f64>() / batch as f64,
            program.cost().flops,
            program.cost().flops * batch as f64 / times[20] / 1e6
        );
    }
}
