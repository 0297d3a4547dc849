//! Functions of the means of Wilson loops.

use super::LONGEST;
use crate::observables::Quantity;
use lattice_tensor::Lattice;

/// What follows from the means of the [standard](super::standard) observables of links.
///
/// | name | value |
/// |---|---|
/// | `creutz_RxT` | `−ln [W(R,T) W(R−1,T−1) / W(R,T−1) W(R−1,T)]`, `W` with a side 0 is 1: a string tension (Creutz, Phys. Rev. D 21 (1980) 2308) |
/// | `potential_R_T` | `ln [W(R,T−1) / W(R,T)]`, the static potential at `R` for large `T` |
pub fn quantities(lattice: &Lattice) -> Vec<Quantity> {
    let Some((time, space)) = lattice.extents().split_last() else { return Vec::new() };
    let longest = |extent: usize| (extent / 2).min(LONGEST);
    let (far, late) = (longest(space.iter().copied().max().unwrap_or(0)), longest(*time));
    let name = |r: usize, t: usize| format!("wilson_{r}x{t}");
    let mut list = Vec::new();
    for r in 1..=far {
        for t in 1..=late {
            list.push(match (r, t) {
                (1, 1) => Quantity::new("creutz_1x1", [name(1, 1)], |w| -w[0].ln()),
                (1, _) => Quantity::new(format!("creutz_1x{t}"), [name(1, t), name(1, t - 1)], |w| (w[1] / w[0]).ln()),
                (_, 1) => Quantity::new(format!("creutz_{r}x1"), [name(r, 1), name(r - 1, 1)], |w| (w[1] / w[0]).ln()),
                _ => Quantity::new(
                    format!("creutz_{r}x{t}"),
                    [name(r, t), name(r - 1, t - 1), name(r, t - 1), name(r - 1, t)],
                    |w| ((w[2] * w[3]) / (w[0] * w[1])).ln(),
                ),
            });
        }
    }
    for r in 1..=far {
        for t in 2..=late {
            list.push(Quantity::new(format!("potential_{r}_{t}"), [name(r, t - 1), name(r, t)], |w| {
                (w[0] / w[1]).ln()
            }));
        }
    }
    list
}
