//! The list of gauge ops: random cases, and what they give in plain complex arithmetic.

mod dense;
mod links;

use super::cases::{Case, Drawn, Reference};
use crate::draw::{Domain, Draw, Phases};
use crate::reference::Answer;
use dense::{Complex, Dense, generators};
use lattice_autograd::check::Value;
use lattice_tensor::group::GroupName;
use lattice_tensor::ops::{
    Bracket, Direction, Directions, Dot, Eigenphases, EigenphasesTangent, Embed, Exp, ExpTangent, LinkUpdate, Log,
    LogTangent, MatrixAdjoint, Moments, MomentumUpdate, Multiply, Op, Path, Plaquettes, Reunitarise,
    ReunitariseTangent, Scale, ScaledUnit, Staples, Trace,
};
use lattice_tensor::{Fibre, Lattice, Location, Spec};
use links::{momentum_update, path, plaquettes, staples};

/// Every gauge op: its name, how many cases, and how one is drawn.
pub const LIST: &[(&str, usize, Drawn)] = &[
    (Bracket::NAME, 9, bracket),
    (Direction::NAME, 9, direction),
    (Directions::NAME, 9, directions),
    (Dot::NAME, 9, dot),
    (Eigenphases::NAME, 12, eigenphases),
    (EigenphasesTangent::NAME, 9, eigenphases_tangent),
    (Embed::NAME, 9, embed),
    (Exp::NAME, 12, exp),
    (ExpTangent::NAME, 12, exp_tangent),
    (LinkUpdate::NAME, 12, link_update),
    (Log::NAME, 12, log),
    (LogTangent::NAME, 12, log_tangent),
    (MatrixAdjoint::NAME, 9, adjoint),
    (MomentumUpdate::NAME, 18, momentum_update),
    (Moments::NAME, 9, moments),
    (Multiply::NAME, 24, multiply),
    (Path::NAME, 36, path),
    (Plaquettes::NAME, 24, plaquettes),
    (Reunitarise::NAME, 9, reunitarise),
    (ReunitariseTangent::NAME, 9, reunitarise_tangent),
    (Scale::NAME, 9, scale),
    (ScaledUnit::NAME, 12, scaled_unit),
    (Staples::NAME, 18, staples),
    (Trace::NAME, 12, trace),
];

/// Gradients of ops that have no gradient themselves.
pub const ENDS: [&str; 2] = [EigenphasesTangent::NAME, ReunitariseTangent::NAME];

/// What a case is drawn for: a group, matrices a site, a lattice and a sub-lattice.
struct Shape {
    group: GroupName,
    count: usize,
    lattice: Lattice,
    location: Location,
    samples: usize,
}

fn shape(draw: &mut Draw, number: usize) -> Shape {
    let lattice = draw.lattice(24, Phases::None);
    let location = draw.location(&lattice);
    let (count, samples) = (1 + draw.below(3), draw.one_of(&[1, 3, 17]));
    Shape { group: GroupName::ALL[number % 3], count, lattice, location, samples }
}

impl Shape {
    fn field(&self, fibre: Fibre) -> Spec {
        Spec::Field { location: self.location, fibre }
    }

    fn matrices(&self) -> Spec {
        self.field(Fibre::Matrix { group: self.group, count: self.count })
    }

    fn algebra(&self) -> Spec {
        self.field(Fibre::Algebra { group: self.group, count: self.count })
    }

    fn numbers(&self) -> Spec {
        self.field(if self.count == 1 { Fibre::Scalar } else { Fibre::Channels(self.count) })
    }

    /// A case whose output is computed matrix by matrix, each input cut into so many numbers.
    fn case(
        self,
        op: impl Op,
        specs: &[Spec],
        sizes: Vec<usize>,
        f: impl Fn(GroupName, &[&[f64]]) -> Vec<f64> + 'static,
    ) -> Case {
        let group = self.group;
        let reference: Reference = Box::new(move |x: &[Value]| {
            let samples = match &x[0] {
                Value::Field(samples) => samples.len(),
                _ => 1,
            };
            let one = |s: usize| -> Vec<f64> {
                let inputs: Vec<Vec<f64>> = x.iter().map(|x| x.of_sample(s)).collect();
                let items = inputs[0].len() / sizes[0];
                let item = |i: usize| {
                    let parts: Vec<&[f64]> = inputs
                        .iter()
                        .zip(&sizes)
                        .map(|(x, &n)| if n == 0 { &x[..] } else { &x[i * n..][..n] })
                        .collect();
                    f(group, &parts)
                };
                (0..items).flat_map(item).collect()
            };
            answer((0..samples).map(one).collect(), 60.0)
        });
        Case::new(op, &self.lattice, self.samples, specs, reference)
    }
}

