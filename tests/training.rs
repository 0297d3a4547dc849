//! Training: symmetric flows, the spectrum of the prior, estimators, memory policies, warm starts, conditions.

use lattice_autograd::optim::{BatchSchedule, Schedule};
use lattice_autograd::params::Parameters;
use lattice_fields::prelude::*;
use lattice_flows::check::{self, Options};
use lattice_flows::checkpoint::Description;
use lattice_flows::{ConvExponential, Error};
use lattice_mc::exact;
use lattice_mc::statistics::{GammaMethod, Reweighting};
use proptest::prelude::*;

const TUTORIAL: Phi4 = Phi4 { mass2: -4.0, lambda: 8.0 };
/// Its `log Z` on 8×8, by the exact transfer matrix.
const LOG_Z: f64 = 9.291364;

fn small() -> Architecture {
    Architecture { layers: 2, hidden: vec![4], spectrum: 3, ..Architecture::symmetric() }
}

fn fresh(extents: &[usize], architecture: Architecture) -> Flow {
    Flow::new(&Lattice::periodic(extents).expect("a lattice"), architecture).expect("a flow")
}

/// A flow whose parameters are all far from zero.
fn stirred(extents: &[usize], architecture: Architecture, seed: u64) -> Flow {
    let mut flow = fresh(extents, architecture);
    let mut state = seed | 1;
    for p in flow.parameters.values_mut() {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        *p += 0.3 * ((state >> 33) as f64 / (1u64 << 31) as f64 - 0.5);
    }
    flow
}

fn plan(steps: u64, batch: usize) -> Training {
    Training {
        steps,
        lr: 1e-2,
        schedule: Schedule::Cosine { to: 0.0, over: None },
        batch: BatchSchedule::constant(batch).expect("a batch"),
        seed: 7,
        ..Default::default()
    }
}

fn train(flow: &mut Flow, action: &dyn Action, training: Training) {
    let steps = training.steps;
    let device = Device::cpu(2).expect("threads");
    let mut trainer = Trainer::<f32>::new(flow, action, training, &device).expect("a trainer");
    for _ in 0..steps {
        trainer.step().expect("a step");
    }
}

fn certificate(flow: &Flow, action: &Phi4, samples: usize, log_z: Option<f64>) -> Certificate {
    let device = Device::cpu(2).expect("threads");
    let mut sampler = Sampler::<f32>::new(flow, action, 3, 256, &device).expect("a sampler");
    let ensemble = Ensemble::draw(&mut sampler, samples, 3, |_| true).expect("samples");
    Certificate::new(&ensemble.log_weights, log_z).expect("a certificate")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn symmetric_flows_are_invertible_with_the_right_jacobian(
        extents in prop_oneof![Just(vec![6]), Just(vec![2, 4]), Just(vec![4, 4]), Just(vec![2, 2, 2])],
        layers in 1usize..4,
        hidden in prop::collection::vec(1usize..4, 0..3),
        kernel in prop_oneof![Just(1usize), Just(3)],
        spectrum in prop_oneof![Just(0usize), Just(1), Just(3)],
        told in 0usize..3,
        seed in any::<u64>(),
    ) {
        let range = |name: &str| Condition { coupling: name.into(), from: 1.0, to: 2.0 };
        let conditions = [range("lambda"), range("m2")][..told].to_vec();
        let shape = Architecture { layers, hidden, kernel, spectrum, conditions, seed, ..Architecture::symmetric() };
        let flow = stirred(&extents, shape, seed);
        let options = Options::from(seed).samples(5).inputs(|x| 0.5 * x).first_gradient_only();
        check::bijection(&flow, &flow.parameters, &flow.lattice, options).expect("a check").assert();
    }
}

