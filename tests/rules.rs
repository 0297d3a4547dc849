//! Gradients against difference quotients.

use crate::draw::Draw;
use crate::host::{Host, Value};
use lattice_autograd::reverse;
use lattice_tensor::ops::{Mask, Pointwise, SumSites};
use lattice_tensor::{Cpu, Graph, Layout, NodeId, Result, Spec};

/// The step of a difference quotient of fourth order.
const STEP: f64 = 1e-3;

/// A new argument `v` of the type of `node` and the inner product `⟨v, node⟩` of each sample; `None` for sums over the
/// batch, which are ends.
pub fn pair(graph: &mut Graph, node: NodeId, name: &str) -> Option<(NodeId, NodeId)> {
    let spec = match graph.spec(node) {
        field @ Spec::Field { .. } => field,
        Spec::PerSample | Spec::Uniform => Spec::PerSample,
        _ => return None,
    };
    let v = graph.argument(name, spec).unwrap();
    let product = graph.push(Pointwise::Mul, &[v, node]).unwrap();
    match spec {
        Spec::PerSample => Some((v, product)),
        _ => Some((v, graph.push(SumSites, &[product]).unwrap())),
    }
}

/// The gradients of a number per sample: sample by sample for fields and numbers, over the batch for weights.
pub fn gradients(graph: &mut Graph, functional: NodeId, wanted: &[NodeId]) -> Result<Vec<Option<NodeId>>> {
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

/// Compares the gradients of `functional` with difference quotients along random directions, one argument at a time.
pub fn check(
    graph: &mut Graph,
    functional: NodeId,
    wanted: &[NodeId],
    values: &[Value],
    samples: usize,
    draw: &mut Draw,
) -> std::result::Result<(), String> {
    let text = |e: lattice_tensor::Error| e.to_string();
    let found = gradients(graph, functional, wanted).map_err(text)?;
    let outputs: Vec<NodeId> = [functional].into_iter().chain(found.iter().copied().flatten()).collect();
    let layout = Layout::samples(graph.lattice(), 8);
    let cpu = Cpu::new(1).map_err(text)?;
    let mut host = Host::<f64>::new(graph, &outputs, &layout).map_err(text)?;
    let mut plain = Host::<f64>::new(graph, &[functional], &layout).map_err(text)?;
    let mut results = host.run(&cpu, values, samples).map_err(text)?.into_iter();
    let size: f64 = results.next().unwrap().numbers().iter().fold(1.0, |m, x| m.max(x.abs()));
    for (&argument, gradient) in wanted.iter().zip(&found) {
        let position = graph.arguments().iter().position(|&a| a == argument).ok_or("not an argument")?;
        let spec = graph.spec(argument);
        if let Some(gradient) = gradient {
            let expected = match spec {
                Spec::Weights { len, .. } => Spec::BatchSum { len },
                Spec::Uniform if graph.spec(*gradient) == Spec::Uniform => Spec::Uniform,
                Spec::Uniform | Spec::PerSample => graph.spec(*gradient),
                other => other,
            };
            let is_number =
                matches!(expected, Spec::Field { .. } | Spec::BatchSum { .. } | Spec::PerSample | Spec::Uniform);
            if graph.spec(*gradient) != expected || !is_number {
                return Err(format!("the gradient of {spec} is {}", graph.spec(*gradient)));
            }
        }
        let direction = values[position].map(|_, _| draw.signed());
        let mut at = |step: f64| -> std::result::Result<Vec<f64>, String> {
            let mut moved = values.to_vec();
            let u = direction.numbers();
            moved[position] = values[position].map(|x, i| x + step * STEP * u[i]);
            Ok(plain.run(&cpu, &moved, samples).map_err(text)?[0].numbers())
        };
        let [a, b, c, d] = [at(-2.0)?, at(-1.0)?, at(1.0)?, at(2.0)?];
        let quotient: Vec<f64> = (0..samples).map(|s| (8.0 * (c[s] - b[s]) - (d[s] - a[s])) / (12.0 * STEP)).collect();
        // What the gradient says about each sample (or, for weights, the batch), and the size of its terms.
        let terms: Vec<Vec<f64>> = match (gradient.map(|_| results.next().unwrap()), &direction) {
            (None, Value::Weights(_)) => vec![vec![0.0]],
            (None, _) => vec![vec![0.0]; samples],
            (Some(Value::Field(g)), Value::Field(u)) => {
                g.iter().zip(u).map(|(g, u)| g.iter().zip(u).map(|(g, u)| g * u).collect()).collect()
            }
            (Some(Value::PerSample(g)), Value::PerSample(u)) => g.iter().zip(u).map(|(g, u)| vec![g * u]).collect(),
            (Some(Value::PerSample(g)), Value::Uniform(u)) => g.iter().map(|g| vec![g * u]).collect(),
            (Some(Value::Sums(g)), Value::Weights(u)) => vec![g.iter().zip(u).map(|(g, u)| g * u).collect()],
            (g, u) => return Err(format!("gradient {g:?} along {u:?}")),
        };
        let quotient = if terms.len() == samples && !matches!(direction, Value::Weights(_)) {
            quotient
        } else {
            vec![quotient.iter().sum()]
        };
        for (i, (quotient, terms)) in quotient.iter().zip(&terms).enumerate() {
            let exact: f64 = terms.iter().sum();
            let allowed = 1e-8 * (size + terms.iter().map(|x| x.abs()).sum::<f64>());
            if (quotient - exact).is_nan() || (quotient - exact).abs() > allowed {
                return Err(format!(
                    "argument {position} ({spec}), sample {i}: difference quotient {quotient:e}, gradient {exact:e}, \
                     allowed {allowed:e}"
                ));
            }
        }
    }
    Ok(())
}
