//! Flows on tori and spheres: the targets of Rezende et al. 2002.02428, and the posterior of a robot arm.
//!
//! `cargo run --release --example tori_and_spheres [FOLDER] [TARGET] [STEPS]` trains a flow for each target (or for one), draws
//! 2·10⁵ samples and prints effective sample size, divergence and `log Z` beside what is known exactly.

#![expect(clippy::print_stdout, reason = "a program that reports")]

use lattice_fields::autograd::optim::{BatchSchedule, Schedule};
use lattice_fields::flows::angles::Transform;
use lattice_fields::mc::action::compact::{RobotArm, SphereMixture, TorusMixture, TorusSum};
use lattice_fields::mc::exact::compact::KnownDensity;
use lattice_fields::prelude::*;
use std::time::Instant;

const SAMPLES: usize = 200_000;
/// Pulls beyond this say that something is wrong.
const LAST: f64 = 4.0;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A density, the flow for it, and what is known.
struct Target {
    name: &'static str,
    action: Box<dyn Action<Channels>>,
    flow: Flow<Channels>,
    known: KnownDensity,
    steps: u64,
    lr: f64,
    batch: [usize; 2],
}

fn targets() -> Result<Vec<Target>, Failure> {
    let point = Lattice::periodic([1])?;
    let env = |name: &str, default: usize| std::env::var(name).ok().and_then(|x| x.parse().ok()).unwrap_or(default);
    let transform = match env("TR", 2) {
        0 => Transform::Ncp,
        1 => Transform::Moebius,
        _ => Transform::Spline,
    };
    let torus = |dimension| TorusFlow {
        dimension,
        transform,
        mixtures: env("MIX", 16),
        hidden: vec![env("W", 32); 2],
        layers: env("L", 1),
        ..TorusFlow::default()
    };
    let sphere = |dimension| SphereFlow {
        dimension,
        transform,
        mixtures: env("MIX", 32),
        bins: env("BINS", 32),
        hidden: vec![env("W", 64); 2],
        layers: env("L", 1),
        ..SphereFlow::default()
    };
    let (steps, lr, batch) =
        (env("STEPS", 2000) as u64, env("LR", 3000) as f64 * 1e-6, [env("B", 256), env("B2", 1024)]);
    let mut list = Vec::new();
    let mut add = |name, action: Box<dyn Action<Channels>>, flow: Flow<Channels>, known| {
        list.push(Target { name, action, flow, known, steps, lr, batch });
    };
    let (uni, multi, sum) = (TorusMixture::unimodal(), TorusMixture::multimodal(), TorusSum::correlated());
    let known = [uni.exact(), multi.exact(), sum.exact()];
    let [a, b, c] = known;
    add("unimodal", Box::new(uni), torus(2).flow(&point)?, a);
    add("multimodal", Box::new(multi), torus(2).flow(&point)?, b);
    add("correlated", Box::new(sum), torus(2).flow(&point)?, c);
    let (s2, s3, arm) = (SphereMixture::s2(), SphereMixture::s3(), RobotArm::default());
    let known = [s2.exact(), s3.exact(), arm.exact().ok_or("the arm does not reach")?];
    let [a, b, c] = known;
    add("s2", Box::new(OnSphere(s2)), sphere(2).flow(&point)?, a);
    add("s3", Box::new(OnSphere(s3)), sphere(3).flow(&point)?, b);
    add("robot-arm", Box::new(arm), torus(6).flow(&point)?, c);
    Ok(list)
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let device = Device::cpu(0)?;
    for mut target in targets()? {
        if arguments.get(1).is_some_and(|name| name != target.name) {
            continue;
        }
        let training = Training {
            steps: target.steps,
            lr: target.lr,
            schedule: Schedule::Cosine { to: 0.0, over: None },
            batch: BatchSchedule::doubling(target.batch[0], target.batch[1])?,
            estimator: if std::env::var("PATHG").is_ok() { Estimator::Path } else { Estimator::Reparam },
            ..Training::default()
        };
        let start = Instant::now();
        let mut trainer = Trainer::<f32, Channels>::new(&mut target.flow, &*target.action, training, &device)?;
        let steps = target.steps;
        trainer.inside(|trainer| (0..steps).try_for_each(|_| trainer.step().map(drop)))?;
        if std::env::var("HIST").is_ok() {
            for row in trainer.history().rows.iter().step_by(10) {
                println!("{row:?}");
            }
        }
        drop(trainer);
        let seconds = start.elapsed().as_secs_f64();
        let mut sampler = Sampler::<f32>::new(&target.flow, &*target.action, 11, 1024, &device)?;
        let start = Instant::now();
        let ensemble = device.install(|| Ensemble::draw(&mut sampler, SAMPLES, 5, |_| true))?;
        let drawing = start.elapsed().as_secs_f64();
        let certificate = Certificate::new(&ensemble.log_weights, Some(target.known.log_z))?;
        let pull = certificate.log_z.pull(target.known.log_z);
        let estimates = ensemble.estimates()?;
        let worst = target
            .known
            .means
            .iter()
            .filter_map(|(name, exact)| estimates.iter().find(|(n, _)| n == name).map(|(_, e)| e.pull(*exact).abs()))
            .fold(pull.abs(), f64::max);
        println!(
            "{:<12} {} parameters, trained {seconds:5.1} s, ESS {:.4}, KL {}, log Z {} ({:.6}), acceptance {:.3}, drawn {drawing:.1} s, worst pull {worst:.1}{}",
            target.name,
            target.flow.parameters.len(),
            certificate.ess,
            certificate.kl,
            certificate.log_z,
            target.known.log_z,
            ensemble.acceptance,
            if worst < LAST { "" } else { "  <- not to be trusted" }
        );
    }
    Ok(())
}
