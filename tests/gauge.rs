//! Gauge fields: covariance, forces, and large lattices on several threads.

use lattice_autograd::{PerSample, Trace, Var, links};
use lattice_tensor::field::{Element, Links, Momenta};
use lattice_tensor::group::{Group, GroupName, SU2, SU3, U1};
use lattice_tensor::lanes::Level;
use lattice_tensor::ops::{Colouring, LocalUpdate, Loops, Path, Rule, Step};
use lattice_tensor::{Bindings, Device, Draws, Fibre, FieldData, Lattice, Layout, Location, NodeId, Real, Spec};
use std::sync::Arc;

/// Runs a program without inputs; random fields are the same in every run. Field outputs, one sample, in the order of sites.
fn run<R: Real>(trace: &Trace, outputs: &[NodeId], layout: &Arc<Layout>, device: &Device) -> (Vec<Vec<f64>>, Vec<f64>) {
    let field = |&id: &NodeId| match trace.graph().spec(id) {
        Spec::Field { location, fibre } => Some(FieldData::<R>::zeros(layout, location, fibre, 1).unwrap()),
        _ => None,
    };
    let mut fields: Vec<FieldData<R>> = outputs.iter().filter_map(field).collect();
    let mut numbers = vec![[0.0]; outputs.len() - fields.len()];
    let mut program = trace.program::<R>(outputs, layout).unwrap();
    let mut out_fields: Vec<&mut FieldData<R>> = fields.iter_mut().collect();
    let mut out_numbers: Vec<&mut [f64]> = numbers.iter_mut().map(|n| n.as_mut_slice()).collect();
    let mut bindings = Bindings {
        samples: 1,
        draws: Draws { seed: 5, step: 0, first_sample: 0 },
        uniforms: &trace.uniform_values(),
        out_fields: &mut out_fields,
        out_per_sample: &mut out_numbers,
        ..Default::default()
    };
    program.run(device, &mut bindings).unwrap();
    let values = |f: &FieldData<R>| f.sample(0).unwrap().into_iter().map(Real::to_f64).collect();
    (fields.iter().map(values).collect(), numbers.into_iter().map(|[x]| x).collect())
}

fn alone<R: Real>(lattice: &Lattice) -> Arc<Layout> {
    Arc::new(Layout::samples(lattice, R::WIDTH))
}

fn close(a: &[f64], b: &[f64], bound: f64, what: &str) {
    let largest = a.iter().chain(b).fold(1.0, |m: f64, x| m.max(x.abs()));
    let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(a.len() == b.len() && worst <= bound * largest, "{what}: off by {worst:e}");
}

/// Lattices of two to four directions, extents of 1, 2 and 3 among them.
fn lattices() -> Vec<Lattice> {
    let all: [&[usize]; 8] = [&[1, 4], &[2, 2], &[3, 5], &[4, 4], &[2, 3, 4], &[1, 1, 3], &[2, 2, 2, 2], &[3, 2, 4, 2]];
    all.into_iter().map(|l| Lattice::periodic(l).unwrap()).collect()
}

/// `Σ Re tr P` of each group by its plaquettes, and its derivative.
fn forces_agree<G: Group>() {
    for lattice in lattices() {
        let trace = Trace::new(&lattice);
        let u = trace.haar_links::<G>("u");
        let sum = u.plaquettes().sum_sites() * G::N as f64;
        let by_reverse = trace.gradient(sum, u);
        let spec = by_reverse.spec();
        let zero: Var<'_, Momenta<G>> = trace.normal_as::<Momenta<G>>("p", spec) * 0.0;
        let fused = zero.kick(u, trace.constant(1.0));
        // Loop by loop, as any loop may be summed.
        let directions = lattice.directions();
        let planes = (0..directions).flat_map(|a| (a + 1..directions).map(move |b| (a, b)));
        let loops = planes.map(|(a, b)| {
            let path = [Step::forward(a), Step::forward(b), Step::back(a), Step::back(b)];
            u.path(&path).re_trace().sum_sites()
        });
        let sum_of_paths = loops.reduce(|a, b| a + b).unwrap();
        let by_paths = trace.gradient(sum_of_paths, u);
        let ids = [by_reverse.id(), fused.id(), by_paths.id(), sum.id(), sum_of_paths.id()];
        let (fields, numbers) = run::<f64>(&trace, &ids, &alone::<f64>(&lattice), &Device::cpu(1).unwrap());
        let what = format!("{} on {:?}", G::NAME, lattice.extents());
        close(&fields[0], &fields[1], 1e-14, &what);
        close(&fields[0], &fields[2], 1e-14, &what);
        assert!((numbers[0] - numbers[1]).abs() < 1e-12 * (1.0 + numbers[0].abs()), "{what}");
    }
}

