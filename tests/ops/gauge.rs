//! The list of gauge ops: random cases, and what they give in plain complex arithmetic.

use super::cases::{Case, Drawn, Reference};
use crate::draw::{Domain, Draw, Phases};
use crate::reference::{Answer, walk};
use lattice_autograd::check::Value;
use lattice_tensor::group::GroupName;
use lattice_tensor::ops::{
    Bracket, Direction, Directions, Dot, Eigenphases, EigenphasesTangent, Embed, Exp, ExpTangent, LinkUpdate, Log,
    LogTangent, MatrixAdjoint, Moments, MomentumUpdate, Multiply, Op, Path, Plaquettes, Reunitarise,
    ReunitariseTangent, Scale, ScaledUnit, Staples, Step, Trace, planes,
};
use lattice_tensor::{Fibre, Lattice, Location, Spec};

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

type Complex = (f64, f64);

/// A complex matrix.
#[derive(Clone, Debug)]
struct Dense(Vec<Vec<Complex>>);

impl Dense {
    fn zero(n: usize) -> Dense {
        Dense(vec![vec![(0.0, 0.0); n]; n])
    }

    fn one(n: usize) -> Dense {
        let mut one = Dense::zero(n);
        (0..n).for_each(|i| one.0[i][i] = (1.0, 0.0));
        one
    }

    fn n(&self) -> usize {
        self.0.len()
    }

    fn of(group: GroupName, m: &[f64]) -> Dense {
        Dense(match group {
            GroupName::U1 => vec![vec![(m[0], m[1])]],
            GroupName::SU2 => vec![vec![(m[0], m[3]), (m[2], m[1])], vec![(-m[2], m[1]), (m[0], -m[3])]],
            GroupName::SU3 => {
                (0..3).map(|i| (0..3).map(|j| (m[6 * i + 2 * j], m[6 * i + 2 * j + 1])).collect()).collect()
            }
        })
    }

    fn stored(&self, group: GroupName) -> Vec<f64> {
        match group {
            GroupName::U1 => vec![self.0[0][0].0, self.0[0][0].1],
            GroupName::SU2 => vec![self.0[0][0].0, self.0[0][1].1, self.0[0][1].0, self.0[0][0].1],
            GroupName::SU3 => self.0.iter().flatten().flat_map(|z| [z.0, z.1]).collect(),
        }
    }

    fn times(&self, b: &Dense) -> Dense {
        let n = self.n();
        let term = |i: usize, j: usize, k: usize| {
            let ((ar, ai), (br, bi)) = (self.0[i][k], b.0[k][j]);
            (ar * br - ai * bi, ar * bi + ai * br)
        };
        let sum = |i, j| (0..n).fold((0.0, 0.0), |s: Complex, k| (s.0 + term(i, j, k).0, s.1 + term(i, j, k).1));
        Dense((0..n).map(|i| (0..n).map(|j| sum(i, j)).collect()).collect())
    }

    fn dagger(&self) -> Dense {
        let n = self.n();
        Dense((0..n).map(|i| (0..n).map(|j| (self.0[j][i].0, -self.0[j][i].1)).collect()).collect())
    }

    fn plus(&self, b: &Dense, by: f64) -> Dense {
        let add = |(x, y): (&Complex, &Complex)| (x.0 + by * y.0, x.1 + by * y.1);
        Dense(self.0.iter().zip(&b.0).map(|(x, y)| x.iter().zip(y).map(add).collect()).collect())
    }

    fn trace(&self) -> Complex {
        (0..self.n()).fold((0.0, 0.0), |s, i| (s.0 + self.0[i][i].0, s.1 + self.0[i][i].1))
    }

    /// `i Σ ω_a T_a`
    fn algebra(group: GroupName, omega: &[f64]) -> Dense {
        let mut x = Dense::zero(group.rank());
        for (w, t) in omega.iter().zip(generators(group)) {
            for (x, t) in x.0.iter_mut().flatten().zip(t.0.iter().flatten()) {
                *x = (x.0 - w * t.1, x.1 + w * t.0);
            }
        }
        x
    }

    /// `Im tr T_a m`
    fn moments(&self, group: GroupName) -> Vec<f64> {
        generators(group).iter().map(|t| t.times(self).trace().1).collect()
    }

