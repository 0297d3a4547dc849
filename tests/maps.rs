//! What tests of flows of angles share: images of points, and the Jacobian by differences.

use lattice_autograd::params::Parameters;
use lattice_fields::prelude::*;
use lattice_flows::Followed;
use lattice_tensor::{Fibre, Field, FieldData};
use proptest::prelude::*;
use std::f64::consts::TAU;
use std::sync::Arc;

pub fn wrapped(x: f64) -> f64 {
    x - TAU * (x / TAU).round()
}

/// What a map makes of configurations, `[site][channel]`, and its log-determinants; the score too, if one is given.
pub struct Image {
    pub fields: Vec<Vec<f64>>,
    pub log_det: Vec<f64>,
    pub scores: Vec<Vec<f64>>,
}

pub fn image(
    map: &dyn Bijection<Channels>,
    parameters: &Parameters,
    lattice: &Lattice,
    how: How,
    x: &[Vec<f64>],
) -> Image {
    let trace = Trace::new(lattice);
    let fibre = Fibre::Channels(x[0].len() / lattice.volume());
    let field = trace.field::<Channels>("x", fibre);
    let outputs = match how {
        How::Forward => {
            let (y, log_det) = map.forward(field);
            vec![y.id(), log_det.id()]
        }
        How::Inverse => {
            let (y, log_det) = map.inverse(field);
            vec![y.id(), log_det.id()]
        }
        // Some score: that of exp(Σ cos θ).
        How::Follow => {
            let Followed { y, log_det, score } = map.follow(field, -field.sin());
            vec![y.id(), log_det.id(), score.id()]
        }
    };
    let layout = Arc::new(Layout::samples(lattice, 8));
    let zeros = || FieldData::<f64>::zeros(&layout, Location::All, fibre, x.len()).unwrap();
    let mut input = Field::<Channels, f64>::from_data(zeros());
    x.iter().enumerate().for_each(|(s, x)| input.set_sample(s, x).unwrap());
    let mut fields = [Field::<Channels, f64>::from_data(zeros()), Field::from_data(zeros())];
    let mut log_det = vec![0.0; x.len()];
    let weights: Vec<f64> = parameters.values().to_vec();
    let mut program = trace.program::<f64>(&outputs, &layout).unwrap();
    let [first, second] = &mut fields;
    let mut both: [&mut FieldData<f64>; 2] = [first, second];
    let count = outputs.len() - 1;
    let mut bindings = Bindings {
        samples: x.len(),
        fields: &[&input],
        weights: &weights,
        uniforms: &trace.uniform_values(),
        out_fields: &mut both[..count],
        out_per_sample: &mut [&mut log_det],
        ..Default::default()
    };
    program.run(&Device::cpu(1).unwrap(), &mut bindings).unwrap();
    let read = |field: &Field<Channels, f64>| (0..x.len()).map(|s| field.sample(s).unwrap()).collect();
    Image { fields: read(&fields[0]), log_det, scores: read(&fields[1]) }
}

#[derive(Clone, Copy)]
pub enum How {
    Forward,
    Inverse,
    Follow,
}

/// The largest difference of two lists of angles.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| wrapped(a - b).abs()).fold(0.0, f64::max)
}

/// A layer of which only forward and inverse are known.
#[derive(Debug)]
struct ByInverse<'a>(&'a dyn Bijection<Channels>);

impl Bijection<Channels> for ByInverse<'_> {
    fn forward<'t>(&self, x: Var<'t, Channels>) -> (Var<'t, Channels>, Var<'t, PerSample>) {
        self.0.forward(x)
    }
    fn inverse<'t>(&self, y: Var<'t, Channels>) -> (Var<'t, Channels>, Var<'t, PerSample>) {
        self.0.inverse(y)
    }
}

/// `ln |det|` by elimination.
fn log_determinant(mut m: Vec<Vec<f64>>) -> f64 {
    let n = m.len();
    let mut sum = 0.0;
    for k in 0..n {
        let pivot = (k..n).max_by(|&a, &b| m[a][k].abs().total_cmp(&m[b][k].abs())).unwrap();
        m.swap(k, pivot);
        sum += m[k][k].abs().ln();
        let (done, rest) = m.split_at_mut(k + 1);
        for row in rest {
            let factor = row[k] / done[k][k];
            row.iter_mut().zip(&done[k]).skip(k).for_each(|(a, b)| *a -= factor * b);
        }
    }
    sum
}

/// `log |det|` against the Jacobian by central differences; and the score that a layer carries along against the one by
/// reverse mode through its inverse.
pub fn check_jacobian_and_score(
    layer: &dyn Bijection<Channels>,
    parameters: &Parameters,
    lattice: &Lattice,
    x: &[f64],
) -> Result<(), TestCaseError> {
    const STEP: f64 = 1e-5;
    let n = x.len();
    let mut points = vec![x.to_vec()];
    for k in 0..n {
        for step in [STEP, -STEP] {
            let mut moved = x.to_vec();
            moved[k] += step;
            points.push(moved);
        }
    }
    let found = image(layer, parameters, lattice, How::Follow, &points);
    let column = |k: usize| -> Vec<f64> {
        let pair = found.fields[2 * k + 1].iter().zip(&found.fields[2 * k + 2]);
        pair.map(|(a, b)| wrapped(a - b) / (2.0 * STEP)).collect()
    };
    let columns: Vec<Vec<f64>> = (0..n).map(column).collect();
    let log_abs = log_determinant(columns);
    prop_assert!((log_abs - found.log_det[0]).abs() < 1e-5, "{log_abs} not {}", found.log_det[0]);
    let by_inverse = image(&ByInverse(layer), parameters, lattice, How::Follow, &points[..1]);
    let largest = found.scores[0].iter().fold(1.0, |m: f64, s| m.max(s.abs()));
    for (a, b) in found.scores[0].iter().zip(&by_inverse.scores[0]) {
        prop_assert!((a - b).abs() < 1e-7 * largest, "score {a}, by the inverse {b}");
    }
    Ok(())
}
