//! Estimators that hold configurations fixed: the score of the flow's own samples, and of a given ensemble.

use crate::training::description;
use lattice_autograd::optim::{BatchSchedule, Schedule};
use lattice_fields::prelude::*;
use lattice_flows::angles::Masks;
use lattice_flows::{Flat, GradientNoise, given};
use lattice_mc::exact;
use lattice_mc::exact::gauge::{GroupName, Torus};
use lattice_mc::statistics::Estimate;
use lattice_tensor::random::{Draw, Stream, uniform_f64_at};
use lattice_tensor::{Draws, Field, FieldData, Spec};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use std::sync::Arc;

const PHI4: Phi4 = Phi4 { mass2: -4.0, lambda: 8.0 };

fn u1() -> LinkAngles<Wilson> {
    LinkAngles(Wilson::new(2.0))
}

fn scalar(architecture: Architecture) -> Flow {
    Flow::new(&Lattice::periodic([4, 4]).unwrap(), architecture).unwrap()
}

fn small() -> Architecture {
    Architecture { layers: 2, hidden: vec![4], spectrum: 3, ..Architecture::symmetric() }
}

fn links(masks: Masks) -> Flow<Channels> {
    let shape = LinkFlow { masks, layers: 8, mixtures: 2, hidden: vec![3], ..Default::default() };
    let mut flow = shape.flow(&Lattice::periodic([4, 4]).unwrap()).unwrap();
    stir(&mut flow, 0.3, 6);
    flow
}

fn stir<K: Flat>(flow: &mut Flow<K>, size: f64, seed: u64) {
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut parameters = flow.parameters.clone();
    parameters.values_mut().iter_mut().for_each(|p| *p += size * rng.random_range(-1.0..1.0));
    // As a training would: kernels of the spectrum are symmetric.
    Bijection::<K>::restrict(flow, &mut parameters);
    flow.parameters = parameters;
}

fn plan(estimator: Estimator, steps: u64, batch: usize) -> Training {
    Training {
        steps,
        lr: 1e-2,
        schedule: Schedule::Cosine { to: 0.0, over: None },
        batch: BatchSchedule::constant(batch).unwrap(),
        seed: 7,
        estimator,
        ..Default::default()
    }
}

fn steps<R: Real, K: Flat>(trainer: &mut Trainer<'_, R, K>, count: u64) {
    for _ in 0..count {
        trainer.step().unwrap();
    }
}

/// Configurations from HMC, spaced so that they are nearly independent.
fn of_chains<K: Manifold>(
    action: &dyn Action<K>,
    update: Box<dyn Update<K>>,
    rounds: usize,
    device: &Device,
) -> Vec<f64> {
    let lattice = Lattice::periodic([4, 4]).unwrap();
    let mut chains = Chains::<f64, K>::new(action, update, &lattice, 64, 11, device).unwrap();
    chains.begin(Start::Hot).unwrap();
    let mut numbers = Vec::new();
    for update in 0..100 + 4 * rounds {
        chains.advance().unwrap();
        if update >= 100 && update % 4 == 0 {
            (0..64).for_each(|chain| numbers.extend(chains.fields().sample(chain).unwrap()));
        }
    }
    numbers
}

fn phi4_ensemble<R: Real>(rounds: usize) -> Field<Scalar, R> {
    let update = Box::new(Hmc::fixed(Integrator::Omelyan, 1.0, 6));
    let numbers = of_chains(&PHI4, update, rounds, &Device::cpu(2).unwrap());
    given::field(&Lattice::periodic([4, 4]).unwrap(), &PHI4, &numbers).unwrap()
}

fn u1_ensemble<R: Real>(rounds: usize) -> Field<Channels, R> {
    let update = Box::new(Instantons { after: Box::new(Hmc::fixed(Integrator::Omelyan, 1.0, 6)) });
    let numbers = of_chains(&Wilson::new(2.0), update, rounds, &Device::cpu(2).unwrap());
    let angles = given::angles(&numbers).unwrap();
    given::field(&Lattice::periodic([4, 4]).unwrap(), &u1(), &angles).unwrap()
}