#[test]
fn symmetric_flows_commute_with_a_change_of_sign() {
    let flow = stirred(&[4, 6], Architecture { layers: 3, ..Architecture::symmetric() }, 5);
    let trace = Trace::new(&flow.lattice);
    let z = trace.normal("z", Location::All);
    let ((y, log_det), (opposite, same)) = (flow.forward(z), flow.forward(-z));
    let outputs = [(y + opposite).abs().sum_sites().id(), (log_det - same).id(), y.abs().sum_sites().id()];
    let mut numbers = [vec![0.0; 20], vec![0.0; 20], vec![0.0; 20]];
    let [a, b, size] = &mut numbers;
    let mut program = trace.program::<f64>(&outputs, &Layout::samples(&flow.lattice, 8)).expect("a program");
    let mut bindings = Bindings {
        samples: 20,
        weights: flow.parameters.values(),
        out_per_sample: &mut [a, b, size],
        ..Default::default()
    };
    program.run(&Device::cpu(1).expect("a thread"), &mut bindings).expect("a run");
    assert!(numbers[..2].iter().flatten().all(|x| x.abs() < 1e-11), "{numbers:?}");
    assert!(numbers[2].iter().all(|x| *x > 1.0));
}

/// The flow that is the free field on 4×4 at `m²` exactly: `e^{K(p)} = [2 (p̂² + m²)]^{−½}`.
fn free_field(mass2: f64) -> Flow {
    let lattice = Lattice::periodic([4, 4]).expect("a lattice");
    let mut parameters = Parameters::new();
    let map = ConvExponential::new(&mut parameters, "spectrum", &lattice, 5, &[]).expect("a map");
    let wave = |n: usize| 4.0 * (std::f64::consts::PI * n as f64 / 4.0).sin().powi(2);
    for (i, w) in parameters.values_mut().iter_mut().enumerate() {
        let (x, t) = (i as i32 / 5 - 2, i as i32 % 5 - 2);
        // −2 and 2 are one distance on this lattice.
        let share = |x: i32| if x.abs() == 2 { 0.5 } else { 1.0 };
        let sum: f64 = (0..16)
            .map(|p| {
                let (p0, p1) = (p / 4, p % 4);
                let phase = std::f64::consts::TAU * (p0 as i32 * x + p1 as i32 * t) as f64 / 4.0;
                -0.5 * (2.0 * (wave(p0) + wave(p1) + mass2)).ln() * phase.cos()
            })
            .sum();
        *w = share(x) * share(t) * sum / 16.0;
    }
    Flow::of(&lattice, parameters, Chain(vec![Box::new(map)]))
}

#[test]
fn path_and_score_gradients_vanish_sample_by_sample_at_an_exact_fit() {
    let (mass2, device) = (0.5, Device::cpu(1).expect("a thread"));
    let exact = exact::phi4(&[4, 4], mass2, 0.0).expect("known");
    for estimator in [Estimator::Reparam, Estimator::Path, Estimator::Reinforce] {
        for memory in [Memory::Keep, Memory::Half, Memory::Recompute, Memory::Invert] {
            let mut flow = free_field(mass2);
            let training = Training { lr: 1e-12, estimator, memory, ..plan(1, 16) };
            let mut trainer = Trainer::<f64>::new(&mut flow, &Free { mass2 }, training, &device).expect("a trainer");
            let report = trainer.step().expect("a step");
            assert!((report.loss + exact.log_z).abs() < 1e-7, "{} against {}", report.loss, -exact.log_z);
            assert!(report.deviation < 1e-7, "{report:?}");
            let most = trainer.gradient().unwrap().iter().fold(0.0_f64, |most, g| most.max(g.abs()));
            match estimator {
                Estimator::Reparam => assert!(most > 0.1, "{most}"),
                _ => assert!(most < 1e-6, "{estimator:?}: {most}"),
            }
        }
    }
}