/// Rounding is compared with the largest number.
fn answer(fields: Vec<Vec<f64>>, terms: f64) -> Answer {
    let largest = fields.iter().flatten().fold(1.0, |m: f64, x| m.max(x.abs()));
    let value = Value::Field(fields);
    Answer { size: value.map(|_, _| largest), value, terms }
}

fn multiply(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let op = Multiply { adjoint_a: draw.below(2) == 0, adjoint_b: draw.below(2) == 0 };
    let (m, n) = (s.matrices(), s.group.matrix());
    s.case(op, &[m, m], vec![n, n], move |g, x| {
        let [a, b] = [0, 1].map(|i| Dense::of(g, x[i]));
        let a = if op.adjoint_a { a.dagger() } else { a };
        let b = if op.adjoint_b { b.dagger() } else { b };
        a.times(&b).stored(g)
    })
}

fn adjoint(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (m, n) = (s.matrices(), s.group.matrix());
    s.case(MatrixAdjoint, &[m], vec![n], |g, x| Dense::of(g, x[0]).dagger().stored(g))
}

fn trace(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (m, n, imaginary) = (s.matrices(), s.group.matrix(), draw.below(2) == 0);
    s.case(Trace { imaginary }, &[m], vec![n], move |g, x| {
        let (re, im) = Dense::of(g, x[0]).trace();
        vec![if imaginary { im } else { re }]
    })
}

/// Defined by its scalar product with stored numbers.
fn scaled_unit(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let imaginary = draw.below(2) == 0;
    let op = ScaledUnit { imaginary, group: s.group, count: s.count, location: s.location };
    let numbers = s.numbers();
    s.case(op, &[numbers], vec![1], move |g, x| {
        let part = |c: usize| {
            let mut unit = vec![0.0; g.matrix()];
            unit[c] = x[0][0];
            let (re, im) = Dense::of(g, &unit).trace();
            if imaginary { im } else { re }
        };
        (0..g.matrix()).map(part).collect()
    })
}

fn moments(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (m, n) = (s.matrices(), s.group.matrix());
    s.case(Moments, &[m], vec![n], |g, x| Dense::of(g, x[0]).moments(g))
}

fn embed(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (w, n) = (s.algebra(), s.group.algebra());
    s.case(Embed, &[w], vec![n], |g, x| Dense::algebra(g, x[0]).stored(g))
}

fn bracket_of(g: GroupName, a: &[f64], b: &[f64]) -> Vec<f64> {
    let (a, b) = (Dense::algebra(g, a), Dense::algebra(g, b));
    let commutator = a.times(&b).plus(&b.times(&a), -1.0);
    commutator.moments(g).iter().map(|x| x / g.generator_norm()).collect()
}

fn bracket(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (w, n) = (s.algebra(), s.group.algebra());
    s.case(Bracket, &[w, w], vec![n, n], |g, x| bracket_of(g, x[0], x[1]))
}

fn exp(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (w, n) = (s.algebra(), s.group.algebra());
    let mut case = s.case(Exp, &[w], vec![n], |g, x| Dense::algebra(g, x[0]).exp().stored(g));
    case.arguments[0].1 = Domain::Small;
    case
}

/// Of exponentials: the coefficients, which are small, once more.
fn log(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (w, n) = (s.algebra(), s.group.algebra());
    let mut case = s.case(Log, &[w], vec![n], |_, x| x[0].to_vec());
    case.arguments[0].1 = Domain::Small;
    case.prelude = Some(Box::new(|graph, x| Ok(vec![graph.push(Exp, &[x[0]])?])));
    case
}

/// The inverse of the series: `y ← y + g − M y`, where `M` is near 1.
fn log_tangent(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (w, n) = (s.algebra(), s.group.algebra());
    let mut case = s.case(LogTangent, &[w, w], vec![n, n], |g, x| {
        let mut y = x[1].to_vec();
        for _ in 0..120 {
            let (mut term, mut sum) = (y.clone(), y.clone());
            for k in 1..24 {
                term = bracket_of(g, x[0], &term).iter().map(|t| -t / (f64::from(k) + 1.0)).collect();
                sum.iter_mut().zip(&term).for_each(|(s, t)| *s += t);
            }
            y.iter_mut().zip(x[1].iter().zip(&sum)).for_each(|(y, (g, m))| *y += g - m);
        }
        y
    });
    case.arguments[0].1 = Domain::Small;
    case
}