#[test]
fn forces_from_reverse_mode_and_from_the_fused_op_agree() {
    forces_agree::<U1>();
    forces_agree::<SU2>();
    forces_agree::<SU3>();
}

/// `g(x) U_μ(x) g(x+μ)†`
fn transformed<'t, G: Group>(u: Var<'t, Links<G>>, g: Var<'t, Element<G>>) -> Var<'t, Links<G>> {
    let directions = u.trace().lattice().directions();
    let parts: Vec<_> = (0..directions).map(|mu| (g * u.link(mu)).times_adjoint(g.shift(mu, 1))).collect();
    links(&parts)
}

fn covariant<G: Group>() {
    for lattice in lattices() {
        let trace = Trace::new(&lattice);
        let u = trace.haar_links::<G>("u");
        let matrices = Spec::Field { location: Location::All, fibre: Fibre::Matrix { group: G::NAME, count: 1 } };
        let g = trace.normal_as::<lattice_tensor::field::Matrix<G>>("g", matrices).reunitarised();
        let v = transformed(u, g);
        let mut expected = vec![u.plaquettes().id()];
        let mut found = vec![v.plaquettes().id()];
        // Forces are moved along: g F g†.
        let force =
            |u: Var<'_, Links<G>>| trace.gradient(u.plaquettes().sum_sites(), trace.var::<Links<G>>(u.id())).id();
        let (f, h) = (trace.var::<Momenta<G>>(force(u)), trace.var::<Momenta<G>>(force(v)));
        for mu in 0..lattice.directions() {
            let moved = (g.matrix() * f.direction(mu).embed()).times_adjoint(g.matrix());
            expected.push(moved.id());
            found.push(h.direction(mu).embed().id());
        }
        // So are links that have drifted along covariant momenta.
        let (eps, minus) = (trace.constant(0.3), trace.constant(-0.2));
        let drifted = transformed(u.drift(f, eps), g);
        expected.push(drifted.id());
        found.push(v.drift(h, eps).id());
        expected.push(f.kick(u, minus).direction(0).embed().id());
        found.push((g.matrix().adjoint_times(h.kick(v, minus).direction(0).embed()) * g.matrix()).id());
        let ids: Vec<NodeId> = expected.iter().chain(&found).copied().collect();
        let (fields, _) = run::<f64>(&trace, &ids, &alone::<f64>(&lattice), &Device::cpu(1).unwrap());
        let (expected, found) = fields.split_at(fields.len() / 2);
        for (i, (a, b)) in expected.iter().zip(found).enumerate() {
            close(a, b, 1e-13, &format!("{} on {:?}, number {i}", G::NAME, lattice.extents()));
        }
    }
}

#[test]
fn loops_forces_and_drifts_are_gauge_covariant() {
    covariant::<U1>();
    covariant::<SU2>();
    covariant::<SU3>();
}

/// Steps of Hamilton's equations on one lattice.
fn steps<G: Group>(trace: &Trace, steps: usize) -> Vec<NodeId> {
    let mut u = trace.haar_links::<G>("u");
    let spec = Spec::Field {
        location: Location::All,
        fibre: Fibre::Algebra { group: G::NAME, count: trace.lattice().directions() },
    };
    let mut p: Var<'_, Momenta<G>> = trace.normal_as("p", spec);
    let eps = trace.constant(0.05);
    for _ in 0..steps {
        p = p.kick(u, eps);
        u = u.drift(p, eps);
    }
    let energy = p.inner(p) * 0.5 - u.plaquettes().sum_sites() * G::N as f64;
    vec![u.id(), p.id(), energy.id()]
}

