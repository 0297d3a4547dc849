//! Programs run on plain numbers.

use super::value::Value;
use lattice_tensor::field::FieldData;
use lattice_tensor::{Bindings, Device, Draws, Error, Graph, Layout, NodeId, Program, Real, Result, Spec};
use std::sync::Arc;

/// A planned program that takes and gives [`Value`]s.
pub struct Host<R: Real> {
    program: Program<R>,
    layout: Arc<Layout>,
    arguments: Vec<Spec>,
    outputs: Vec<Spec>,
}

impl<R: Real> Host<R> {
    /// Plans the outputs of a graph for a layout.
    ///
    /// # Errors
    /// What the planner refuses.
    pub fn new(graph: &Graph, outputs: &[NodeId], layout: &Layout) -> Result<Host<R>> {
        Ok(Host {
            program: Program::new(graph, outputs, layout)?,
            layout: Arc::new(layout.clone()),
            arguments: graph.arguments().iter().map(|&a| graph.spec(a)).collect(),
            outputs: outputs.iter().map(|&o| graph.spec(o)).collect(),
        })
    }

    /// Runs on the first `samples` samples of the arguments. Outputs, and the lanes of arguments that belong to no
    /// sample, are NaN before.
    ///
    /// # Errors
    /// If the values are not those that the program takes.
    pub fn run(&mut self, device: &Device, arguments: &[Value], samples: usize) -> Result<Vec<Value>> {
        self.run_with(device, arguments, samples, Draws::default())
    }

    /// As [`Host::run`], with the key of the program's random numbers.
    ///
    /// # Errors
    /// If the values are not those that the program takes.
    pub fn run_with(
        &mut self,
        device: &Device,
        arguments: &[Value],
        samples: usize,
        draws: Draws,
    ) -> Result<Vec<Value>> {
        let refuse = |expected: String, found: String| {
            Err(Error::Binding { what: "values of a program".into(), expected, found })
        };
        if arguments.len() != self.arguments.len() {
            return refuse(format!("{} arguments", self.arguments.len()), arguments.len().to_string());
        }
        let mut fields: Vec<FieldData<R>> = Vec::new();
        let mut per_sample: Vec<&[f64]> = Vec::new();
        let mut uniforms = Vec::new();
        let mut weights: Vec<R> = Vec::new();
        for (&spec, value) in self.arguments.iter().zip(arguments) {
            match (spec, value) {
                (Spec::Field { .. }, Value::Field(values)) if values.len() >= samples => {
                    let mut field = self.field(spec, samples)?;
                    for (sample, numbers) in values.iter().enumerate().take(samples) {
                        let numbers: Vec<R> = numbers.iter().map(|&x| R::from_f64(x)).collect();
                        field.set_sample(sample, &numbers)?;
                    }
                    fields.push(field);
                }
                (Spec::PerSample, Value::PerSample(x)) if x.len() >= samples => per_sample.push(&x[..samples]),
                (Spec::Uniform, Value::Uniform(x)) => uniforms.push(*x),
                (Spec::Weights { offset, len }, Value::Weights(x)) if x.len() == len => {
                    weights.resize(weights.len().max(offset + len), R::from_f64(f64::NAN));
                    x.iter().enumerate().for_each(|(i, &x)| weights[offset + i] = R::from_f64(x));
                }
                (spec, value) => {
                    let found = format!("{} numbers of {value:.0?}", value.numbers().len());
                    return refuse(format!("{samples} samples of {spec}"), found.chars().take(80).collect());
                }
            }
        }
        let is_field = |s: &&Spec| matches!(s, Spec::Field { .. });
        let mut out_fields =
            self.outputs.iter().filter(is_field).map(|&s| self.field(s, samples)).collect::<Result<Vec<_>>>()?;
        let numbers = self.outputs.iter().filter(|s| matches!(s, Spec::PerSample | Spec::Uniform)).count();
        let mut out_numbers = vec![vec![f64::NAN; samples]; numbers];
        let mut out_sums = vec![f64::NAN; self.program.sums()];
        self.program.run(
            device,
            &mut Bindings {
                samples,
                draws,
                fields: &fields.iter().collect::<Vec<_>>(),
                per_sample: &per_sample,
                uniforms: &uniforms,
                weights: &weights,
                out_fields: &mut out_fields.iter_mut().map(|f| &mut *f).collect::<Vec<_>>(),
                out_per_sample: &mut out_numbers.iter_mut().map(|x| &mut x[..]).collect::<Vec<_>>(),
                out_sums: &mut out_sums,
            },
        )?;
        let (mut fields, mut numbers, mut sums) = (out_fields.into_iter(), out_numbers.into_iter(), &out_sums[..]);
        let mut value = |spec: &Spec| match *spec {
            Spec::Field { .. } => fields.next().map(|field| {
                let sample = |s| Ok(field.sample(s)?.into_iter().map(R::to_f64).collect());
                Ok(Value::Field((0..samples).map(sample).collect::<Result<_>>()?))
            }),
            Spec::BatchSum { len } => {
                let (head, tail) = sums.split_at(len);
                sums = tail;
                Some(Ok(Value::Sums(head.to_vec())))
            }
            _ => numbers.next().map(|x| Ok(Value::PerSample(x))),
        };
        self.outputs.iter().filter_map(&mut value).collect()
    }

    fn field(&self, spec: Spec, samples: usize) -> Result<FieldData<R>> {
        let Spec::Field { location, fibre } = spec else { return Err(Error::op("host", "a field", spec)) };
        let mut field = FieldData::zeros(&self.layout, location, fibre, samples)?;
        field.numbers_mut()?.fill(R::from_f64(f64::NAN));
        Ok(field)
    }
}