/// Mean square and largest of the pulls of the differences of gradients by two estimators from the same samples, over all
/// parameters, and the total variance of each.
fn compare<R: Real, K: Flat>(flow: impl Fn() -> Flow<K>, action: &dyn Action<K>, pair: [Estimator; 2]) -> [f64; 4] {
    const RUNS: usize = 250;
    let device = Device::cpu(2).unwrap();
    let [a, b] = pair.map(|estimator| {
        let mut flow = flow();
        let mut trainer = Trainer::<R, K>::new(&mut flow, action, plan(estimator, 1, 64), &device).unwrap();
        (0..RUNS as u64).map(|step| trainer.gradient_at(step).unwrap().to_vec()).collect::<Vec<_>>()
    });
    let moments = |of: &dyn Fn(usize) -> f64| {
        let mean = (0..RUNS).map(of).sum::<f64>() / RUNS as f64;
        (mean, (0..RUNS).map(|i| (of(i) - mean).powi(2)).sum::<f64>() / (RUNS - 1) as f64)
    };
    let (mut square, mut most, mut counted, mut spread) = (0.0, 0.0_f64, 0.0, [0.0; 2]);
    for k in 0..a[0].len() {
        let (mean, variance) = moments(&|i| a[i][k] - b[i][k]);
        spread[0] += moments(&|i| a[i][k]).1;
        spread[1] += moments(&|i| b[i][k]).1;
        if variance > 0.0 {
            let pull = mean / (variance / RUNS as f64).sqrt();
            (square, most, counted) = (square + pull * pull, most.max(pull.abs()), counted + 1.0);
        }
    }
    [square / counted, most, spread[0], spread[1]]
}

#[test]
fn reverse_estimators_have_one_mean() {
    let device = Device::cpu(2).unwrap();
    let trained = {
        let mut flow = scalar(small());
        let mut trainer = Trainer::<f32>::new(&mut flow, &PHI4, plan(Estimator::Path, 150, 64), &device).unwrap();
        steps(&mut trainer, 150);
        drop(trainer);
        flow.parameters
    };
    let phi4 = || {
        let mut flow = scalar(small());
        flow.parameters = trained.clone();
        flow
    };
    let condition = Condition { coupling: "lambda".into(), from: 6.0, to: 10.0 };
    let told = || {
        let mut flow = scalar(Architecture { conditions: vec![condition.clone()], ..small() });
        stir(&mut flow, 0.1, 3);
        flow
    };
    let pairs = [[Estimator::Reparam, Estimator::Reinforce], [Estimator::Path, Estimator::Reinforce]];
    for pair in pairs {
        for (what, [square, most, ..]) in [
            ("phi4 f32", compare::<f32, _>(phi4, &PHI4, pair)),
            ("phi4 f64", compare::<f64, _>(phi4, &PHI4, pair)),
            ("told lambda", compare::<f64, _>(told, &PHI4, pair)),
            ("links", compare::<f64, _>(|| links(Masks::Stripes), &u1(), pair)),
        ] {
            println!("{what}, {pair:?}: mean square pull {square:.2}, largest {most:.2}");
            assert!(most < 5.0, "{what}, {pair:?}: largest pull {most}");
            // Pulls of one net are correlated, so that their mean square scatters more than that of independent ones.
            assert!((0.3..2.5).contains(&square), "{what}, {pair:?}: mean square pull {square}");
        }
    }
}

/// `Σ c_i log q(φ_i)` at fixed fields, from a program of its own.
struct LogQ<'a, K: Flat> {
    flow: &'a Flow<K>,
    action: &'a dyn Action<K>,
    /// The couplings that the flow is told, for each sample.
    told: Vec<Vec<f64>>,
    phi: Field<K, f64>,
    coefficients: Vec<f64>,
}