#[test]
fn both_estimators_have_one_mean() {
    let mut flow = fresh(&[4, 4], small());
    train(&mut flow, &TUTORIAL, plan(150, 64));
    let parameters = flow.parameters.values().to_vec();
    let device = Device::cpu(2).expect("threads");
    const RUNS: usize = 200;
    let [reparam, path] = [Estimator::Reparam, Estimator::Path].map(|estimator| {
        // No step is taken: 10⁻³⁰ is below the rounding of all parameters.
        let training = Training { lr: 1e-30, clip: 1e9, estimator, ..plan(RUNS as u64, 64) };
        let mut trainer = Trainer::<f32>::new(&mut flow, &TUTORIAL, training, &device).expect("a trainer");
        (0..RUNS)
            .map(|_| trainer.step().and_then(|_| Ok(trainer.gradient()?.to_vec())).expect("a step"))
            .collect::<Vec<_>>()
    });
    let variance = |values: &dyn Fn(usize) -> f64| {
        let mean = (0..RUNS).map(values).sum::<f64>() / RUNS as f64;
        (mean, (0..RUNS).map(|i| (values(i) - mean).powi(2)).sum::<f64>() / (RUNS - 1) as f64)
    };
    let (mut chi2, mut count, mut most, mut spread) = (0.0, 0.0, 0.0_f64, [0.0, 0.0]);
    for k in 0..parameters.len() {
        // The samples are the same, so their differences are compared.
        let (mean, of_difference) = variance(&|i| reparam[i][k] - path[i][k]);
        let pull = mean / (of_difference / RUNS as f64).sqrt();
        (chi2, count, most) = (chi2 + pull * pull, count + 1.0, most.max(pull.abs()));
        spread[0] += variance(&|i| reparam[i][k]).1;
        spread[1] += variance(&|i| path[i][k]).1;
    }
    println!("variance of the gradient: reparametrised {:.3}, path {:.3}", spread[0], spread[1]);
    assert!(most < 5.0, "largest pull {most} of {count}");
    // Pulls of one net are correlated, so that their mean square scatters more than that of independent ones.
    assert!((0.3..2.5).contains(&(chi2 / count)), "mean square pull {}", chi2 / count);
    assert!(spread[1] < 0.7 * spread[0], "{spread:?}");
}

#[test]
fn memory_policies_agree_and_inversion_needs_no_more_for_more_layers() {
    let device = Device::cpu(2).expect("threads");
    for estimator in [Estimator::Reparam, Estimator::Path, Estimator::Reinforce] {
        let step = |memory| {
            let mut flow = stirred(&[4, 4], Architecture { layers: 5, ..small() }, 3);
            let training = Training { estimator, memory, ..plan(3, 48) };
            let mut trainer = Trainer::<f64>::new(&mut flow, &TUTORIAL, training, &device).expect("a trainer");
            let report = trainer.step().expect("a step");
            (report.loss, trainer.gradient().unwrap().to_vec())
        };
        let (loss, kept) = step(Memory::Keep);
        let size = kept.iter().fold(0.0_f64, |most, g| most.max(g.abs()));
        for memory in [Memory::Recompute, Memory::Invert] {
            let (other, gradient) = step(memory);
            assert_eq!(loss, other, "{memory:?}");
            let off = kept.iter().zip(&gradient).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
            assert!(off < 1e-10 * size, "{estimator:?} {memory:?}: {off} of {size}");
        }
        let arena = |memory, layers| {
            let mut flow = fresh(&[8, 8], Architecture { layers, ..Architecture::symmetric() });
            let training = Training { estimator, memory, ..plan(1, 16) };
            let trainer = Trainer::<f32>::new(&mut flow, &TUTORIAL, training, &device).expect("a trainer");
            trainer.program().arena()
        };
        let depths = [4, 8, 16, 32];
        let [keep, recompute, invert] =
            [Memory::Keep, Memory::Recompute, Memory::Invert].map(|m| depths.map(|layers| arena(m, layers)));
        println!("{estimator:?}: arena by depth {depths:?}: keep {keep:?}, recompute {recompute:?}, invert {invert:?}");
        // Flat, but for one field that first fit places here or there.
        assert!(invert[3] <= invert[0] + 1024, "{invert:?}");
        assert!(keep[3] > 4 * keep[0], "{keep:?}");
        // Half a field a coupling, in bytes of one block.
        let half = 32 * 16 * size_of::<f32>();
        assert!(recompute[3] - recompute[0] <= 28 * half, "{recompute:?}");
        assert!(8 * recompute[3] < keep[3], "{recompute:?} {keep:?}");
    }
}

