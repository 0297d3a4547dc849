//! The battery. Each test walks the list of [`cases`]; a failure prints the case and its number.

mod cases;
mod gauge;
#[cfg(feature = "gpu")]
mod gpu;
mod transforms;

use crate::draw::{Domain, Draw};
use crate::reference::{Answer, translated};
use crate::rules;
use cases::{Case, LIST};
use lattice_autograd::check::{Host, Value};
use lattice_tensor::lanes::Level;
use lattice_tensor::ops::{Op, Pointwise, Shader, Site};
use lattice_tensor::{Device, Graph, Layout, Location, NodeId, Real, Spec};
use std::collections::BTreeSet;

/// A case as a program: the output `y`, and the gradients of `⟨v, y⟩`.
struct Subject {
    case: Case,
    label: String,
    draw: Draw,
    seed: u64,
    graph: Graph,
    wanted: Vec<NodeId>,
    output: NodeId,
    /// `⟨v, y⟩` for each sample, if the op has a gradient.
    functional: Option<NodeId>,
    values: Vec<Value>,
}

impl Subject {
    fn new(name: &str, number: usize, draw: fn(&mut Draw, usize) -> Case) -> Subject {
        let mut source = Draw::new(name, number);
        let case = draw(&mut source, number);
        let label = format!("{name} case {number}: {case}");
        let mut graph = Graph::new(&case.lattice);
        let (wanted, output) = case.push(&mut graph).unwrap_or_else(|e| panic!("{label}: {e}"));
        let mut specs = case.arguments.clone();
        let paired = case.coda.map_or(output, |coda| coda(&mut graph, output).unwrap());
        let functional = rules::pair(&mut graph, paired, "v").unwrap().map(|(v, functional)| {
            specs.push((graph.spec(v), Domain::Apart(1)));
            functional
        });
        let value = |&(spec, domain): &(Spec, Domain)| source.value(spec, &case.lattice, case.samples, domain);
        let values = specs.iter().map(value).collect();
        Subject { case, label, draw: source, seed: number as u64, graph, wanted, output, functional, values }
    }

    /// All layouts that the test tries: lanes of samples first, then up to `most` with virtual nodes.
    fn layouts(&mut self, width: usize, most: usize) -> Vec<Layout> {
        let locations = self.case.locations(&self.graph);
        let mut layouts = vec![Layout::samples(&self.case.lattice, width)];
        layouts.extend(self.draw.splits(&self.case.lattice, &locations, width, most));
        layouts
    }

    /// The output, and the gradients that exist.
    fn outputs(&mut self) -> Vec<NodeId> {
        let mut outputs = vec![self.output];
        if let Some(functional) = self.functional {
            let found = rules::gradients(&mut self.graph, functional, &self.wanted);
            outputs.extend(found.unwrap_or_default().into_iter().flatten());
        }
        outputs
    }

    fn run<R: Real>(&self, outputs: &[NodeId], layout: &Layout, device: &Device, values: &[Value]) -> Vec<Value> {
        let run = || Host::<R>::new(&self.graph, outputs, layout)?.run(device, values, self.case.samples);
        run().unwrap_or_else(|e| panic!("{}, {} nodes a row: {e}", self.label, layout.nodes()))
    }

    fn answer(&self) -> Answer {
        (self.case.reference)(&self.values[..self.case.arguments.len()])
    }

    fn fail(&self, what: impl std::fmt::Display) -> ! {
        panic!("{}: {what}", self.label)
    }
}

fn for_all(mut check: impl FnMut(&mut Subject)) {
    for &(name, count, draw) in LIST.iter().chain(gauge::LIST).chain(transforms::LIST) {
        (0..count).for_each(|number| check(&mut Subject::new(name, number, draw)));
    }
}

/// The shaders of all cases.
pub fn shaders() -> Vec<Shader> {
    let mut shaders = Vec::new();
    for_all(|s| {
        let node = s.graph.node(s.output).clone();
        let inputs: Vec<Spec> = node.inputs.iter().map(|&input| s.graph.spec(input)).collect();
        let layout = Layout::samples(&s.case.lattice, 16);
        let shader = Site::alone(&layout, &inputs, node.spec, |site| s.case.op.shader(site));
        shaders.extend(shader.unwrap_or_else(|e| s.fail(e)));
    });
    shaders
}

fn device() -> Device {
    Device::cpu(1).unwrap()
}

/// One unit in the last place of numbers near 1.
fn ulp<R: Real>() -> f64 {
    if R::NAME == "f32" { f32::EPSILON as f64 } else { f64::EPSILON }
}

