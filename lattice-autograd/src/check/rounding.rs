//! How far rounding may carry a program, measured: what its outputs make of relative changes of its inputs.
//!
//! Every value on the way from an input to an output is rounded, at most [`Subject::depth`] times in a row, and each
//! time as if the inputs of the rest had been changed by one unit in the last place. A program that is no worse
//! conditioned inside than outside thus errs by at most
//!
//! ```text
//! bound(u) = SAFETY · depth · u · max_i (|y_i| + |δy_i| / δ)        over the numbers y_i of one output of one sample
//! ```
//!
//! plus, for numbers per sample, the magnitudes of the terms of the sums over the lattice that they are made of, which may
//! cancel. Here `δy` is the largest answer to eight random changes of all inputs by `±δ` relatively. A program that cancels
//! large numbers exceeds it, and that is what the check of precision is for.

use super::error::Result;
use super::report::{Finding, Place};
use super::subject::Subject;
use super::value::Value;
use lattice_tensor::ops::Role;
use lattice_tensor::random::{Draw, Stream, uniform_f64_at};
use lattice_tensor::{NodeId, Spec};

const SAFETY: f64 = 8.0;
const CHANGES: u64 = 8;
/// Large enough to be seen above rounding, small enough to be linear.
const CHANGE: f64 = 1.0 / (1u64 << 26) as f64;

/// Half a unit in the last place of 1 in `f64`.
pub const UNIT_F64: f64 = f64::EPSILON / 2.0;
/// Half a unit in the last place of 1 in `f32`.
pub const UNIT_F32: f64 = f32::EPSILON as f64 / 2.0;

impl Subject {
    /// For each output and sample the bound on its rounding errors, for a unit of 1. Sums over the batch have one.
    ///
    /// # Errors
    /// If the program cannot be run.
    pub fn rounding(&self) -> Result<Vec<Vec<f64>>> {
        let (centre, largest) = self.answers(|_, _, x| x)?;
        let terms = self.terms_of_sums()?;
        let factor = SAFETY * (self.depth() + 1) as f64;
        let of = |y: Vec<f64>, dy: Vec<f64>| {
            factor * y.iter().zip(&dy).fold(0.0, |most: f64, (y, dy)| most.max(y.abs() + dy))
        };
        let bounds = |(y, dy): (&Value, &Value)| match y {
            Value::Field(_) => (0..self.samples).map(|s| of(y.of_sample(s), dy.of_sample(s))).collect(),
            Value::PerSample(_) => {
                let sum = |s: usize| of(y.of_sample(s), dy.of_sample(s)) + factor * terms[s];
                (0..self.samples).map(sum).collect()
            }
            _ => vec![of(y.numbers(), dy.numbers())],
        };
        Ok(centre.iter().zip(&largest).map(bounds).collect())
    }

    /// For each sample the sum of the magnitudes of what is summed over the lattice.
    fn terms_of_sums(&self) -> Result<Vec<f64>> {
        let live = self.graph.live(&self.output_nodes());
        let sums =
            self.graph.nodes().iter().zip(&live).filter(|(node, live)| **live && node.op.role() == Role::SumSites);
        let mut terms: Vec<NodeId> = sums.map(|(node, _)| node.inputs[0]).collect();
        terms.retain(|id| matches!(self.graph.spec(*id), Spec::Field { .. }));
        let mut total = vec![0.0; self.samples];
        if !terms.is_empty() {
            for value in self.run_as::<f64>(&terms, &self.values, self.samples, 0)? {
                for (s, total) in total.iter_mut().enumerate() {
                    *total += value.of_sample(s).iter().map(|x| x.abs()).sum::<f64>();
                }
            }
        }
        Ok(total)
    }

