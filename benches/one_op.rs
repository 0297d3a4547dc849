//! Programs of a single op, to time its kernel.

use lattice_tensor::field::FieldData;
use lattice_tensor::ops::Op;
use lattice_tensor::{Bindings, Cost, Device, Graph, Lattice, Layout, Location, Program, Real, Result, Spec};
use std::sync::Arc;

/// An op, planned and bound to data.
pub struct OneOp<R: Real> {
    program: Program<R>,
    device: Device,
    samples: usize,
    fields: Vec<FieldData<R>>,
    numbers: Vec<Vec<f64>>,
    weights: Vec<R>,
    out_field: Option<FieldData<R>>,
    out_numbers: Vec<f64>,
    out_sums: Vec<f64>,
}

impl<R: Real> OneOp<R> {
    /// Plans `op` on arguments of these types, one of them a range of weights at most.
    pub fn new(lattice: &Lattice, op: impl Op, inputs: &[Spec], samples: usize, device: &Device) -> Result<Self> {
        let mut graph = Graph::new(lattice);
        let arguments: Vec<_> = inputs.iter().map(|&spec| graph.argument("input", spec)).collect::<Result<_>>()?;
        let output = graph.push(op, &arguments)?;
        let layout = Arc::new(Layout::samples(lattice, R::WIDTH));
        let program = Program::new(&graph, &[output], &layout)?;
        let mut one = OneOp {
            device: device.clone(),
            samples,
            fields: Vec::new(),
            numbers: Vec::new(),
            weights: Vec::new(),
            out_field: None,
            out_numbers: Vec::new(),
            out_sums: vec![0.0; program.sums()],
            program,
        };
        let zeros = |location: Location, fibre| FieldData::zeros(&layout, location, fibre, samples);
        for &spec in inputs {
            match spec {
                Spec::Field { location, fibre } => {
                    let mut field = zeros(location, fibre)?;
                    // Between 0 and 1, where every elementary function is at home.
                    let value = |i: usize| R::from_f64((i * 7919 % 1000) as f64 / 1000.0 + 0.001);
                    field.numbers_mut()?.iter_mut().enumerate().for_each(|(i, x)| *x = value(i));
                    one.fields.push(field);
                }
                Spec::PerSample => one.numbers.push(vec![0.5; samples]),
                Spec::Weights { offset, len } => one.weights = vec![R::from_f64(0.01); offset + len],
                Spec::Uniform | Spec::BatchSum { .. } => {}
            }
        }
        match graph.spec(output) {
            Spec::Field { location, fibre } => one.out_field = Some(zeros(location, fibre)?),
            Spec::PerSample => one.out_numbers = vec![0.0; samples],
            _ => {}
        }
        Ok(one)
    }

    /// Runs it on the whole batch.
    ///
    /// # Panics
    /// If the program refuses the data that it was planned for.
    pub fn run(&mut self) {
        let fields: Vec<&FieldData<R>> = self.fields.iter().collect();
        let numbers: Vec<&[f64]> = self.numbers.iter().map(Vec::as_slice).collect();
        let mut out_fields: Vec<&mut FieldData<R>> = self.out_field.iter_mut().collect();
        let mut out_numbers: Vec<&mut [f64]> = Vec::new();
        if !self.out_numbers.is_empty() {
            out_numbers.push(&mut self.out_numbers);
        }
        let mut bindings = Bindings {
            samples: self.samples,
            fields: &fields,
            per_sample: &numbers,
            uniforms: &[0.5],
            weights: &self.weights,
            out_fields: &mut out_fields,
            out_per_sample: &mut out_numbers,
            out_sums: &mut self.out_sums,
            ..Default::default()
        };
        self.program.run(&self.device, &mut bindings).expect("the data were made for the program");
    }

    /// Arithmetic and traffic of a run on the whole batch.
    pub fn cost(&self) -> Cost {
        let Cost { flops, bytes } = self.program.cost();
        let bytes = bytes * size_of::<R>() as f64 / 4.0;
        Cost { flops: flops * self.samples as f64, bytes: bytes * self.samples as f64 }
    }
}