/// The same bits on any number of threads, for steps that are worth several, whether the lattice is one of virtual nodes or not.
fn shared<G: Group, R: Real>(extents: &[usize]) {
    let lattice = Lattice::periodic(extents).unwrap();
    let trace = Trace::new(&lattice);
    let ids = steps::<G>(&trace, 3);
    let whole = alone::<R>(&lattice);
    let split = Arc::new(Layout::virtual_nodes(&lattice, R::WIDTH, &vec![1; extents.len()], R::WIDTH));
    assert!(split.nodes() > 1);
    let one = run::<R>(&trace, &ids, &split, &Device::cpu(1).unwrap());
    for threads in [2, 3] {
        assert_eq!(one, run::<R>(&trace, &ids, &split, &Device::cpu(threads).unwrap()), "{threads} threads");
    }
    let (fields, numbers) = run::<R>(&trace, &ids, &whole, &Device::cpu(2).unwrap());
    assert_eq!(one.0, fields, "{} {}: layouts differ", G::NAME, R::NAME);
    assert!((one.1[0] - numbers[0]).abs() < 1e-9 * numbers[0].abs());
}

#[test]
fn large_lattices_give_the_same_bits_on_any_number_of_threads() {
    shared::<SU3, f32>(&[6, 6, 6, 6]);
    shared::<SU3, f64>(&[4, 4, 4, 8]);
    shared::<SU2, f64>(&[16, 12, 10]);
    shared::<U1, f32>(&[256, 192]);
}

/// Rounding alone leads links off the group, and `reunitarise` back.
#[test]
fn links_stay_on_the_group() {
    let lattice = Lattice::periodic([2, 2, 2, 2]).unwrap();
    let trace = Trace::new(&lattice);
    let ids = steps::<SU3>(&trace, 400);
    let u = trace.var::<Links<SU3>>(ids[0]);
    let defect = |u: Var<'_, Links<SU3>>| {
        let part = |mu| {
            let link = u.link(mu).matrix();
            let square = link.times_adjoint(link);
            ((square.re_trace() - 3.0).abs().sum_sites() * (1.0 / 16.0)).id()
        };
        (0..4).map(part).collect::<Vec<_>>()
    };
    let mut ids = defect(u);
    ids.extend(defect(trace.var(u.reunitarised().id())));
    let (_, numbers) = run::<f64>(&trace, &ids, &alone::<f64>(&lattice), &Device::cpu(1).unwrap());
    assert!(numbers[..4].iter().all(|&d| d > 0.0 && d < 400.0 * 16.0 * f64::EPSILON), "{numbers:?}");
    assert!(numbers[4..].iter().all(|&d| d < 8.0 * f64::EPSILON), "{numbers:?}");
    assert_eq!(GroupName::SU3.matrix(), 18);
}

/// A sweep over all links of one kind, or of each in turn.
fn sweep<'t, G: Group>(u: Var<'t, Links<G>>, rules: &[Rule], loops: Loops) -> Var<'t, Links<G>> {
    let trace = u.trace();
    let lattice = trace.lattice();
    let (strength, width) = (trace.constant(0.7), trace.constant(0.4));
    let mut u = u;
    for (i, &rule) in rules.iter().enumerate() {
        for mu in 0..lattice.directions() {
            for colour in 0..Colouring::of(&lattice, mu, loops).unwrap().colours() {
                let stream = format!("sweep{i}.{mu}.{colour}");
                let op = LocalUpdate { rule, mu, colour, loops, stream };
                let inputs = match rule {
                    Rule::HeatBath => vec![u.id(), strength.id()],
                    Rule::Overrelax => vec![u.id()],
                    Rule::Metropolis => vec![u.id(), strength.id(), width.id()],
                };
                u = trace.apply(op, &inputs);
            }
        }
    }
    u
}

const SYMANZIK: Loops = Loops { c0: 1.0 + 8.0 / 12.0, c1: -1.0 / 12.0 };

/// The same bits in every layout, on any number of threads and every instruction set.
fn updated<G: Group, R: Real>(extents: &[usize], loops: Loops) {
    let lattice = Lattice::periodic(extents).unwrap();
    let trace = Trace::new(&lattice);
    let rules = [Rule::HeatBath, Rule::Overrelax, Rule::Metropolis];
    let ids = [sweep(trace.haar_links::<G>("u"), &rules, loops).id()];
    let whole = alone::<R>(&lattice);
    let expected = run::<R>(&trace, &ids, &whole, &Device::cpu(1).unwrap()).0;
    let periods = Colouring::common_periods(&lattice, loops);
    let split = Arc::new(Layout::virtual_nodes(&lattice, R::WIDTH, &periods, R::WIDTH));
    assert!(split.nodes() > 1 || extents.iter().product::<usize>() % 2 == 1 || loops.c1 != 0.0, "{split:?}");
    for threads in [1, 3] {
        let found = run::<R>(&trace, &ids, &split, &Device::cpu(threads).unwrap()).0;
        assert_eq!(
            found,
            expected,
            "{} {} on {extents:?}: {} nodes, {threads} threads",
            G::NAME,
            R::NAME,
            split.nodes()
        );
    }
    for level in Level::all() {
        let found = run::<R>(&trace, &ids, &split, &Device::cpu_with_level(1, level).unwrap()).0;
        assert_eq!(found, expected, "{} {} on {}", G::NAME, R::NAME, level.name());
    }
}