impl<K: Flat> LogQ<'_, K> {
    fn at(&self, parameters: &[f64]) -> f64 {
        let lattice = &self.flow.lattice;
        let names: Vec<&str> = self.flow.conditions().iter().map(|c| c.coupling.as_str()).collect();
        let trace = Trace::with_per_sample(lattice, &names);
        for name in &names {
            trace.coupling(name, 0.0);
        }
        let (z, log_det) = self.flow.inverse(trace.field::<K>("phi", self.action.fibre(lattice)));
        let log_q = self.flow.prior().log_density(z) + log_det;
        let mut program = trace.program::<f64>(&[log_q.id()], &Layout::samples(lattice, 8)).unwrap();
        let mut values = vec![0.0; self.phi.samples()];
        let told: Vec<&[f64]> = self.told.iter().map(Vec::as_slice).collect();
        let mut bindings = Bindings {
            samples: values.len(),
            fields: &[&self.phi],
            per_sample: &told,
            uniforms: &trace.uniform_values(),
            weights: parameters,
            out_per_sample: &mut [&mut values],
            ..Default::default()
        };
        program.run(&Device::cpu(1).unwrap(), &mut bindings).unwrap();
        values.iter().zip(&self.coefficients).map(|(q, c)| c * q).sum()
    }

    /// Compares a gradient with difference quotients of fourth order along random directions.
    fn assert_gradient(&self, gradient: &[f64], tolerance: f64, what: &str) {
        let mut rng = Pcg64::seed_from_u64(9);
        let parameters = self.flow.parameters.values();
        for _ in 0..4 {
            let direction: Vec<f64> = gradient.iter().map(|_| rng.random_range(-1.0..1.0)).collect();
            let f = |h: f64| {
                let moved: Vec<f64> = parameters.iter().zip(&direction).map(|(p, u)| p + h * u).collect();
                self.at(&moved)
            };
            let h = 2f64.powi(-18);
            let expected = (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h);
            let found: f64 = gradient.iter().zip(&direction).map(|(g, u)| g * u).sum();
            let size: f64 = gradient.iter().map(|g| g.abs()).sum();
            let off = (found - expected).abs();
            assert!(off < tolerance * size, "{what}: {found}, by differences {expected}, of {size}");
        }
    }
}

/// No whole number of blocks.
const BATCH: usize = 42;

/// The samples that a training draws at its first step, with the couplings that they are drawn at and their log-weights.
fn samples_of_first_step<'a, K: Flat>(flow: &'a Flow<K>, action: &'a dyn Action<K>, seed: u64) -> LogQ<'a, K> {
    let lattice = &flow.lattice;
    let trace = Trace::new(lattice);
    let mut told = Vec::new();
    for Condition { coupling, from, to } in flow.conditions() {
        let value = trace.uniform_draw(&format!("train.{coupling}")) * (to - from) + *from;
        trace.define(coupling, value);
        told.push(value.id());
    }
    let z = flow.prior().sample(&trace, "train.prior");
    let (phi, log_det) = flow.forward(z);
    let r = flow.prior().log_density(z) - log_det + action.action(phi);
    let layout = Arc::new(Layout::samples(lattice, 8));
    let Spec::Field { location, fibre } = phi.spec() else { panic!("no field") };
    let mut field = Field::from_data(FieldData::zeros(&layout, location, fibre, BATCH).unwrap());
    let outputs: Vec<_> = [phi.id(), r.id()].into_iter().chain(told.iter().copied()).collect();
    let mut numbers = vec![vec![0.0; BATCH]; 1 + told.len()];
    let mut views: Vec<&mut [f64]> = numbers.iter_mut().map(Vec::as_mut_slice).collect();
    let mut bindings = Bindings {
        samples: BATCH,
        draws: Draws { seed, step: 0, first_sample: 0 },
        uniforms: &trace.uniform_values(),
        weights: flow.parameters.values(),
        out_fields: &mut [&mut field],
        out_per_sample: &mut views,
        ..Default::default()
    };
    trace.program(&outputs, &layout).unwrap().run(&Device::cpu(1).unwrap(), &mut bindings).unwrap();
    let told = numbers.split_off(1);
    let r = &numbers[0];
    // Each less the mean of the others.
    let others = |i: usize| (r.iter().sum::<f64>() - r[i]) / (BATCH - 1) as f64;
    let coefficients = (0..BATCH).map(|i| (r[i] - others(i)) / BATCH as f64).collect();
    LogQ { flow, action, told, phi: field, coefficients }
}

fn assert_reinforce<K: Flat>(make: impl Fn() -> Flow<K>, action: &dyn Action<K>, exact: f64, what: &str) {
    let known = make();
    let log_q = samples_of_first_step(&known, action, 7);
    for (memory, tolerance) in
        [(Memory::Keep, exact), (Memory::Recompute, exact), (Memory::Invert, exact), (Memory::Half, 1e-2)]
    {
        let mut flow = make();
        let training = Training { memory, ..plan(Estimator::Reinforce, 3, BATCH) };
        let mut trainer = Trainer::<f64, K>::new(&mut flow, action, training, &Device::cpu(2).unwrap()).unwrap();
        let gradient = trainer.gradient_at(0).unwrap().to_vec();
        log_q.assert_gradient(&gradient, tolerance, &format!("{what}, {memory:?}"));
    }
}

