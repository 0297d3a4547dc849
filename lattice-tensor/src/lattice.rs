//! The periodic lattice: extents, sites, boundary phases, sub-lattices.

use crate::error::{Error, Result};

/// What a field picks up when it is carried once round the lattice: `φ(x + L μ) = e^{iθ} φ(x)`.
///
/// A real field can only be periodic or antiperiodic; a complex one can be twisted by any angle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Boundary(u64);

impl Boundary {
    /// `θ = 0`.
    pub const PERIODIC: Boundary = Boundary(0);
    /// `θ = π`, as for fermions in time.
    pub const ANTIPERIODIC: Boundary = Boundary(std::f64::consts::PI.to_bits());

    /// Twisted by the angle `theta`, in radians.
    pub fn twisted(theta: f64) -> Boundary {
        if theta == 0.0 { Boundary::PERIODIC } else { Boundary(theta.to_bits()) }
    }

    /// The phase `(cos wθ, sin wθ)` after going round `windings` times; exact for (anti)periodic directions.
    pub fn phase(self, windings: i64) -> (f64, f64) {
        match self {
            Boundary::PERIODIC => (1.0, 0.0),
            Boundary::ANTIPERIODIC => (if windings % 2 == 0 { 1.0 } else { -1.0 }, 0.0),
            Boundary(bits) => {
                let (sin, cos) = (f64::from_bits(bits) * windings as f64).sin_cos();
                (cos, sin)
            }
        }
    }

    /// Whether the phase is real.
    pub fn is_real(self) -> bool {
        matches!(self, Boundary::PERIODIC | Boundary::ANTIPERIODIC)
    }
}

/// A lattice: its extents and boundary phases. Sites are numbered with the *last* coordinate running fastest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lattice {
    extents: Vec<usize>,
    boundary: Vec<Boundary>,
}

impl Lattice {
    /// The most directions a lattice may have.
    pub const MAX_DIRECTIONS: usize = 8;

    /// A lattice that is periodic in every direction.
    ///
    /// ```
    /// # use lattice_tensor::Lattice;
    /// let lattice = Lattice::periodic([8, 8])?;
    /// assert_eq!(lattice.volume(), 64);
    /// assert_eq!(lattice.coordinates(13), [1, 5]);
    /// # Ok::<(), lattice_tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is no direction, more than eight, an extent of zero, or 2³¹ sites or more.
    pub fn periodic(extents: impl AsRef<[usize]>) -> Result<Lattice> {
        let extents = extents.as_ref().to_vec();
        let refuse = |expected: &str| Err(Error::Lattice { extents: extents.clone(), expected: expected.into() });
        if extents.is_empty() || extents.len() > Self::MAX_DIRECTIONS {
            return refuse("expected 1 to 8 directions");
        }
        if extents.contains(&0) {
            return refuse("every extent must be at least 1");
        }
        match extents.iter().try_fold(1usize, |v, &l| v.checked_mul(l)) {
            Some(volume) if volume < 1 << 31 => {}
            _ => return refuse("expected fewer than 2^31 sites"),
        }
        let boundary = vec![Boundary::PERIODIC; extents.len()];
        Ok(Lattice { extents, boundary })
    }

    /// The same lattice with another boundary phase in direction `mu`.
    ///
    /// # Errors
    /// If there is no direction `mu`.
    pub fn with_boundary(mut self, mu: usize, boundary: Boundary) -> Result<Lattice> {
        self.check_direction(mu)?;
        self.boundary[mu] = boundary;
        Ok(self)
    }

    /// The extents, one a direction.
    pub fn extents(&self) -> &[usize] {
        &self.extents
    }

    /// The number of directions.
    pub fn directions(&self) -> usize {
        self.extents.len()
    }

    /// The number of sites.
    pub fn volume(&self) -> usize {
        self.extents.iter().product()
    }

    /// The boundary phase of direction `mu`.
    pub fn boundary(&self, mu: usize) -> Boundary {
        self.boundary[mu]
    }

    /// Whether no boundary has a phase.
    pub fn is_periodic(&self) -> bool {
        self.boundary.iter().all(|&b| b == Boundary::PERIODIC)
    }

    /// Whether every boundary phase is real.
    pub fn is_real(&self) -> bool {
        self.boundary.iter().all(|b| b.is_real())
    }

    /// Refuses a direction that the lattice does not have.
    ///
    /// # Errors
    /// If `mu` is not below the number of directions.
    pub fn check_direction(&self, mu: usize) -> Result<()> {
        if mu < self.directions() {
            return Ok(());
        }
        let expected = format!("there is no direction {mu}, only 0 to {}", self.directions() - 1);
        Err(Error::Lattice { extents: self.extents.clone(), expected })
    }

    /// The coordinates of a site.
    pub fn coordinates(&self, site: usize) -> Vec<usize> {
        coordinates(&self.extents, site)
    }