/// Samples and their weights are those of `keep`, bit for bit. Each term of the gradient is a product of activations and
/// their derivatives along one net, `n` of them, each off by `2^-11` at most where nothing cancels: `n = 6` for two hidden
/// layers and an output, of which an activation function's derivative counts twice.
#[test]
fn half_memory_changes_gradients_within_the_rounding_of_activations() {
    let device = Device::cpu(2).expect("threads");
    let nets = [
        (Architecture { layers: 4, ..Default::default() }, Estimator::Reparam),
        (Architecture { spectrum: 3, ..Architecture::symmetric() }, Estimator::Reparam),
        (Architecture { spectrum: 3, ..Architecture::symmetric() }, Estimator::Path),
    ];
    for (architecture, estimator) in nets {
        let step = |memory| {
            let mut flow = stirred(&[4, 4], architecture.clone(), 3);
            let training = Training { estimator, memory, clip: 1e9, ..plan(3, 64) };
            let mut trainer = Trainer::<f64>::new(&mut flow, &TUTORIAL, training, &device).expect("a trainer");
            let report = trainer.step().expect("a step");
            (report.loss, trainer.gradient().unwrap().to_vec())
        };
        let ((loss, kept), (same, rounded)) = (step(Memory::Keep), step(Memory::Half));
        assert_eq!(loss, same, "{estimator:?}");
        let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
        let off = norm(&mut kept.iter().zip(&rounded).map(|(a, b)| a - b)) / norm(&mut kept.iter().copied());
        println!("{estimator:?}: relative error of the gradient {off:.2e}");
        assert!(off > 0.01 * 2f64.powi(-11) && off < 6.0 * 2f64.powi(-11), "{estimator:?}: {off}");
    }
}

/// A GPU rounds the same activations: it is nearer to the processor than that is to unrounded activations.
#[cfg(feature = "gpu")]
#[test]
fn half_memory_on_a_gpu_is_that_of_the_processor() {
    let Some(gpu) = crate::gpu::adapter() else { return };
    let cpu = Device::cpu(2).expect("threads");
    let step = |device: &Device, memory| {
        let mut flow = stirred(&[4, 4], small(), 3);
        let training = Training { estimator: Estimator::Path, memory, clip: 1e9, ..plan(3, 64) };
        let mut trainer = Trainer::<f32>::new(&mut flow, &TUTORIAL, training, device).expect("a trainer");
        trainer.step().expect("a step");
        trainer.gradient().expect("a gradient").to_vec()
    };
    let (kept, here, there) = (step(&cpu, Memory::Keep), step(&cpu, Memory::Half), step(&gpu, Memory::Half));
    let off = |a: &[f64]| a.iter().zip(&here).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    println!("from the processor's: GPU {:.2e}, unrounded {:.2e}", off(&there), off(&kept));
    assert!(off(&there) < 0.3 * off(&kept), "{} and {}", off(&there), off(&kept));
}

/// A layer whose inverse is off.
#[derive(Debug)]
struct Leaky;

impl Bijection for Leaky {
    fn forward<'t>(&self, x: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        (x * 2.0, x.trace().mask() * (16.0 * 2f64.ln()))
    }
    fn inverse<'t>(&self, y: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        (y * 0.505, y.trace().mask() * (-16.0 * 2f64.ln()))
    }
}

#[test]
fn drift_stops_a_training_by_inversion_and_names_the_layer() {
    let lattice = Lattice::periodic([4, 4]).expect("a lattice");
    let mut parameters = Parameters::new();
    let mut layers: Vec<Box<dyn Bijection>> = Vec::new();
    for name in ["first", "second", "third"] {
        layers.push(Box::new(ConvExponential::new(&mut parameters, name, &lattice, 3, &[]).expect("a map")));
    }
    layers.insert(2, Box::new(Leaky));
    let mut flow = Flow::of(&lattice, parameters, Chain(layers));
    let before = flow.parameters.clone();
    let training = Training { memory: Memory::Invert, ..plan(5, 32) };
    let device = Device::cpu(1).expect("a thread");
    let mut trainer = Trainer::<f32>::new(&mut flow, &TUTORIAL, training, &device).expect("a trainer");
    let error = trainer.step().expect_err("a drift");
    assert!(
        matches!(error, Error::Drift { layer: 2, step: 1, found, .. } if (0.003..0.03).contains(&found)),
        "{error}"
    );
    assert_eq!(flow.parameters, before);
}

/// `KL(q‖p)` of the tutorial's flow after as many steps is above 0.5.
#[test]
fn the_symmetric_flow_is_close_after_a_few_hundred_steps() {
    let mut flow = fresh(&[8, 8], Architecture::symmetric());
    train(&mut flow, &TUTORIAL, Training { estimator: Estimator::Path, ..plan(250, 64) });
    let certificate = certificate(&flow, &TUTORIAL, 8_000, Some(LOG_Z));
    println!("KL {} at the tutorial's point after 250 steps", certificate.kl);
    assert!(certificate.kl.mean < 0.3, "{}", certificate.kl);
    assert!(certificate.kl.mean > -4.0 * certificate.kl.error, "{}", certificate.kl);
    assert!(certificate.log_z.pull(LOG_Z).abs() < 4.5, "{}", certificate.log_z);
}

