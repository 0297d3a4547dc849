//! The gradient flow of 4D SU(3) at β = 5.8 on 8⁴, and the scales t₀ and w₀.
//!
//! `cargo run --release --example wilson_flow [FOLDER]` makes sweeps of heat bath and four sweeps of
//! overrelaxation between configurations, `t²⟨E⟩` by clover and plaquette. `√8t₀` is known to be near 0.948 r₀ (Lüscher,
//! arXiv:1006.4518), and `r₀/a` to be 3.67 at β = 5.8 (Necco, Sommer, hep-lat/0108008): `t₀` near 1.51, up to effects of
//! the lattice spacing. Writes `wilson_flow.csv` and `.svg`.

#![expect(clippy::print_stdout, reason = "a program that reports")]

use lattice_fields::mc::observables::gauge::{GradientFlow, LEVEL, Scale, WilsonFlow, scale};
use lattice_fields::mc::statistics::GammaMethod;
use lattice_fields::mc::{Chains, LinkSweeps, Start, Wilson};
use lattice_fields::prelude::*;
use lattice_fields::tensor::field::Links;
use lattice_fields::tensor::group::SU3;
use plotters::prelude::*;
use std::fmt::Write;
use std::path::Path;

const CHAINS: usize = 16;
const UPDATES: usize = 60;

type Failure = Box<dyn std::error::Error + Send + Sync>;
/// `[time][chain][update]`
type Series = Vec<Vec<Vec<f64>>>;

fn draw(path: &Path, times: &[f64], curves: &[(&str, RGBColor, Vec<Estimate>)], t0: f64) -> Result<(), Failure> {
    let area = SVGBackend::new(path, (640, 440)).into_drawing_area();
    area.fill(&WHITE)?;
    let last = times.last().copied().unwrap_or(1.0);
    let mut chart = ChartBuilder::on(&area)
        .caption("SU(3), β = 5.8, 8⁴: the gradient flow", ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(54)
        .build_cartesian_2d(0.0..last, 0.0..0.5)?;
    chart.configure_mesh().x_desc("t/a²").y_desc("t²⟨E⟩").draw()?;
    chart.draw_series(LineSeries::new([(0.0, LEVEL), (last, LEVEL)], BLACK.mix(0.4)))?;
    chart.draw_series(LineSeries::new([(t0, 0.0), (t0, LEVEL)], BLACK.mix(0.4)))?;
    for (name, colour, values) in curves {
        let points = times.iter().zip(values).map(|(&t, e)| (t, e.mean));
        let style = colour.stroke_width(2);
        let series = chart.draw_series(LineSeries::new(points, style))?;
        series.label(*name).legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
        let bars =
            times.iter().zip(values).step_by(5).map(|(&t, e)| {
                ErrorBar::new_vertical(t, e.mean - e.error, e.mean, e.mean + e.error, colour.filled(), 5)
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
    let (lattice, action) = (Lattice::periodic([8; 4])?, Wilson::new(5.8));
    let update = Box::new(LinkSweeps::heat_bath(4));
    let mut chains = Chains::<f32, Links<SU3>>::new(&action, update, &lattice, CHAINS, 1, &device)?;
    chains.begin(Start::Hot)?;
    let steps = WilsonFlow { step: 0.02, every: 5, until: 2.4 };
    let mut flow = GradientFlow::new(steps, chains.fields(), &device)?;
    let times = steps.times();
    let empty = || vec![vec![Vec::new(); CHAINS]; times.len()];
    let (mut clover, mut plaquette): (Series, Series) = (empty(), empty());
    for _ in 0..200 {
        chains.advance()?;
    }
    for update in 0..UPDATES {
        for _ in 0..10 {
            chains.advance()?;
        }
        for (k, point) in flow.run(chains.fields())?.into_iter().enumerate() {
            clover[k].iter_mut().zip(&point.clover).for_each(|(s, &x)| s.push(x));
            plaquette[k].iter_mut().zip(&point.plaquette).for_each(|(s, &x)| s.push(x));
        }
        if (update + 1) % 10 == 0 {
            println!("{} of {UPDATES} times {CHAINS} configurations", update + 1);
        }
    }
    let method = GammaMethod::default();
    let means = |series: &Series| -> Result<Vec<Estimate>, Failure> {
        series.iter().map(|s| Ok(method.estimate_any(s)?)).collect()
    };
    let (by_clover, by_plaquette) = (means(&clover)?, means(&plaquette)?);
    let mut csv = String::from("t,clover,error,plaquette,error\n");
    for ((t, c), p) in times.iter().zip(&by_clover).zip(&by_plaquette) {
        writeln!(csv, "{t},{},{},{},{}", c.mean, c.error, p.mean, p.error)?;
    }
    std::fs::write(folder.join("wilson_flow.csv"), csv)?;
    let mut t0 = 0.0;
    for (name, series) in [("clover", &clover), ("plaquette", &plaquette)] {
        let views: Vec<&[Vec<f64>]> = series.iter().map(Vec::as_slice).collect();
        for (scale_name, which) in [("t0", Scale::T0), ("w0", Scale::W0)] {
            match scale(&method, which, &times, &views, LEVEL)? {
                Some(found) => {
                    println!("{name:10} {scale_name} = {found}");
                    if (name, scale_name) == ("clover", "t0") {
                        t0 = found.mean;
                        println!("           sqrt(8 t0) = {:.3}, half of the lattice is 4", (8.0 * t0).sqrt());
                    }
                }
                None => println!("{name:10} {scale_name}: the level is not reached"),
            }
        }
    }
    let curves = [("clover", RGBColor(31, 119, 180), by_clover), ("plaquette", RGBColor(214, 96, 20), by_plaquette)];
    draw(&folder.join("wilson_flow.svg"), &times, &curves, t0)
}
