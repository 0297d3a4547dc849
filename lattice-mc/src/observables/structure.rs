//! The two-point function in momentum space.

use lattice_autograd::{OnSites, PerSample, Var};
use lattice_tensor::Lattice;
use lattice_tensor::field::Scalar;
use lattice_tensor::ops::Wave;

/// The structure factor `S(p) = |Σ_x e^{ip·x} φ(x)|² / V` at `p_μ = 2π k_μ / L_μ` with `momentum[μ] = k_μ`.
///
/// Its mean is the two-point function at momentum `p`, `Σ_r e^{ip·r} ⟨φ(0) φ(r)⟩`; in the free theory of
/// CONVENTIONS.md §3 that is `1 / 2(p̂² + m²)`, `p̂² = Σ_μ 4 sin²(p_μ/2)`, for each component. At `k = 0` it is `chi2`.
/// Components are added. It costs two fields, and two sums over the lattice a component, whatever the momentum. A
/// momentum of the wrong length is an error of the trace.
#[track_caller]
pub fn structure_factor<'t, K: OnSites>(phi: Var<'t, K>, momentum: &[i32]) -> Var<'t, PerSample> {
    let trace = phi.trace();
    let volume = trace.lattice().volume() as f64;
    let wave = |sine| trace.apply::<Scalar>(Wave { momentum: momentum.to_vec(), sine, to: phi.location() }, &[]);
    let waves = [wave(false), wave(true)];
    let modes = phi.parts().into_iter().flat_map(|part| waves.map(|wave| (part * wave).sum_sites().square()));
    modes.reduce(|a, b| a + b).unwrap_or(trace.mask() * 0.0) * (1.0 / volume)
}

/// The momentum `2π/L_μ` along one direction.
pub fn smallest_momentum(lattice: &Lattice, mu: usize) -> Vec<i32> {
    (0..lattice.directions()).map(|nu| i32::from(nu == mu)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phi4;
    use crate::observables::{standard, two_point};
    use lattice_autograd::Trace;
    use lattice_tensor::{Bindings, Device, Draws, Layout, Location, NodeId};

    /// Numbers of five normal fields, by the given program.
    fn measure(
        extents: &[usize],
        inner: &[usize],
        write: impl for<'t> Fn(Var<'t, Scalar>) -> Vec<Var<'t, PerSample>>,
    ) -> Vec<Vec<f64>> {
        let lattice = Lattice::periodic(extents).expect("a lattice");
        let trace = Trace::new(&lattice);
        let list = write(trace.normal("phi", Location::All) + 0.3);
        let ids: Vec<NodeId> = list.iter().map(|v| v.id()).collect();
        let layout = Layout::split(&lattice, inner, 8).expect("a split");
        let mut numbers = vec![vec![0.0; 5]; ids.len()];
        let mut views: Vec<&mut [f64]> = numbers.iter_mut().map(Vec::as_mut_slice).collect();
        let draws = Draws { seed: 5, step: 0, first_sample: 0 };
        let uniforms = trace.uniform_values();
        let mut program = trace.program::<f64>(&ids, &layout).expect("a program");
        program
            .run(
                &Device::cpu(1).expect("a thread"),
                &mut Bindings {
                    samples: 5,
                    draws,
                    uniforms: &uniforms,
                    out_per_sample: &mut views,
                    ..Default::default()
                },
            )
            .expect("a run");
        numbers
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12 * (1.0 + b.abs()), "{a} and {b}");
    }

    #[test]
    fn it_is_the_fourier_transform_of_the_correlator() {
        let all = measure(&[3, 4, 6], &[1, 1, 1], |phi| {
            let lattice = phi.trace().lattice();
            let mut list = two_point(&lattice, phi);
            list.extend((0..4).map(|k| structure_factor(phi, &[0, 0, k])));
            list
        });
        let (g, s) = all.split_at(4);
        for sample in 0..5 {
            for k in 0..4 {
                let wave = |t: usize| (std::f64::consts::TAU * (k * t) as f64 / 6.0).cos();
                // g(t) = g(6 - t): the ends count once, the others twice.
                let sum = (0..4).map(|t| if t % 3 == 0 { 1.0 } else { 2.0 } * wave(t) * g[t][sample]).sum::<f64>();
                close(s[k][sample], sum);
            }
        }
    }

    #[test]
    fn parseval_and_periodicity() {
        let all = measure(&[3, 4], &[1, 1], |phi| {
            let momenta = (0..3).flat_map(|a| (0..4).map(move |b| [a, b]));
            let mut list: Vec<_> = momenta.map(|k| structure_factor(phi, &k)).collect();
            list.extend([structure_factor(phi, &[1, 3]), structure_factor(phi, &[-2, -1]), phi.square().sum_sites()]);
            list
        });
        for sample in 0..5 {
            let sum: f64 = all[..12].iter().map(|s| s[sample]).sum();
            close(sum, all[14][sample]);
            close(all[12][sample], all[13][sample]);
        }
    }

    #[test]
    fn components_are_added() {
        let all = measure(&[3, 4], &[1, 1], |phi| {
            let (other, k) = (phi.shift(1, 1) * 0.5, [1, 2]);
            let both = lattice_autograd::var::stack(&[phi, other]);
            vec![structure_factor(both, &k), structure_factor(phi, &k), structure_factor(other, &k)]
        });
        (0..5).for_each(|sample| close(all[0][sample], all[1][sample] + all[2][sample]));
    }

    #[test]
    fn standard_numbers_do_not_depend_on_virtual_nodes() {
        fn write(phi: Var<'_, Scalar>) -> Vec<Var<'_, PerSample>> {
            standard(&Phi4 { mass2: -4.0, lambda: 8.0 }, phi).into_iter().map(|o| o.1).collect()
        }
        let (plain, split) = (measure(&[8, 4, 2], &[1, 1, 1], write), measure(&[8, 4, 2], &[1, 4, 2], write));
        for (a, b) in plain.iter().zip(&split) {
            a.iter().zip(b).for_each(|(a, b)| close(*a, *b));
        }
    }

    #[test]
    fn a_momentum_of_the_wrong_length_is_refused() {
        let trace = Trace::new(&Lattice::periodic([4, 4]).expect("a lattice"));
        structure_factor(trace.scalar_field("phi"), &[1]);
        assert!(trace.check().is_err());
    }
}
