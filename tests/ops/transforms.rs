//! Maps of one number, beside their definitions in numbers that carry a derivative along.

use super::cases::{Case, Drawn};
use crate::draw::{Draw, Phases};
use crate::reference::Answer;
use lattice_autograd::check::Value;
use lattice_tensor::ops::{
    Channel, Moebius, MoebiusMap, MoebiusTangent, Op, Pointwise, Spline, SplineMap, SplineTangent, Stack,
};
use lattice_tensor::{Fibre, Graph, NodeId, Result, Spec};
use std::f64::consts::{PI, TAU};
use std::ops::{Add, Div, Mul, Sub};

pub const LIST: &[(&str, usize, Drawn)] = &[
    (MoebiusMap::NAME, 24, moebius),
    (MoebiusTangent::NAME, 12, moebius_tangent),
    (SplineMap::NAME, 24, spline),
    (SplineTangent::NAME, 12, spline_tangent),
];

/// Gradients of maps, which have no gradient themselves.
pub const ENDS: [&str; 2] = [MoebiusTangent::NAME, SplineTangent::NAME];

/// Maps have first derivatives only.
pub const ONCE: [&str; 2] = [MoebiusMap::NAME, SplineMap::NAME];

/// A number and its derivative along some direction.
#[derive(Clone, Copy, Debug)]
struct Dual(f64, f64);

impl Add for Dual {
    type Output = Dual;
    fn add(self, b: Dual) -> Dual {
        Dual(self.0 + b.0, self.1 + b.1)
    }
}
impl Sub for Dual {
    type Output = Dual;
    fn sub(self, b: Dual) -> Dual {
        Dual(self.0 - b.0, self.1 - b.1)
    }
}
impl Mul for Dual {
    type Output = Dual;
    fn mul(self, b: Dual) -> Dual {
        Dual(self.0 * b.0, self.1 * b.0 + self.0 * b.1)
    }
}
impl Div for Dual {
    type Output = Dual;
    fn div(self, b: Dual) -> Dual {
        Dual(self.0 / b.0, (self.1 - self.0 / b.0 * b.1) / b.0)
    }
}

impl Dual {
    fn fixed(x: f64) -> Dual {
        Dual(x, 0.0)
    }

    fn of(self, value: f64, derivative: f64) -> Dual {
        Dual(value, derivative * self.1)
    }

    fn exp(self) -> Dual {
        self.of(self.0.exp(), self.0.exp())
    }

    fn ln(self) -> Dual {
        self.of(self.0.ln(), 1.0 / self.0)
    }
}

/// The map of a family: `y` and `ln dy/dx`.
trait Family: Copy + 'static {
    fn parameters(&self) -> usize;
    fn of(&self, x: Dual, p: &[Dual]) -> [Dual; 2];

    fn at(&self, x: f64, p: &[f64]) -> [f64; 3] {
        let p: Vec<Dual> = p.iter().map(|&p| Dual::fixed(p)).collect();
        let [y, l] = self.of(Dual(x, 1.0), &p);
        [y.0, l.0, l.1]
    }

    /// `x` with `f(x) = y`, by halves, and what a map gives there.
    fn back(&self, y: f64, p: &[f64], half: f64) -> [f64; 3] {
        // Ends are held fixed but for an angle that is added.
        let offset = self.at(half, p)[0] - half;
        let y = y - offset;
        let turns = if half > 1.0 { TAU * (y / TAU).round() } else { 0.0 };
        let (mut low, mut high) = (-half, half);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if self.at(middle, p)[0] - offset > y - turns { high = middle } else { low = middle }
        }
        let x = 0.5 * (low + high);
        let [_, l, curvature] = self.at(x, p);
        [x + turns, -l, -curvature * (-l).exp()]
    }

    /// `a ∂y/∂p + b ∂l/∂p`
    fn tangent(&self, x: f64, p: &[f64], [a, b]: [f64; 2]) -> Vec<f64> {
        let along = |i: usize| {
            let p: Vec<Dual> = p.iter().enumerate().map(|(j, &p)| Dual(p, f64::from(u8::from(i == j)))).collect();
            let [y, l] = self.of(Dual::fixed(x), &p);
            a * y.1 + b * l.1
        };
        (0..p.len()).map(along).collect()
    }
}

impl Family for Moebius {
    fn parameters(&self) -> usize {
        self.mixtures * (1 + usize::from(self.shifts) + usize::from(self.weights)) + usize::from(self.offset)
    }

