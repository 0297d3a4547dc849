//! Flows on tori and spheres: the targets of Rezende et al. 2002.02428, and the posterior of a robot arm.
//!
//! `cargo run --release --example tori_and_spheres [FOLDER] [TARGET]` trains a flow for each target (or for one), draws 2·10⁵
//! samples and prints effective sample size, divergence and `log Z` beside what is known exactly. `FOLDER` gets `TARGET.svg`:
//! the density beside the first samples of the exact chain; of the arm, some of its positions.

#![expect(clippy::print_stdout, reason = "a program that reports")]

use lattice_fields::autograd::optim::{BatchSchedule, Schedule};
use lattice_fields::flows::angles::unit_vector;
use lattice_fields::flows::sample::configurations;
use lattice_fields::mc::action::compact::{RobotArm, SphereMixture, TorusMixture, TorusSum};
use lattice_fields::mc::exact::compact::KnownDensity;
use lattice_fields::prelude::*;
use plotters::coord::Shift;
use plotters::prelude::*;
use std::f64::consts::{PI, TAU};
use std::path::Path;
use std::time::Instant;

const SAMPLES: usize = 200_000;
/// Samples in a picture.
const SHOWN: usize = 1000;
const STEPS: u64 = 10_000;
/// Pulls beyond this say that something is wrong.
const LAST: f64 = 4.0;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A density of a point, the flow for it, and what is known.
struct Target {
    name: &'static str,
    action: Box<dyn Action<Channels>>,
    flow: Flow<Channels>,
    known: KnownDensity,
    picture: Picture,
}

