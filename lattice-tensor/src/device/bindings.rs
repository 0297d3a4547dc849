//! The data of one run, on any device.

use crate::field::FieldData;
use crate::lanes::Real;

/// The key of a run's random numbers, besides each op's own stream name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Draws {
    /// The seed.
    pub seed: u64,
    /// The step of a training or chain.
    pub step: u64,
    /// The number of the first sample of the batch.
    pub first_sample: u64,
}

/// The data of one run. Each list holds the arguments (or outputs) of its kind in the order of declaration.
pub struct Bindings<'a, 'f, R: Real> {
    /// How many samples.
    pub samples: usize,
    /// The key of the random numbers.
    pub draws: Draws,
    /// Field arguments.
    pub fields: &'a [&'f FieldData<R>],
    /// Per-sample arguments.
    pub per_sample: &'a [&'f [f64]],
    /// Uniform arguments.
    pub uniforms: &'a [f64],
    /// The flat parameter buffer.
    pub weights: &'a [R],
    /// Field outputs.
    pub out_fields: &'a mut [&'f mut FieldData<R>],
    /// Per-sample outputs.
    pub out_per_sample: &'a mut [&'f mut [f64]],
    /// Sums over the batch, one after the other.
    pub out_sums: &'a mut [f64],
}

impl<R: Real> Default for Bindings<'_, '_, R> {
    fn default() -> Self {
        Bindings {
            samples: 0,
            draws: Draws::default(),
            fields: &[],
            per_sample: &[],
            uniforms: &[],
            weights: &[],
            out_fields: &mut [],
            out_per_sample: &mut [],
            out_sums: &mut [],
        }
    }
}
