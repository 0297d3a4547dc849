//! The figure: `τ_int` against `L` in three panels, and what things cost in a fourth.

use crate::Failure;
use crate::measured::{Method, Row, Study};
use crate::scaling::PowerLaw;
use crate::table::{line, seconds_law, tau_law, training_law};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::ops::Range;
use std::path::Path;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const BLUE: RGBColor = RGBColor(31, 119, 180);
const ORANGE: RGBColor = RGBColor(214, 96, 20);
const GREEN: RGBColor = RGBColor(44, 140, 60);
const GREY: RGBColor = RGBColor(90, 90, 90);
const PURPLE: RGBColor = RGBColor(130, 80, 160);

const EXTENTS: Range<f64> = 5.5..15.5;

/// Points with error bars, and the power law through them.
struct Curve {
    label: String,
    colour: RGBColor,
    /// Open circles instead of filled ones.
    open: bool,
    points: Vec<(f64, f64, f64)>,
    law: PowerLaw,
}

fn tau(study: &Study, method: Method, name: &str, shown: &str, colour: RGBColor, open: bool) -> Result<Curve, Failure> {
    let law = tau_law(study, method, name)?;
    let point = |row: &&Row| {
        let number = row.number(name)?;
        Ok((row.extent as f64, number.tau, number.tau_error))
    };
    let points = line(study, method)?.iter().map(point).collect::<Result<_, Failure>>()?;
    Ok(Curve { label: format!("{shown}, z = {}", law.text()), colour, open, points, law })
}

fn seconds(study: &Study, method: Method, colour: RGBColor) -> Result<Curve, Failure> {
    let law = seconds_law(study, method)?;
    let point = |row: &&Row| {
        let (seconds, error) = row.independent("chi2")?;
        Ok((row.extent as f64, seconds, error))
    };
    let points = line(study, method)?.iter().map(point).collect::<Result<_, Failure>>()?;
    Ok(Curve { label: method.name().into(), colour, open: false, points, law })
}

fn training(study: &Study) -> Result<Curve, Failure> {
    let point = |row: &&Row| (row.extent as f64, row.training.map_or(f64::NAN, |cost| cost.seconds), 0.0);
    let points = line(study, Method::Flow)?.iter().map(point).collect();
    let law = training_law(study)?;
    Ok(Curve { label: format!("training, ~ L^{}", law.text()), colour: PURPLE, open: true, points, law })
}

/// The picture, as SVG.
pub fn draw(path: &Path, study: &Study) -> Result<(), Failure> {
    let area = SVGBackend::new(path, (1000, 800)).into_drawing_area();
    area.fill(&WHITE)?;
    let panels = area.split_evenly((2, 2));
    let times = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0].to_vec();
    let plain = |y: &f64| format!("{y}");
    let log = |y: &f64| format!("1e{:.0}", y.log10());
    let tau_panel = |panel: &Area<'_>, caption: &str, curves: &[Curve]| {
        panel_of(panel, caption, "τ_int, updates", (0.4..150.0, times.clone(), &plain), curves)
    };
    tau_panel(
        &panels[0],
        "HMC, trajectories of unit length",
        &[tau(study, Method::Hmc, "chi2", "χ₂", BLUE, false)?, tau(study, Method::Hmc, "abs_m", "|M|", ORANGE, true)?],
    )?;
    tau_panel(
        &panels[1],
        "Local Metropolis, sweeps",
        &[
            tau(study, Method::Metropolis, "chi2", "χ₂", BLUE, false)?,
            tau(study, Method::Metropolis, "abs_m", "|M|", ORANGE, true)?,
            tau(study, Method::Clusters, "chi2", "χ₂ with clusters", GREEN, false)?,
        ],
    )?;
    tau_panel(
        &panels[2],
        "Flow, proposals",
        &[
            tau(study, Method::Flow, "chi2", &format!("χ₂ at acceptance {}", study.target), BLUE, false)?,
            tau(study, Method::Flow, "abs_m", &format!("|M| at acceptance {}", study.target), ORANGE, true)?,
            tau(study, Method::FlowEqualSteps, "chi2", "χ₂ after equal steps", GREY, false)?,
        ],
    )?;
    let powers = (-7..=3).map(|n| 10f64.powi(n)).collect();
    panel_of(
        &panels[3],
        "Seconds: training, and each independent χ₂",
        "seconds",
        (3e-7..3e4, powers, &log),
        &[
            training(study)?,
            seconds(study, Method::Flow, GREY)?,
            seconds(study, Method::Clusters, GREEN)?,
            seconds(study, Method::Metropolis, ORANGE)?,
            seconds(study, Method::Hmc, BLUE)?,
        ],
    )?;
    Ok(area.present()?)
}

/// A range, where it is labelled, and how.
type Axis<'a> = (Range<f64>, Vec<f64>, &'a dyn Fn(&f64) -> String);

fn panel_of(panel: &Area<'_>, caption: &str, what: &str, axis: Axis<'_>, curves: &[Curve]) -> Result<(), Failure> {
    let (range, marks, text) = axis;
    let mut chart = ChartBuilder::on(panel)
        .margin(12)
        .caption(caption, ("sans-serif", 17))
        .x_label_area_size(36)
        .y_label_area_size(52)
        .build_cartesian_2d(
            EXTENTS.log_scale().with_key_points(vec![6.0, 8.0, 10.0, 12.0, 14.0]),
            range.log_scale().with_key_points(marks),
        )?;
    chart
        .configure_mesh()
        .x_desc("L")
        .y_desc(what)
        .x_label_formatter(&|x| format!("{x}"))
        .y_label_formatter(text)
        .label_style(("sans-serif", 13))
        .axis_desc_style(("sans-serif", 14))
        .bold_line_style(RGBColor(225, 225, 225))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for curve in curves {
        let (colour, open) = (curve.colour, curve.open);
        let fit = (0..=40).map(|i| 5.8 + i as f64 * (14.5 - 5.8) / 40.0).map(|l| (l, curve.law.at(l)));
        chart.draw_series(LineSeries::new(fit, colour.mix(0.55)))?;
        let bars = curve.points.iter().map(|&(l, y, e)| ErrorBar::new_vertical(l, y - e, y, y + e, colour.filled(), 7));
        chart.draw_series(bars)?;
        let inside = if open { WHITE } else { colour };
        let dot = move |at: (i32, i32)| {
            EmptyElement::at(at)
                + Circle::new((0, 0), 4, inside.filled())
                + Circle::new((0, 0), 4, colour.stroke_width(1))
        };
        let dots = curve.points.iter().map(|&(l, y, _)| {
            EmptyElement::at((l, y))
                + Circle::new((0, 0), 4, inside.filled())
                + Circle::new((0, 0), 4, colour.stroke_width(1))
        });
        chart.draw_series(dots)?.label(curve.label.as_str()).legend(move |(x, y)| dot((x + 9, y)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font(("sans-serif", 14))
        .background_style(WHITE)
        .border_style(RGBColor(200, 200, 200))
        .draw()?;
    Ok(())
}
