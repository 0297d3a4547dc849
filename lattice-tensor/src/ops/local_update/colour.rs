//! Which links may be updated at once.
//!
//! Two links of one direction meet in a loop if their sites differ by one of a few displacements: for plaquettes `±ν`, for
//! rectangles also `±μ`, `±2ν`, `±ν±μ`. A colouring gives different colours to such sites. Where extents allow it is a formula that
//! repeats along the lattice; else sites are coloured one after the other, each with the first colour that is free.

use super::Loops;
use crate::error::{Error, Result};
use crate::lattice::Lattice;

/// A colouring of the sites for links of one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colouring {
    colour_of: Vec<u8>,
    colours: usize,
    periods: Vec<usize>,
}

impl Colouring {
    /// The colouring for links in direction `mu` under an action of these loops.
    ///
    /// # Errors
    /// If a loop contains a link twice, as on extents of 1, or 2 with rectangles: the weight is then not linear in the link.
    pub fn of(lattice: &Lattice, mu: usize, loops: Loops) -> Result<Colouring> {
        lattice.check_direction(mu)?;
        let least = if loops.c1 == 0.0 { 2 } else { 3 };
        if lattice.directions() < 2 || lattice.extents().iter().any(|&l| l < least) {
            let expected =
                format!("two directions or more, of extent {least} or more: a loop must not pass a link twice");
            return Err(Error::Lattice { extents: lattice.extents().to_vec(), expected });
        }
        if loops.c1 == 0.0 { Ok(plaquettes(lattice, mu)) } else { Ok(rectangles(lattice, mu)) }
    }

    /// How many colours there are.
    pub fn colours(&self) -> usize {
        self.colours
    }

    /// The colour of a site.
    pub fn colour(&self, site: usize) -> usize {
        self.colour_of[site] as usize
    }

    /// How far along each direction the colours repeat; parts of a lattice of such extents are coloured alike.
    pub fn periods(&self) -> &[usize] {
        &self.periods
    }

    /// Periods that suit the links of all directions, for the choice of a layout.
    pub fn common_periods(lattice: &Lattice, loops: Loops) -> Vec<usize> {
        let colourings: Vec<_> = (0..lattice.directions()).flat_map(|mu| Colouring::of(lattice, mu, loops)).collect();
        // The smaller ones divide the largest.
        let common = |nu: usize| colourings.iter().map(|c| c.periods[nu]).max().unwrap_or(1);
        (0..lattice.directions()).map(common).collect()
    }

    fn formula(lattice: &Lattice, colours: usize, periods: Vec<usize>, f: impl Fn(&[usize]) -> usize) -> Colouring {
        let colour = |site| f(&lattice.coordinates(site)) as u8;
        Colouring { colour_of: (0..lattice.volume()).map(colour).collect(), colours, periods }
    }
}

/// Along a direction go `0, 1, 0, 1, …`, around an odd extent `0, 1, …, 0, 1, 2`, and around twice an odd extent that twice, so
/// that its halves are alike. The sums over the directions across the links differ between neighbours: modulo 2 where no
/// direction has the number 2, else modulo 3.
fn plaquettes(lattice: &Lattice, mu: usize) -> Colouring {
    let period = |nu: usize| match lattice.extents()[nu] {
        _ if nu == mu => 1,
        l if l % 2 == 1 => l,
        l if l % 4 == 2 && l > 2 => l / 2,
        _ => 2,
    };
    let periods: Vec<usize> = (0..lattice.directions()).map(period).collect();
    let colours = if periods.iter().all(|&p| p <= 2) { 2 } else { 3 };
    let number = |x: usize, period: usize| match x % period {
        last if period > 2 && last == period - 1 => 2,
        x => x % 2,
    };
    let sum = |x: &[usize]| x.iter().zip(&periods).map(|(&x, &period)| number(x, period)).sum::<usize>();
    Colouring::formula(lattice, colours, periods.clone(), |x| sum(x) % colours)
}