/// A step that is finite itself may lead to weights that are not: those before it are kept.
#[test]
fn a_training_that_diverges_ends_with_the_last_good_weights() {
    let mut flow = fresh(&[4, 4], Architecture { layers: 2, hidden: vec![4], ..Default::default() });
    let before = flow.parameters.clone();
    let device = Device::cpu(1).expect("a thread");
    let training = Training { lr: 1e300, ..plan(60, 16) };
    let mut trainer = Trainer::<f32>::new(&mut flow, &TUTORIAL, training, &device).expect("a trainer");
    let error = (0..60).find_map(|_| trainer.step().err()).expect("a divergence");
    assert!(matches!(error, Error::Diverged { step: 21, rejected: 20 }), "{error}");
    assert_eq!(trainer.history().rejected, 20);
    assert_eq!(flow.parameters, before);
    assert!(certificate(&flow, &TUTORIAL, 500, None).ess > 0.0);
}

/// Weighted samples of a flow give derivatives in the couplings, and means at other couplings, as those of the exact
/// values.
#[test]
fn derivatives_in_the_couplings_through_a_flow() {
    let mut flow = fresh(&[4, 4], Architecture { spectrum: 3, ..Architecture::symmetric() });
    train(&mut flow, &TUTORIAL, Training { estimator: Estimator::Path, ..plan(300, 64) });
    let device = Device::cpu(2).expect("threads");
    let mut sampler = Sampler::<f64>::new(&flow, &TUTORIAL, 7, 1024, &device).expect("a sampler");
    let count = 40_000;
    let mut log_w = vec![0.0; count];
    let mut values = vec![vec![0.0; count]; sampler.names().len()];
    sampler.propose(0, count, &mut log_w, &mut values).expect("samples");
    let series = |name: &str| {
        let at = sampler.names().iter().position(|n| n == name).expect("a name");
        [values[at].clone()]
    };
    let (phi2, phi4, chi2) = (series("phi2"), series("phi4"), series("chi2"));
    let volume = 16.0;
    let conjugate = |x: &[Vec<f64>; 1]| [x[0].iter().map(|x| volume * x).collect::<Vec<f64>>()];
    let method = GammaMethod { s: 0.0 };
    let at_home = Reweighting::new(&[log_w.clone()], method).expect("weights");
    let exact = |m2: f64, lambda: f64| exact::phi4(&[4, 4], m2, lambda).expect("known");
    let h = 1e-2;
    let slope = |f: fn(&exact::Exact) -> f64, dm2: f64, dlambda: f64| {
        let at = |sign: f64| f(&exact(TUTORIAL.mass2 + sign * h * dm2, TUTORIAL.lambda + sign * h * dlambda));
        (at(1.0) - at(-1.0)) / (2.0 * h)
    };
    for (found, expected) in [
        (at_home.derivative(&phi2, &conjugate(&phi4)), slope(|e| e.phi2, 0.0, 1.0)),
        (at_home.derivative(&phi2, &conjugate(&phi2)), slope(|e| e.phi2, 1.0, 0.0)),
        (at_home.derivative(&chi2, &conjugate(&phi4)), slope(|e| e.chi2, 0.0, 1.0)),
    ] {
        let found = found.expect("finite");
        assert!(found.pull(expected).abs() < 4.5 && found.error < 0.1 * expected.abs(), "{found}, exact {expected}");
    }
    // At λ = 7.5: log w − (λ' − λ) Σ φ⁴.
    let moved: Vec<f64> = log_w.iter().zip(&phi4[0]).map(|(w, x)| w + 0.5 * volume * x).collect();
    let away = Reweighting::new(&[moved], method).expect("weights");
    let found = away.mean(&phi2).expect("finite");
    assert!(found.pull(exact(TUTORIAL.mass2, 7.5).phi2).abs() < 4.5, "{found}");
    assert!(away.overlap().expect("samples").ess > 0.3);
}

