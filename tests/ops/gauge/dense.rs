//! Complex matrices in plain numbers.

use lattice_tensor::group::GroupName;

pub type Complex = (f64, f64);

/// A complex matrix.
#[derive(Clone, Debug)]
pub struct Dense(pub Vec<Vec<Complex>>);

impl Dense {
    pub fn zero(n: usize) -> Dense {
        Dense(vec![vec![(0.0, 0.0); n]; n])
    }

    pub fn one(n: usize) -> Dense {
        let mut one = Dense::zero(n);
        (0..n).for_each(|i| one.0[i][i] = (1.0, 0.0));
        one
    }

    pub fn n(&self) -> usize {
        self.0.len()
    }

    pub fn of(group: GroupName, m: &[f64]) -> Dense {
        Dense(match group {
            GroupName::U1 => vec![vec![(m[0], m[1])]],
            GroupName::SU2 => vec![vec![(m[0], m[3]), (m[2], m[1])], vec![(-m[2], m[1]), (m[0], -m[3])]],
            GroupName::SU3 => {
                (0..3).map(|i| (0..3).map(|j| (m[6 * i + 2 * j], m[6 * i + 2 * j + 1])).collect()).collect()
            }
        })
    }

    pub fn stored(&self, group: GroupName) -> Vec<f64> {
        match group {
            GroupName::U1 => vec![self.0[0][0].0, self.0[0][0].1],
            GroupName::SU2 => vec![self.0[0][0].0, self.0[0][1].1, self.0[0][1].0, self.0[0][0].1],
            GroupName::SU3 => self.0.iter().flatten().flat_map(|z| [z.0, z.1]).collect(),
        }
    }

    pub fn times(&self, b: &Dense) -> Dense {
        let n = self.n();
        let term = |i: usize, j: usize, k: usize| {
            let ((ar, ai), (br, bi)) = (self.0[i][k], b.0[k][j]);
            (ar * br - ai * bi, ar * bi + ai * br)
        };
        let sum = |i, j| (0..n).fold((0.0, 0.0), |s: Complex, k| (s.0 + term(i, j, k).0, s.1 + term(i, j, k).1));
        Dense((0..n).map(|i| (0..n).map(|j| sum(i, j)).collect()).collect())
    }

    pub fn dagger(&self) -> Dense {
        let n = self.n();
        Dense((0..n).map(|i| (0..n).map(|j| (self.0[j][i].0, -self.0[j][i].1)).collect()).collect())
    }

    pub fn plus(&self, b: &Dense, by: f64) -> Dense {
        let add = |(x, y): (&Complex, &Complex)| (x.0 + by * y.0, x.1 + by * y.1);
        Dense(self.0.iter().zip(&b.0).map(|(x, y)| x.iter().zip(y).map(add).collect()).collect())
    }

    pub fn trace(&self) -> Complex {
        (0..self.n()).fold((0.0, 0.0), |s, i| (s.0 + self.0[i][i].0, s.1 + self.0[i][i].1))
    }

    /// `i Σ ω_a T_a`
    pub fn algebra(group: GroupName, omega: &[f64]) -> Dense {
        let mut x = Dense::zero(group.rank());
        for (w, t) in omega.iter().zip(generators(group)) {
            for (x, t) in x.0.iter_mut().flatten().zip(t.0.iter().flatten()) {
                *x = (x.0 - w * t.1, x.1 + w * t.0);
            }
        }
        x
    }

    /// `Im tr T_a m`
    pub fn moments(&self, group: GroupName) -> Vec<f64> {
        generators(group).iter().map(|t| t.times(self).trace().1).collect()
    }

    /// By scaling and squaring.
    pub fn exp(&self) -> Dense {
        let small = Dense::zero(self.n()).plus(self, 1.0 / 16.0);
        let mut sum = Dense::one(self.n());
        for k in (1..=24).rev() {
            sum = Dense::one(self.n()).plus(&small.times(&sum), 1.0 / f64::from(k));
        }
        (0..4).fold(sum, |e, _| e.times(&e))
    }
}

pub fn generators(group: GroupName) -> Vec<Dense> {
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
