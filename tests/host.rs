//! Programs run on plain numbers: fields are `[sample][site][component]`, sites in the order of their numbers.

use lattice_tensor::field::FieldData;
use lattice_tensor::{Bindings, Cpu, Graph, Layout, NodeId, Program, Real, Result, Spec};
use std::sync::Arc;

/// Data of an argument or output.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Field(Vec<Vec<f64>>),
    PerSample(Vec<f64>),
    Uniform(f64),
    Weights(Vec<f64>),
    Sums(Vec<f64>),
}

impl Value {
    /// All numbers, one after the other.
    pub fn numbers(&self) -> Vec<f64> {
        match self {
            Value::Field(samples) => samples.concat(),
            Value::PerSample(x) | Value::Weights(x) | Value::Sums(x) => x.clone(),
            Value::Uniform(x) => vec![*x],
        }
    }

    /// Every number replaced by `f(number, position)`.
    pub fn map(&self, mut f: impl FnMut(f64, usize) -> f64) -> Value {
        let mut at = 0..;
        let mut each = |x: &f64| f(*x, at.next().unwrap_or(0));
        match self {
            Value::Field(samples) => Value::Field(samples.iter().map(|s| s.iter().map(&mut each).collect()).collect()),
            Value::PerSample(x) => Value::PerSample(x.iter().map(each).collect()),
            Value::Weights(x) => Value::Weights(x.iter().map(each).collect()),
            Value::Sums(x) => Value::Sums(x.iter().map(each).collect()),
            Value::Uniform(x) => Value::Uniform(each(x)),
        }
    }

    /// The samples in another order.
    pub fn permuted(&self, order: &[usize]) -> Value {
        match self {
            Value::Field(samples) => Value::Field(order.iter().map(|&s| samples[s].clone()).collect()),
            Value::PerSample(x) => Value::PerSample(order.iter().map(|&s| x[s]).collect()),
            other => other.clone(),
        }
    }

    /// Whether it is equal to another bit for bit, all NaN being one.
    pub fn same_bits(&self, other: &Value) -> bool {
        let bits = |v: &Value| -> Vec<u64> {
            v.numbers().into_iter().map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }).collect()
        };
        std::mem::discriminant(self) == std::mem::discriminant(other) && bits(self) == bits(other)
    }

    /// Whether it differs from another by less than `bound` times the entry of `size`; says where not.
    pub fn within(&self, other: &Value, size: &Value, bound: f64) -> std::result::Result<(), String> {
        let (a, b, size) = (self.numbers(), other.numbers(), size.numbers());
        if a.len() != b.len() || a.len() != size.len() {
            return Err(format!("{} numbers, {} expected, {} sizes", a.len(), b.len(), size.len()));
        }
        let far = |i: &usize| a[*i].is_nan() || b[*i].is_nan() || (a[*i] - b[*i]).abs() > bound * size[*i] + 1e-300;
        match (0..a.len()).find(far) {
            Some(i) => Err(format!(
                "number {i}: {:e}, expected {:e}, off by {:e}, allowed {:e}",
                a[i],
                b[i],
                (a[i] - b[i]).abs(),
                bound * size[i]
            )),
            None => Ok(()),
        }
    }
}

/// A planned program that takes and gives [`Value`]s.
pub struct Host<R: Real> {
    pub program: Program<R>,
    layout: Arc<Layout>,
    arguments: Vec<Spec>,
    outputs: Vec<Spec>,
}

impl<R: Real> Host<R> {
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
    pub fn run(&mut self, cpu: &Cpu, arguments: &[Value], samples: usize) -> Result<Vec<Value>> {
        let mut fields: Vec<FieldData<R>> = Vec::new();
        let mut per_sample: Vec<Vec<f64>> = Vec::new();
        let mut uniforms = Vec::new();
        let mut weights: Vec<R> = Vec::new();
        for (&spec, value) in self.arguments.iter().zip(arguments) {
            match (spec, value) {
                (Spec::Field { .. }, Value::Field(values)) => {
                    let mut field = self.field(spec, samples)?;
                    for (sample, numbers) in values.iter().enumerate().take(samples) {
                        let numbers: Vec<R> = numbers.iter().map(|&x| R::from_f64(x)).collect();
                        field.set_sample(sample, &numbers)?;
                    }
                    fields.push(field);
                }
                (Spec::PerSample, Value::PerSample(x)) => per_sample.push(x[..samples].to_vec()),
                (Spec::Uniform, Value::Uniform(x)) => uniforms.push(*x),
                (Spec::Weights { offset, len }, Value::Weights(x)) => {
                    weights.resize(weights.len().max(offset + len), R::from_f64(f64::NAN));
                    x.iter().enumerate().for_each(|(i, &x)| weights[offset + i] = R::from_f64(x));
                }
                (spec, value) => panic!("{value:?} for an argument {spec}"),
            }
        }
        let is_field = |s: &&Spec| matches!(s, Spec::Field { .. });
        let mut out_fields =
            self.outputs.iter().filter(is_field).map(|&s| self.field(s, samples)).collect::<Result<Vec<_>>>()?;
        let numbers = self.outputs.iter().filter(|s| matches!(s, Spec::PerSample | Spec::Uniform)).count();
        let mut out_numbers = vec![vec![f64::NAN; samples]; numbers];
        let mut out_sums = vec![f64::NAN; self.program.sums()];
        self.program.run(
            cpu,
            &mut Bindings {
                samples,
                fields: &fields.iter().collect::<Vec<_>>(),
                per_sample: &per_sample.iter().map(|x| &x[..]).collect::<Vec<_>>(),
                uniforms: &uniforms,
                weights: &weights,
                out_fields: &mut out_fields.iter_mut().collect::<Vec<_>>(),
                out_per_sample: &mut out_numbers.iter_mut().map(|x| &mut x[..]).collect::<Vec<_>>(),
                out_sums: &mut out_sums,
                ..Default::default()
            },
        )?;
        let (mut fields, mut numbers, mut sums) = (out_fields.into_iter(), out_numbers.into_iter(), &out_sums[..]);
        let mut value = |spec: &Spec| match *spec {
            Spec::Field { .. } => {
                let field = fields.next().unwrap();
                let sample = |s| field.sample(s).into_iter().map(R::to_f64).collect();
                Value::Field((0..samples).map(sample).collect())
            }
            Spec::BatchSum { len } => {
                let (head, tail) = sums.split_at(len);
                sums = tail;
                Value::Sums(head.to_vec())
            }
            _ => Value::PerSample(numbers.next().unwrap()),
        };
        Ok(self.outputs.iter().map(&mut value).collect())
    }

    fn field(&self, spec: Spec, samples: usize) -> Result<FieldData<R>> {
        let Spec::Field { location, fibre } = spec else { panic!("{spec} is no field") };
        let mut field = FieldData::zeros(&self.layout, location, fibre, samples)?;
        field.numbers_mut().fill(R::from_f64(f64::NAN));
        Ok(field)
    }
}