pub fn description(flow: &Flow, training: Training) -> Description {
    Description {
        lattice: flow.lattice.extents().to_vec(),
        theory: "phi4".into(),
        action: TUTORIAL.formula(),
        couplings: Default::default(),
        architecture: flow.architecture.clone(),
        training,
        precision: "f32".into(),
    }
}

#[test]
fn a_flow_of_a_small_lattice_is_a_warm_start_on_a_larger_one() {
    let shape = Architecture { spectrum: 5, ..Architecture::symmetric() };
    let device = Device::cpu(2).expect("threads");
    let mut flow = fresh(&[6, 6], shape.clone());
    let training = Training { estimator: Estimator::Path, ..plan(250, 64) };
    let mut trainer = Trainer::<f32>::new(&mut flow, &TUTORIAL, training.clone(), &device).expect("a trainer");
    for _ in 0..250 {
        trainer.step().expect("a step");
    }
    let known = description(trainer.flow().unwrap(), training);
    let checkpoint = Checkpoint::of(&mut trainer, &known).expect("a state");
    let here = certificate(&flow, &TUTORIAL, 8_000, None);
    let mut larger = fresh(&[8, 8], Architecture { seed: 9, ..shape.clone() });
    let cold = certificate(&larger, &TUTORIAL, 2_000, Some(LOG_Z));
    larger.warm_start(&checkpoint).expect("a warm start");
    let there = certificate(&larger, &TUTORIAL, 8_000, Some(LOG_Z));
    println!("KL {} on 6x6, {} on 8x8 (fresh {}), ESS {} and {}", here.kl, there.kl, cold.kl, here.ess, there.ess);
    assert!(there.kl.mean < 0.02 * cold.kl.mean, "{} against {}", there.kl, cold.kl);
    // I8: at one coupling the exponent is extensive.
    let predicted = here.ess.powf(64.0 / 36.0);
    assert!((there.ess - predicted).abs() < 0.06, "{} against {predicted}", there.ess);
    let near = certificate(&larger, &Phi4 { mass2: -4.0, lambda: 7.5 }, 2_000, None);
    assert!(near.kl.mean < 0.1 * cold.kl.mean, "{} against {}", near.kl, cold.kl);

    let before = larger.parameters.clone();
    let mut line = fresh(&[8], Architecture { spectrum: 5, ..shape.clone() });
    let error = line.warm_start(&checkpoint).expect_err("one direction").to_string();
    assert!(error.contains("a lattice of 1 directions") && error.contains("[6, 6]"), "{error}");
    let mut wider = fresh(&[8, 8], Architecture { hidden: vec![8, 9], ..shape });
    let error = wider.warm_start(&checkpoint).expect_err("another shape").to_string();
    assert!(error.contains("[8, 9]") && error.contains("[8, 8]"), "{error}");
    assert_eq!(larger.parameters, before);
}

#[test]
fn one_flow_for_a_range_of_couplings() {
    let conditions = vec![Condition { coupling: "lambda".into(), from: 6.0, to: 10.0 }];
    let shape = Architecture { spectrum: 3, ..Architecture::symmetric() };
    let mut told = fresh(&[4, 4], Architecture { conditions, ..shape.clone() });
    let [low, high] = [6.0, 10.0].map(|lambda| Phi4 { mass2: -4.0, lambda });
    let training = Training { estimator: Estimator::Path, ..plan(300, 64) };
    train(&mut told, &low, training.clone());
    let mut at_one_end = fresh(&[4, 4], shape);
    train(&mut at_one_end, &low, training);
    let [told_low, told_high, own, elsewhere] =
        [(&told, &low), (&told, &high), (&at_one_end, &low), (&at_one_end, &high)].map(|(flow, action)| {
            let exact = exact::phi4(&[4, 4], action.mass2, action.lambda).expect("known");
            certificate(flow, action, 10_000, Some(exact.log_z)).kl
        });
    println!("KL of the flow that is told: {told_low}, {told_high}; of the other: {own}, {elsewhere}");
    assert!(told_high.mean < 0.2 * elsewhere.mean, "{told_high} against {elsewhere}");
    assert!(told_low.mean < 1.5 * own.mean, "{told_low} against {own}");

    let device = Device::cpu(1).expect("a thread");
    let outside = Phi4 { mass2: -4.0, lambda: 10.5 };
    let error = Sampler::<f32>::new(&told, &outside, 1, 64, &device).err().expect("outside").to_string();
    assert!(error.contains("lambda from 6 to 10") && error.contains("10.5"), "{error}");
    let error = Sampler::<f32>::new(&told, &Free { mass2: 1.0 }, 1, 64, &device).err().expect("no lambda").to_string();
    assert!(error.contains("lambda"), "{error}");
}