    /// By scaling and squaring.
    fn exp(&self) -> Dense {
        let small = Dense::zero(self.n()).plus(self, 1.0 / 16.0);
        let mut sum = Dense::one(self.n());
        for k in (1..=24).rev() {
            sum = Dense::one(self.n()).plus(&small.times(&sum), 1.0 / f64::from(k));
        }
        (0..4).fold(sum, |e, _| e.times(&e))
    }
}

fn generators(group: GroupName) -> Vec<Dense> {
    let n = group.rank();
    let mut list = Vec::new();
    let pair = |i: usize, j: usize| {
        let (mut a, mut b) = (Dense::zero(n), Dense::zero(n));
        (a.0[i][j], a.0[j][i]) = ((0.5, 0.0), (0.5, 0.0));
        (b.0[i][j], b.0[j][i]) = ((0.0, -0.5), (0.0, 0.5));
        [a, b]
    };
    let diagonal = |d: &[f64]| {
        let mut t = Dense::zero(n);
        d.iter().enumerate().for_each(|(i, &x)| t.0[i][i].0 = x);
        t
    };
    match group {
        GroupName::U1 => list.push(Dense::one(1)),
        GroupName::SU2 => {
            list.extend(pair(0, 1));
            list.push(diagonal(&[0.5, -0.5]));
        }
        GroupName::SU3 => {
            list.extend(pair(0, 1));
            list.push(diagonal(&[0.5, -0.5, 0.0]));
            list.extend(pair(0, 2));
            list.extend(pair(1, 2));
            let c = 0.5 / 3.0_f64.sqrt();
            list.push(diagonal(&[c, c, -2.0 * c]));
        }
    }
    list
}

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

/// Links on a small periodic lattice of at least so many directions.
struct LinkCase {
    group: GroupName,
    lattice: Lattice,
    samples: usize,
}

fn link_case(draw: &mut Draw, number: usize, least: usize) -> LinkCase {
    let group = GroupName::ALL[number % 3];
    let lattice = loop {
        let lattice = draw.lattice(if group == GroupName::SU3 { 16 } else { 24 }, Phases::None);
        if lattice.directions() >= least {
            break lattice;
        }
    };
    LinkCase { group, lattice, samples: draw.one_of(&[1, 3, 17]) }
}

impl LinkCase {
    fn links(&self) -> Spec {
        let fibre = Fibre::Matrix { group: self.group, count: self.lattice.directions() };
        Spec::Field { location: Location::All, fibre }
    }

    fn plane_numbers(&self) -> Spec {
        let planes = planes(self.lattice.directions()).len();
        Spec::Field {
            location: Location::All,
            fibre: if planes == 1 { Fibre::Scalar } else { Fibre::Channels(planes) },
        }
    }

    fn case(self, op: impl Op, specs: &[Spec], f: impl Fn(&Host, &[Vec<f64>]) -> Vec<f64> + 'static) -> Case {
        let (group, lattice) = (self.group, self.lattice.clone());
        let reference: Reference = Box::new(move |x: &[Value]| {
            let samples = match &x[0] {
                Value::Field(samples) => samples.len(),
                _ => 1,
            };
            let one = |s: usize| {
                let inputs: Vec<Vec<f64>> = x.iter().map(|x| x.of_sample(s)).collect();
                f(&Host { group, lattice: lattice.clone() }, &inputs)
            };
            answer((0..samples).map(one).collect(), 200.0)
        });
        Case::new(op, &self.lattice, self.samples, specs, reference)
    }
}

/// Links in plain numbers.
struct Host {
    group: GroupName,
    lattice: Lattice,
}

