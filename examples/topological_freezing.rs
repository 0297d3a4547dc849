//! Topological freezing in U(1) on 16×16, β = 1 … 7: how long the charge remembers itself, for HMC, heat bath, and HMC with
//! jumps by instantons.
//!
//! `cargo run --release --example topological_freezing [FOLDER]` writes
//! `topological_freezing.csv` and `.svg` into the folder. Chains are brought into the exact distribution of the charge by jumps;
//! then `τ = −d / ln [C(d)/C(0)]` with `C(d) = ⟨Q(t) Q(t+d)⟩`, `d` where `C` has fallen to about a half, or as far as the
//! run goes; errors by jackknife over chains. Trajectories have unit length.

#![expect(clippy::print_stdout, reason = "a program that reports")]

use lattice_fields::mc::exact::gauge::Torus;
use lattice_fields::mc::{Chains, Instantons, LinkSweeps, Wilson};
use lattice_fields::prelude::*;
use lattice_fields::tensor::field::Links;
use lattice_fields::tensor::group::GroupName;
use lattice_fields::tensor::group::U1;
use plotters::prelude::*;
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

const EXTENTS: [usize; 2] = [16, 16];
const CHAINS: usize = 128;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Boxed = Box<dyn Update<Links<U1>>>;

/// The sampler, its colour in the figure, and how many updates are made at each β.
struct Sampler {
    name: &'static str,
    colour: RGBColor,
    update: fn() -> Boxed,
    updates: fn(usize) -> usize,
}

struct Row {
    sampler: &'static str,
    beta: usize,
    tau: f64,
    error: f64,
    seconds: f64,
    charge2: f64,
}

fn hmc() -> Boxed {
    Box::new(Hmc { jitter: 0.0, ..Hmc::new(Integrator::Leapfrog, 1.0) })
}

/// `C(d)` of some chains.
fn correlation<'a>(chains: impl Iterator<Item = &'a Vec<f64>>, d: usize) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for chain in chains {
        sum += chain.iter().zip(&chain[d..]).map(|(a, b)| a * b).sum::<f64>();
        count += (chain.len() - d) as f64;
    }
    sum / count
}

/// The decorrelation time, with its error.
fn decorrelation(series: &[Vec<f64>]) -> (f64, f64) {
    let all = |d| correlation(series.iter(), d) / correlation(series.iter(), 0);
    let most = series[0].len() / 2;
    let mut d = 1;
    while d < most && all(d) > 0.5 {
        d = (d + d.div_ceil(8)).min(most);
    }
    let tau = |skip: usize| {
        let others = || series.iter().enumerate().filter(move |(i, _)| *i != skip).map(|(_, chain)| chain);
        let ratio = correlation(others(), d) / correlation(others(), 0);
        -(d as f64) / ratio.clamp(1e-9, 1.0 - 1e-9).ln()
    };
    let (n, mean) = (series.len(), tau(usize::MAX));
    let variance: f64 = (0..n).map(|skip| (tau(skip) - mean).powi(2)).sum::<f64>() * (n as f64 - 1.0) / n as f64;
    (mean, variance.sqrt())
}

fn measured(sampler: &Sampler, beta: usize, device: &Device) -> Result<Row, Failure> {
    let (lattice, action) = (Lattice::periodic(EXTENTS)?, Wilson::new(beta as f64));
    let jumps: Boxed = Box::new(Instantons { after: hmc() });
    let mut start = Chains::<f32, Links<U1>>::new(&action, jumps, &lattice, CHAINS, 1, device)?;
    let mut chains = Chains::<f32, Links<U1>>::new(&action, (sampler.update)(), &lattice, CHAINS, 2, device)?;
    let updates = (sampler.updates)(beta);
    let measure = |chains: &mut Chains<'_, f32, Links<U1>>| -> Result<Vec<f64>, Failure> {
        let charge = chains.observable_names().iter().position(|name| name == "charge").ok_or("no charge")?;
        Ok(chains.measure()?[charge].iter().map(|q| q.round()).collect())
    };
    // Every fourth jump or more is accepted: hundreds of them reach the whole distribution.
    let tune = |chains: &mut Chains<'_, f32, Links<U1>>, updates: usize| -> Result<(), Failure> {
        let which = chains.update_names().iter().position(|name| name == "acceptance").ok_or("no acceptance")?;
        for _ in 0..updates / 20 {
            let mut sum = 0.0;
            for _ in 0..20 {
                sum += chains.advance()?[which].iter().sum::<f64>();
            }
            chains.tune(sum / (20 * CHAINS) as f64)?;
        }
        Ok(())
    };
    tune(&mut start, 600)?;
    tune(&mut chains, 200)?;
    let fields: Vec<Vec<f64>> = (0..CHAINS)
        .map(|chain| Ok(start.fields().sample(chain)?.into_iter().map(f64::from).collect()))
        .collect::<Result<_, Failure>>()?;
    chains.begin_from(&fields)?;
    let mut series = vec![Vec::new(); CHAINS];
    let mut seconds = 0.0;
    for _ in 0..updates {
        let begin = Instant::now();
        chains.advance()?;
        seconds += begin.elapsed().as_secs_f64();
        series.iter_mut().zip(measure(&mut chains)?).for_each(|(s, q)| s.push(q));
    }
    let (tau, error) = decorrelation(&series);
    let seconds = seconds / (updates * CHAINS) as f64;
    let charge2 = correlation(series.iter(), 0);
    Ok(Row { sampler: sampler.name, beta, tau, error, seconds, charge2 })
}