#[test]
fn every_file_of_ops_is_listed_and_documented() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("lattice-tensor/src/ops");
    let listed: BTreeSet<&str> = LIST.iter().chain(gauge::LIST).chain(transforms::LIST).map(|entry| entry.0).collect();
    // An argument is what every case of another op begins with; random fields and random updates of links have tests of
    // their own, in `random.rs` and `gauge.rs`.
    let known = |name: &str| ["argument", "random", "local_update"].contains(&name) || listed.contains(name);
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "rs") || path.file_stem().is_some_and(|s| s == "mod") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let names: Vec<&str> = text
            .lines()
            .filter(|line| line.trim_start().starts_with("const NAME: &'static str = "))
            .filter_map(|line| line.split('"').nth(1))
            .collect();
        if names.is_empty() {
            continue;
        }
        for name in names {
            assert!(known(name), "{name} in {} is missing in tests/ops/cases.rs", path.display());
            found.insert(name.to_string());
        }
        for line in ["//! * in ", "//! * out ", "//! * vjp ", "//! * cost ", "//! * see "] {
            assert!(text.lines().any(|l| l.starts_with(line)), "{} has no line `{line}…`", path.display());
        }
    }
    let gone: Vec<_> = listed.iter().filter(|name| !found.contains(**name)).collect();
    assert!(gone.is_empty(), "{gone:?} are listed, but no file of lattice-tensor/src/ops has them");
    assert_eq!(Pointwise::NAME, "pointwise");
}

#[test]
fn costs_are_finite_and_traffic_is_counted() {
    for_all(|s| {
        let node = s.graph.node(s.output).clone();
        let inputs: Vec<Spec> = s.case.arguments.iter().map(|a| a.0).collect();
        let cost = s.case.op.cost(&s.case.lattice, &inputs, &node.spec);
        if !(cost.flops.is_finite() && cost.flops >= 0.0 && cost.bytes.is_finite() && cost.bytes >= 0.0) {
            s.fail(format!("{cost:?}"));
        }
        if s.case.moves_data && cost.bytes == 0.0 {
            s.fail("moves data without traffic");
        }
    });
}

/// Both precisions against the reference, in dirty memory.
#[test]
fn values_are_those_of_the_reference() {
    fn check<R: Real>(s: &mut Subject) {
        let answer = s.answer();
        for layout in s.layouts(R::WIDTH, 1) {
            let found = s.run::<R>(&[s.output], &layout, &device(), &s.values);
            // Numbers for each sample are summed in f64, whatever the precision of fields.
            let unit = if matches!(found[0], Value::PerSample(_)) { f64::EPSILON } else { ulp::<R>() };
            let bound = unit * (3.0 + 4.0 * answer.terms.sqrt()).min(3.0 + answer.terms);
            if let Err(e) = found[0].within(&answer.value, &answer.size, bound) {
                s.fail(format!("{} with {:?} nodes: {e}", R::NAME, layout.inner()));
            }
        }
    }
    for_all(|s| {
        check::<f32>(s);
        check::<f64>(s);
    });
}

/// Whether a gradient leads through one of the few ops that are gradients themselves and have none, or of those named.
fn ends(s: &mut Subject, functional: NodeId, wanted: &[NodeId], others: &[&str]) -> bool {
    let error = rules::gradients(&mut s.graph, functional, wanted).err().map(|e| e.to_string());
    let known = |e: &str| gauge::ENDS.iter().chain(&transforms::ENDS).chain(others).any(|name| e.starts_with(name));
    error.is_some_and(|e| known(&e) && e.contains("not differentiable"))
}

/// A central difference along a random direction against the gradient, for every input.
#[test]
fn gradients_are_those_of_difference_quotients() {
    for_all(|s| {
        let Some(functional) = s.functional.filter(|_| !s.case.straight_through) else { return };
        let wanted = s.wanted.clone();
        if ends(s, functional, &wanted, &[]) {
            return;
        }
        if let Err(e) = rules::check(&mut s.graph, functional, &wanted, &s.values, s.case.samples, s.seed) {
            s.fail(e);
        }
    });
}

