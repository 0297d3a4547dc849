//! How noisy an estimate of a gradient is, and what a second of it buys.
//!
//! ```text
//! ḡ  = (1/K) Σ_k g_k                         g_k: the gradient of batch k of N samples, parameters held
//! σ² = N/(K−1) Σ_k |g_k − ḡ|²                the trace of the covariance of one sample's gradient
//! |⟨g⟩|² = |ḡ|² − σ²/(N K)                    without bias; 0 where it comes out negative
//! σ² t / N                                   the variance of the mean over as many batches as a second has, t seconds each
//! ```
//! Errors of the first three by the jackknife over batches, of `t`, a median, by the order statistics next to it. Heavy tails, as
//! estimates at poor fits have, show in neither before they show in the numbers.

use crate::bijection::Flat;
use crate::error::Error;
use crate::train::Trainer;
use lattice_mc::statistics::{Estimate, StatisticsError};
use lattice_tensor::Real;
use std::time::Instant;

/// Gradients of independent batches at the same parameters.
#[derive(Clone, Debug, Default)]
pub struct GradientNoise {
    /// Samples in a batch.
    batch: usize,
    gradients: Vec<Vec<f64>>,
    seconds: Vec<f64>,
}

/// What the gradients of independent batches say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseReport {
    /// Seconds for the gradient of one batch, without the optimiser: the median.
    pub seconds: Estimate,
    /// Norm of the mean gradient.
    pub norm: Estimate,
    /// Trace of the covariance of one sample's gradient.
    pub variance: Estimate,
    /// The variance of the mean over as many batches as a second has: the smaller, the better the estimator.
    pub variance_seconds: Estimate,
}

impl GradientNoise {
    /// Adds the gradient of one batch, and the seconds that it took.
    pub fn add(&mut self, batch: usize, gradient: &[f64], seconds: f64) {
        self.batch = batch;
        self.gradients.push(gradient.to_vec());
        self.seconds.push(seconds);
    }

    /// Adds what a trainer makes of the batch of a step, on the clock. Parameters stay.
    ///
    /// # Errors
    /// As [`Trainer::gradient_at`]; if the batch is of another size than those before.
    pub fn measure<R: Real, K: Flat>(&mut self, trainer: &mut Trainer<'_, R, K>, step: u64) -> Result<(), Error> {
        let batch = trainer.training().batch.size(step, trainer.training().steps);
        if self.batch != 0 && batch != self.batch {
            let (expected, found) = (format!("{} samples in every batch", self.batch), batch.to_string());
            return Err(Error::Architecture { what: "batch", expected, found });
        }
        let start = Instant::now();
        let gradient = trainer.gradient_at(step)?;
        self.add(batch, gradient, start.elapsed().as_secs_f64());
        Ok(())
    }

    /// What there is to say.
    ///
    /// # Errors
    /// If there are fewer than three batches.
    pub fn report(&self) -> Result<NoiseReport, Error> {
        let count = self.gradients.len();
        if count < 3 {
            return Err(StatisticsError::TooFew { what: "batches", needed: 3, found: count }.into());
        }
        let (k, n) = (count as f64, self.batch as f64);
        let mut mean = vec![0.0; self.gradients[0].len()];
        for gradient in &self.gradients {
            mean.iter_mut().zip(gradient).for_each(|(m, g)| *m += g / k);
        }
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let square = dot(&mean, &mean);
        let deviation = |g: &Vec<f64>| g.iter().zip(&mean).map(|(x, m)| (x - m).powi(2)).sum::<f64>();
        let deviations: Vec<f64> = self.gradients.iter().map(deviation).collect();
        let trace = deviations.iter().sum::<f64>() / (k - 1.0);
        // What is left without one batch: its part in both moments taken away.
        let trace_without = |d: f64| ((k - 1.0) * trace - d * k / (k - 1.0)) / (k - 2.0);
        let traces: Vec<f64> = deviations.iter().map(|&d| trace_without(d)).collect();
        let square_without = |(g, t): (&Vec<f64>, &f64)| {
            let without = (k * k * square - 2.0 * k * dot(&mean, g) + dot(g, g)) / (k - 1.0).powi(2);
            without - t / (k - 1.0)
        };
        let squares: Vec<f64> = self.gradients.iter().zip(&traces).map(square_without).collect();
        let squared = square - trace / k;
        let norm = squared.max(0.0).sqrt();
        let error = jackknife(&squares);
        let norm_error = (squared.max(0.0) + error).sqrt() - norm;
        let estimate = |mean, error| Estimate::independent(mean, error, count);
        let (seconds, seconds_error) = median(&self.seconds);
        let (variance, variance_error) = (n * trace, n * jackknife(&traces));
        let product = trace * seconds;
        let relative = (variance_error / variance.max(f64::MIN_POSITIVE)).hypot(seconds_error / seconds.max(1e-12));
        Ok(NoiseReport {
            seconds: estimate(seconds, seconds_error),
            norm: estimate(norm, norm_error),
            variance: estimate(variance, variance_error),
            variance_seconds: estimate(product, product * relative),
        })
    }
}

/// The error from estimates that each leave one batch out.
fn jackknife(without: &[f64]) -> f64 {
    let k = without.len() as f64;
    let mean = without.iter().sum::<f64>() / k;
    ((k - 1.0) / k * without.iter().map(|x| (x - mean).powi(2)).sum::<f64>()).sqrt()
}

/// The median, and half the distance of the order statistics half a standard deviation, `√K/2`, to either side.
fn median(values: &[f64]) -> (f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (middle, off) = (sorted.len() / 2, ((sorted.len() as f64).sqrt() / 2.0).ceil() as usize);
    let (low, high) = (middle.saturating_sub(off), (middle + off).min(sorted.len() - 1));
    (sorted[middle], 0.5 * (sorted[high] - sorted[low]))
}
