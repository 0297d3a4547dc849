//! Which links a coupling changes, through which loops, given which others.

use super::loops::{along, plaquette, rectangle};
use crate::error::Error;
use lattice_tensor::ops::Step;
use lattice_tensor::{Grid, Lattice};

/// The links in direction `mu` on the sites of `active` are changed, each through a loop that begins with it and contains no
/// other of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// What the parameters of its coupling are called.
    pub name: String,
    /// The direction of the links.
    pub mu: usize,
    /// Where the changed ones begin.
    pub active: Grid,
    /// The loop of each.
    pub closed: Vec<Step>,
    /// Loops that contain none of them, which the net sees, each on the sites of a sub-lattice.
    pub features: Vec<(Grid, Vec<Step>)>,
    /// What the angle of the loop is measured from.
    pub centre: Option<Centre>,
}

/// `fraction · S`, `S` in `[−π, π]` the angle of a frozen loop that the link would divide in two, of areas in that ratio: where
/// the density of the link's loop is symmetric about, or nearly.
#[derive(Clone, Debug, PartialEq)]
pub struct Centre {
    /// The frozen loop.
    pub span: Vec<Step>,
    /// The part of its area that is inside of the link's loop.
    pub fraction: f64,
}

impl Pattern {
    /// Coupling number `layer` of the flow of Kanwar et al. 2003.06413: of the links in direction `μ`, those in one of every
    /// four columns along another direction `ν`, through the plaquettes in the plane. Directions, planes and columns take
    /// turns: in two dimensions eight couplings change every link once.
    ///
    /// Where four does not divide the extent, the period is the nearest to it that does: at least 3, or the whole extent.
    /// With `rectangles` the net sees the frozen 2×1 and 1×2 loops of the plane too, among them those around a link that is
    /// changed.
    ///
    /// # Errors
    /// If there is one direction, or an extent of 1: a plaquette would hold a link twice.
    pub fn stripe(lattice: &Lattice, layer: usize, rectangles: bool) -> Result<Pattern, Error> {
        let directions = lattice.directions();
        check(lattice)?;
        let mu = layer % directions;
        let others: Vec<usize> = (0..directions).filter(|&nu| nu != mu).collect();
        let turn = layer / directions;
        // All columns of a plane, then the next plane.
        let periods: Vec<usize> = others.iter().map(|&nu| period(lattice.extents()[nu])).collect();
        let mut column = turn % periods.iter().sum::<usize>();
        let mut which = 0;
        while column >= periods[which] {
            column -= periods[which];
            which += 1;
        }
        let (nu, p) = (others[which], periods[which]);
        let columns =
            |from: usize, width: usize| Grid::ALL.with(nu, p as u16, ((column + from) % p) as u16, width as u16);
        let mut features = Vec::new();
        for (rho, sigma) in (0..directions).flat_map(|rho| (rho + 1..directions).map(move |sigma| (rho, sigma))) {
            let frozen = match (rho == mu || sigma == mu, rho == nu || sigma == nu) {
                (false, _) => Grid::ALL,
                (true, true) if p < 3 => continue,
                (true, true) => columns(1, p - 2),
                (true, false) => columns(1, p - 1),
            };
            features.push((frozen, plaquette(rho, sigma)));
        }
        if rectangles {
            if p >= 3 {
                features.push((columns(1, p - 2), rectangle([mu, 2], [nu, 1])));
                features.push((columns(p - 1, 1), rectangle([mu, 1], [nu, 2])));
            }
            if p >= 4 {
                features.push((columns(1, p - 3), rectangle([mu, 1], [nu, 2])));
            }
        }
        let (name, closed) = (layer.to_string(), plaquette(mu, nu));
        Ok(Pattern { name, mu, active: columns(0, 1), closed, features, centre: None })
    }

    /// The couplings that divide the torus again and again, in two dimensions. Lines of links on a coarse lattice are there
    /// already; between two of them a new line is put, and the first link of each of its coarse links is changed through the
    /// loop on one side, given the loop `S` around both sides, which does not contain it. In two dimensions that is all that
    /// its density depends on: with loops of area `A` and `B` it is `f_A(x) f_B(S − x)`, `f_A(x) = Σ_n I_n(β)^A e^{inx}`
    /// (Migdal, Sov. Phys. JETP 42 (1975) 413), so that the flow can be exact. All links but one of every loop are left as
    /// they are: gauge.
    ///
    /// # Errors
    /// If the lattice is not two-dimensional, or an extent is 1.
    pub fn divisions(lattice: &Lattice) -> Result<Vec<Pattern>, Error> {
        check(lattice)?;
        let &[rows, columns] = lattice.extents() else {
            return Err(refusal("masks", "two dimensions for divisions of the torus", lattice.extents()));
        };
        let mut spacing = [rows, columns];
        let mut patterns = Vec::new();
        while let Some((nu, factor)) = next_division(spacing) {
            let mu = 1 - nu;
            let step = spacing[nu] / factor;
            for line in (step..spacing[nu]).step_by(step) {
                let active = Grid::ALL.with(mu, spacing[mu] as u16, 0, 1).with(nu, spacing[nu] as u16, line as u16, 1);
                let (length, beyond) = (spacing[mu] as i64, (spacing[nu] - line) as i64);
                let closed = rectangle([mu, spacing[mu]], [nu, spacing[nu] - line]);
                let width = step as i64 + beyond;
                let span = [
                    along(nu, -(step as i64)),
                    along(mu, length),
                    along(nu, width),
                    along(mu, -length),
                    along(nu, -beyond),
                ];
                let span = span.concat();
                let centre = Some(Centre { span: span.clone(), fraction: beyond as f64 / width as f64 });
                // By its loops: the same on every lattice that has them.
                let name = format!("{}x{}.{nu}.{line}", spacing[0], spacing[1]);
                patterns.push(Pattern { name, mu, active, closed, features: vec![(active, span)], centre });
            }
            spacing[nu] = step;
        }
        Ok(patterns)
    }
}

/// The direction of the wider spacing, and into how many parts it is divided.
fn next_division(spacing: [usize; 2]) -> Option<(usize, usize)> {
    let nu = usize::from(spacing[1] >= spacing[0]);
    let factor = (2..=spacing[nu]).find(|&f| spacing[nu].is_multiple_of(f))?;
    Some((nu, factor))
}

/// The period of stripes along an extent.
fn period(extent: usize) -> usize {
    let divides = |p: &usize| extent.is_multiple_of(*p);
    (3..extent).filter(divides).min_by_key(|&p| (p.abs_diff(4), p)).unwrap_or(extent)
}

fn check(lattice: &Lattice) -> Result<(), Error> {
    if lattice.directions() < 2 || lattice.extents().contains(&1) || !lattice.is_periodic() {
        let expected = "two or more periodic directions with extents of at least 2, so that a plaquette has four links";
        return Err(refusal("lattice", expected, lattice.extents()));
    }
    if lattice.extents().iter().any(|&l| l > usize::from(u16::MAX)) {
        return Err(refusal("lattice", "extents below 65536", lattice.extents()));
    }
    Ok(())
}

fn refusal(what: &'static str, expected: &str, found: &[usize]) -> Error {
    Error::Architecture { what, expected: expected.into(), found: format!("{found:?}") }
}
