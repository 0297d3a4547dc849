//! Gradients, and gradients of gradients, against difference quotients.

use super::error::Result;
use super::host::Host;
use super::quotient::{Claim, Quotient, quotients};
use super::report::{Finding, Place, Verdict};
use super::subject::Subject;
use super::value::Value;
use crate::reverse;
use lattice_tensor::ops::{Mask, Pointwise, SumSites};
use lattice_tensor::random::{Draw, Stream, uniform_f64_at};
use lattice_tensor::{Device, Error, Graph, Layout, NodeId, Spec};

/// Directions that each argument is moved along.
const DIRECTIONS: u64 = 2;
/// Most components that are looked at one by one to say where a gradient is wrong.
const MOST_COMPONENTS: usize = 4096;

const UNSETTLED: &str = "difference quotients do not settle: is the function smooth here?";

/// A new argument `v` of the type of `node` and the inner product `⟨v, node⟩` of each sample; `None` for sums over the
/// batch, which are ends.
///
/// # Errors
/// If the graph refuses it.
pub fn pair(graph: &mut Graph, node: NodeId, name: &str) -> lattice_tensor::Result<Option<(NodeId, NodeId)>> {
    let spec = match graph.spec(node) {
        field @ Spec::Field { .. } => field,
        Spec::PerSample | Spec::Uniform => Spec::PerSample,
        _ => return Ok(None),
    };
    let v = graph.argument(name, spec)?;
    let product = graph.push(Pointwise::Mul, &[v, node])?;
    match spec {
        Spec::PerSample => Ok(Some((v, product))),
        _ => Ok(Some((v, graph.push(SumSites, &[product])?))),
    }
}

/// The gradients of a number per sample: sample by sample for fields and numbers, over the batch for weights.
///
/// # Errors
/// If the gradient passes through an op that has none.
pub fn gradients(
    graph: &mut Graph,
    functional: NodeId,
    wanted: &[NodeId],
) -> lattice_tensor::Result<Vec<Option<NodeId>>> {
    let one = graph.constant(1.0);
    let mask = graph.push(Mask, &[])?;
    let by_sample = reverse::vjp(graph, functional, one, wanted, &[])?;
    let over_batch = reverse::vjp(graph, functional, mask, wanted, &[])?;
    let pick = |(i, &w): (usize, &NodeId)| match graph.spec(w) {
        Spec::Weights { .. } => over_batch[i],
        _ => by_sample[i],
    };
    Ok(wanted.iter().enumerate().map(pick).collect())
}

/// Compares the gradients of `functional`, a number per sample, with difference quotients along random directions,
/// one of the arguments `wanted` at a time; one finding for each.
///
/// # Errors
/// If the program cannot be run, or an op on the way has no gradient.
pub fn gradient(
    graph: &mut Graph,
    functional: NodeId,
    wanted: &[NodeId],
    values: &[Value],
    samples: usize,
    seed: u64,
) -> Result<Vec<Finding>> {
    let mut slopes = Slopes::new(graph, functional, wanted, values, samples, Device::cpu(1)?)?;
    (0..wanted.len()).map(|i| slopes.finding(graph, i, seed)).collect()
}

/// A functional with its gradients, and the means to move its arguments.
struct Slopes<'a> {
    values: &'a [Value],
    samples: usize,
    wanted: Vec<NodeId>,
    /// The values of the gradients, if they do not vanish.
    gradients: Vec<Option<Value>>,
    /// The place of each argument in the parameter buffer, if it has one. Arguments may share parameters.
    places: Vec<Option<usize>>,
    plain: Host<f64>,
    device: Device,
}