    /// The number of the site at `coordinates`, which are taken modulo the extents.
    pub fn site(&self, coordinates: &[usize]) -> usize {
        self.extents.iter().zip(coordinates).fold(0, |site, (&l, &x)| site * l + x % l)
    }

    /// The sum of the coordinates modulo 2.
    pub fn parity(&self, site: usize) -> usize {
        self.coordinates(site).iter().sum::<usize>() % 2
    }
}

/// Coordinates of `site` in a box, the last coordinate running fastest.
pub(crate) fn coordinates(extents: &[usize], mut site: usize) -> Vec<usize> {
    let mut x = vec![0; extents.len()];
    for (x, &l) in x.iter_mut().zip(extents).rev() {
        *x = site % l;
        site /= l;
    }
    x
}

/// The sub-lattice that a field lives on; its sites are stored densely, in the order of their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// Every site.
    All,
    /// The sites whose coordinates sum to this parity, 0 (even) or 1 (odd).
    Parity(u8),
    /// The sites with `x_mu ≡ offset` modulo `period`.
    Stripe {
        /// The direction across the stripes.
        mu: u8,
        /// How far apart they are.
        period: u16,
        /// Where the first one is.
        offset: u16,
    },
    /// Stripes of any width, in several directions at once.
    Grid(Grid),
}

/// The sites whose coordinate in every direction is one of `width` neighbouring ones of each period.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Grid([Comb; Lattice::MAX_DIRECTIONS]);

/// `width` numbers of every `period`, from `offset` on, counted round.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Comb {
    period: u16,
    offset: u16,
    width: u16,
}

impl Comb {
    const ALL: Comb = Comb { period: 1, offset: 0, width: 1 };

    fn contains(self, x: usize) -> bool {
        let period = self.period.max(1) as usize;
        (x + period - self.offset as usize % period) % period < self.width as usize
    }

    fn is_sound(self) -> bool {
        self.offset < self.period && 0 < self.width && self.width <= self.period
    }

    /// Both as combs of one period, if that of one is a multiple of that of the other.
    fn common(self, other: Comb) -> Option<[Comb; 2]> {
        let fine = self.period.min(other.period).max(1);
        let folded = |comb: Comb| match comb.period {
            period if period == fine => Some(comb),
            period if period % fine == 0 && comb.width < fine => {
                Some(Comb { period: fine, offset: comb.offset % fine, width: comb.width })
            }
            _ => None,
        };
        Some([folded(self)?, folded(other)?])
    }

    /// Whether no number is in both.
    fn is_apart(self, other: Comb) -> bool {
        self.common(other).is_some_and(|[a, b]| (0..a.period as usize).all(|x| !a.contains(x) || !b.contains(x)))
    }
}

impl Grid {
    /// Every site.
    pub const ALL: Grid = Grid([Comb::ALL; Lattice::MAX_DIRECTIONS]);

    /// Of these, the sites whose coordinate in direction `mu` is, modulo `period`, one of `width` from `offset` on, which may
    /// go round. Directions beyond [`Lattice::MAX_DIRECTIONS`] change nothing.
    #[must_use]
    pub fn with(mut self, mu: usize, period: u16, offset: u16, width: u16) -> Grid {
        if let Some(comb) = self.0.get_mut(mu) {
            *comb = if period == width && period > 0 { Comb::ALL } else { Comb { period, offset, width } };
        }
        self
    }

    /// With the sites up to `by` away in the directions that it has stripes in.
    #[must_use]
    pub fn dilated(mut self, by: u16) -> Grid {
        for (mu, Comb { period, offset, width }) in self.0.into_iter().enumerate() {
            let wide = width.saturating_add(by.saturating_mul(2)).min(period);
            let back = i64::from(offset) - i64::from(by);
            self = self.with(mu, period, back.rem_euclid(i64::from(period.max(1))) as u16, wide);
        }
        self
    }

    /// The sub-lattice, by its simplest name.
    pub fn location(self) -> Location {
        let mut combs = self.0.iter().enumerate().filter(|(_, comb)| **comb != Comb::ALL);
        match (combs.next(), combs.next()) {
            (None, _) => Location::All,
            (Some((mu, &Comb { period, offset, width: 1 })), None) => Location::Stripe { mu: mu as u8, period, offset },
            _ => Location::Grid(self),
        }
    }
}

impl std::fmt::Display for Grid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (mu, Comb { period, offset, width }) in self.0.iter().enumerate().filter(|(_, comb)| **comb != Comb::ALL) {
            let last = (u32::from(*offset) + u32::from(*width).saturating_sub(1)) % u32::from(*period).max(1);
            match width {
                1 => write!(f, "@x{mu}≡{offset} mod {period}")?,
                _ => write!(f, "@x{mu}≡{offset}…{last} mod {period}")?,
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Grid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Grid({self})")
    }
}