fn draw(path: &Path, samplers: &[Sampler], rows: &[Row]) -> Result<(), Failure> {
    let area = SVGBackend::new(path, (640, 440)).into_drawing_area();
    area.fill(&WHITE)?;
    let top = rows.iter().map(|r| r.tau).fold(1.0, f64::max) * 2.0;
    let mut chart = ChartBuilder::on(&area)
        .caption("U(1), 16×16: decorrelation time of the charge", ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(0.5..7.5, (0.2..top).log_scale())?;
    chart.configure_mesh().x_desc("β").y_desc("τ(Q), updates").x_labels(8).draw()?;
    for sampler in samplers {
        let own: Vec<&Row> = rows.iter().filter(|r| r.sampler == sampler.name).collect();
        let colour = sampler.colour;
        let line = own.iter().map(|r| (r.beta as f64, r.tau));
        let series = chart.draw_series(LineSeries::new(line, colour.stroke_width(2)))?;
        series
            .label(sampler.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
        let bars = own.iter().map(|r| {
            let (low, high) = ((r.tau - r.error).max(0.2), r.tau + r.error);
            ErrorBar::new_vertical(r.beta as f64, low, r.tau, high, colour.filled(), 6)
        });
        chart.draw_series(bars)?;
    }
    chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).background_style(WHITE).draw()?;
    Ok(area.present()?)
}

fn main() -> Result<(), Failure> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let device = Device::cpu(0)?;
    let long = |beta: usize| [400, 400, 400, 800, 2000, 4000, 6000, 8000][beta];
    let samplers = [
        Sampler { name: "HMC", colour: RGBColor(31, 119, 180), update: hmc, updates: long },
        Sampler {
            name: "heat bath",
            colour: RGBColor(214, 96, 20),
            update: || Box::new(LinkSweeps::heat_bath(0)),
            updates: long,
        },
        Sampler {
            name: "HMC with instantons",
            colour: RGBColor(44, 140, 60),
            update: || Box::new(Instantons { after: hmc() }),
            updates: |_| 800,
        },
    ];
    let mut rows = Vec::new();
    let mut csv =
        String::from("sampler,beta,tau,error,seconds_per_update,seconds_per_independent_charge,charge2,exact\n");
    for beta in 1..=7 {
        let exact = Torus::new(GroupName::U1, beta as f64, EXTENTS.iter().product())?.charge()?.charge2();
        for sampler in &samplers {
            let row = measured(sampler, beta, &device)?;
            let Row { tau, error, seconds, charge2, .. } = row;
            // Independent after 2 τ_int = 2 τ updates or so, and at least one.
            let each = seconds * (2.0 * tau).max(1.0);
            println!(
                "beta {beta} {:20} tau {tau:9.2} ± {error:7.2}  {:8.2} µs an update and chain  {each:.2e} s a charge  <Q²> {charge2:.4} ({exact:.4})",
                sampler.name,
                1e6 * seconds
            );
            writeln!(csv, "{},{beta},{tau},{error},{seconds},{each},{charge2},{exact}", sampler.name)?;
            rows.push(row);
        }
    }
    std::fs::write(folder.join("topological_freezing.csv"), csv)?;
    draw(&folder.join("topological_freezing.svg"), &samplers, &rows)
}
