//! Random cases. Every draw is a function of a name and a number, which a failing test prints.

use lattice_autograd::check::Value;
use lattice_tensor::{Boundary, Grid, Lattice, Layout, Location, Spec};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use std::f64::consts::TAU;

/// A source of random cases.
pub struct Draw(Pcg64);

/// Which numbers an input takes, so that functions are finite and smooth within the steps of a difference quotient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Domain {
    /// At least 0.1 away from whole numbers, and from numbers drawn for another operand.
    Apart(usize),
    /// Between 0.5 and 2.5.
    Positive,
    /// At least 0.5 away from zero.
    NonZero,
    /// Below 0.5 in magnitude.
    Small,
    /// Angles up to a turn away, 0.2 off the odd multiples of π.
    Angle,
}

/// Which boundary phases an op takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phases {
    None,
    Signs,
    Any,
}

impl Draw {
    /// The case `number` of the test or op `name`.
    pub fn new(name: &str, number: usize) -> Draw {
        // FNV-1a
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ b as u64).wrapping_mul(0x100_0000_01b3));
        Draw(Pcg64::seed_from_u64(hash.wrapping_add(number as u64)))
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0.random_range(0..n)
    }

    pub fn one_of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    /// Between −1 and 1.
    pub fn signed(&mut self) -> f64 {
        self.0.random_range(-1.0..1.0)
    }

    /// A lattice of 1 to 4 directions and at most `most` sites. Half of them have extents that virtual nodes split.
    pub fn lattice(&mut self, most: usize, phases: Phases) -> Lattice {
        let directions = 1 + self.below(4);
        let choices: &[usize] = if self.below(2) == 0 { &[1, 2, 3, 4, 5, 6, 7] } else { &[2, 4, 4, 8] };
        let extents = loop {
            let extents: Vec<usize> = (0..directions).map(|_| self.one_of(choices)).collect();
            if extents.iter().product::<usize>() <= most {
                break extents;
            }
        };
        let mut lattice = Lattice::periodic(&extents).unwrap();
        for mu in 0..directions {
            let boundary = match (phases, self.below(4)) {
                (Phases::Signs | Phases::Any, 0) => Boundary::ANTIPERIODIC,
                (Phases::Any, 1) => Boundary::twisted(2.0 * self.signed()),
                _ => Boundary::PERIODIC,
            };
            lattice = lattice.with_boundary(mu, boundary).unwrap();
        }
        lattice
    }

    /// Any sub-lattice that closes around the lattice.
    pub fn location(&mut self, lattice: &Lattice) -> Location {
        let mut all = vec![Location::All, Location::Parity(0), Location::Parity(1)];
        let mu = self.below(lattice.directions());
        let period = 2 + self.below(3);
        let offset = self.below(period);
        all.push(Location::Stripe { mu: mu as u8, period: period as u16, offset: offset as u16 });
        let wide = Grid::ALL.with(mu, period as u16, offset as u16, 1 + self.below(period - 1) as u16);
        let nu = self.below(lattice.directions());
        let other = 2 + self.below(2);
        let both = wide.with(nu, other as u16, self.below(other) as u16, 1);
        all.extend([wide.location(), both.location()]);
        all.retain(|l| l.check(lattice).is_ok());
        self.one_of(&all)
    }

    /// A batch size: one sample, a part of a row, rows with and without a rest.
    pub fn samples(&mut self) -> usize {
        self.one_of(&[1, 3, 16, 17, 40])
    }

    pub fn channels(&mut self) -> usize {
        self.one_of(&[1, 2, 3, 5, 8, 9, 17])
    }

    /// A number of the domain that `f32` holds exactly.
    pub fn number(&mut self, domain: Domain) -> f64 {
        let x = match domain {
            Domain::Apart(operand) => {
                let whole = self.0.random_range(-2..2) as f64;
                whole + 0.1 + 0.3 * operand as f64 + self.0.random_range(0.0..0.15)
            }
            Domain::Positive => self.0.random_range(0.5..2.5),
            Domain::Small => self.0.random_range(-0.5..0.5),
            Domain::Angle => self.0.random_range(-2.9..2.9) + TAU * self.0.random_range(-1..2) as f64,
            Domain::NonZero => self.0.random_range(0.5..2.0) * self.one_of(&[-1.0, 1.0]),
        };
        x as f32 as f64
    }

    /// Data for an argument.
    pub fn value(&mut self, spec: Spec, lattice: &Lattice, samples: usize, domain: Domain) -> Value {
        let n = spec.numbers(lattice);
        let mut numbers = |n: usize| (0..n).map(|_| self.number(domain)).collect::<Vec<f64>>();
        match spec {
            Spec::Field { .. } => Value::Field((0..samples).map(|_| numbers(n)).collect()),
            Spec::PerSample => Value::PerSample(numbers(samples)),
            Spec::Uniform => Value::Uniform(numbers(1)[0]),
            Spec::Weights { .. } => Value::Weights(numbers(n)),
            Spec::BatchSum { .. } => Value::Sums(numbers(n)),
        }
    }

    /// As many splits into virtual nodes as there are, at most `most`, that leave the sub-lattices whole.
    pub fn splits(&mut self, lattice: &Lattice, locations: &[Location], width: usize, most: usize) -> Vec<Layout> {
        let mut inner: Vec<Vec<usize>> = vec![Vec::new()];
        for &l in lattice.extents() {
            let divisors: Vec<usize> = (1..=l).filter(|d| l.is_multiple_of(*d)).collect();
            inner = inner.iter().flat_map(|head| divisors.iter().map(move |&d| [&head[..], &[d]].concat())).collect();
        }
        inner.retain(|i| i.iter().any(|&n| n > 1));
        let mut layouts: Vec<Layout> = inner.iter().filter_map(|i| Layout::split(lattice, i, width).ok()).collect();
        layouts.retain(|layout| locations.iter().all(|&l| layout.rows(l).is_ok()));
        while layouts.len() > most {
            layouts.swap_remove(self.below(layouts.len()));
        }
        layouts
    }

    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i + 1));
        }
        order
    }
}
