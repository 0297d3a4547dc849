//! The host's part of a run: numbers per sample and uniform numbers, in `f64`.

use super::plan::{HostWork, Planned};
use crate::device::{Bindings, Draws};
use crate::random::{Draw, uniform_f64_at};

/// The values of all host steps for a part of the batch.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    of: Vec<Vec<f64>>,
    /// The words of `given`.
    pub words: Vec<u32>,
}

impl Values {
    /// Computes what is known before the device's stage `stage`; `sums[k]` are the sums over the lattice that the
    /// device has returned, for the samples `first .. first + samples` of the batch.
    pub fn compute(
        &mut self,
        planned: &Planned,
        stage: usize,
        bindings: &Bindings<'_, '_, f32>,
        first: usize,
        samples: usize,
        sums: &[[f32; 2]],
    ) {
        self.of.resize_with(planned.host.len(), Vec::new);
        for (i, step) in planned.host.iter().enumerate().filter(|(_, step)| step.stage == stage) {
            let mut value = std::mem::take(&mut self.of[i]);
            value.clear();
            let count = if step.per_sample { samples } else { 1 };
            match step.work {
                HostWork::Constant(x) => value.push(x),
                HostWork::Uniform(k) => value.push(bindings.uniforms[k]),
                HostWork::PerSample(k) => value.extend_from_slice(&bindings.per_sample[k][first..first + samples]),
                HostWork::Mask => value.resize(samples, 1.0),
                HostWork::Draw(stream) => {
                    let Draws { seed, step, first_sample } = bindings.draws;
                    let draw = Draw { key: stream.key(seed), step };
                    let begin = first_sample + first as u64;
                    value.extend((begin..begin + samples as u64).map(|sample| uniform_f64_at(draw, sample, 0)));
                }
                HostWork::Sum(k) => {
                    let returned = &sums[k * samples..(k + 1) * samples];
                    value.extend(returned.iter().map(|&[high, low]| f64::from(high) + f64::from(low)));
                }
                HostWork::Pointwise(kind, places) => {
                    let operands = places.map(|place| self.of[place].as_slice());
                    let at =
                        |k: usize, n: usize| operands[k].get(n).or(operands[k].first()).copied().unwrap_or(f64::NAN);
                    let arity = kind.arity();
                    value.extend((0..count).map(|n| kind.on_f64(&[at(0, n), at(1, n), at(2, n)][..arity])));
                }
            }
            self.of[i] = value;
        }
    }

    /// Fills `given`: uniform numbers, keys of random streams, numbers per sample.
    pub fn give(&mut self, planned: &Planned, seed: u64, samples: usize) {
        self.words.clear();
        for &step in &planned.uniforms {
            // Later stages' numbers are not known yet, and not read yet.
            let x = self.of[step].first().copied().unwrap_or(0.0);
            self.words.push((x as f32).to_bits());
        }
        for stream in &planned.streams {
            self.words.extend(crate::random::Stream::named(stream).key(seed));
        }
        for &slot in &planned.slots {
            let values = &self.of[slot];
            let known = values.len() == samples;
            self.words.extend((0..samples).map(|n| if known { (values[n] as f32).to_bits() } else { 0 }));
        }
    }

    /// A number's values: one for each sample, or a single one.
    pub fn get(&self, step: usize) -> &[f64] {
        &self.of[step]
    }

    /// Forgets all values, so that none is taken for one of the next part.
    pub fn clear(&mut self) {
        self.of.iter_mut().for_each(Vec::clear);
    }
}
