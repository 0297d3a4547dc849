//! Symmetry sectors of the row: one block of the transfer matrix each.
//!
//! A ring of W sites has rotations `τ^j` and reflections `τ^j P`. For momentum `k = 2πq/W` the first row of the
//! irreducible representation is `R_11(τ^j) = cos kj`, `R_11(τ^j P) = ± cos kj`: one-dimensional with both signs for `k =
//! 0` and `k = π`, two-dimensional with the sign + otherwise. The projector `(d/2W) Σ_g R_11(g) g` picks one state out of
//! each multiplet, so a trace over all states is a sum over sectors weighted by the multiplicity `d`.

use super::row::{Orbit, Row};
use std::{f64::consts::TAU, ops::Range};

/// A unit vector within one orbit, in the range of the sector's projector p.
pub(super) struct State {
    /// Components on the words of the orbit.
    vector: Vec<f64>,
    /// The same vector as `Σ α p |g·representative⟩`: pairs `(g, α)`.
    seeds: Vec<(usize, f64)>,
}

/// All states of one momentum, reflection sign and field parity.
pub(super) struct Sector {
    /// Dimension of the representation.
    pub(super) multiplicity: f64,
    /// Whether the states change sign with φ → −φ.
    pub(super) odd: bool,
    states: Vec<State>,
    /// `first[o]..first[o + 1]`: the states of orbit `o`, counted from the first orbit of this field parity.
    first: Vec<usize>,
}

/// All sectors, in pairs of even and odd ones that the field connects.
pub(super) fn sectors(row: &Row) -> Vec<Sector> {
    let mut all = Vec::new();
    for momentum in 0..=row.width / 2 {
        let single = momentum == 0 || 2 * momentum == row.width;
        let signs: &[f64] = if single { &[1.0, -1.0] } else { &[1.0] };
        for &sign in signs {
            let multiplicity = if single { 1.0 } else { 2.0 };
            let representation: Vec<f64> = (0..2 * row.width)
                .map(|g| {
                    let cosine = (TAU * (momentum * (g % row.width)) as f64 / row.width as f64).cos();
                    if g < row.width { cosine } else { sign * cosine }
                })
                .collect();
            let (even, odd) = row.orbits.split_at(row.even_orbits);
            for (orbits, odd) in [(even, false), (odd, true)] {
                let mut sector = Sector { multiplicity, odd, states: Vec::new(), first: vec![0] };
                for orbit in orbits {
                    sector.states.extend(orbit_states(row, orbit, &representation, multiplicity));
                    sector.first.push(sector.states.len());
                }
                all.push(sector);
            }
        }
    }
    all
}

/// An orthonormal basis of the projector's range within one orbit (Gram–Schmidt on projected words).
fn orbit_states(row: &Row, orbit: &Orbit, representation: &[f64], multiplicity: f64) -> Vec<State> {
    let mut states: Vec<State> = Vec::new();
    for member in 0..orbit.len {
        let mut vector = vec![0.0; orbit.len];
        for (g, r) in representation.iter().enumerate() {
            let image = row.image(g)[orbit.start + member] as usize - orbit.start;
            vector[image] += multiplicity / representation.len() as f64 * r;
        }
        let mut seeds = vec![(orbit.element[member], 1.0)];
        for state in &states {
            let overlap: f64 = state.vector.iter().zip(&vector).map(|(a, b)| a * b).sum();
            vector.iter_mut().zip(&state.vector).for_each(|(v, u)| *v -= overlap * u);
            seeds.extend(state.seeds.iter().map(|&(g, alpha)| (g, -overlap * alpha)));
        }
        let norm = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
        if norm > 1e-6 {
            vector.iter_mut().for_each(|v| *v /= norm);
            seeds.iter_mut().for_each(|(_, alpha)| *alpha /= norm);
            seeds.retain(|&(_, alpha)| alpha.abs() > 1e-14);
            states.push(State { vector, seeds });
            if states.len() as f64 >= multiplicity {
                break;
            }
        }
    }
    states
}

