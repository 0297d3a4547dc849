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
}

impl Location {
    /// Whether a site with these coordinates belongs to the sub-lattice.
    pub fn contains(self, x: &[usize]) -> bool {
        match self {
            Location::All => true,
            Location::Parity(p) => x.iter().sum::<usize>() % 2 == p as usize,
            Location::Stripe { mu, period, offset } => x[mu as usize] % period as usize == offset as usize,
        }
    }

    /// The number of sites of the sub-lattice.
    pub fn volume(self, lattice: &Lattice) -> usize {
        match self {
            Location::All => lattice.volume(),
            Location::Parity(_) => lattice.volume() / 2,
            Location::Stripe { period, .. } => lattice.volume() / period as usize,
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