/// The eigenvalues of `Q = Σ ω_a T_a` and the projectors on its eigenvectors, `P_j = Π_{k≠j} (Q − θ_k)/(θ_j − θ_k)`.
fn spectrum(group: GroupName, omega: &[f64]) -> Vec<(f64, Dense)> {
    let x = Dense::algebra(group, omega);
    let q = Dense(x.0.iter().map(|row| row.iter().map(|z| (z.1, -z.0)).collect()).collect());
    let half = 0.5 * q.times(&q).trace().0;
    let values: Vec<f64> = match group {
        GroupName::U1 => vec![omega[0]],
        GroupName::SU2 => vec![half.sqrt(), -half.sqrt()],
        GroupName::SU3 => {
            // θ³ = half θ + det, by cosines.
            let det = q.times(&q).times(&q).trace().0 / 3.0;
            let size = 2.0 * (half / 3.0).sqrt();
            let angle = (4.0 * det / size.powi(3)).clamp(-1.0, 1.0).acos() / 3.0;
            let third = std::f64::consts::TAU / 3.0;
            [0.0, -third, third].map(|turn| size * (angle + turn).cos()).to_vec()
        }
    };
    let projector = |j: usize| {
        let others = values.iter().enumerate().filter(|&(k, _)| k != j);
        others.fold(Dense::one(q.n()), |p, (_, &other)| {
            let factor = q.plus(&Dense::one(q.n()), -other);
            Dense::zero(q.n()).plus(&p.times(&factor), 1.0 / (values[j] - other))
        })
    };
    values.iter().enumerate().map(|(j, &value)| (value, projector(j))).collect()
}

fn eigenphases(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (w, n) = (s.algebra(), s.group.algebra());
    let mut case = s.case(Eigenphases, &[w], vec![n], |g, x| spectrum(g, x[0]).into_iter().map(|e| e.0).collect());
    case.arguments[0].1 = Domain::Small;
    case.prelude = Some(Box::new(|graph, x| Ok(vec![graph.push(Exp, &[x[0]])?])));
    case
}

fn eigenphases_tangent(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (w, n, rank) = (s.algebra(), s.group.algebra(), s.group.rank());
    let count = rank * s.count;
    let c = s.field(if count == 1 { Fibre::Scalar } else { Fibre::Channels(count) });
    let mut case = s.case(EigenphasesTangent, &[w, c], vec![n, rank], |g, x| {
        let sum = spectrum(g, x[0]).iter().zip(x[1]).fold(Dense::zero(g.rank()), |sum, (e, &c)| sum.plus(&e.1, c));
        generators(g).iter().map(|t| t.times(&sum).trace().0).collect()
    });
    case.arguments[0].1 = Domain::Small;
    case.prelude = Some(Box::new(|graph, x| Ok(vec![graph.push(Exp, &[x[0]])?, x[1]])));
    case
}

/// The series, whatever its length.
fn exp_tangent(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (w, n) = (s.algebra(), s.group.algebra());
    let mut case = s.case(ExpTangent, &[w, w], vec![n, n], |g, x| {
        let (mut term, mut sum) = (x[1].to_vec(), x[1].to_vec());
        for k in 1..60 {
            term = bracket_of(g, x[0], &term).iter().map(|t| -t / (f64::from(k) + 1.0)).collect();
            sum.iter_mut().zip(&term).for_each(|(s, t)| *s += t);
        }
        sum
    });
    case.arguments[0].1 = Domain::Small;
    case
}

fn scale(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (m, n, numbers) = (s.matrices(), s.group.matrix(), s.numbers());
    s.case(Scale, &[m, numbers], vec![n, 1], |_, x| x[0].iter().map(|a| a * x[1][0]).collect())
}

fn dot(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (m, n) = (s.matrices(), s.group.matrix());
    s.case(Dot, &[m, m], vec![n, n], |_, x| vec![x[0].iter().zip(x[1]).map(|(a, b)| a * b).sum()])
}

fn reunitarise(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (m, n) = (s.matrices(), s.group.matrix());
    s.case(Reunitarise, &[m], vec![n], |g, x| {
        if g != GroupName::SU3 {
            let norm = x[0].iter().map(|a| a * a).sum::<f64>().sqrt();
            return x[0].iter().map(|a| a / norm).collect();
        }
        let mut u = Dense::of(g, x[0]);
        let normalise = |row: &mut Vec<Complex>| {
            let norm = row.iter().map(|z| z.0 * z.0 + z.1 * z.1).sum::<f64>().sqrt();
            row.iter_mut().for_each(|z| *z = (z.0 / norm, z.1 / norm));
        };
        normalise(&mut u.0[0]);
        let first = u.0[0].clone();
        let mul = |a: Complex, b: Complex| (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0);
        let along = first.iter().zip(&u.0[1]).fold((0.0, 0.0), |s, (&a, &b)| {
            let z = mul((a.0, -a.1), b);
            (s.0 + z.0, s.1 + z.1)
        });
        for (z, &a) in u.0[1].iter_mut().zip(&first) {
            let part = mul(along, a);
            *z = (z.0 - part.0, z.1 - part.1);
        }
        normalise(&mut u.0[1]);
        let second = u.0[1].clone();
        for j in 0..3 {
            let (k, l) = ((j + 1) % 3, (j + 2) % 3);
            let (p, q) = (mul(first[k], second[l]), mul(first[l], second[k]));
            u.0[2][j] = (p.0 - q.0, q.1 - p.1);
        }
        u.stored(g)
    })
}

