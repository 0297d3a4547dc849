//! The thing under check as a program with inputs.

use super::error::{Error, Result};
use super::host::Host;
use super::jacobian::Jacobian;
use super::options::Options;
use super::report::Place;
use super::value::Value;
use crate::Trace;
use crate::params::Parameters;
use lattice_tensor::random::{Draw, Stream, normal_at};
use lattice_tensor::{Device, Draws, Graph, Lattice, Layout, NodeId, Real, Spec};

/// A program, its inputs, and names for what goes in and comes out. What the checks are made of; only a new kind of
/// thing needs it directly.
#[derive(Clone)]
pub struct Subject {
    pub(super) graph: Graph,
    pub(super) arguments: Vec<(String, Spec)>,
    pub(super) values: Vec<Value>,
    pub(super) outputs: Vec<(String, NodeId)>,
    pub(super) samples: usize,
    pub(super) seed: u64,
    parameters: Parameters,
    device: Device,
}

impl Subject {
    /// Writes a program and draws its inputs: fields and numbers per sample from `options`, couplings and parameters
    /// at their values.
    ///
    /// # Errors
    /// If the program cannot be written, or reads parameters that are not there.
    pub fn new(
        lattice: &Lattice,
        parameters: &Parameters,
        options: &Options,
        write: impl for<'t> FnOnce(&'t Trace) -> Vec<(String, NodeId)>,
    ) -> Result<Subject> {
        let trace = Trace::new(lattice);
        let outputs = write(&trace);
        trace.check()?;
        let graph = trace.graph().clone();
        let mut uniforms = trace.uniform_values().into_iter();
        let mut arguments = Vec::new();
        let mut values = Vec::new();
        for &id in graph.arguments() {
            let (spec, name) = (graph.spec(id), graph.argument_name(id).unwrap_or_default().to_string());
            let draw = |sample: usize, k: usize| number(options, &name, sample, k);
            values.push(match spec {
                Spec::Field { .. } => {
                    let n = spec.numbers(lattice);
                    Value::Field((0..options.samples).map(|s| (0..n).map(|k| draw(s, k)).collect()).collect())
                }
                Spec::PerSample => Value::PerSample((0..options.samples).map(|s| draw(s, 0)).collect()),
                Spec::Uniform => Value::Uniform(uniforms.next().unwrap_or_default()),
                Spec::Weights { offset, len } => match parameters.values().get(offset..offset + len) {
                    Some(x) => Value::Weights(x.to_vec()),
                    None => return Err(Error::request(name, "a range of the parameters", offset..offset + len)),
                },
                Spec::BatchSum { .. } => return Err(Error::request(name, "an argument", spec)),
            });
            arguments.push((name, spec));
        }
        let samples = options.samples;
        let parameters = parameters.clone();
        Ok(Subject {
            graph,
            arguments,
            values,
            outputs,
            samples,
            seed: options.seed,
            parameters,
            device: Device::cpu(1)?,
        })
    }

    /// The lattice.
    pub fn lattice(&self) -> &Lattice {
        self.graph.lattice()
    }

    /// The values of the arguments, in the order of their declaration.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// How many samples.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Where number `k` of a sample of output `output` is.
    pub fn place_in(&self, output: usize, sample: usize, k: usize) -> Place {
        let (name, id) = &self.outputs[output];
        self.place(name, self.graph.spec(*id), Some(sample), k)
    }

    /// The Jacobian of output number `output` with respect to argument number `argument`, both fields.
    ///
    /// # Errors
    /// If one of them is no field, or the map has no gradient.
    pub fn jacobian(&self, argument: usize, output: usize) -> Result<Jacobian> {
        Jacobian::new(&self.graph, self.graph.arguments()[argument], self.outputs[output].1)
    }

    /// Takes other values for an argument.
    pub fn set(&mut self, argument: usize, value: Value) {
        self.values[argument] = value;
    }

    /// Runs the program in `f64` on its inputs; outputs in order.
    ///
    /// # Errors
    /// If it cannot be planned or run.
    pub fn run(&self) -> Result<Vec<Value>> {
        let nodes: Vec<NodeId> = self.outputs.iter().map(|(_, id)| *id).collect();
        self.run_as::<f64>(&nodes, &self.values, self.samples, 0)
    }

    /// As [`Subject::run`], one sample of field argument `argument` being `x`.
    ///
    /// # Errors
    /// If it cannot be planned or run.
    pub fn with_sample(&self, argument: usize, sample: usize, x: &[f64]) -> Result<Vec<Value>> {
        let mut values = self.values.clone();
        if let Value::Field(samples) = &mut values[argument] {
            samples[sample] = x.to_vec();
        }
        self.run_as::<f64>(&self.output_nodes(), &values, self.samples, 0)
    }

    pub(super) fn run_as<R: Real>(
        &self,
        nodes: &[NodeId],
        values: &[Value],
        samples: usize,
        first_sample: u64,
    ) -> Result<Vec<Value>> {
        self.run_on(&mut self.plan::<R>(nodes)?, values, samples, first_sample)
    }

    /// Plans some nodes.
    pub(super) fn plan<R: Real>(&self, nodes: &[NodeId]) -> Result<Host<R>> {
        Ok(Host::new(&self.graph, nodes, &Layout::samples(self.lattice(), R::WIDTH))?)
    }

    /// Runs what was planned.
    pub(super) fn run_on<R: Real>(
        &self,
        host: &mut Host<R>,
        values: &[Value],
        samples: usize,
        first_sample: u64,
    ) -> Result<Vec<Value>> {
        Ok(host.run_with(&self.device, values, samples, Draws { seed: self.seed, step: 0, first_sample })?)
    }

    /// The nodes of the outputs.
    pub(super) fn output_nodes(&self) -> Vec<NodeId> {
        self.outputs.iter().map(|(_, id)| *id).collect()
    }

    /// Whether the program draws random numbers.
    pub(super) fn is_random(&self) -> bool {
        let live = self.graph.live(&self.output_nodes());
        self.graph.nodes().iter().zip(&live).any(|(node, live)| *live && node.op.name() == "random")
    }

    /// The longest path of ops from an argument to an output: how often a value is rounded on its way.
    pub fn depth(&self) -> usize {
        let mut depth = vec![0; self.graph.nodes().len()];
        for (i, node) in self.graph.nodes().iter().enumerate() {
            depth[i] = node.inputs.iter().map(|input| depth[input.index()] + 1).max().unwrap_or(0);
        }
        self.outputs.iter().map(|(_, id)| depth[id.index()]).max().unwrap_or(0)
    }

    /// Where number `k` of a sample (or of a run of parameters) of a value is.
    pub(super) fn place(&self, name: &str, spec: Spec, sample: Option<usize>, k: usize) -> Place {
        let place = Place { sample, ..Place::named(name) };
        match spec {
            Spec::Field { location, fibre } => {
                let n = fibre.components();
                let mut sites = (0..self.lattice().volume()).map(|s| self.lattice().coordinates(s));
                let site = sites.by_ref().filter(|x| location.contains(x)).nth(k / n);
                Place { site, component: (n > 1).then_some(k % n), ..place }
            }
            Spec::Weights { offset, .. } => {
                let entry = self.parameters.iter().find(|e| e.range.contains(&(offset + k)));
                let known = entry.map(|entry| {
                    let mut rest = offset + k - entry.range.start;
                    let mut index = vec![0; entry.shape.len()];
                    for (i, &extent) in index.iter_mut().zip(&entry.shape).rev() {
                        *i = rest % extent;
                        rest /= extent;
                    }
                    format!("{}{index:?}", entry.name)
                });
                Place { name: Some(known.unwrap_or_else(|| format!("{name}[{k}]"))), ..place }
            }
            _ => place,
        }
    }

    pub(super) fn device(&self) -> &Device {
        &self.device
    }
}

/// Number `k` of a sample of an input.
fn number(options: &Options, name: &str, sample: usize, k: usize) -> f64 {
    let draw = Draw { key: Stream::named(&format!("check.{name}")).key(options.seed), step: 0 };
    (options.inputs)(normal_at::<f64>(draw, sample as u64, k as u64))
}