impl Host {
    fn sites(&self) -> impl Iterator<Item = Vec<usize>> + '_ {
        (0..self.lattice.volume()).map(|s| self.lattice.coordinates(s))
    }

    fn moved(&self, x: &[usize], steps: &[(usize, i32)]) -> Vec<usize> {
        let mut displacement = vec![0; x.len()];
        steps.iter().for_each(|&(mu, by)| displacement[mu] += by);
        walk(&self.lattice, x, &displacement).0
    }

    fn link(&self, u: &[f64], x: &[usize], mu: usize) -> Dense {
        let m = self.group.matrix();
        Dense::of(self.group, &u[(self.lattice.site(x) * self.lattice.directions() + mu) * m..][..m])
    }

    fn path(&self, u: &[f64], x: &[usize], steps: &[Step]) -> Dense {
        let (mut x, mut product) = (x.to_vec(), Dense::one(self.group.rank()));
        for step in steps {
            if step.back {
                x = self.moved(&x, &[(step.mu, -1)]);
                product = product.times(&self.link(u, &x, step.mu).dagger());
            } else {
                product = product.times(&self.link(u, &x, step.mu));
                x = self.moved(&x, &[(step.mu, 1)]);
            }
        }
        product
    }

    /// The weighted staples of a link.
    fn staple(&self, u: &[f64], w: Option<&[f64]>, x: &[usize], mu: usize) -> Dense {
        let planes = planes(self.lattice.directions());
        let mut sum = Dense::zero(self.group.rank());
        for nu in (0..self.lattice.directions()).filter(|&nu| nu != mu) {
            let p = planes.iter().position(|&plane| plane == (mu.min(nu), mu.max(nu))).unwrap();
            let weight = |x: &[usize]| w.map_or(1.0, |w| w[self.lattice.site(x) * planes.len() + p]);
            let start = self.moved(x, &[(mu, 1)]);
            let above = self.path(u, &start, &[Step::forward(nu), Step::back(mu), Step::back(nu)]);
            let below = self.path(u, &start, &[Step::back(nu), Step::back(mu), Step::forward(nu)]);
            sum = sum.plus(&above, weight(x)).plus(&below, weight(&self.moved(x, &[(nu, -1)])));
        }
        sum
    }
}

fn path(draw: &mut Draw, number: usize) -> Case {
    let s = link_case(draw, number, 1);
    let steps: Vec<Step> = (0..1 + draw.below(6))
        .map(|_| Step { mu: draw.below(s.lattice.directions()), back: draw.below(2) == 0 })
        .collect();
    let links = s.links();
    s.case(Path(steps.clone()), &[links], move |h, x| {
        h.sites().flat_map(|site| h.path(&x[0], &site, &steps).stored(h.group)).collect()
    })
}

fn plaquettes(draw: &mut Draw, number: usize) -> Case {
    let s = link_case(draw, number, 2);
    let links = s.links();
    s.case(Plaquettes, &[links], |h, x| {
        let planes = planes(h.lattice.directions());
        let loops = |site: Vec<usize>| -> Vec<f64> {
            let loop_of = |&(mu, nu): &(usize, usize)| h.path(&x[0], &site, &Path::rectangle(mu, 1, nu, 1).0);
            planes.iter().map(|plane| loop_of(plane).trace().0 / h.group.rank() as f64).collect()
        };
        h.sites().flat_map(loops).collect()
    })
}

fn staples(draw: &mut Draw, number: usize) -> Case {
    let s = link_case(draw, number, 2);
    let specs = [s.links(), s.plane_numbers()];
    s.case(Staples, &specs, |h, x| {
        let of_site = |site: Vec<usize>| -> Vec<f64> {
            let one = |mu| h.staple(&x[0], Some(&x[1]), &site, mu).stored(h.group);
            (0..h.lattice.directions()).flat_map(one).collect()
        };
        h.sites().flat_map(of_site).collect()
    })
}

fn momentum_update(draw: &mut Draw, number: usize) -> Case {
    let s = link_case(draw, number, 2);
    let fibre = Fibre::Algebra { group: s.group, count: s.lattice.directions() };
    let momenta = Spec::Field { location: Location::All, fibre };
    let specs = [momenta, s.links(), draw.one_of(&[Spec::PerSample, Spec::Uniform])];
    s.case(MomentumUpdate, &specs, |h, x| {
        let n = h.group.algebra();
        let of_site = |site: Vec<usize>| -> Vec<f64> {
            let one = |mu: usize| -> Vec<f64> {
                let along = h.link(&x[1], &site, mu).times(&h.staple(&x[1], None, &site, mu)).moments(h.group);
                let p = &x[0][(h.lattice.site(&site) * h.lattice.directions() + mu) * n..][..n];
                p.iter().zip(along).map(|(p, f)| p - x[2][0] * f).collect()
            };
            (0..h.lattice.directions()).flat_map(one).collect()
        };
        h.sites().flat_map(of_site).collect()
    })
}