    /// For each output and sample the largest answer of one of its numbers, if the numbers of field number `argument`
    /// change by `±size[sample]`: what an error of that size in the field becomes.
    ///
    /// # Errors
    /// If the program cannot be run.
    pub fn response(&self, argument: usize, size: &[f64]) -> Result<Vec<Vec<f64>>> {
        let numbers = self.values[argument].numbers().len() / self.samples.max(1);
        let change = |a: usize, i: usize, _: f64| if a == argument { size[i / numbers.max(1)] } else { 0.0 };
        let (_, largest) = self.answers(change)?;
        let most = |y: Vec<f64>| y.into_iter().fold(0.0, f64::max);
        Ok(largest.iter().map(|y| (0..self.samples).map(|s| most(y.of_sample(s))).collect()).collect())
    }

    /// The outputs, and the largest change of each number in units of [`CHANGE`] when each number `x` of the inputs
    /// moves by `±CHANGE · size(argument, position, x)`.
    fn answers(&self, size: impl Fn(usize, usize, f64) -> f64) -> Result<(Vec<Value>, Vec<Value>)> {
        let mut host = self.plan::<f64>(&self.output_nodes())?;
        let centre = self.run_on(&mut host, &self.values, self.samples, 0)?;
        let mut largest: Vec<Value> = centre.iter().map(|y| y.map(|_, _| 0.0)).collect();
        let key = Stream::named("check.rounding").key(self.seed);
        for step in 0..CHANGES {
            let changed = |(a, value): (usize, &Value)| {
                value.map(|x, i| {
                    let up = uniform_f64_at(Draw { key, step }, a as u64, i as u64) < 0.5;
                    x + if up { CHANGE } else { -CHANGE } * size(a, i, x)
                })
            };
            let changed: Vec<Value> = self.values.iter().enumerate().map(changed).collect();
            let ends = self.run_on(&mut host, &changed, self.samples, 0)?;
            for ((largest, centre), end) in largest.iter_mut().zip(&centre).zip(&ends) {
                let (y, end) = (centre.numbers(), end.numbers());
                *largest = largest.map(|old, i| old.max((end[i] - y[i]).abs() / CHANGE));
            }
        }
        Ok((centre, largest))
    }

    /// Compares an output with what it should be, number by number.
    pub(super) fn compare(
        &self,
        finding: &mut Finding,
        output: usize,
        found: &Value,
        expected: &Value,
        bounds: &[f64],
    ) {
        let (name, id) = &self.outputs[output];
        let spec = self.graph.spec(*id);
        let samples = match found {
            Value::Field(x) => x.len(),
            Value::PerSample(x) => x.len(),
            _ => 1,
        };
        for s in 0..samples {
            let (found, expected) = (found.of_sample(s), expected.of_sample(s));
            let whole = !matches!(spec, Spec::BatchSum { .. });
            for (k, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let place = || match spec {
                    Spec::BatchSum { .. } => Place::named(format!("{name}[{k}]")),
                    _ => self.place(name, spec, whole.then_some(s), k),
                };
                finding.compare(*found, *expected, bounds[s.min(bounds.len() - 1)], place);
            }
        }
    }

    /// The program in `f32` against itself in `f64`, on inputs that `f32` holds exactly.
    pub(super) fn precision(&mut self) -> Result<Finding> {
        let values = std::mem::take(&mut self.values);
        self.values = values.iter().map(|v| v.map(|x, _| f64::from(x as f32))).collect();
        let finding = self.precision_here();
        self.values = values;
        finding
    }

    fn precision_here(&self) -> Result<Finding> {
        let nodes = self.output_nodes();
        let mut finding = Finding::new("f32 against f64");
        let bounds = self.rounding()?;
        let double = self.run()?;
        let single = self.run_as::<f32>(&nodes, &self.values, self.samples, 0)?;
        for (i, (single, double)) in single.iter().zip(&double).enumerate() {
            let bounds: Vec<f64> = bounds[i].iter().map(|b| b * UNIT_F32).collect();
            self.compare(&mut finding, i, single, double, &bounds);
        }
        Ok(finding)
    }
}