/// The derivative along each stored number, by the rules of products and quotients, and its scalar product with `g`.
fn reunitarise_tangent(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (m, n) = (s.matrices(), s.group.matrix());
    s.case(ReunitariseTangent, &[m, m], vec![n, n], |g, x| {
        let along = |c: usize| -> f64 {
            let mut unit = vec![0.0; g.matrix()];
            unit[c] = 1.0;
            moved(g, x[0], &unit).iter().zip(x[1]).map(|(d, g)| d * g).sum()
        };
        (0..g.matrix()).map(along).collect()
    })
}

/// How a reunitarised matrix moves as its stored numbers do.
fn moved(g: GroupName, m: &[f64], dm: &[f64]) -> Vec<f64> {
    // v/|v| moves by (dv − u (u·dv))/|v|.
    let unit = |v: &[f64], dv: &[f64]| -> (Vec<f64>, Vec<f64>) {
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let u: Vec<f64> = v.iter().map(|x| x / norm).collect();
        let along: f64 = u.iter().zip(dv).map(|(u, d)| u * d).sum();
        let du = u.iter().zip(dv).map(|(u, d)| (d - u * along) / norm).collect();
        (u, du)
    };
    if g != GroupName::SU3 {
        return unit(m, dm).1;
    }
    let mul = |a: &[f64], b: &[f64]| [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]];
    let conj = |a: &[f64]| [a[0], -a[1]];
    let (a, da) = unit(&m[..6], &dm[..6]);
    let (second, d_second) = (&m[6..12], &dm[6..12]);
    let (mut s, mut ds) = ([0.0; 2], [0.0; 2]);
    for j in [0, 2, 4] {
        let [p, q, r] = [
            mul(&conj(&a[j..]), &second[j..]),
            mul(&conj(&da[j..]), &second[j..]),
            mul(&conj(&a[j..]), &d_second[j..]),
        ];
        (0..2).for_each(|i| (s[i], ds[i]) = (s[i] + p[i], ds[i] + q[i] + r[i]));
    }
    let (mut v, mut dv) = (second.to_vec(), d_second.to_vec());
    for j in [0, 2, 4] {
        let [p, q, r] = [mul(&a[j..], &s), mul(&da[j..], &s), mul(&a[j..], &ds)];
        (0..2).for_each(|i| (v[j + i], dv[j + i]) = (v[j + i] - p[i], dv[j + i] - q[i] - r[i]));
    }
    let (b, db) = unit(&v, &dv);
    let mut out = [da.clone(), db.clone()].concat();
    for j in 0..3 {
        let (k, l) = (2 * ((j + 1) % 3), 2 * ((j + 2) % 3));
        let cross = |a: &[f64], b: &[f64]| {
            let (p, q) = (mul(&a[k..], &b[l..]), mul(&a[l..], &b[k..]));
            [p[0] - q[0], q[1] - p[1]]
        };
        let (p, q) = (cross(&da, &b), cross(&a, &db));
        out.extend([p[0] + q[0], p[1] + q[1]]);
    }
    out
}

fn direction(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (mu, count) = (draw.below(s.count), s.count);
    let (spec, n) =
        if draw.below(2) == 0 { (s.matrices(), s.group.matrix()) } else { (s.algebra(), s.group.algebra()) };
    s.case(Direction(mu), &[spec], vec![n * count], move |_, x| x[0][mu * n..][..n].to_vec())
}

fn directions(draw: &mut Draw, number: usize) -> Case {
    let s = Shape { count: 1, ..shape(draw, number) };
    let parts = 1 + draw.below(3);
    let (spec, n) =
        if draw.below(2) == 0 { (s.matrices(), s.group.matrix()) } else { (s.algebra(), s.group.algebra()) };
    s.case(Directions, &vec![spec; parts], vec![n; parts], |_, x| x.concat())
}

fn link_update(draw: &mut Draw, number: usize) -> Case {
    let s = shape(draw, number);
    let (u, p, m, n) = (s.matrices(), s.algebra(), s.group.matrix(), s.group.algebra());
    let eps = draw.one_of(&[Spec::PerSample, Spec::Uniform]);
    let mut case = s.case(LinkUpdate, &[u, p, eps], vec![m, n, 0], |g, x| {
        let omega: Vec<f64> = x[1].iter().map(|p| p * x[2][0]).collect();
        Dense::algebra(g, &omega).exp().times(&Dense::of(g, x[0])).stored(g)
    });
    case.arguments[1].1 = Domain::Small;
    case
}
