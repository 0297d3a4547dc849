//! The flow that divides the torus, in U(1) on 16×16 at β = 1 … 7: trained, certified against exact values, and timed beside HMC.
//!
//! `cargo run --release --example u1_flow [FOLDER] [STEPS]` trains at each β from what was learnt at the one before, draws 10⁵
//! samples and prints acceptance, effective sample size, divergence and `log Z` against the exact one, how long the charge
//! remembers itself in the Metropolis chain of the samples, and the seconds of an independent charge; then the same of the flow
//! without nets, as a baseline. `FOLDER` gets `u1_flow.csv` and a picture.

#![expect(clippy::print_stdout, reason = "a program that reports")]

use lattice_fields::autograd::optim::{BatchSchedule, Schedule};
use lattice_fields::mc::exact::gauge::Torus;
use lattice_fields::prelude::*;
use lattice_fields::tensor::group::GroupName;
use plotters::prelude::*;
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

const EXTENTS: [usize; 2] = [16, 16];
const SAMPLES: usize = 100_000;
/// Pulls beyond this say that something is wrong.
const LAST: f64 = 4.0;

type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Row {
    beta: usize,
    nets: bool,
    training: f64,
    acceptance: f64,
    ess: f64,
    kl: Estimate,
    tau: f64,
    tau_error: f64,
    seconds_per_sample: f64,
    worst: f64,
}

impl Row {
    /// Seconds of an independent charge: two autocorrelation times of proposals.
    fn seconds_per_charge(&self) -> f64 {
        2.0 * self.tau * self.seconds_per_sample
    }
}

/// Trains by the score function; the seconds that took.
fn train(flow: &mut Flow<Channels>, beta: f64, steps: u64, device: &Device) -> Result<f64, Failure> {
    let training = Training {
        steps,
        lr: 3e-3,
        schedule: Schedule::Cosine { to: 0.0, over: None },
        batch: BatchSchedule::doubling(64, 256)?,
        estimator: Estimator::Reinforce,
        ..Training::default()
    };
    let action = LinkAngles(Wilson::new(beta));
    let start = Instant::now();
    let mut trainer = Trainer::<f32, Channels>::new(flow, &action, training, device)?;
    (0..steps).try_for_each(|_| trainer.step().map(drop))?;
    Ok(start.elapsed().as_secs_f64())
}

fn judge(flow: &Flow<Channels>, beta: usize, nets: bool, training: f64, device: &Device) -> Result<Row, Failure> {
    let torus = Torus::new(GroupName::U1, beta as f64, EXTENTS[0] * EXTENTS[1])?;
    let action = LinkAngles(Wilson::new(beta as f64));
    let mut sampler = Sampler::<f32>::new(flow, &action, 11, 1024, device)?;
    let start = Instant::now();
    let ensemble = Ensemble::draw(&mut sampler, SAMPLES, 5, |_| true)?;
    let seconds_per_sample = start.elapsed().as_secs_f64() / SAMPLES as f64;
    let certificate = Certificate::new(&ensemble.log_weights, Some(torus.log_z()))?;
    let estimates = ensemble.estimates()?;
    let find =
        |name: &str| estimates.iter().find(|(n, _)| n == name).map(|(_, e)| *e).ok_or("an observable is missing");
    let charge = torus.charge()?;
    let mut known = vec![
        (find("plaquette")?, torus.plaquette()),
        (find("charge2")?, charge.charge2()),
        (find("chi_q")?, charge.chi_q()),
        (certificate.log_z, torus.log_z()),
    ];
    for q in 0..=2 {
        known.push((find(&format!("p_q{q}"))?, charge.p_q(q)));
    }
    for side in 1..=4 {
        known.push((find(&format!("wilson_{side}x{side}"))?, torus.wilson_loop(side * side).ok_or("no loop")?));
    }
    let worst = known.iter().map(|(found, exact)| found.pull(*exact).abs()).fold(0.0, f64::max);
    let q = find("charge")?;
    let Certificate { ess, kl, .. } = certificate;
    let (acceptance, tau, tau_error) = (ensemble.acceptance, q.tau_int, q.tau_int_error);
    Ok(Row { beta, nets, training, acceptance, ess, kl, tau, tau_error, seconds_per_sample, worst })
}

const CURVES: [(bool, &str, RGBColor); 2] = [(true, "flow", BLUE), (false, "without nets", BLACK)];