/// Step functions have difference quotients of 0 or none; their rule hands on the cotangent, bit for bit.
#[test]
fn straight_through_gradients_are_the_cotangents() {
    let mut tried = 0;
    for_all(|s| {
        let Some(functional) = s.functional.filter(|_| s.case.straight_through) else { return };
        let found = rules::gradients(&mut s.graph, functional, &s.wanted).unwrap();
        let gradient = found[0].unwrap_or_else(|| s.fail("the gradient vanishes"));
        let found = s.run::<f64>(&[gradient], &Layout::samples(&s.case.lattice, 8), &device(), &s.values);
        if !s.values.last().is_some_and(|v| found[0].same_bits(v)) {
            s.fail("the gradient is not the cotangent");
        }
        tried += 1;
    });
    assert!(tried >= 6, "only {tried} step functions");
}

/// The same for the gradient of a random linear function of all gradients.
#[test]
fn second_gradients_are_those_of_difference_quotients() {
    for_all(|s| {
        let Some(functional) = s.functional else { return };
        let Ok(first) = rules::gradients(&mut s.graph, functional, &s.wanted) else { return };
        let mut sum = None;
        for (i, gradient) in first.into_iter().flatten().enumerate() {
            let Some((w, part)) = rules::pair(&mut s.graph, gradient, &format!("w{i}")).unwrap() else { continue };
            let spec = s.graph.spec(w);
            s.values.push(s.draw.value(spec, &s.case.lattice, s.case.samples, Domain::Apart(i % 3)));
            sum = Some(match sum {
                None => part,
                Some(sum) => s.graph.push(Pointwise::Add, &[sum, part]).unwrap(),
            });
        }
        let Some(sum) = sum else { return };
        let wanted = s.graph.arguments().to_vec();
        if ends(s, sum, &wanted, &transforms::ONCE) {
            return;
        }
        if let Err(e) = rules::check(&mut s.graph, sum, &wanted, &s.values, s.case.samples, s.seed) {
            s.fail(e);
        }
    });
}

/// What cannot be differentiated says so by name.
#[test]
fn sums_over_the_batch_refuse_to_be_differentiated() {
    for_all(|s| {
        let is_sum = matches!(s.graph.spec(s.output), Spec::BatchSum { .. });
        if s.functional.is_some() == is_sum {
            s.fail("sums over the batch, and they alone, are ends");
        }
        if is_sum {
            let seed = s.graph.constant(1.0);
            let found = lattice_autograd::reverse::vjp(&mut s.graph, s.output, seed, &s.wanted, &[]);
            let text = found.expect_err("no gradient").to_string();
            assert!(text.starts_with(s.case.op.name()) && text.contains("not differentiable"), "{text}");
        }
    });
}

/// Lanes that are samples, virtual nodes, or some of both: the same bits, but for sums, whose order differs.
#[test]
fn layouts_give_the_same_bits() {
    fn check<R: Real>(s: &mut Subject) -> usize {
        let outputs = s.outputs();
        let answer = s.answer();
        let layouts = s.layouts(R::WIDTH, 4);
        let first = s.run::<R>(&outputs, &layouts[0], &device(), &s.values);
        for layout in &layouts[1..] {
            let found = s.run::<R>(&outputs, layout, &device(), &s.values);
            for (i, (a, b)) in first.iter().zip(&found).enumerate() {
                let sum = matches!(s.case.op.name(), "sum_sites" | "conv_weight_grad" | "add_sums");
                let agrees = match a {
                    Value::Field(_) => a.same_bits(b),
                    _ if i > 0 => continue,
                    Value::PerSample(_) if !sum => a.same_bits(b),
                    Value::PerSample(_) => a.within(b, &answer.size, 2.0 * f64::EPSILON * answer.terms).is_ok(),
                    _ => a.within(b, &answer.size, 8.0 * ulp::<R>() * answer.terms.sqrt()).is_ok(),
                };
                if !agrees {
                    s.fail(format!("{} output {i} differs with {:?} nodes", R::NAME, layout.inner()));
                }
            }
        }
        layouts.len() - 1
    }
    let mut tried = 0;
    for_all(|s| tried += check::<f32>(s) + check::<f64>(s));
    assert!(tried > 500, "only {tried} layouts with virtual nodes");
}

#[test]
fn instruction_sets_give_the_same_bits() {
    fn check<R: Real>(s: &mut Subject) {
        let outputs = s.outputs();
        for layout in s.layouts(R::WIDTH, 1) {
            let mut first: Option<Vec<Value>> = None;
            for level in Level::all() {
                let found = s.run::<R>(&outputs, &layout, &Device::cpu_with_level(1, level).unwrap(), &s.values);
                let first = first.get_or_insert_with(|| found.clone());
                if let Some(i) = (0..found.len()).find(|&i| !found[i].same_bits(&first[i])) {
                    s.fail(format!("{} output {i} differs on {}", R::NAME, level.name()));
                }
            }
        }
    }
    for_all(|s| {
        check::<f32>(s);
        check::<f64>(s);
    });
}