impl Sector {
    /// Number of states.
    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    /// The states of an orbit, counted from the first orbit of this field parity.
    pub(super) fn of_orbit(&self, orbit: usize) -> Range<usize> {
        self.first[orbit]..self.first[orbit + 1]
    }

    /// Matrix elements `⟨a|O|b⟩` of a symmetric operator, from those between a representative and all words.
    ///
    /// `a` is a state of the representative's orbit (perhaps of another field parity), `b` runs over the states of this
    /// sector in its first `orbits` orbits, and `elements` are `⟨representative|O|word⟩` for the words of those orbits.
    pub(super) fn project(&self, row: &Row, a: &State, elements: &[f64], orbits: usize) -> Vec<f64> {
        let base = self.base(row);
        let mut out = vec![0.0; self.first[orbits]];
        for &(g, alpha) in &a.seeds {
            let image = &row.inverse_image(g)[base..];
            for (orbit, range) in self.ranges(row, orbits) {
                for b in range {
                    let words = image[orbit.start - base..].iter().zip(&self.states[b].vector);
                    out[b] += alpha * words.map(|(&w, v)| elements[w as usize - base] * v).sum::<f64>();
                }
            }
        }
        out
    }

    /// The adjoint of [`project`](Self::project): adds to `weights` on words what `coefficients` on states amount to.
    pub(super) fn fold(&self, row: &Row, a: &State, coefficients: &[f64], weights: &mut [f64]) {
        let base = self.base(row);
        let orbits = self.first.partition_point(|&first| first < coefficients.len());
        for &(g, alpha) in &a.seeds {
            let image = &row.inverse_image(g)[base..];
            for (orbit, range) in self.ranges(row, orbits) {
                for b in range {
                    let scale = alpha * coefficients[b];
                    for (&w, v) in image[orbit.start - base..].iter().zip(&self.states[b].vector) {
                        weights[w as usize - base] += scale * v;
                    }
                }
            }
        }
    }

    /// One state.
    pub(super) fn state(&self, a: usize) -> &State {
        &self.states[a]
    }

    /// The first word of this field parity.
    fn base(&self, row: &Row) -> usize {
        if self.odd { row.even_words } else { 0 }
    }

    /// The first `orbits` orbits of this field parity with the states of each.
    fn ranges<'a>(&'a self, row: &'a Row, orbits: usize) -> impl Iterator<Item = (&'a Orbit, Range<usize>)> {
        let skipped = if self.odd { row.even_orbits } else { 0 };
        row.orbits[skipped..skipped + orbits].iter().enumerate().map(|(o, orbit)| (orbit, self.of_orbit(o)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sectors_count_every_word_once() {
        for width in 1..8 {
            let row = Row::new(&[1.0, 0.33, 0.05, 0.007], width, 1e-3);
            let states: f64 = sectors(&row).iter().map(|s| s.multiplicity * s.len() as f64).sum();
            assert_eq!(states, row.len() as f64, "width {width}");
        }
    }

    #[test]
    fn identity_projects_to_the_identity() {
        let row = Row::new(&[1.0, 0.33, 0.05, 0.007], 6, 1e-3);
        for sector in sectors(&row) {
            let (skip, base) = if sector.odd { (row.even_orbits, row.even_words) } else { (0, 0) };
            let orbits = sector.first.len() - 1;
            for o in 0..orbits {
                let mut elements = vec![0.0; row.len()];
                elements[row.orbits[skip + o].start - base] = 1.0;
                for a in sector.of_orbit(o) {
                    for (b, x) in sector.project(&row, sector.state(a), &elements, orbits).into_iter().enumerate() {
                        let expected = if a == b { 1.0 } else { 0.0 };
                        assert!((x - expected).abs() < 1e-12);
                    }
                }
            }
        }
    }
}
