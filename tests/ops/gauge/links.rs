//! Cases of ops on links: paths, plaquettes, staples, the kick.

use super::answer;
use super::dense::Dense;
use crate::draw::{Draw, Phases};
use crate::ops::cases::{Case, Reference};
use crate::reference::walk;
use lattice_autograd::check::Value;
use lattice_tensor::group::GroupName;
use lattice_tensor::ops::{MomentumUpdate, Op, Path, Plaquettes, Staples, Step, planes};
use lattice_tensor::{Fibre, Lattice, Location, Spec};

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

pub fn path(draw: &mut Draw, number: usize) -> Case {
    let s = link_case(draw, number, 1);
    let steps: Vec<Step> = (0..1 + draw.below(6))
        .map(|_| Step { mu: draw.below(s.lattice.directions()), back: draw.below(2) == 0 })
        .collect();
    let links = s.links();
    s.case(Path(steps.clone()), &[links], move |h, x| {
        h.sites().flat_map(|site| h.path(&x[0], &site, &steps).stored(h.group)).collect()
    })
}

pub fn plaquettes(draw: &mut Draw, number: usize) -> Case {
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

pub fn staples(draw: &mut Draw, number: usize) -> Case {
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

pub fn momentum_update(draw: &mut Draw, number: usize) -> Case {
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
