//! Each op once more in plain loops over the coordinates of sites, in `f64`.
//!
//! Besides the value each returns its *size*: the sum of the magnitudes of the terms. Rounding errors are bounded by
//! the number of terms times the size times the unit in the last place.

use half::f16;
use lattice_autograd::check::Value;
use lattice_tensor::ops::{Biases, ConvKernel, Pointwise, Shift};
use lattice_tensor::{Lattice, Location, Spec};

/// A value, the sum of the magnitudes of its terms, and how many terms there are.
#[derive(Clone, Debug)]
pub struct Answer {
    pub value: Value,
    pub size: Value,
    pub terms: f64,
}

/// The coordinates of the sites of a sub-lattice, in order.
pub fn sites(lattice: &Lattice, location: Location) -> Vec<Vec<usize>> {
    (0..lattice.volume()).map(|s| lattice.coordinates(s)).filter(|x| location.contains(x)).collect()
}

/// Where one arrives from `x` by `displacement`, and the phase picked up, walking one step at a time.
pub fn walk(lattice: &Lattice, x: &[usize], displacement: &[i32]) -> (Vec<usize>, (f64, f64)) {
    let mut x = x.to_vec();
    let mut phase = (1.0, 0.0);
    for (mu, &d) in displacement.iter().enumerate() {
        let l = lattice.extents()[mu];
        let (cos, sin) = lattice.boundary(mu).phase(1);
        for _ in 0..d.abs() {
            let edge = if d > 0 { x[mu] == l - 1 } else { x[mu] == 0 };
            x[mu] = if d > 0 { (x[mu] + 1) % l } else { (x[mu] + l - 1) % l };
            if edge {
                let sin = if d > 0 { sin } else { -sin };
                phase = (phase.0 * cos - phase.1 * sin, phase.0 * sin + phase.1 * cos);
            }
        }
    }
    (x, phase)
}

/// One sample of `y(x) = f(x + d)`, with phases; zero where `x + d` is not on the input's sub-lattice.
pub fn shifted(lattice: &Lattice, shift: &Shift, components: usize, f: &[f64]) -> Vec<f64> {
    let from = sites(lattice, shift.from);
    let mut y = Vec::new();
    for x in sites(lattice, shift.to) {
        let (target, (re, im)) = walk(lattice, &x, &shift.displacement);
        match from.iter().position(|s| *s == target) {
            None => y.extend(vec![0.0; components]),
            Some(at) if im == 0.0 => y.extend((0..components).map(|c| re * f[at * components + c])),
            Some(at) => {
                let (a, b) = (f[2 * at], f[2 * at + 1]);
                y.extend([a * re - b * im, a * im + b * re]);
            }
        }
    }
    y
}

pub fn shift(lattice: &Lattice, shift: &Shift, components: usize, f: &Value) -> Answer {
    let Value::Field(samples) = f else { panic!("a field") };
    let y: Vec<Vec<f64>> = samples.iter().map(|f| shifted(lattice, shift, components, f)).collect();
    let size = y
        .iter()
        .map(|y| y.chunks(components).flat_map(|c| vec![c.iter().map(|x| x.abs()).sum(); components]).collect())
        .collect();
    Answer { value: Value::Field(y), size: Value::Field(size), terms: 2.0 }
}

/// Field translated by `by`: what a shift of its own sub-lattice gives.
pub fn translated(lattice: &Lattice, spec: Spec, by: &[i32], value: &Value) -> Value {
    match (spec, value) {
        (Spec::Field { location, fibre }, Value::Field(_)) => {
            let translation = Shift { to: location, displacement: by.to_vec(), from: location };
            shift(lattice, &translation, fibre.components(), value).value
        }
        _ => value.clone(),
    }
}

/// A neighbour in a convolution: the site of `to`, the site of `from`, the tap and the phase.
type Pair = (usize, usize, usize, f64);

