//! Loops of a configuration by plain complex matrices, site by site: what actions and observables are tested against.

use lattice_tensor::Lattice;
use lattice_tensor::group::GroupName;

/// A complex number.
pub type C = [f64; 2];
/// A square matrix, row by row.
pub type M = Vec<Vec<C>>;

/// Links as matrices, `[site][direction]`.
#[derive(Clone, Debug)]
pub struct Brute {
    extents: Vec<usize>,
    links: Vec<Vec<M>>,
    rank: usize,
}

fn times([a, b]: C, [c, d]: C) -> C {
    [a * c - b * d, a * d + b * c]
}

pub fn product(a: &M, b: &M) -> M {
    let n = a.len();
    let entry =
        |i: usize, j: usize| (0..n).map(|k| times(a[i][k], b[k][j])).fold([0.0; 2], |s, x| [s[0] + x[0], s[1] + x[1]]);
    (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect()
}

pub fn adjoint(a: &M) -> M {
    (0..a.len()).map(|i| (0..a.len()).map(|j| [a[j][i][0], -a[j][i][1]]).collect()).collect()
}

pub fn trace(a: &M) -> C {
    (0..a.len()).fold([0.0; 2], |s, i| [s[0] + a[i][i][0], s[1] + a[i][i][1]])
}

/// The matrix that stored numbers stand for.
pub fn matrix(group: GroupName, x: &[f64]) -> M {
    match group {
        GroupName::U1 => vec![vec![[x[0], x[1]]]],
        // a₀ + i (a₁ σ₁ + a₂ σ₂ + a₃ σ₃)
        GroupName::SU2 => vec![vec![[x[0], x[3]], [x[2], x[1]]], vec![[-x[2], x[1]], [x[0], -x[3]]]],
        GroupName::SU3 => (0..3).map(|i| (0..3).map(|j| [x[6 * i + 2 * j], x[6 * i + 2 * j + 1]]).collect()).collect(),
    }
}

impl Brute {
    /// From the numbers of one configuration, `[site][direction][number]`.
    pub fn new(lattice: &Lattice, group: GroupName, numbers: &[f64]) -> Brute {
        let per_site = numbers.len() / lattice.volume();
        let site = |numbers: &[f64]| numbers.chunks_exact(group.matrix()).map(|x| matrix(group, x)).collect();
        let links = numbers.chunks_exact(per_site).map(site).collect();
        Brute { extents: lattice.extents().to_vec(), links, rank: group.rank() }
    }

    pub fn sites(&self) -> usize {
        self.links.len()
    }

    /// The site one step on.
    pub fn step(&self, site: usize, mu: usize, by: isize) -> usize {
        let stride: usize = self.extents[mu + 1..].iter().product();
        let extent = self.extents[mu];
        let x = site / stride % extent;
        site - x * stride + (x as isize + by).rem_euclid(extent as isize) as usize * stride
    }

    /// The product of links along a path: `(μ, ±1)` for each step.
    pub fn path(&self, mut site: usize, path: &[(usize, isize)]) -> M {
        let mut u: Option<M> = None;
        for &(mu, by) in path {
            let link = if by > 0 {
                let link = self.links[site][mu].clone();
                site = self.step(site, mu, 1);
                link
            } else {
                site = self.step(site, mu, -1);
                adjoint(&self.links[site][mu])
            };
            u = Some(u.map_or(link.clone(), |u| product(&u, &link)));
        }
        u.unwrap_or_default()
    }

    /// `Re tr/N` of a rectangle.
    pub fn rectangle(&self, site: usize, (mu, r): (usize, usize), (nu, t): (usize, usize)) -> f64 {
        let side = |mu: usize, n: usize, by: isize| std::iter::repeat_n((mu, by), n);
        let path: Vec<_> = side(mu, r, 1).chain(side(nu, t, 1)).chain(side(mu, r, -1)).chain(side(nu, t, -1)).collect();
        trace(&self.path(site, &path))[0] / self.rank as f64
    }

    /// A sum over sites and planes.
    pub fn sum(&self, f: impl Fn(usize, usize, usize) -> f64) -> f64 {
        let planes: Vec<_> = super::planes(self.extents.len()).collect();
        (0..self.sites()).flat_map(|x| planes.iter().map(move |p| (x, *p))).map(|(x, (mu, nu))| f(x, mu, nu)).sum()
    }
}