enum Picture {
    /// A density of two coordinates, `[x, y]` from those of the flow, and what they are called.
    Plane {
        density: Box<dyn Fn(f64, f64) -> f64>,
        axes: [usize; 2],
        names: [&'static str; 2],
        height: f64,
    },
    Arm(RobotArm),
}

/// A density on T², from 0 to 2π as in the paper.
fn on_torus(density: impl Fn(f64, f64) -> f64 + 'static) -> Picture {
    Picture::Plane { density: Box::new(density), axes: [0, 1], names: ["θ₁", "θ₂"], height: TAU }
}

/// `Σ_k e^{κ x·μ_k}`
fn weight(mixture: &SphereMixture, coordinates: &[f64]) -> f64 {
    let x = unit_vector(coordinates);
    let dot = |mu: &Vec<f64>| mu.iter().zip(&x).map(|(a, b)| a * b).sum::<f64>();
    mixture.centres.iter().map(|mu| (mixture.concentration * dot(mu)).exp()).sum()
}

fn targets() -> Result<Vec<Target>, Failure> {
    let point = Lattice::periodic([1])?;
    let torus = |dimension| TorusFlow { dimension, ..TorusFlow::default() }.flow(&point);
    let sphere = |dimension| SphereFlow { dimension, ..SphereFlow::default() }.flow(&point);
    let mut list = Vec::new();
    for (name, mixture) in [("unimodal", TorusMixture::unimodal()), ("multimodal", TorusMixture::multimodal())] {
        let centres = mixture.centres.clone();
        let density = move |a: f64, b: f64| centres.iter().map(|c| ((a - c[0]).cos() + (b - c[1]).cos()).exp()).sum();
        let known = mixture.exact();
        list.push(Target { name, action: Box::new(mixture), flow: torus(2)?, known, picture: on_torus(density) });
    }
    let sum = TorusSum::correlated();
    let picture = on_torus(move |a, b| (a + b - sum.centre).cos().exp());
    list.push(Target { name: "correlated", action: Box::new(sum), flow: torus(2)?, known: sum.exact(), picture });

    let (s2, s3) = (SphereMixture::s2(), SphereMixture::s3());
    let (on_s2, on_s3) = (s2.clone(), s3.clone());
    let density = move |longitude: f64, height: f64| weight(&on_s2, &[height, longitude]);
    let names = ["longitude", "height"];
    let picture = Picture::Plane { density: Box::new(density), axes: [1, 0], names, height: 1.0 };
    list.push(Target { name: "s2", known: s2.exact(), action: Box::new(OnSphere(s2)), flow: sphere(2)?, picture });
    // Of S³ what is left when the second height is integrated over.
    let density = move |longitude: f64, height: f64| {
        let steps = 48;
        let second = |i: usize| (2.0 * i as f64 + 1.0) / steps as f64 - 1.0;
        let sum: f64 = (0..steps).map(|i| weight(&on_s3, &[height, second(i), longitude])).sum();
        sum * (1.0 - height * height).sqrt()
    };
    let picture = Picture::Plane { density: Box::new(density), axes: [2, 0], names, height: 1.0 };
    list.push(Target { name: "s3", known: s3.exact(), action: Box::new(OnSphere(s3)), flow: sphere(3)?, picture });

    let arm = RobotArm::default();
    let known = arm.exact().ok_or("the arm does not reach")?;
    let picture = Picture::Arm(arm.clone());
    list.push(Target { name: "robot-arm", action: Box::new(arm), flow: torus(6)?, known, picture });
    Ok(list)
}

/// Trains the flow, by the score function at last; the seconds that took.
fn train(target: &mut Target, device: &Device) -> Result<f64, Failure> {
    let start = Instant::now();
    let sphere = target.name.starts_with('s');
    let first = if sphere { Estimator::Reparam } else { Estimator::Reinforce };
    let second = sphere.then_some((Estimator::Reinforce, 1e-3, STEPS / 2));
    for (estimator, lr, steps) in [(first, 3e-3, STEPS)].into_iter().chain(second) {
        let training = Training {
            steps,
            lr,
            schedule: Schedule::Cosine { to: 0.0, over: None },
            batch: BatchSchedule::doubling(256, 1024)?,
            estimator,
            ..Training::default()
        };
        let mut trainer = Trainer::<f32, Channels>::new(&mut target.flow, &*target.action, training, device)?;
        (0..steps).try_for_each(|_| trainer.step().map(drop))?;
    }
    Ok(start.elapsed().as_secs_f64())
}

const SEED: u64 = 11;

/// Coordinates of the first states of the exact chain.
fn shown(target: &Target, ensemble: &Ensemble, device: &Device) -> Result<Vec<Vec<f64>>, Failure> {
    let states = &ensemble.states[..SHOWN];
    let last = states.iter().max().ok_or("no states")? + 1;
    let drawn = configurations::<f32, _>(&target.flow, SEED, 0, last as usize, device)?;
    let point = |&state: &u64| Ok(drawn.sample(state as usize)?.into_iter().map(f64::from).collect());
    states.iter().map(point).collect()
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A density in sixteen shades; neighbours of one shade are one rectangle.
fn draw_density(
    area: &Area<'_>,
    (from, to): ([f64; 2], [f64; 2]),
    names: [&str; 2],
    density: &dyn Fn(f64, f64) -> f64,
) -> Result<(), Failure> {
    const CELLS: usize = 40;
    let mut chart = ChartBuilder::on(area)
        .caption("density", ("sans-serif", 18))
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(44)
        .build_cartesian_2d(from[0]..to[0], from[1]..to[1])?;
    chart.configure_mesh().disable_mesh().x_desc(names[0]).y_desc(names[1]).draw()?;
    let edge = |axis: usize, i: usize| from[axis] + (to[axis] - from[axis]) * i as f64 / CELLS as f64;
    let middle = |axis: usize, i: usize| 0.5 * (edge(axis, i) + edge(axis, i + 1));
    let values: Vec<f64> = (0..CELLS * CELLS).map(|i| density(middle(0, i % CELLS), middle(1, i / CELLS))).collect();
    let top = values.iter().copied().fold(0.0, f64::max);
    for row in 0..CELLS {
        let shade = |column: usize| (16.0 * values[row * CELLS + column] / top) as i32;
        let mut start = 0;
        for column in 1..=CELLS {
            if column == CELLS || shade(column) != shade(start) {
                let depth = f64::from(shade(start)) / 16.0;
                let mix = |from: f64, to: f64| (from + (to - from) * depth) as u8;
                let colour = RGBColor(mix(250.0, 20.0), mix(250.0, 60.0), mix(250.0, 140.0));
                let corners = [(edge(0, start), edge(1, row)), (edge(0, column), edge(1, row + 1))];
                chart.draw_series([Rectangle::new(corners, colour.filled())])?;
                start = column;
            }
        }
    }
    Ok(())
}

fn draw_points(
    area: &Area<'_>,
    (from, to): ([f64; 2], [f64; 2]),
    names: [&str; 2],
    points: &[(f64, f64)],
) -> Result<(), Failure> {
    let mut chart = ChartBuilder::on(area)
        .caption("samples", ("sans-serif", 18))
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(44)
        .build_cartesian_2d(from[0]..to[0], from[1]..to[1])?;
    chart.configure_mesh().disable_mesh().x_desc(names[0]).y_desc(names[1]).draw()?;
    let colour = RGBColor(20, 60, 140).mix(0.35);
    chart.draw_series(points.iter().map(|&p| Circle::new(p, 2, colour.filled())))?;
    Ok(())
}

/// Some positions of the arm, and all tips; the circle is where the tip was seen, to one standard deviation.
fn draw_arm(area: &Area<'_>, arm: &RobotArm, states: &[Vec<f64>]) -> Result<(), Failure> {
    let mut chart = ChartBuilder::on(area)
        .caption("positions of the arm", ("sans-serif", 18))
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(44)
        .build_cartesian_2d(-0.5..1.1, -0.65..0.95)?;
    chart.configure_mesh().light_line_style(TRANSPARENT).x_desc("x").y_desc("y").draw()?;
    let joints = |angles: &[f64]| {
        let mut at = (0.0, 0.0);
        let steps = arm.links.iter().zip(angles).map(|(l, theta)| {
            at = (at.0 + l * theta.cos(), at.1 + l * theta.sin());
            at
        });
        std::iter::once((0.0, 0.0)).chain(steps).collect::<Vec<_>>()
    };
    for (i, angles) in states.iter().step_by(states.len() / 24).enumerate() {
        let colour = HSLColor((i as f64 * 0.618).fract(), 0.6, 0.45).mix(0.6);
        chart.draw_series(LineSeries::new(joints(angles), colour.stroke_width(2)))?;
    }
    let tips = states.iter().filter_map(|angles| joints(angles).last().copied());
    chart.draw_series(tips.map(|tip| Circle::new(tip, 1, BLACK.mix(0.4).filled())))?;
    let around = (0..=90).map(|i| {
        let (sin, cos) = (TAU * f64::from(i) / 90.0).sin_cos();
        (arm.centre[0] + arm.sigma * cos, arm.centre[1] + arm.sigma * sin)
    });
    chart.draw_series(LineSeries::new(around, RED.stroke_width(2)))?;
    Ok(())
}

fn draw(target: &Target, states: &[Vec<f64>], path: &Path) -> Result<(), Failure> {
    match &target.picture {
        Picture::Arm(arm) => {
            let root = SVGBackend::new(path, (520, 520)).into_drawing_area();
            root.fill(&WHITE)?;
            draw_arm(&root, arm, states)?;
            Ok(root.present()?)
        }
        Picture::Plane { density, axes, names, height } => {
            let root = SVGBackend::new(path, (840, 400)).into_drawing_area();
            root.fill(&WHITE)?;
            let (left, right) = root.split_horizontally(420);
            let torus = *height > PI;
            let frame = if torus { ([0.0, 0.0], [TAU, TAU]) } else { ([-PI, -height], [PI, *height]) };
            let turned = |x: f64| if torus { x.rem_euclid(TAU) } else { x };
            let points: Vec<(f64, f64)> = states.iter().map(|s| (turned(s[axes[0]]), turned(s[axes[1]]))).collect();
            draw_density(&left, frame, *names, density)?;
            draw_points(&right, frame, *names, &points)?;
            Ok(root.present()?)
        }
    }
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let device = Device::cpu(0)?;
    let mut all_well = true;
    for mut target in targets()? {
        if arguments.get(1).is_some_and(|name| name != target.name) {
            continue;
        }
        let seconds = train(&mut target, &device)?;
        let mut sampler = Sampler::<f32>::new(&target.flow, &*target.action, SEED, 1024, &device)?;
        let ensemble = Ensemble::draw(&mut sampler, SAMPLES, 5, |_| true)?;
        let log_z = target.known.log_z;
        let certificate = Certificate::new(&ensemble.log_weights, Some(log_z))?;
        let estimates = ensemble.estimates()?;
        let find = |name: &str| estimates.iter().find(|(n, _)| n == name).map(|(_, found)| *found);
        let pulls = target.known.means.iter().filter_map(|(name, exact)| Some(find(name)?.pull(*exact).abs()));
        let worst = pulls.fold(certificate.log_z.pull(log_z).abs(), f64::max);
        all_well &= worst < LAST;
        println!(
            "{:<11} trained {seconds:5.1} s: ESS {:.4}, KL {}, acceptance {:.4}, log Z {} (exact {log_z:.6}), worst pull {worst:.1}{}",
            target.name,
            certificate.ess,
            certificate.kl,
            ensemble.acceptance,
            certificate.log_z,
            if worst < LAST { "" } else { "  <- not to be trusted" }
        );
        if let Some(folder) = arguments.first().map(Path::new) {
            let states = shown(&target, &ensemble, &device)?;
            draw(&target, &states, &folder.join(format!("{}.svg", target.name)))?;
        }
    }
    if all_well { Ok(()) } else { Err("some values are not as they are known".into()) }
}