#[test]
fn reinforce_is_the_gradient_at_fixed_fields() {
    let stirred = |architecture: Architecture| {
        let mut flow = scalar(architecture);
        stir(&mut flow, 0.15, 5);
        flow
    };
    let range = |name: &str, from, to| Condition { coupling: name.into(), from, to };
    let conditions = vec![range("lambda", 6.0, 9.0), range("m2", -4.0, -3.0)];
    // Nets of leaky rectifiers have kinks; a step across one counts.
    assert_reinforce(
        || stirred(Architecture { layers: 3, hidden: vec![4], ..Default::default() }),
        &PHI4,
        1e-6,
        "affine",
    );
    assert_reinforce(|| stirred(small()), &PHI4, 1e-8, "symmetric");
    assert_reinforce(
        || stirred(Architecture { conditions: conditions.clone(), ..small() }),
        &PHI4,
        1e-8,
        "told couplings",
    );
    for masks in [Masks::Stripes, Masks::Divisions] {
        assert_reinforce(|| links(masks), &u1(), 1e-8, &format!("links by {masks:?}"));
    }
}

/// The members are drawn by the counters that CONVENTIONS.md names.
#[test]
fn forward_is_the_gradient_at_the_members_drawn() {
    let ensemble = phi4_ensemble::<f64>(2);
    let mut known = scalar(small());
    stir(&mut known, 0.15, 5);
    let mut phi = ScalarField::<f64>::zeros(ensemble.shared_layout(), BATCH).unwrap();
    let draw = Draw { key: Stream::named("train.member").key(7), step: 4 };
    for sample in 0..BATCH {
        let member = (uniform_f64_at(draw, sample as u64, 0) * ensemble.samples() as f64) as usize;
        phi.set_sample(sample, &ensemble.sample(member).unwrap()).unwrap();
    }
    let coefficients = vec![-1.0 / BATCH as f64; BATCH];
    let log_q = LogQ { flow: &known, action: &PHI4, told: Vec::new(), phi, coefficients };
    for memory in [Memory::Keep, Memory::Recompute, Memory::Invert] {
        let mut flow = scalar(small());
        flow.parameters = known.parameters.clone();
        let training = Training { memory, ..plan(Estimator::Forward, 9, BATCH) };
        let device = Device::cpu(2).unwrap();
        let mut trainer = Trainer::on_ensemble(&mut flow, &PHI4, &ensemble, training, &device).unwrap();
        let gradient = trainer.gradient_at(4).unwrap().to_vec();
        log_q.assert_gradient(&gradient, 1e-8, &format!("{memory:?}"));
    }
}

/// The loss before and after a training on an ensemble, and the divergence of fresh samples.
fn learn<R: Real, K: Flat>(
    flow: &mut Flow<K>,
    action: &dyn Action<K>,
    ensemble: &Field<K, R>,
    log_z: f64,
) -> ([f64; 2], Certificate) {
    let (steps, device) = (400, Device::cpu(2).unwrap());
    let training = plan(Estimator::Forward, steps, 64);
    let mut trainer = Trainer::<R, K>::on_ensemble(flow, action, ensemble, training, &device).unwrap();
    let losses: Vec<f64> = (0..steps).map(|_| trainer.step().unwrap().loss).collect();
    drop(trainer);
    let mut sampler = Sampler::<R>::new(flow, action, 3, 256, &device).unwrap();
    let samples = Ensemble::draw(&mut sampler, 10_000, 3, |_| true).unwrap();
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    ([mean(&losses[..10]), mean(&losses[380..])], Certificate::new(&samples.log_weights, Some(log_z)).unwrap())
}

