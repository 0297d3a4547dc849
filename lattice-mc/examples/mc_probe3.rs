use lattice_autograd::*;
use lattice_mc::*;
use lattice_tensor::*;
fn main() {
    let action = Phi4 { mass2: -4.0, lambda: 8.0 };
    let lattice = Lattice::periodic([32, 32]).unwrap();
    let trace = Trace::new(&lattice);
    let u = Hmc::fixed(Integrator::Leapfrog, 0.5, 3).trace(&action, trace.scalar_field("phi"));
    let mut outs = vec![u.phi.id()];
    outs.extend(u.numbers.iter().map(|n| n.1.id()));
    let live = trace.graph().live(&outs);
    for (i, l) in format!("{}", trace.graph()).lines().skip(1).enumerate() {
        if live[i] {
            println!("{l}");
        }
    }
    let p = trace.program::<f32>(&outs, &Layout::samples(&lattice, 16)).unwrap();
    println!("{p:?}");
}