/// All neighbours in a convolution.
fn pairs(lattice: &Lattice, kernel: &ConvKernel) -> Vec<Pair> {
    let mut number = vec![None; lattice.volume()];
    for (at, x) in sites(lattice, kernel.from).iter().enumerate() {
        number[lattice.site(x)] = Some(at);
    }
    let taps = Lattice::periodic(&kernel.extents).unwrap();
    let mut pairs = Vec::new();
    for (at, x) in sites(lattice, kernel.to).iter().enumerate() {
        for tap in 0..taps.volume() {
            let centred = |(&x, &l): (&usize, &usize)| x as i32 - (l as i32 - 1) / 2;
            let d: Vec<i32> = taps.coordinates(tap).iter().zip(&kernel.extents).map(centred).collect();
            let (target, (phase, _)) = walk(lattice, x, &d);
            if let Some(source) = number[lattice.site(&target)] {
                pairs.push((at, source, tap, phase));
            }
        }
    }
    pairs
}

fn both(samples: &[Vec<f64>], one: impl Fn(&[f64], &dyn Fn(f64) -> f64) -> Vec<f64>) -> (Value, Value) {
    let plain = |x: f64| x;
    let value = samples.iter().map(|s| one(s, &plain)).collect();
    let size = samples.iter().map(|s| one(s, &f64::abs)).collect();
    (Value::Field(value), Value::Field(size))
}

pub fn conv(lattice: &Lattice, k: &ConvKernel, f: &Value, w: &Value) -> Answer {
    let (Value::Field(samples), Value::Weights(w)) = (f, w) else { panic!("a field and weights") };
    let (inputs, outputs) = (k.inputs, k.outputs);
    let (sites, pairs) = (sites(lattice, k.to).len(), pairs(lattice, k));
    let (value, size) = both(samples, |f, abs| {
        let bias = |o| if k.biases == Biases::Added { abs(w[k.taps() * inputs * outputs + o]) } else { 0.0 };
        let mut y: Vec<f64> = (0..sites * outputs).map(|j| bias(j % outputs)).collect();
        for &(to, from, tap, phase) in &pairs {
            for (i, o) in (0..inputs).flat_map(|i| (0..outputs).map(move |o| (i, o))) {
                y[to * outputs + o] += abs(w[(tap * inputs + i) * outputs + o] * phase * f[from * inputs + i]);
            }
        }
        y
    });
    Answer { value, size, terms: (k.taps() * inputs + 1) as f64 }
}

pub fn conv_input_grad(lattice: &Lattice, k: &ConvKernel, dy: &Value, w: &Value) -> Answer {
    let (Value::Field(samples), Value::Weights(w)) = (dy, w) else { panic!("a field and weights") };
    let (inputs, outputs) = (k.inputs, k.outputs);
    let (sites, pairs) = (sites(lattice, k.from).len(), pairs(lattice, k));
    let (value, size) = both(samples, |dy, abs| {
        let mut df = vec![0.0; sites * inputs];
        for &(to, from, tap, phase) in &pairs {
            for (i, o) in (0..inputs).flat_map(|i| (0..outputs).map(move |o| (i, o))) {
                df[from * inputs + i] += abs(w[(tap * inputs + i) * outputs + o] * phase * dy[to * outputs + o]);
            }
        }
        df
    });
    Answer { value, size, terms: (k.taps() * outputs) as f64 }
}

pub fn conv_weight_grad(lattice: &Lattice, k: &ConvKernel, f: &Value, dy: &Value) -> Answer {
    let (Value::Field(f), Value::Field(dy)) = (f, dy) else { panic!("two fields") };
    let (inputs, outputs) = (k.inputs, k.outputs);
    let (mut value, mut size) = (vec![0.0; k.weights()], vec![0.0; k.weights()]);
    let (mut terms, pairs) = (0.0, pairs(lattice, k));
    for (f, dy) in f.iter().zip(dy) {
        let mut add = |weight: usize, term: f64| {
            value[weight] += term;
            size[weight] += term.abs();
        };
        for &(to, from, tap, phase) in &pairs {
            for (i, o) in (0..inputs).flat_map(|i| (0..outputs).map(move |o| (i, o))) {
                add((tap * inputs + i) * outputs + o, phase * f[from * inputs + i] * dy[to * outputs + o]);
            }
        }
        if k.biases == Biases::Added {
            dy.iter().enumerate().for_each(|(j, &dy)| add(k.taps() * inputs * outputs + j % outputs, dy));
        }
        terms += (dy.len() / outputs) as f64;
    }
    Answer { value: Value::Sums(value), size: Value::Sums(size), terms }
}