#[test]
fn local_updates_give_the_same_bits_everywhere() {
    updated::<U1, f32>(&[64, 64], Loops::WILSON);
    updated::<U1, f64>(&[3, 6, 4], Loops::WILSON);
    updated::<SU2, f32>(&[4, 2, 4, 4], Loops::WILSON);
    updated::<SU2, f64>(&[8, 8], SYMANZIK);
    updated::<SU3, f32>(&[4, 4, 4, 4], Loops::WILSON);
    updated::<SU3, f64>(&[4, 3, 4], SYMANZIK);
    // Halves of an extent of 6 are coloured alike, by three colours.
    updated::<SU3, f32>(&[6, 6, 6, 6], Loops::WILSON);
    updated::<SU2, f64>(&[10, 6, 4], Loops::WILSON);
}

/// The action of plaquettes and rectangles, over `β`.
fn action_of<'t, G: Group>(u: Var<'t, Links<G>>, loops: Loops) -> Var<'t, PerSample> {
    let directions = u.trace().lattice().directions();
    let mut sum = u.plaquettes().sum_sites() * loops.c0;
    if loops.c1 != 0.0 {
        for (mu, nu) in (0..directions).flat_map(|mu| (0..directions).map(move |nu| (mu, nu))).filter(|(a, b)| a != b) {
            sum = sum + u.path(&Path::rectangle(mu, 2, nu, 1).0).re_trace().sum_sites() * (loops.c1 / G::N as f64);
        }
    }
    sum
}

/// Every link of a colour moves far, and the action stays.
fn overrelaxed<G: Group>(extents: &[usize], loops: Loops) {
    let lattice = Lattice::periodic(extents).unwrap();
    let trace = Trace::new(&lattice);
    let u = trace.haar_links::<G>("u");
    let v = sweep(u, &[Rule::Overrelax], loops);
    let overlap = (0..extents.len()).map(|mu| u.link(mu).adjoint_times(v.link(mu)).re_trace().sum_sites());
    let overlap = overlap.reduce(|a, b| a + b).unwrap();
    let ids = [action_of(u, loops).id(), action_of(v, loops).id(), overlap.id()];
    let (_, numbers) = run::<f64>(&trace, &ids, &alone::<f64>(&lattice), &Device::cpu(1).unwrap());
    let links = (lattice.volume() * extents.len()) as f64;
    assert!((numbers[0] - numbers[1]).abs() < 1e-13 * links, "{} on {extents:?}: {numbers:?}", G::NAME);
    assert!(numbers[2] < 0.5 * links * G::N as f64, "{}: links did not move: {numbers:?}", G::NAME);
}

#[test]
fn overrelaxation_keeps_the_action() {
    for (extents, loops) in [
        (vec![3, 5], Loops::WILSON),
        (vec![2, 4, 3], Loops::WILSON),
        (vec![4, 4, 3], SYMANZIK),
        (vec![2, 2, 2, 2], Loops::WILSON),
    ] {
        overrelaxed::<U1>(&extents, loops);
        overrelaxed::<SU2>(&extents, loops);
        overrelaxed::<SU3>(&extents, loops);
    }
}

/// Links twice in a loop, colours that there are not, layouts that cut colours: refused with what and why.
#[test]
fn local_updates_refuse_what_they_cannot_do() {
    let refused = |extents: &[usize], loops, colour| {
        let lattice = Lattice::periodic(extents).unwrap();
        let trace = Trace::new(&lattice);
        let u = trace.haar_links::<U1>("u");
        let op = LocalUpdate { rule: Rule::Overrelax, mu: 0, colour, loops, stream: "s".into() };
        let _: Var<'_, Links<U1>> = trace.apply(op, &[u.id()]);
        trace.check().unwrap_err().to_string()
    };
    assert!(refused(&[1, 4], Loops::WILSON, 0).contains("must not pass a link twice"));
    assert!(refused(&[2, 4], SYMANZIK, 0).contains("must not pass a link twice"));
    assert!(refused(&[4, 4], Loops::WILSON, 2).contains("a colour below 2"));
}
