//! Convolutions on a GPU: which taps, which weights in which order, how much of the output an item computes.

use super::super::{Form, NONE, Shader, Site};
use super::{Biases, Kernel};
use crate::error::Result;
use crate::lattice::Location;

/// Items that a sample is cut into at least, where that is possible, before each item takes more rows or channels.
const ITEMS: usize = 32;

/// The taps that have a neighbour at all, and the table of their neighbours at `sign · d`.
fn taps(kernel: &Kernel, at: &Site<'_>, to: Location, from: Location, sign: i32) -> Result<(Vec<usize>, Vec<u32>)> {
    let (mut taps, mut hops) = (Vec::new(), Vec::new());
    let words = if at.layout.lattice().is_periodic() { 1 } else { 3 };
    for tap in 0..kernel.taps() {
        let table = at.hop_table(to, from, &kernel.displacement(tap, sign))?;
        if table.iter().step_by(words).any(|&row| row != NONE) {
            taps.push(tap);
            hops.extend(table);
        }
    }
    Ok((taps, hops))
}

/// `y_o(x) = b_o + Σ_d Σ_i w_{d,i,o} f_i(x + d)`.
pub(super) fn forward(kernel: &Kernel, at: &Site<'_>) -> Result<Shader> {
    let (taps, hops) = taps(kernel, at, kernel.to, kernel.from, 1)?;
    let (inputs, outputs) = (kernel.inputs, kernel.outputs);
    let weight = |tap: usize, i: usize, o: usize| (tap * inputs + i) * outputs + o;
    let mut weights = packed(&taps, inputs, outputs, weight);
    if let Some(bias) = kernel.bias() {
        weights.extend((0..4 * outputs.div_ceil(4)).map(|o| if o < outputs { (bias + o) as u32 } else { NONE }));
    }
    let rows = at.layout.rows(kernel.to)?.len();
    Ok(gather(taps.len(), rows, inputs, outputs, kernel.bias().is_some(), hops, weights))
}

/// `f̄_i(x) = Σ_d Σ_o w_{d,i,o} ȳ_o(x − d)`: a convolution from the outputs' channels to the inputs'.
pub(super) fn transposed(kernel: &Kernel, at: &Site<'_>) -> Result<Shader> {
    let (taps, hops) = taps(kernel, at, kernel.from, kernel.to, -1)?;
    let (inputs, outputs) = (kernel.inputs, kernel.outputs);
    let weights = packed(&taps, outputs, inputs, |tap, o, i| (tap * inputs + i) * outputs + o);
    let rows = at.layout.rows(kernel.from)?.len();
    Ok(gather(taps.len(), rows, outputs, inputs, false, hops, weights))
}

/// Weights `[tap][i]`, then outputs in fours.
fn packed(taps: &[usize], inputs: usize, outputs: usize, at: impl Fn(usize, usize, usize) -> usize) -> Vec<u32> {
    let mut weights = Vec::with_capacity(taps.len() * inputs * 4 * outputs.div_ceil(4));
    for (&tap, i) in taps.iter().flat_map(|tap| (0..inputs).map(move |i| (tap, i))) {
        let fours = 0..4 * outputs.div_ceil(4);
        weights.extend(fours.map(|o| if o < outputs { at(tap, i, o) as u32 } else { NONE }));
    }
    weights
}

fn gather(
    taps: usize,
    rows: usize,
    inputs: usize,
    outputs: usize,
    biased: bool,
    hops: Vec<u32>,
    weights: Vec<u32>,
) -> Shader {
    let quads = outputs.div_ceil(4);
    // Each weight that is read serves more products if an item computes more.
    let paired = rows * quads >= 2 * ITEMS && rows > 1;
    let item_rows = if paired { rows.div_ceil(2) } else { rows };
    let wide = quads.is_multiple_of(2) && item_rows * quads >= 2 * ITEMS;
    let items = item_rows * if wide { quads / 2 } else { quads };
    let shader = Shader::new("conv", Form::Items(items), &["f", "w"])
        .number("TAPS", taps)
        .number("ROWS", rows)
        .number("ITEM_ROWS", item_rows)
        .number("INPUTS", inputs)
        .number("OUTPUTS", outputs)
        .number("QUADS", quads)
        .truth("PAIRED", paired)
        .truth("WIDE", wide)
        .truth("BIASED", biased)
        .table("hops", hops);
    Shader { weights, ..shader.turns(taps * (inputs + 1) + 16) }
}

/// `w̄_{d,i,o} = Σ_samples Σ_x f_i(x + d) ȳ_o(x)`, `b̄_o = Σ_samples Σ_x ȳ_o(x)`; `weights` says whose gradient each sum is.
pub(super) fn weight_grad(kernel: &Kernel, at: &Site<'_>) -> Result<Shader> {
    let (taps, hops) = taps(kernel, at, kernel.to, kernel.from, 1)?;
    let (inputs, outputs) = (kernel.inputs, kernel.outputs);
    let channels = |tap: usize| (0..inputs * outputs).map(move |n| (tap * inputs * outputs + n) as u32);
    let mut weights: Vec<u32> = taps.iter().flat_map(|&tap| channels(tap)).collect();
    let biased = kernel.biases == Biases::Added;
    if let Some(bias) = kernel.bias() {
        weights.extend((0..outputs).map(|o| (bias + o) as u32));
    }
    let (i_tiles, o_tiles) = (inputs.div_ceil(4), outputs.div_ceil(4));
    let tiles = taps.len() * i_tiles * o_tiles + if biased { o_tiles } else { 0 };
    let rows = at.layout.rows(kernel.to)?.len();
    let shader = Shader::new("conv_weight_grad", Form::Groups { tiles, sums: weights.len() }, &["f", "dy"])
        .number("TAPS", taps.len())
        .number("ROWS", rows)
        .number("F_ROWS", at.layout.rows(kernel.from)?.len())
        .number("INPUTS", inputs)
        .number("OUTPUTS", outputs)
        .table("hops", hops);
    Ok(Shader { weights, ..shader })
}