#[test]
fn every_plan_is_the_same_bits_on_any_threads_and_after_a_break() {
    let conditions = vec![
        Condition { coupling: "lambda".into(), from: 6.0, to: 9.0 },
        Condition { coupling: "m2".into(), from: -4.0, to: -3.0 },
    ];
    let architecture = Architecture { conditions, ..small() };
    for (estimator, memory) in [
        (Estimator::Path, Memory::Keep),
        (Estimator::Path, Memory::Half),
        (Estimator::Reparam, Memory::Half),
        (Estimator::Path, Memory::Recompute),
        (Estimator::Path, Memory::Invert),
        (Estimator::Reparam, Memory::Invert),
        (Estimator::Reinforce, Memory::Keep),
        (Estimator::Reinforce, Memory::Invert),
    ] {
        let training = Training { estimator, memory, ..plan(12, 48) };
        let run = |threads: usize, broken: bool| {
            let device = Device::cpu(threads).expect("threads");
            let mut flow = fresh(&[4, 4], architecture.clone());
            let known = description(&flow, training.clone());
            let new = |flow| Trainer::<f32>::new(flow, &TUTORIAL, training.clone(), &device).expect("a trainer");
            let mut trainer = new(&mut flow);
            for _ in 0..if broken { 5 } else { 12 } {
                trainer.step().expect("a step");
            }
            if broken {
                let checkpoint = Checkpoint::of(&mut trainer, &known).expect("a state");
                let mut flow = checkpoint.flow().expect("a flow");
                let mut trainer = new(&mut flow);
                trainer.resume(&checkpoint).expect("resumed");
                for _ in 5..12 {
                    trainer.step().expect("a step");
                }
                return flow.parameters.values().to_vec();
            }
            flow.parameters.values().to_vec()
        };
        let unbroken = run(1, false);
        assert_eq!(unbroken, run(2, false), "{estimator:?} {memory:?}: threads");
        assert_eq!(unbroken, run(2, true), "{estimator:?} {memory:?}: resumed");
    }
}

#[test]
fn shapes_of_the_first_format_are_still_read() {
    let old = r#"{"layers":16,"hidden":[8,8],"kernel":3,"last":"tanh","seed":1}"#;
    let read: Architecture = serde_json::from_str(old).expect("an old shape");
    assert_eq!(read, Architecture::default());
    let mut plan = serde_json::to_value(Training::default()).expect("a plan");
    let fields = plan.as_object_mut().expect("an object");
    assert!(fields.remove("estimator").is_some() && fields.remove("memory").is_some());
    assert_eq!(serde_json::from_value::<Training>(plan).expect("an old plan"), Training::default());
}

#[test]
fn shapes_that_cannot_be_are_refused() {
    let lattice = Lattice::periodic([4, 4]).expect("a lattice");
    let range = |from, to| Condition { coupling: "lambda".into(), from, to };
    let symmetric = Architecture::symmetric;
    for (shape, expected) in [
        (Architecture { spectrum: 2, ..symmetric() }, "spectrum: expected an odd extent"),
        (Architecture { spectrum: 9, ..symmetric() }, "spectrum: expected an odd extent below twice"),
        (Architecture { spectrum: usize::MAX, ..symmetric() }, "spectrum"),
        (Architecture { conditions: vec![range(2.0, 2.0)], ..symmetric() }, "conditions: expected ranges"),
        (Architecture { conditions: vec![range(f64::NAN, 2.0)], ..symmetric() }, "conditions: expected ranges"),
        (Architecture { conditions: vec![range(1.0, 2.0); 2], ..symmetric() }, "each coupling once"),
        (Architecture { conditions: vec![range(1.0, 2.0)], ..Default::default() }, "with sinh-arcsinh couplings"),
        (Architecture { hidden: vec![4096; 100], kernel: 999, ..symmetric() }, "2^28 parameters"),
    ] {
        let error = Flow::new(&lattice, shape).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}