#[test]
fn a_flow_learns_from_an_ensemble() {
    let log_z = exact::phi4(&[4, 4], PHI4.mass2, PHI4.lambda).unwrap().log_z;
    let shape = Architecture { spectrum: 3, ..Architecture::symmetric() };
    let torus = Torus::new(GroupName::U1, 2.0, 16).unwrap().log_z();
    let of_links = || LinkFlow::default().flow(&Lattice::periodic([4, 4]).unwrap()).unwrap();
    for (what, exact, ([first, last], certificate)) in [
        ("phi4 f32", log_z, learn::<f32, _>(&mut scalar(shape.clone()), &PHI4, &phi4_ensemble(200), log_z)),
        ("phi4 f64", log_z, learn::<f64, _>(&mut scalar(shape.clone()), &PHI4, &phi4_ensemble(200), log_z)),
        ("links f32", torus, learn::<f32, _>(&mut of_links(), &u1(), &u1_ensemble(200), torus)),
    ] {
        println!("{what}: forward KL {:.3} to {:.4}, reverse {}", first - exact, last - exact, certificate.kl);
        // KL(p‖q) + log Z is log Z at least, up to what an ensemble of 12,800 scatters.
        assert!(last > exact - 0.05 && last - exact < 0.15 && first - last > 0.5, "{what}: {first}, {last}, {exact}");
        assert!(certificate.kl.mean < 0.15, "{what}: {}", certificate.kl);
        assert!(certificate.log_z.pull(exact).abs() < 4.5, "{what}: {}", certificate.log_z);
    }
}

#[test]
fn forward_is_the_same_bits_on_any_threads_and_after_a_break() {
    let (ensemble, other) = (phi4_ensemble::<f32>(2), phi4_ensemble::<f32>(1));
    for memory in [Memory::Keep, Memory::Half, Memory::Recompute, Memory::Invert] {
        let training =
            Training { memory, batch: BatchSchedule::doubling(16, 64).unwrap(), ..plan(Estimator::Forward, 12, 64) };
        let run = |threads: usize, broken: bool| {
            let device = Device::cpu(threads).unwrap();
            let mut flow = scalar(small());
            let known = description(&flow, training.clone());
            let mut trainer = Trainer::on_ensemble(&mut flow, &PHI4, &ensemble, training.clone(), &device).unwrap();
            steps(&mut trainer, if broken { 5 } else { 12 });
            if !broken {
                drop(trainer);
                return flow.parameters.values().to_vec();
            }
            let checkpoint = Checkpoint::of(&mut trainer, &known).unwrap();
            drop(trainer);
            let mut flow = checkpoint.flow().unwrap();
            let mut wrong = Trainer::on_ensemble(&mut flow, &PHI4, &other, training.clone(), &device).unwrap();
            let text = wrong.resume(&checkpoint).unwrap_err().to_string();
            assert!(text.contains("the ensemble of a training that goes on: expected one of SHA-256"), "{text}");
            let mut trainer = Trainer::on_ensemble(&mut flow, &PHI4, &ensemble, training.clone(), &device).unwrap();
            trainer.resume(&checkpoint).unwrap();
            steps(&mut trainer, 7);
            drop(trainer);
            flow.parameters.values().to_vec()
        };
        let unbroken = run(1, false);
        assert_eq!(unbroken, run(2, false), "{memory:?}: threads");
        assert_eq!(unbroken, run(2, true), "{memory:?}: resumed");
    }
}

#[test]
fn ensembles_that_do_not_fit_are_refused() {
    let device = Device::cpu(1).unwrap();
    let ensemble = phi4_ensemble::<f32>(1);
    let lattice = Lattice::periodic([4, 4]).unwrap();
    let refused = |flow: &mut Flow, ensemble: Option<&Field<Scalar, f32>>, estimator, expected: &str| {
        let training = plan(estimator, 3, 16);
        let error = match ensemble {
            Some(ensemble) => Trainer::on_ensemble(flow, &PHI4, ensemble, training, &device).err(),
            None => Trainer::<f32>::new(flow, &PHI4, training, &device).err(),
        };
        let text = error.expect(expected).to_string();
        assert!(text.contains(expected), "{text}");
    };
    refused(&mut scalar(small()), None, Estimator::Forward, "estimator forward: expected an ensemble");
    refused(&mut scalar(small()), Some(&ensemble), Estimator::Path, "estimator path: expected no ensemble");
    let one = plan(Estimator::Reinforce, 3, 1);
    let text = Trainer::<f32>::new(&mut scalar(small()), &PHI4, one, &device).err().unwrap().to_string();
    assert!(text.contains("at least 2 samples") && text.contains("found 1"), "{text}");
    let condition = Condition { coupling: "lambda".into(), from: 6.0, to: 10.0 };
    let told = Architecture { conditions: vec![condition], ..small() };
    refused(&mut scalar(told), Some(&ensemble), Estimator::Forward, "a flow that is told no coupling");
    let mut larger = Flow::new(&Lattice::periodic([4, 6]).unwrap(), small()).unwrap();
    refused(&mut larger, Some(&ensemble), Estimator::Forward, "on lattice [4, 6], found");
    let none = ScalarField::zeros(ensemble.shared_layout(), 0).unwrap();
    refused(&mut scalar(small()), Some(&none), Estimator::Forward, "expected configurations, found none");
    let nodes = Arc::new(Layout::virtual_nodes(&lattice, 4, &[1, 1], 16));
    let split = ScalarField::zeros(&nodes, 2).unwrap();
    refused(&mut scalar(small()), Some(&split), Estimator::Forward, "side by side in the lanes");
    for (numbers, expected) in [
        (vec![0.0; 17], "configurations of 16 numbers, on lattice [4, 4], found 17"),
        (Vec::new(), "found 0 numbers"),
        (vec![f64::NAN; 16], "configuration 0 of the ensemble, number 0"),
        ([vec![0.0; 19], vec![1e300; 13]].concat(), "configuration 1 of the ensemble, number 3"),
    ] {
        let text = given::field::<f32, _>(&lattice, &PHI4, &numbers).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    }
    assert_eq!(given::angles(&[0.0, 1.0, -1.0, 0.0]).unwrap(), [0.5, 1.0].map(|x| x * std::f64::consts::PI));
    for (links, expected) in
        [(vec![1.0, 0.0, 1.0], "3 numbers"), (vec![1.0, 0.0, 1.0, 1.0], "link 1"), (vec![f64::NAN; 2], "link 0")]
    {
        let text = given::angles(&links).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    }
}