    fn of(&self, x: Dual, p: &[Dual]) -> [Dual; 2] {
        let n = self.mixtures;
        let one = Dual::fixed(1.0);
        let turns = TAU * (x.0 / TAU).round();
        let t = (x.0 - turns) / 2.0;
        let t = x.of(t.tan(), 0.5 + 0.5 * t.tan() * t.tan());
        let (mut y, mut slope, mut norm) = (Dual::fixed(0.0), Dual::fixed(0.0), Dual::fixed(0.0));
        for i in 0..n {
            let e = p[i].exp();
            let moved = e * t + if self.shifts { p[n + i] } else { Dual::fixed(0.0) };
            let w = if self.weights { p[n * if self.shifts { 2 } else { 1 } + i].exp() } else { one };
            let angle = moved.of(2.0 * moved.0.atan(), 2.0 / (1.0 + moved.0 * moved.0));
            y = y + w * angle;
            slope = slope + w * e * (one + t * t) / (one + moved * moved);
            norm = norm + w;
        }
        let offset = if self.offset { p[p.len() - 1] } else { Dual::fixed(0.0) };
        [y / norm + Dual::fixed(turns) + offset, (slope / norm).ln()]
    }
}

impl Family for Spline {
    fn parameters(&self) -> usize {
        3 * self.bins + usize::from(!self.circular) + usize::from(self.offset)
    }

    fn of(&self, x: Dual, p: &[Dual]) -> [Dual; 2] {
        let (k, half) = (self.bins, if self.circular { PI } else { 1.0 });
        let turns = if self.circular { TAU * (x.0 / TAU).round() } else { 0.0 };
        let x = x - Dual::fixed(turns);
        let number = Dual::fixed;
        let lengths = |p: &[Dual]| -> Vec<Dual> {
            let sum = p.iter().fold(number(0.0), |sum, p| sum + p.exp());
            let free = 1.0 - k as f64 * Spline::MIN_SHARE;
            p.iter().map(|p| number(2.0 * half) * (number(Spline::MIN_SHARE) + number(free) * p.exp() / sum)).collect()
        };
        let (widths, heights) = (lengths(&p[..k]), lengths(&p[k..2 * k]));
        let start = ((1.0 - Spline::MIN_SLOPE).exp() - 1.0).ln();
        let slope = |i: usize| {
            let raw = p[2 * k + if self.circular { i % k } else { i }];
            number(Spline::MIN_SLOPE) + (number(1.0) + (raw + number(start)).exp()).ln()
        };
        let (mut bin, mut left, mut bottom) = (0, number(-half), number(-half));
        while bin + 1 < k && x.0 >= (left + widths[bin]).0 {
            (left, bottom) = (left + widths[bin], bottom + heights[bin]);
            bin += 1;
        }
        let (w, h, d0, d1) = (widths[bin], heights[bin], slope(bin), slope(bin + 1));
        let (z, s) = ((x - left) / w, h / w);
        let rest = number(1.0) - z;
        let two = number(2.0);
        let den = s + (d0 + d1 - two * s) * z * rest;
        let y = bottom + h * (s * z * z + d0 * z * rest) / den;
        let over = s * s * (d1 * z * z + two * s * z * rest + d0 * rest * rest);
        let offset = if self.offset { p[p.len() - 1] } else { number(0.0) };
        [y + number(turns) + offset, (over / (den * den)).ln()]
    }
}

/// Fields site by site.
fn sites<const N: usize>(x: &[Value], widths: [usize; N], f: impl Fn([&[f64]; N]) -> Vec<f64>) -> Vec<Vec<f64>> {
    let field = |i: usize| match &x[i] {
        Value::Field(samples) => samples,
        other => panic!("{other:?} is no field"),
    };
    let sample = |s: usize| {
        let count = field(0)[s].len() / widths[0];
        let site = |site: usize| f(std::array::from_fn(|i| &field(i)[s][site * widths[i]..][..widths[i]]));
        (0..count).flat_map(site).collect()
    };
    (0..field(0).len()).map(sample).collect()
}

/// Value and logarithm of a map's output, which have gradients.
fn coda(graph: &mut Graph, output: NodeId) -> Result<NodeId> {
    let parts = [graph.push(Channel(0), &[output])?, graph.push(Channel(1), &[output])?];
    graph.push(Stack { fibre: Fibre::Channels(2) }, &parts)
}

/// Angles far beyond ±π, or numbers within the interval.
fn stretched(graph: &mut Graph, x: NodeId, circular: bool) -> Result<NodeId> {
    let by = graph.constant(if circular { 4.0 } else { 0.45 });
    graph.push(Pointwise::Mul, &[x, by])
}