pub fn sum_sites(f: &Value) -> Answer {
    let Value::Field(samples) = f else { panic!("a field") };
    let value = samples.iter().map(|f| f.iter().sum()).collect();
    let size = samples.iter().map(|f| f.iter().map(|x| x.abs()).sum()).collect();
    let terms = samples.first().map_or(0.0, |f| f.len() as f64);
    Answer { value: Value::PerSample(value), size: Value::PerSample(size), terms }
}

/// An op on numbers: the value and the size of its terms.
fn on_numbers(kind: Pointwise, x: [f64; 3]) -> (f64, f64) {
    let [a, b, c] = x;
    let plain = |y: f64| (y, y.abs());
    match kind {
        Pointwise::Add => (a + b, a.abs() + b.abs()),
        Pointwise::Sub => (a - b, a.abs() + b.abs()),
        Pointwise::MulAdd => (a * b + c, (a * b).abs() + c.abs()),
        Pointwise::MulSub => (c - a * b, (a * b).abs() + c.abs()),
        Pointwise::Mul => plain(a * b),
        Pointwise::Div => plain(a / b),
        Pointwise::Neg => plain(-a),
        Pointwise::Copy => plain(a),
        Pointwise::Half => plain(f16::from_f32(a as f32).to_f64()),
        Pointwise::Recip => plain(1.0 / a),
        Pointwise::Exp => plain(a.exp()),
        Pointwise::Ln => plain(a.ln()),
        Pointwise::Sqrt => plain(a.sqrt()),
        Pointwise::Tanh => plain(a.tanh()),
        Pointwise::Sin => plain(a.sin()),
        Pointwise::Cos => plain(a.cos()),
        Pointwise::Wrap => (a - std::f64::consts::TAU * (a / std::f64::consts::TAU).round(), a.abs()),
        Pointwise::Sigmoid => plain(1.0 / (1.0 + (-a).exp())),
        Pointwise::LeakyRelu => plain(if a > 0.0 { a } else { b * a }),
        Pointwise::Abs => plain(a.abs()),
        Pointwise::Select => plain(if a > 0.0 { b } else { c }),
        Pointwise::Min => plain(a.min(b)),
        Pointwise::Max => plain(a.max(b)),
    }
}

/// An op on values that spread over the largest of them.
pub fn pointwise(kind: Pointwise, inputs: &[Value], samples: usize) -> Answer {
    let number = |v: &Value, sample: usize, i: usize| match v {
        Value::Field(f) => f[sample][i],
        Value::PerSample(x) => x[sample],
        Value::Uniform(x) => *x,
        other => panic!("{other:?} in a pointwise op"),
    };
    let at = |sample: usize, i: usize| {
        let mut x = [0.0; 3];
        x.iter_mut().zip(inputs).for_each(|(x, v)| *x = number(v, sample, i));
        on_numbers(kind, x)
    };
    let sites = inputs.iter().find_map(|v| match v {
        Value::Field(f) => Some(f[0].len()),
        _ => None,
    });
    let answer = |pick: fn((f64, f64)) -> f64| match sites {
        Some(n) => Value::Field((0..samples).map(|s| (0..n).map(|i| pick(at(s, i))).collect()).collect()),
        None => Value::PerSample((0..samples).map(|s| pick(at(s, 0))).collect()),
    };
    Answer { value: answer(|y| y.0), size: answer(|y| y.1), terms: 4.0 }
}
