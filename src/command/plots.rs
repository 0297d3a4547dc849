//! Pictures, as SVG.

use super::failure::Failure;
use lattice_fields::flows::history::Row;
use plotters::coord::Shift;
use plotters::prelude::*;
use std::error::Error;
use std::path::Path;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

/// A labelled curve with error bars: `(x, y, error)`.
pub struct Curve {
    pub label: String,
    pub points: Vec<(f64, f64, f64)>,
}

const COLOURS: [RGBColor; 4] =
    [RGBColor(31, 119, 180), RGBColor(214, 96, 20), RGBColor(44, 140, 60), RGBColor(90, 90, 90)];

fn save(path: &Path, size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Drawn) -> Result<(), Failure> {
    let area = SVGBackend::new(path, size).into_drawing_area();
    let result = area.fill(&WHITE).map_err(Into::into).and_then(|()| draw(&area)).and_then(|()| Ok(area.present()?));
    result.map_err(|e| Failure::Failed(format!("{}: cannot be drawn: {e}", path.display())))
}

/// Loss and effective sample size against step; the loss's floor is `−log Z`, with forward KL `log Z`.
pub fn training(path: &Path, history: &[Row], log_z: Option<f64>, forward: bool) -> Result<(), Failure> {
    let Some(&Row { step: last, loss: final_loss, .. }) = history.last() else { return Ok(()) };
    save(path, (960, 400), |area| {
        let (left, right) = area.split_horizontally(480);
        let floor = log_z.map_or(final_loss, |z| if forward { z } else { -z });
        let (caption, limit) = match forward {
            true => ("loss = forward KL + log Z", "log Z, exact"),
            false => ("loss = KL - log Z", "-log Z, exact"),
        };
        let top = history.iter().map(|h| h.loss).filter(|l| l.is_finite()).fold(floor, f64::max).min(floor + 2.0);
        let mut chart = ChartBuilder::on(&left)
            .margin(12)
            .caption(caption, ("sans-serif", 16))
            .x_label_area_size(30)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..last as f64, floor - 0.05..top + 0.05)?;
        chart
            .configure_mesh()
            .x_desc("step")
            .x_label_formatter(&|x| format!("{x:.0}"))
            .light_line_style(TRANSPARENT)
            .draw()?;
        chart.draw_series(LineSeries::new(history.iter().map(|h| (h.step as f64, h.loss.min(top))), COLOURS[0]))?;
        if log_z.is_some() {
            chart
                .draw_series(LineSeries::new([(0.0, floor), (last as f64, floor)], COLOURS[3]))?
                .label(limit)
                .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], COLOURS[3]));
            chart.configure_series_labels().background_style(WHITE).draw()?;
        }
        let mut chart = ChartBuilder::on(&right)
            .margin(12)
            .caption("effective sample size in the batch", ("sans-serif", 16))
            .x_label_area_size(30)
            .y_label_area_size(40)
            .build_cartesian_2d(0.0..last as f64, 0.0..1.0)?;
        chart
            .configure_mesh()
            .x_desc("step")
            .x_label_formatter(&|x| format!("{x:.0}"))
            .light_line_style(TRANSPARENT)
            .draw()?;
        chart.draw_series(LineSeries::new(history.iter().map(|h| (h.step as f64, h.ess)), COLOURS[1]))?;
        Ok(())
    })
}

/// Two-dimensional configurations as colour maps, blue negative and red positive.
pub fn fields(path: &Path, extents: &[usize], samples: &[Vec<f64>]) -> Result<(), Failure> {
    let &[rows, columns] = extents else { return Ok(()) };
    let most = samples.iter().flatten().fold(1e-12, |m: f64, x| m.max(x.abs()));
    save(path, (220 * samples.len() as u32, 220), |area| {
        for (panel, sample) in area.split_evenly((1, samples.len())).iter().zip(samples) {
            let mut chart = ChartBuilder::on(panel).margin(8).build_cartesian_2d(0..columns as i32, 0..rows as i32)?;
            let cells = sample.iter().enumerate().map(|(site, x)| {
                let (row, column) = ((site / columns) as i32, (site % columns) as i32);
                let fade = (255.0 * (1.0 - x.abs() / most)) as u8;
                let colour = if *x > 0.0 { RGBColor(255, fade, fade) } else { RGBColor(fade, fade, 255) };
                Rectangle::new([(column, row), (column + 1, row + 1)], colour.filled())
            });
            chart.draw_series(cells)?;
        }
        Ok(())
    })
}