#[test]
fn permuted_samples_give_permuted_results() {
    fn check<R: Real>(s: &mut Subject) {
        let outputs = s.outputs();
        let order = s.draw.permutation(s.case.samples);
        let permuted: Vec<Value> = s.values.iter().map(|v| v.permuted(&order)).collect();
        let answer = s.answer();
        for layout in s.layouts(R::WIDTH, 1) {
            let before = s.run::<R>(&outputs, &layout, &device(), &s.values);
            let after = s.run::<R>(&outputs, &layout, &device(), &permuted);
            for (i, (before, after)) in before.iter().zip(&after).enumerate() {
                let agrees = match before {
                    Value::Sums(_) if i > 0 => continue,
                    Value::Sums(_) => {
                        after.within(before, &answer.size, 8.0 * ulp::<R>() * answer.terms.sqrt()).is_ok()
                    }
                    _ => after.same_bits(&before.permuted(&order)),
                };
                if !agrees {
                    s.fail(format!("{} output {i} with {:?} nodes: lanes talk", R::NAME, layout.inner()));
                }
            }
        }
    }
    for_all(|s| {
        check::<f32>(s);
        check::<f64>(s);
    });
}

#[test]
fn translated_inputs_give_translated_outputs() {
    let mut tried = 0;
    for_all(|s| {
        if !s.case.covariant || s.case.arguments.is_empty() {
            return;
        }
        // By multiples of 12, every sub-lattice is moved onto itself; by 2 along every direction, checkerboards are.
        let stripes = s.case.locations(&s.graph).iter().any(|l| !matches!(l, Location::All | Location::Parity(_)));
        let steps = if stripes { 12 } else { 2 };
        let by: Vec<i32> = s.case.lattice.extents().iter().map(|_| steps * (s.draw.below(3) as i32 - 1)).collect();
        let move_all = |values: &[Value], specs: &[Spec]| -> Vec<Value> {
            specs.iter().zip(values).map(|(&spec, v)| translated(&s.case.lattice, spec, &by, v)).collect()
        };
        let outputs = match s.functional {
            Some(f) => {
                let found = rules::gradients(&mut s.graph, f, &s.wanted).unwrap_or_default();
                [s.output].into_iter().chain(found.into_iter().flatten()).collect()
            }
            None => vec![s.output],
        };
        let arguments: Vec<Spec> = s.graph.arguments().iter().map(|&a| s.graph.spec(a)).collect();
        let specs: Vec<Spec> = outputs.iter().map(|&o| s.graph.spec(o)).collect();
        let moved = move_all(&s.values, &arguments);
        let layout = Layout::samples(&s.case.lattice, 8);
        let expected = move_all(&s.run::<f64>(&outputs, &layout, &device(), &s.values), &specs);
        let found = s.run::<f64>(&outputs, &layout, &device(), &moved);
        for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let largest = expected.numbers().iter().fold(1.0, |m: f64, x| m.max(x.abs()));
            if let Err(e) = found.within(expected, &expected.map(|_, _| largest), 1e-12) {
                s.fail(format!("output {i} moved by {by:?}: {e}"));
            }
        }
        tried += by.iter().any(|&d| d != 0) as usize;
    });
    assert!(tried > 100, "only {tried} translations");
}

/// Whatever a run leaves in buffers, the next one does not see it.
#[test]
fn dirty_buffers_do_not_matter() {
    fn check<R: Real>(s: &mut Subject) {
        let outputs = s.outputs();
        for layout in s.layouts(R::WIDTH, 1) {
            let fresh = s.run::<R>(&outputs, &layout, &device(), &s.values);
            let mut host = Host::<R>::new(&s.graph, &outputs, &layout).unwrap();
            let dirt: Vec<Value> = s.values.iter().map(|v| v.map(|_, _| f64::NAN)).collect();
            host.run(&device(), &dirt, s.case.samples).unwrap();
            let again = host.run(&device(), &s.values, s.case.samples).unwrap();
            if let Some(i) = (0..fresh.len()).find(|&i| !fresh[i].same_bits(&again[i])) {
                s.fail(format!("{} output {i} remembers an earlier run", R::NAME));
            }
        }
    }
    for_all(|s| {
        check::<f32>(s);
        check::<f64>(s);
    });
}