impl Location {
    /// Whether a site with these coordinates belongs to the sub-lattice.
    pub fn contains(self, x: &[usize]) -> bool {
        match self {
            Location::All => true,
            Location::Parity(p) => x.iter().sum::<usize>() % 2 == p as usize,
            Location::Stripe { mu, period, offset } => x[mu as usize] % period as usize == offset as usize,
            Location::Grid(Grid(combs)) => x.iter().zip(combs).all(|(&x, comb)| comb.contains(x)),
        }
    }

    /// The comb of each direction; a checkerboard has none.
    fn combs(self) -> Option<Grid> {
        match self {
            Location::All => Some(Grid::ALL),
            Location::Parity(_) => None,
            Location::Stripe { mu, period, offset } => Some(Grid::ALL.with(mu as usize, period, offset, 1)),
            Location::Grid(grid) => Some(grid),
        }
    }

    /// Whether no site is on both, as far as it is seen from the sub-lattices alone.
    pub(crate) fn is_apart(self, other: Location) -> bool {
        match (self, other) {
            (Location::Parity(a), Location::Parity(b)) => a != b,
            _ => match (self.combs(), other.combs()) {
                (Some(a), Some(b)) => a.0.iter().zip(b.0).any(|(a, b)| a.is_apart(b)),
                _ => false,
            },
        }
    }

    /// The number of sites of the sub-lattice.
    pub fn volume(self, lattice: &Lattice) -> usize {
        match self {
            Location::All => lattice.volume(),
            Location::Parity(_) => lattice.volume() / 2,
            Location::Stripe { period, .. } => lattice.volume() / period as usize,
            Location::Grid(Grid(combs)) => {
                let along = |(&l, comb): (&usize, Comb)| l / comb.period.max(1) as usize * comb.width as usize;
                lattice.extents().iter().zip(combs).map(along).product()
            }
        }
    }

    /// By how much a coordinate may change and stay on the same sub-lattice, in direction `mu`.
    pub(crate) fn period(self, mu: usize) -> usize {
        match self {
            Location::All => 1,
            Location::Parity(_) => 2,
            Location::Stripe { mu: across, period, .. } => {
                if across as usize == mu {
                    period as usize
                } else {
                    1
                }
            }
            Location::Grid(Grid(combs)) => combs.get(mu).map_or(1, |comb| comb.period.max(1) as usize),
        }
    }

    /// The sub-lattice of the sites `x` with `x + steps μ` on this one.
    pub fn shifted(self, mu: usize, steps: i32) -> Location {
        match self {
            Location::All => Location::All,
            Location::Parity(p) => Location::Parity((p as i64 - steps as i64).rem_euclid(2) as u8),
            Location::Stripe { mu: across, period, offset } if across as usize == mu => {
                let offset = (offset as i64 - steps as i64).rem_euclid(period.max(1) as i64) as u16;
                Location::Stripe { mu: across, period, offset }
            }
            Location::Grid(Grid(mut combs)) => {
                if let Some(comb) = combs.get_mut(mu) {
                    comb.offset = (comb.offset as i64 - steps as i64).rem_euclid(comb.period.max(1) as i64) as u16;
                }
                Location::Grid(Grid(combs))
            }
            stripe => stripe,
        }
    }

    /// Refuses a sub-lattice that does not close around the lattice.
    ///
    /// # Errors
    /// If an extent is no multiple of the sub-lattice's period.
    pub fn check(self, lattice: &Lattice) -> Result<()> {
        let refuse = |expected| Err(Error::Lattice { extents: lattice.extents.clone(), expected });
        match self {
            Location::Parity(p @ 2..) => return refuse(format!("a parity is 0 or 1, found {p}")),
            Location::Stripe { mu, period, offset } => {
                lattice.check_direction(mu as usize)?;
                if period == 0 || offset >= period {
                    let found = format!("found {offset} and {period}");
                    return refuse(format!("a stripe's offset must be below its period, {found}"));
                }
            }
            Location::Grid(grid) => {
                if !grid.0.iter().all(|comb| comb.is_sound()) {
                    let expected = "offsets below their periods and widths of 1 up to their periods";
                    return refuse(format!("a grid needs {expected}, found {grid}"));
                }
                if grid.0[lattice.directions()..].iter().any(|&comb| comb != Comb::ALL) {
                    return refuse(format!("there are {} directions, found {grid}", lattice.directions()));
                }
            }
            _ => {}
        }
        for (mu, &l) in lattice.extents().iter().enumerate() {
            let period = self.period(mu);
            if l % period != 0 {
                let expected = match self {
                    Location::Parity(_) => format!("a checkerboard needs even extents, found {l} in direction {mu}"),
                    _ => format!("stripes need an extent that is a multiple of {period} in direction {mu}, found {l}"),
                };
                return refuse(expected);
            }
        }
        Ok(())
    }
}