impl<'a> Slopes<'a> {
    fn new(
        graph: &mut Graph,
        functional: NodeId,
        wanted: &[NodeId],
        values: &'a [Value],
        samples: usize,
        device: Device,
    ) -> Result<Slopes<'a>> {
        let found = gradients(graph, functional, wanted)?;
        let layout = Layout::samples(graph.lattice(), 8);
        let nodes: Vec<NodeId> = found.iter().copied().flatten().collect();
        let mut results = match nodes.as_slice() {
            [] => Vec::new(),
            nodes => Host::<f64>::new(graph, nodes, &layout)?.run(&device, values, samples)?,
        }
        .into_iter();
        let gradients: Vec<_> = found.iter().map(|g| g.and_then(|_| results.next())).collect();
        let place = |&id: &NodeId| match graph.spec(id) {
            Spec::Weights { offset, .. } => Some(offset),
            _ => None,
        };
        let gradients = shared(gradients, &wanted.iter().map(place).collect::<Vec<_>>());
        let places = graph.arguments().iter().map(place).collect();
        let plain = Host::new(graph, &[functional], &layout)?;
        Ok(Slopes { values, samples, wanted: wanted.to_vec(), gradients, places, plain, device })
    }

    /// The quotients along one direction: one for each sample, or one for the batch if parameters are moved.
    fn along(&mut self, position: usize, number: usize, direction: &Value) -> Result<Vec<Quotient>> {
        let sums = matches!(direction, Value::Weights(_));
        let dot = |g: &[f64], u: &[f64]| {
            let terms = || g.iter().zip(u).map(|(g, u)| g * u);
            Claim { value: terms().sum(), terms: terms().map(f64::abs).sum() }
        };
        let claims: Vec<Claim> = match (&self.gradients[number], direction) {
            (None, _) => vec![Claim { value: 0.0, terms: 0.0 }; if sums { 1 } else { self.samples }],
            (Some(Value::Sums(g)), Value::Weights(u)) => vec![dot(g, u)],
            (Some(g), u) => (0..self.samples).map(|s| dot(&g.of_sample(s), &u.of_sample(s))).collect(),
        };
        let u = direction.numbers();
        let mut moved = self.values.to_vec();
        quotients(&claims, |step| {
            moved[position] = self.values[position].map(|x, i| x + step * u[i]);
            for other in (0..moved.len()).filter(|&other| sums && other != position) {
                if let (Some(to), Some(from)) = (self.places[other], self.places[position]) {
                    let by = |i: usize| (to + i).checked_sub(from).and_then(|k| u.get(k)).copied().unwrap_or(0.0);
                    moved[other] = self.values[other].map(|x, i| x + step * by(i));
                }
            }
            let f = self.plain.run(&self.device, &moved, self.samples)?.swap_remove(0).numbers();
            Ok(if sums { vec![f.iter().sum()] } else { f })
        })
    }

    /// What the gradient of one argument is worth.
    fn finding(&mut self, graph: &Graph, number: usize, seed: u64) -> Result<Finding> {
        let argument = self.wanted[number];
        let name = graph.argument_name(argument).unwrap_or("?").to_string();
        let mut finding = Finding::new(format!("gradient, {name}"));
        let Some(position) = graph.arguments().iter().position(|&a| a == argument) else {
            return Ok(Finding::skipped(finding.check, "not an argument of the program"));
        };
        let spec = graph.spec(argument);
        let fits = match (&self.gradients[number], spec) {
            (None, _) | (Some(Value::Field(_)), Spec::Field { .. }) => true,
            (Some(Value::Sums(g)), Spec::Weights { len, .. }) => g.len() == len,
            (Some(Value::PerSample(_)), Spec::PerSample | Spec::Uniform) => true,
            _ => false,
        };
        if !fits {
            let found = self.gradients[number].as_ref().map_or(0, |g| g.numbers().len());
            return Ok(Finding { verdict: Verdict::Failed, deviation: f64::INFINITY, ..finding }
                .with_note(format!("the gradient of {spec} is of another type, with {found} numbers")));
        }
        let key = Stream::named(&format!("check.direction.{name}")).key(seed);
        for step in 0..DIRECTIONS {
            let direction = self.values[position].map(|_, i| {
                let u = 2.0 * uniform_f64_at(Draw { key, step }, 0, i as u64) - 1.0;
                u.signum() * (0.5 + 0.5 * u.abs())
            });
            let sums = matches!(direction, Value::Weights(_));
            for (s, q) in self.along(position, number, &direction)?.into_iter().enumerate() {
                see(&mut finding, &q, || Place { sample: (!sums).then_some(s), ..Place::named(&name) });
            }
        }
        Ok(finding)
    }

    /// Looks for the worst component of a gradient that was found wrong.
    fn locate(&mut self, subject: &Subject, number: usize, finding: &mut Finding) -> Result<()> {
        let argument = self.wanted[number];
        let Some(position) = subject.graph.arguments().iter().position(|&a| a == argument) else { return Ok(()) };
        let spec = subject.graph.spec(argument);
        let components = spec.numbers(subject.lattice()).min(MOST_COMPONENTS);
        let mut worst = Finding::new(finding.check.clone());
        for k in 0..components {
            let direction = match &self.values[position] {
                Value::Weights(x) => Value::Weights((0..x.len()).map(|i| f64::from(i == k)).collect()),
                Value::Uniform(_) => Value::Uniform(1.0),
                per_sample => per_sample.map(|_, i| f64::from(i % spec.numbers(subject.lattice()) == k)),
            };
            let sums = matches!(direction, Value::Weights(_));
            for (s, q) in self.along(position, number, &direction)?.into_iter().enumerate() {
                let name = subject.graph.argument_name(argument).unwrap_or_default();
                see(&mut worst, &q, || subject.place(name, spec, (!sums).then_some(s), k));
            }
        }
        if worst.verdict == Verdict::Failed {
            worst.note = [worst.note, format!("the worst of {components} components, found one by one")]
                .iter()
                .filter(|n| !n.is_empty())
                .cloned()
                .collect::<Vec<_>>()
                .join("; ");
            *finding = worst;
        }
        Ok(())
    }
}