/// Eight colours, `x_μ mod 2` and `Σ_ν x_ν mod 4`, where extents are multiples of these.
fn rectangles(lattice: &Lattice, mu: usize) -> Colouring {
    let across = || (0..lattice.directions()).filter(move |&nu| nu != mu);
    if lattice.extents()[mu].is_multiple_of(2) && across().all(|nu| lattice.extents()[nu].is_multiple_of(4)) {
        let sum = |x: &[usize]| across().map(|nu| x[nu]).sum::<usize>();
        let periods = (0..lattice.directions()).map(|nu| if nu == mu { 2 } else { 4 }).collect();
        return Colouring::formula(lattice, 8, periods, |x| x[mu] % 2 + 2 * (sum(x) % 4));
    }
    let mut steps = vec![vec![(mu, 1)]];
    for nu in across() {
        steps.extend([vec![(nu, 1)], vec![(nu, 2)], vec![(nu, 1), (mu, 1)], vec![(nu, 1), (mu, -1)]]);
    }
    let moved = |x: &[usize], step: &[(usize, i64)], sense: i64| {
        let mut y = x.to_vec();
        for &(nu, by) in step {
            let l = lattice.extents()[nu] as i64;
            y[nu] = (y[nu] as i64 + sense * by).rem_euclid(l) as usize;
        }
        lattice.site(&y)
    };
    let mut colour_of = vec![u8::MAX; lattice.volume()];
    for site in 0..lattice.volume() {
        let x = lattice.coordinates(site);
        let near: Vec<u8> =
            steps.iter().flat_map(|step| [1, -1].map(|sense| colour_of[moved(&x, step, sense)])).collect();
        colour_of[site] = (0..u8::MAX).find(|c| !near.contains(c)).unwrap_or_default();
    }
    let colours = colour_of.iter().max().map_or(0, |&c| c as usize + 1);
    Colouring { colour_of, colours, periods: lattice.extents().to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair of links of one colour shares no loop, found by walking all loops.
    #[test]
    fn links_of_one_colour_meet_in_no_loop() {
        let improved = Loops { c0: 1.0, c1: 1.0 };
        for extents in [
            vec![2, 2],
            vec![4, 4],
            vec![3, 5],
            vec![2, 3, 4],
            vec![5, 4, 3],
            vec![3, 3, 3, 4],
            vec![8, 8],
            vec![6, 10],
            vec![6, 4, 2],
        ] {
            let lattice = Lattice::periodic(&extents).unwrap();
            for loops in [Loops::WILSON, improved] {
                for mu in 0..extents.len() {
                    let Ok(colouring) = Colouring::of(&lattice, mu, loops) else {
                        assert!(extents.contains(&2) && loops.c1 != 0.0);
                        continue;
                    };
                    let sizes: &[(usize, usize)] = if loops.c1 == 0.0 { &[(1, 1)] } else { &[(1, 1), (1, 2), (2, 1)] };
                    for site in 0..lattice.volume() {
                        for nu in (0..extents.len()).filter(|&nu| nu != mu) {
                            for &(a, b) in sizes {
                                // The links of direction μ of the loop a along μ, b along ν, that begins here.
                                let link = |i: usize, j: usize| {
                                    let mut x = lattice.coordinates(site);
                                    x[mu] += i;
                                    x[nu] += j;
                                    lattice.site(&x)
                                };
                                let links: Vec<usize> = (0..a).flat_map(|i| [link(i, 0), link(i, b)]).collect();
                                for (i, &x) in links.iter().enumerate() {
                                    for &y in &links[..i] {
                                        assert_ne!(x, y, "{extents:?}");
                                        assert_ne!(colouring.colour(x), colouring.colour(y), "{extents:?} {mu} {nu}");
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_loop_that_passes_a_link_twice_is_refused() {
        let one = Lattice::periodic([1, 4]).unwrap();
        let text = Colouring::of(&one, 0, Loops::WILSON).unwrap_err().to_string();
        assert!(text.contains("[1, 4]") && text.contains("a link twice"), "{text}");
        let two = Lattice::periodic([2, 4]).unwrap();
        assert!(Colouring::of(&two, 0, Loops { c0: 1.0, c1: -0.1 }).is_err());
    }
}