/// An ensemble's step is one program, on a GPU with its optimiser.
#[cfg(feature = "gpu")]
#[test]
fn forward_trainings_on_a_gpu_follow_those_of_the_processor() {
    let Some(gpu) = crate::gpu::adapter() else { return };
    let ensemble = phi4_ensemble::<f32>(2);
    let run = |device: &Device| {
        let mut flow = scalar(small());
        let training = plan(Estimator::Forward, 8, 64);
        let mut trainer = Trainer::on_ensemble(&mut flow, &PHI4, &ensemble, training, device).unwrap();
        (0..8).map(|_| trainer.step().map(|report| [report.loss, report.gradient]).unwrap()).collect::<Vec<_>>()
    };
    for (step, (a, b)) in run(&Device::cpu(1).unwrap()).iter().zip(&run(&gpu)).enumerate() {
        let found = (0..2).map(|k| (a[k] / b[k] - 1.0).abs()).fold(0.0, f64::max);
        assert!(found < 2e-5 * 2f64.powi(step as i32), "step {step}: {a:?} {b:?}");
    }
}

/// Gradients uniform around `(3, 4)`, with variances of 1/3 and 4/3 for one sample.
fn known_noise(batches: usize, seed: u64) -> GradientNoise {
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut noise = GradientNoise::default();
    for batch in 0..batches {
        let mut sum = [0.0; 2];
        for _ in 0..16 {
            sum[0] += 3.0 + rng.random_range(-1.0..1.0);
            sum[1] += 4.0 + rng.random_range(-2.0..2.0);
        }
        noise.add(16, &sum.map(|x| x / 16.0), 1e-3 * (1.0 + (batch % 3) as f64));
    }
    noise
}

#[test]
fn noise_is_found_with_its_error() {
    let (mut norms, mut variances) = (Vec::new(), Vec::new());
    for seed in 0..200 {
        let report = known_noise(50, seed).report().unwrap();
        assert_eq!(report.seconds.mean, 2e-3);
        let per_second = report.variance.mean / 16.0 * 2e-3;
        assert!((report.variance_seconds.mean / per_second - 1.0).abs() < 1e-12);
        norms.push(report.norm.pull(5.0));
        variances.push(report.variance.pull(5.0 / 3.0));
    }
    for pulls in [norms, variances] {
        let mean_square = pulls.iter().map(|p| p * p).sum::<f64>() / 200.0;
        assert!((0.7..1.4).contains(&mean_square), "{mean_square}");
    }
    let mut none = GradientNoise::default();
    (0..40).for_each(|i| none.add(16, &[if i % 2 == 0 { 1.0 } else { -1.0 }], 1.0));
    let Estimate { mean, error, .. } = none.report().unwrap().norm;
    assert!(mean == 0.0 && error > 0.0, "{mean} {error}");
    assert!(GradientNoise::default().report().is_err());
}