/// The derivatives by parameters: those of a parameter that several arguments share are added up in each of them.
fn shared(gradients: Vec<Option<Value>>, places: &[Option<usize>]) -> Vec<Option<Value>> {
    let total = |parameter: usize| -> f64 {
        let part = |(gradient, place): (&Option<Value>, &Option<usize>)| match (gradient, place) {
            (Some(Value::Sums(g)), Some(from)) => g.get(parameter.checked_sub(*from)?).copied(),
            _ => None,
        };
        gradients.iter().zip(places).filter_map(part).sum()
    };
    let add = |(gradient, place): (&Option<Value>, &Option<usize>)| match (gradient, place) {
        (Some(Value::Sums(g)), Some(from)) => Some(Value::Sums((0..g.len()).map(|k| total(from + k)).collect())),
        (gradient, _) => gradient.clone(),
    };
    gradients.iter().zip(places).map(add).collect()
}

fn see(finding: &mut Finding, q: &Quotient, place: impl FnOnce() -> Place) {
    let bound = if q.settled { q.bound } else { f64::NAN };
    finding.compare(q.claimed, q.value, bound, place);
    if !q.settled {
        finding.note = UNSETTLED.into();
    } else if q.coarse && finding.note.is_empty() {
        finding.note = "beside kinks, where difference quotients are coarse".into();
    }
}

impl Subject {
    /// `Σ ⟨v, output⟩` of each sample with fixed random `v`, added to the program; `None` if all outputs are sums over
    /// the batch.
    fn functional(&mut self, nodes: &[NodeId], stream: &str) -> Result<Option<NodeId>> {
        let mut sum: Option<NodeId> = None;
        for (i, &node) in nodes.iter().enumerate() {
            let name = format!("{stream}{i}");
            let Some((v, part)) = pair(&mut self.graph, node, &name)? else { continue };
            let spec = self.graph.spec(v);
            let key = Stream::named(&format!("check.{name}")).key(self.seed);
            let n = spec.numbers(self.lattice());
            let number = |s: usize, k: usize| {
                let u = 2.0 * uniform_f64_at(Draw { key, step: 0 }, s as u64, k as u64) - 1.0;
                u.signum() * (0.5 + 0.5 * u.abs())
            };
            self.values.push(match spec {
                Spec::PerSample => Value::PerSample((0..self.samples).map(|s| number(s, 0)).collect()),
                _ => Value::Field((0..self.samples).map(|s| (0..n).map(|k| number(s, k)).collect()).collect()),
            });
            sum = Some(match sum {
                None => part,
                Some(sum) => self.graph.push(Pointwise::Add, &[sum, part])?,
            });
        }
        Ok(sum)
    }

    /// Gradients with respect to every argument, and the gradients of those.
    pub(super) fn gradients(&mut self, second: bool) -> Result<Vec<Finding>> {
        let (graph, values) = (self.graph.clone(), self.values.clone());
        let findings = self.with_functionals(second);
        (self.graph, self.values) = (graph, values);
        findings
    }

    fn with_functionals(&mut self, second: bool) -> Result<Vec<Finding>> {
        let wanted: Vec<NodeId> = self.graph.arguments().to_vec();
        let Some(functional) = self.functional(&self.output_nodes(), "v")? else {
            return Ok(vec![Finding::skipped("gradient", "sums over the batch are ends")]);
        };
        if wanted.is_empty() {
            return Ok(vec![Finding::skipped("gradient", "there are no inputs")]);
        }
        let mut findings = match self.slopes(functional, &wanted) {
            Err(super::Error::Tensor(error @ Error::NotDifferentiable { .. })) => {
                return Ok(vec![Finding::skipped("gradient", format!("not promised: {error}"))]);
            }
            other => other?,
        };
        if !second {
            return Ok(findings);
        }
        let first: Vec<NodeId> = gradients(&mut self.graph, functional, &wanted)?.into_iter().flatten().collect();
        let Some(functional) = self.functional(&first, "w")? else { return Ok(findings) };
        match self.slopes(functional, &wanted) {
            Err(super::Error::Tensor(error @ Error::NotDifferentiable { .. })) => {
                findings.push(Finding::skipped("second gradient", format!("not promised: {error}")));
            }
            second => {
                findings.extend(second?.into_iter().map(|f| Finding { check: format!("second {}", f.check), ..f }))
            }
        }
        Ok(findings)
    }

    fn slopes(&mut self, functional: NodeId, wanted: &[NodeId]) -> Result<Vec<Finding>> {
        let values = self.values.clone();
        let device = self.device().clone();
        let mut graph = self.graph.clone();
        let mut slopes = Slopes::new(&mut graph, functional, wanted, &values, self.samples, device)?;
        let mut findings = Vec::new();
        for i in 0..wanted.len() {
            let mut finding = slopes.finding(&graph, i, self.seed)?;
            if finding.verdict == Verdict::Failed {
                slopes.locate(self, i, &mut finding)?;
            }
            findings.push(finding);
        }
        Ok(findings)
    }
}
