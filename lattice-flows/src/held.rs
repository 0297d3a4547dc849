//! The configurations of a step that stay where they are while parameters move, and what each counts in the gradient.

use crate::bijection::{Bijection, Flat};
use crate::error::Error;
use crate::flow::Flow;
use crate::given;
use crate::gradient::SAMPLES;
use lattice_autograd::Trace;
use lattice_mc::Action;
use lattice_tensor::random::{Draw, Stream, uniform_f64_at};
use lattice_tensor::{Bindings, Device, Draws, Fibre, Field, FieldData, Layout, Location, Program, Real};
use std::sync::Arc;

/// A batch of configurations.
pub(crate) struct Held<'a, R: Real, K: Flat> {
    source: Source<'a, R, K>,
    fibre: Fibre,
    phi: Field<K, R>,
    /// `r_i − b_i` of the flow's own samples.
    coefficients: Vec<f64>,
}

/// Where configurations come from.
enum Source<'a, R: Real, K: Flat> {
    /// The flow: the program that samples and weighs.
    Own(Box<Program<R>>, Vec<f64>),
    /// An ensemble of the theory, and its fingerprint.
    Given(&'a Field<K, R>, String),
}

/// The stream that members of an ensemble are drawn from.
const MEMBERS: Stream = Stream::named("train.member");

impl<'a, R: Real, K: Flat> Held<'a, R, K> {
    /// The flow's own samples.
    pub fn own(flow: &Flow<K>, action: &dyn Action<K>) -> Result<Self, Error> {
        let trace = Trace::new(&flow.lattice);
        flow.draw_conditions(&trace, action)?;
        let z = flow.prior().sample(&trace, SAMPLES);
        let (phi, log_det) = flow.forward(z);
        let log_weight = log_det - flow.prior().log_density(z) - action.action(phi);
        let layout = Layout::samples(&flow.lattice, R::WIDTH);
        let program = trace.program(&[phi.id(), log_weight.id()], &layout)?;
        let (source, fibre) = (Source::Own(Box::new(program), trace.uniform_values()), action.fibre(&flow.lattice));
        Ok(Held { source, fibre, phi: room(&Arc::new(layout), fibre, 0)?, coefficients: Vec::new() })
    }

    /// Members of an ensemble.
    pub fn given(flow: &Flow<K>, action: &dyn Action<K>, ensemble: &'a Field<K, R>) -> Result<Self, Error> {
        let fibre = action.fibre(&flow.lattice);
        let phi = room(&Arc::new(Layout::samples(&flow.lattice, R::WIDTH)), fibre, 0)?;
        given::check(&phi, ensemble)?;
        let source = Source::Given(ensemble, given::fingerprint(ensemble)?);
        Ok(Held { source, fibre, phi, coefficients: Vec::new() })
    }

    /// The fingerprint of the ensemble, if the configurations are of one.
    pub fn ensemble(&self) -> Option<&str> {
        match &self.source {
            Source::Own(..) => None,
            Source::Given(_, fingerprint) => Some(fingerprint),
        }
    }

    /// The configurations of the last batch.
    pub fn fields(&self) -> &FieldData<R> {
        &self.phi
    }

    /// `r_i − b_i` of the last batch, if the configurations are the flow's own.
    pub fn coefficients(&self) -> Option<&[f64]> {
        matches!(self.source, Source::Own(..)).then_some(&self.coefficients)
    }

    /// The batch of a step. Of the flow's own samples the log-weights are given, `coefficients` worked out. Allocates nothing
    /// but where a batch is of another size than the one before.
    pub fn draw(
        &mut self,
        device: &Device,
        draws: Draws,
        batch: usize,
        parameters: &[R],
        log_weights: &mut [f64],
    ) -> Result<(), Error> {
        if self.phi.samples() != batch {
            self.phi = room(self.phi.shared_layout(), self.fibre, batch)?;
            self.coefficients.resize(batch, 0.0);
        }
        match &mut self.source {
            Source::Own(program, uniforms) => {
                let mut bindings = Bindings {
                    samples: batch,
                    draws,
                    uniforms,
                    weights: parameters,
                    out_fields: &mut [&mut self.phi],
                    out_per_sample: &mut [&mut *log_weights],
                    ..Default::default()
                };
                program.run(device, &mut bindings)?;
                let n = batch as f64;
                let mean = log_weights.iter().sum::<f64>() / n;
                // r = −log w
                let coefficients = self.coefficients.iter_mut().zip(log_weights.iter());
                coefficients.for_each(|(c, log_w)| *c = n / (n - 1.0) * (mean - log_w));
            }
            Source::Given(ensemble, _) => {
                let draw = Draw { key: MEMBERS.key(draws.seed), step: draws.step };
                let members = ensemble.samples();
                for sample in 0..batch {
                    let u = uniform_f64_at(draw, draws.first_sample + sample as u64, 0);
                    let member = ((u * members as f64) as usize).min(members - 1);
                    self.phi.copy_sample(sample, ensemble, member)?;
                }
            }
        }
        Ok(())
    }
}

/// Room for configurations.
fn room<R: Real, K: Flat>(layout: &Arc<Layout>, fibre: Fibre, batch: usize) -> Result<Field<K, R>, Error> {
    Ok(Field::from_data(FieldData::zeros(layout, Location::All, fibre, batch)?))
}
