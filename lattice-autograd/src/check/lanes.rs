//! Samples lie side by side in the lanes of registers, and must not know of each other.

use super::error::Result;
use super::report::Finding;
use super::subject::Subject;
use super::value::Value;
use lattice_tensor::{NodeId, Spec};

impl Subject {
    /// Permuted samples give permuted results, a sample of NaN is no other's business, and a part of a batch gives what
    /// the whole gave; in both precisions, bit for bit. Sums over the batch are left out.
    pub(super) fn lanes(&self) -> Result<Vec<Finding>> {
        let kept = |id: &NodeId| !matches!(self.graph.spec(*id), Spec::BatchSum { .. });
        let places: Vec<usize> = (0..self.outputs.len()).filter(|&i| kept(&self.outputs[i].1)).collect();
        if places.is_empty() {
            return Ok(vec![Finding::skipped("lanes", "sums over the batch mix the samples")]);
        }
        let (single, double) = (self.lanes_in::<f32>(&places)?, self.lanes_in::<f64>(&places)?);
        Ok(single
            .into_iter()
            .zip(double)
            .map(|(a, b)| if a.verdict == super::Verdict::Failed { a } else { b })
            .collect())
    }

    fn lanes_in<R: lattice_tensor::Real>(&self, places: &[usize]) -> Result<Vec<Finding>> {
        let nodes: Vec<NodeId> = places.iter().map(|&i| self.outputs[i].1).collect();
        let n = self.samples;
        let mut host = self.plan::<R>(&nodes)?;
        let mut run = |order: &[usize], poisoned: Option<usize>, first: u64| {
            let values: Vec<Value> = self.values.iter().map(|v| v.permuted(order)).collect();
            let values: Vec<Value> = values.iter().map(|v| poison(v, poisoned)).collect();
            self.run_on(&mut host, &values, order.len(), first)
        };
        let every: Vec<usize> = (0..n).collect();
        let whole = run(&every, None, 0)?;
        // Equal bits, all NaN being one: a bound of zero.
        let compare = |finding: &mut Finding, found: &[Value], order: &[usize], without: Option<usize>| {
            for (i, (found, whole)) in found.iter().zip(&whole).enumerate() {
                let rest: Vec<usize> = (0..order.len()).filter(|&s| Some(s) != without).collect();
                let back: Vec<usize> = rest.iter().map(|&s| order[s]).collect();
                let (found, expected) = (found.permuted(&rest), whole.permuted(&back));
                let (f, e) = (found.numbers(), expected.numbers());
                let both = |x: f64, k: usize| if f[k].is_nan() && e[k].is_nan() { 0.0 } else { x };
                let (found, expected) = (found.map(both), expected.map(both));
                self.compare(finding, places[i], &found, &expected, &[0.0]);
            }
        };
        let mut leak = Finding::new("no leak from a lane of NaN");
        for bad in [0, n / 2, n - 1] {
            compare(&mut leak, &run(&every, Some(bad), 0)?, &every, Some(bad));
        }
        let mut part = Finding::new("a part of the batch alone");
        for first in [1, n - 1] {
            let order: Vec<usize> = (first..n).collect();
            compare(&mut part, &run(&order, None, first as u64)?, &order, None);
        }
        let permuted = if self.is_random() {
            Finding::skipped("permuted samples", "random numbers belong to the number of a sample")
        } else {
            // Multiplication by a unit of the integers modulo n permutes all lanes.
            let stride = [7, 5, 3, 1].into_iter().find(|s| !n.is_multiple_of(*s)).unwrap_or(1);
            let order: Vec<usize> = (0..n).map(|s| (s * stride + 2) % n).collect();
            let mut permuted = Finding::new("permuted samples");
            compare(&mut permuted, &run(&order, None, 0)?, &order, None);
            permuted
        };
        Ok(vec![permuted, leak, part])
    }
}

/// NaN in one sample.
fn poison(value: &Value, sample: Option<usize>) -> Value {
    let mut value = value.clone();
    match (&mut value, sample) {
        (Value::Field(x), Some(s)) => x[s].fill(f64::NAN),
        (Value::PerSample(x), Some(s)) => x[s] = f64::NAN,
        _ => {}
    }
    value
}