/// Acceptance and effective sample size, and the divergence, against β.
fn draw(rows: &[Row], path: &Path) -> Result<(), Failure> {
    let root = SVGBackend::new(path, (1000, 440)).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(500);
    let curve = |nets: bool, of: fn(&Row) -> f64| -> Vec<(f64, f64)> {
        rows.iter().filter(|r| r.nets == nets).map(|r| (r.beta as f64, of(r))).collect()
    };
    let mut chart = ChartBuilder::on(&left)
        .caption("of a proposal", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d(0.8..7.2, 0.0..1.0)?;
    chart.configure_mesh().x_desc("β").light_line_style(TRANSPARENT).draw()?;
    for (nets, name, colour) in CURVES {
        let (acceptance, ess) = (curve(nets, |r| r.acceptance), curve(nets, |r| r.ess));
        chart.draw_series(acceptance.iter().map(|&p| Circle::new(p, 4, colour.filled())))?;
        chart
            .draw_series(LineSeries::new(acceptance, colour.stroke_width(2)))?
            .label(format!("acceptance, {name}"))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        chart
            .draw_series(ess.iter().map(|&p| Cross::new(p, 4, colour.stroke_width(1))))?
            .label(format!("ESS, {name}"))
            .legend(move |(x, y)| Cross::new((x + 9, y), 4, colour.stroke_width(1)));
    }
    chart.configure_series_labels().background_style(WHITE).position(SeriesLabelPosition::LowerLeft).draw()?;
    let mut chart = ChartBuilder::on(&right)
        .caption("KL(q‖p), exact; autocorrelation time of the charge", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(0.8..7.2, (1e-4..1e4).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("β")
        .y_label_formatter(&|y| format!("{y:.0e}"))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (nets, name, colour) in CURVES {
        let (kl, tau) = (curve(nets, |r| r.kl.mean.max(1e-4)), curve(nets, |r| r.tau));
        chart.draw_series(kl.iter().map(|&p| Circle::new(p, 4, colour.filled())))?;
        chart
            .draw_series(LineSeries::new(kl, colour.stroke_width(2)))?
            .label(format!("KL, {name}"))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        chart
            .draw_series(tau.iter().map(|&p| Cross::new(p, 4, colour.stroke_width(1))))?
            .label(format!("τ_int(Q), {name}"))
            .legend(move |(x, y)| Cross::new((x + 9, y), 4, colour.stroke_width(1)));
    }
    chart.configure_series_labels().background_style(WHITE).position(SeriesLabelPosition::UpperLeft).draw()?;
    Ok(root.present()?)
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let steps = arguments.get(1).map_or(Ok(6000), |word| word.parse())?;
    let (lattice, device) = (Lattice::periodic(EXTENTS)?, Device::cpu(0)?);
    let mut rows: Vec<Row> = Vec::new();
    for hidden in [vec![8, 8], Vec::new()] {
        let nets = !hidden.is_empty();
        let mut flow = LinkFlow { hidden, ..LinkFlow::default() }.flow(&lattice)?;
        println!("{} parameters", flow.parameters.len());
        for beta in 1..=7 {
            let training = train(&mut flow, beta as f64, steps, &device)?;
            let row = judge(&flow, beta, nets, training, &device)?;
            println!(
                "beta {beta}: trained {:5.1} s, acceptance {:.3}, ESS {:.3}, KL {}, tau(Q) {:.2} ± {:.2}, {:.1e} s a sample, {:.1e} s a charge, worst pull {:.1}{}",
                row.training,
                row.acceptance,
                row.ess,
                row.kl,
                row.tau,
                row.tau_error,
                row.seconds_per_sample,
                row.seconds_per_charge(),
                row.worst,
                if row.worst < LAST { "" } else { "  <- not to be trusted" }
            );
            rows.push(row);
        }
    }
    if let Some(folder) = arguments.first().map(Path::new) {
        let mut text = String::from(
            "nets,beta,training_seconds,acceptance,ess,kl,kl_error,tau,tau_error,seconds_per_sample,seconds_per_charge\n",
        );
        for r in &rows {
            writeln!(
                text,
                "{},{},{},{},{},{},{},{},{},{},{}",
                r.nets,
                r.beta,
                r.training,
                r.acceptance,
                r.ess,
                r.kl.mean,
                r.kl.error,
                r.tau,
                r.tau_error,
                r.seconds_per_sample,
                r.seconds_per_charge()
            )?;
        }
        std::fs::write(folder.join("u1_flow.csv"), text)?;
        draw(&rows, &folder.join("u1_flow.svg"))?;
    }
    // Without nets a few samples carry all the weight; nothing is asked of those.
    match rows.iter().filter(|row| row.nets).all(|row| row.worst < LAST) {
        true => Ok(()),
        false => Err("some values are not as they are known".into()),
    }
}
