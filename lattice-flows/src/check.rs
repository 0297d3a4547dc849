//! Whether a bijection is what it claims to be: its inverse, and its Jacobian against finite differences.

use crate::bijection::Bijection;
use crate::error::Error;
use lattice_autograd::Trace;
use lattice_autograd::params::Parameters;
use lattice_tensor::{Bindings, Cpu, Lattice, Layout, Program, ScalarField};
use std::sync::Arc;

/// What a check found, largest deviations over all samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// `max |inverse(forward(x)) − x|`.
    pub inverse: f64,
    /// `max |forward(inverse(y)) − y|`.
    pub forward: f64,
    /// `|log det + log det of the inverse|`.
    pub log_dets: f64,
    /// `|log det − log |det J||`, `J` by central differences.
    pub jacobian: f64,
}

/// Checks a bijection in `f64` at normally distributed fields; the full Jacobian is taken, so keep the lattice small.
///
/// # Errors
/// If the bijection cannot be traced or run.
pub fn bijection(map: &dyn Bijection, parameters: &Parameters, lattice: &Lattice, seed: u64) -> Result<Found, Error> {
    let cpu = Cpu::new(1)?;
    let layout = Arc::new(Layout::samples(lattice, 8));
    let volume = lattice.volume();
    let mut forward = Mapped::new(lattice, &layout, |x| map.forward(x))?;
    let mut inverse = Mapped::new(lattice, &layout, |y| map.inverse(y))?;
    let trace = Trace::new(lattice);
    let noise = trace.normal("check", lattice_tensor::Location::All);
    let mut x = ScalarField::<f64>::zeros(&layout, 2)?;
    let mut draws = lattice_tensor::Draws { seed, ..Default::default() };
    draws.step = 1;
    let mut program = trace.program::<f64>(&[noise.id()], &layout)?;
    program.run(&cpu, &mut Bindings { samples: 2, draws, out_fields: &mut [&mut x], ..Default::default() })?;
    let points = [x.sample(0), x.sample(1)];
    let mut found = Found { inverse: 0.0, forward: 0.0, log_dets: 0.0, jacobian: 0.0 };
    for x in &points {
        let (y, log_det) = forward.at(std::slice::from_ref(x), parameters, &cpu)?;
        let (back, inverse_log_det) = inverse.at(&y, parameters, &cpu)?;
        found.inverse = found.inverse.max(distance(&back[0], x));
        found.log_dets = found.log_dets.max((log_det[0] + inverse_log_det[0]).abs());
        let (there, _) = inverse.at(std::slice::from_ref(x), parameters, &cpu)?;
        let (and_back, _) = forward.at(&there, parameters, &cpu)?;
        found.forward = found.forward.max(distance(&and_back[0], x));
        let h = 1e-5;
        let moved: Vec<Vec<f64>> = (0..2 * volume)
            .map(|k| {
                let mut x = x.clone();
                x[k / 2] += if k % 2 == 0 { h } else { -h };
                x
            })
            .collect();
        let (ends, _) = forward.at(&moved, parameters, &cpu)?;
        let columns = (0..volume)
            .map(|j| ends[2 * j].iter().zip(&ends[2 * j + 1]).map(|(a, b)| (a - b) / (2.0 * h)).collect::<Vec<f64>>());
        found.jacobian = found.jacobian.max((log_det[0] - log_abs_det(columns.collect())).abs());
    }
    Ok(found)
}

struct Mapped {
    program: Program<f64>,
    layout: Arc<Layout>,
    uniforms: Vec<f64>,
}

impl Mapped {
    fn new(
        lattice: &Lattice,
        layout: &Arc<Layout>,
        map: impl for<'t> Fn(
            lattice_autograd::Var<'t, lattice_tensor::field::Scalar>,
        ) -> (
            lattice_autograd::Var<'t, lattice_tensor::field::Scalar>,
            lattice_autograd::Var<'t, lattice_autograd::PerSample>,
        ),
    ) -> Result<Mapped, Error> {
        let trace = Trace::new(lattice);
        let (y, log_det) = map(trace.scalar_field("x"));
        let program = trace.program(&[y.id(), log_det.id()], layout)?;
        Ok(Mapped { program, layout: layout.clone(), uniforms: trace.uniform_values() })
    }

    fn at(&mut self, xs: &[Vec<f64>], parameters: &Parameters, cpu: &Cpu) -> Result<(Vec<Vec<f64>>, Vec<f64>), Error> {
        let mut x = ScalarField::<f64>::zeros(&self.layout, xs.len())?;
        for (i, values) in xs.iter().enumerate() {
            x.set_sample(i, values)?;
        }
        let mut y = ScalarField::<f64>::zeros(&self.layout, xs.len())?;
        let mut log_det = vec![0.0; xs.len()];
        self.program.run(
            cpu,
            &mut Bindings {
                samples: xs.len(),
                fields: &[&x],
                uniforms: &self.uniforms,
                weights: parameters.values(),
                out_fields: &mut [&mut y],
                out_per_sample: &mut [&mut log_det],
                ..Default::default()
            },
        )?;
        Ok(((0..xs.len()).map(|i| y.sample(i)).collect(), log_det))
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |most, (x, y)| if (x - y).abs() <= most { most } else { (x - y).abs() })
}

/// `log |det|` by Gaussian elimination with partial pivoting.
fn log_abs_det(mut a: Vec<Vec<f64>>) -> f64 {
    let n = a.len();
    let mut log = 0.0;
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i][k].abs().total_cmp(&a[j][k].abs())).unwrap_or(k);
        a.swap(k, pivot);
        log += a[k][k].abs().ln();
        for i in k + 1..n {
            let factor = a[i][k] / a[k][k];
            for j in k..n {
                a[i][j] -= factor * a[k][j];
            }
        }
    }
    log
}