/// A case of a map, or of its inverse.
fn map(draw: &mut Draw, family: impl Family + Sync + Send, op: impl Op, circular: bool, inverse: bool) -> Case {
    let lattice = draw.lattice(24, Phases::None);
    let location = draw.location(&lattice);
    let n = family.parameters();
    let specs = [Fibre::Scalar, Fibre::Channels(n)].map(|fibre| Spec::Field { location, fibre });
    let stretch = if circular { 4.0 } else { 0.45 };
    let half = if circular { PI } else { 1.0 };
    let at = move |x: f64, p: &[f64]| match inverse {
        false => family.at(stretch * x, p),
        true => family.back(stretch * x, p, half),
    };
    let reference = Box::new(move |x: &[Value]| {
        let value = sites(x, [1, n], |[x, p]| at(x[0], p).to_vec());
        // The argument's own unit, turned by the slope; of the inverse's, what the search leaves.
        let size = sites(x, [1, n], |[x, p]| {
            let [y, l, curvature] = at(x[0], p);
            let moved = 4.0 + (stretch * x[0]).abs() * 4.0;
            let of_y = y.abs() + moved * (1.0 + l.exp());
            // How the second derivative changes is not known to the reference: by its square, with room.
            // The definition's own: tan(x/2) is large near π.
            let far = if circular { 1.0 + (0.5 * stretch * x[0]).tan().abs() } else { 1.0 };
            let of_second = 4.0 * far * (2.0 + of_y) * (1.0 + curvature.abs()).powi(2) * (1.0 + l.exp()).powi(2);
            vec![of_y, 4.0 + l.abs() + of_y * curvature.abs(), of_second]
        });
        Answer { value: Value::Field(value), size: Value::Field(size), terms: 4.0 }
    });
    let mut case = Case::new(op, &lattice, draw.samples(), &specs, reference);
    case.prelude = Some(Box::new(move |graph, x| Ok(vec![stretched(graph, x[0], circular)?, x[1]])));
    case.coda = Some(coda);
    case
}

fn tangent(draw: &mut Draw, family: impl Family + Sync + Send, op: impl Op, circular: bool) -> Case {
    let lattice = draw.lattice(24, Phases::None);
    let location = draw.location(&lattice);
    let n = family.parameters();
    let specs = [Fibre::Scalar, Fibre::Channels(n), Fibre::Channels(2)].map(|fibre| Spec::Field { location, fibre });
    let stretch = if circular { 4.0 } else { 0.45 };
    let reference = Box::new(move |x: &[Value]| {
        let value = sites(x, [1, n, 2], |[x, p, c]| family.tangent(stretch * x[0], p, [c[0], c[1]]));
        let size = sites(x, [1, n, 2], |[x, p, c]| {
            let [_, l, curvature] = family.at(stretch * x[0], p);
            let sum: f64 = family.tangent(stretch * x[0], p, [c[0], c[1]]).iter().map(|g| g.abs()).sum();
            let moved = 4.0 + (stretch * x[0]).abs() * 4.0;
            vec![sum + moved * (1.0 + l.exp()) * (1.0 + curvature.abs()).powi(2) * (c[0].abs() + c[1].abs()); n]
        });
        Answer { value: Value::Field(value), size: Value::Field(size), terms: 4.0 }
    });
    let mut case = Case::new(op, &lattice, draw.samples(), &specs, reference);
    case.prelude = Some(Box::new(move |graph, x| Ok(vec![stretched(graph, x[0], circular)?, x[1], x[2]])));
    case
}

fn moebius_family(draw: &mut Draw, number: usize) -> Moebius {
    Moebius {
        mixtures: draw.one_of(&[1, 2, 3, 6]),
        shifts: number % 2 == 1,
        weights: number / 2 % 2 == 1,
        offset: number % 3 == 2,
    }
}

fn moebius(draw: &mut Draw, number: usize) -> Case {
    let family = moebius_family(draw, number);
    let inverse = number / 4 % 2 == 1;
    map(draw, family, MoebiusMap { family, inverse }, true, inverse)
}

fn moebius_tangent(draw: &mut Draw, number: usize) -> Case {
    let family = moebius_family(draw, number);
    tangent(draw, family, MoebiusTangent(family), true)
}

fn spline_family(draw: &mut Draw, number: usize) -> Spline {
    let circular = number.is_multiple_of(2);
    Spline { bins: draw.one_of(&[1, 2, 5, 8, 11]), circular, offset: circular && number % 4 == 2 }
}

fn spline(draw: &mut Draw, number: usize) -> Case {
    let family = spline_family(draw, number);
    let inverse = number / 2 % 2 == 1;
    map(draw, family, SplineMap { family, inverse }, family.circular, inverse)
}

fn spline_tangent(draw: &mut Draw, number: usize) -> Case {
    let family = spline_family(draw, number);
    tangent(draw, family, SplineTangent(family), family.circular)
}