/// Correlators on a logarithmic scale, the exact one as a line.
pub fn correlator(path: &Path, curves: &[Curve], exact: &[f64]) -> Result<(), Failure> {
    let values = || curves.iter().flat_map(|c| c.points.iter().map(|p| p.1)).chain(exact.iter().copied());
    let positive = || values().filter(|x| *x > 0.0);
    let (low, high) = (positive().fold(f64::INFINITY, f64::min), positive().fold(0.0, f64::max));
    let last = curves.iter().map(|c| c.points.len()).max().unwrap_or(0) as f64;
    if low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
        return Ok(());
    }
    save(path, (640, 440), |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .caption("g(t) = sum over x of <phi(0,0) phi(x,t)>", ("sans-serif", 16))
            .x_label_area_size(32)
            .y_label_area_size(60)
            .build_cartesian_2d(-0.3..last - 0.6, (0.6 * low..1.4 * high).log_scale())?;
        chart
            .configure_mesh()
            .x_desc("t")
            .y_label_formatter(&|y| format!("{}", (1e6 * y).round() / 1e6))
            .light_line_style(TRANSPARENT)
            .draw()?;
        if !exact.is_empty() {
            let line = exact.iter().enumerate().map(|(t, g)| (t as f64, *g));
            chart
                .draw_series(LineSeries::new(line, COLOURS[3]))?
                .label("exact")
                .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], COLOURS[3]));
        }
        for (i, curve) in curves.iter().enumerate() {
            let colour = COLOURS[i % 3];
            let offset = 0.08 * (i as f64 - 1.0);
            let bars = curve.points.iter().filter(|p| p.1 > 0.0).map(|&(x, y, e)| {
                ErrorBar::new_vertical(x + offset, (y - e).max(0.5 * low), y, y + e, colour.filled(), 7)
            });
            chart
                .draw_series(bars)?
                .label(curve.label.as_str())
                .legend(move |(x, y)| Circle::new((x + 9, y), 4, colour.filled()));
        }
        chart.configure_series_labels().background_style(WHITE).draw()?;
        Ok(())
    })
}

/// Autocorrelation times of observables, one curve for each sampler; `x` counts the observables.
pub fn autocorrelation(path: &Path, names: &[String], curves: &[Curve]) -> Result<(), Failure> {
    let top = curves.iter().flat_map(|c| c.points.iter().map(|p| p.1 + p.2)).fold(1.0, f64::max);
    save(path, (860, 440), |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .caption("autocorrelation time, in updates (1/2: independent)", ("sans-serif", 16))
            .x_label_area_size(40)
            .y_label_area_size(50)
            .build_cartesian_2d(-0.5..names.len() as f64 - 0.5, (0.4..1.5 * top).log_scale())?;
        let label = |x: &f64| match names.get(x.round() as usize) {
            Some(name) if (x - x.round()).abs() < 0.01 => name.clone(),
            _ => String::new(),
        };
        chart.configure_mesh().x_labels(names.len()).x_label_formatter(&label).light_line_style(TRANSPARENT).draw()?;
        for (i, curve) in curves.iter().enumerate() {
            let colour = COLOURS[i % 3];
            let offset = 0.15 * (i as f64 - 1.0);
            let bars = curve.points.iter().map(|&(x, y, e)| {
                ErrorBar::new_vertical(x + offset, (y - e).max(0.41), y.max(0.41), y + e, colour.filled(), 7)
            });
            chart
                .draw_series(bars)?
                .label(curve.label.as_str())
                .legend(move |(x, y)| Circle::new((x + 9, y), 4, colour.filled()));
        }
        chart.configure_series_labels().background_style(WHITE).draw()?;
        Ok(())
    })
}
